package main

import (
	"context"
	"errors"
	"time"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// Banks connects the sandbox provider, three times: under its own name, as most
// shops connect a provider, and under two others, with other accounts.
var Banks = fx.Module("banks",
	fx.Provide(newRules, startBanks),
	sandbox.Module, fx.Provide(mainBank), // this is all that one provider takes
	fx.Provide(otherBanks),
	fx.Provide(fx.Annotate(bankPlugs, fx.ResultTags(`group:"plugs,flatten"`))),
)

// store is the shop's name in the ledger. A business with several shops has
// several, each with credentials of its own.
const store gateway.StoreID = "shop"

// banks are payment providers on this machine, each with books of its own.
type banks struct {
	Sandbox *simulator.Server // sends the shopper to its own page
	Framed  *simulator.Server // has its page shown in a frame
	Silent  *simulator.Server // its notifications get lost
}

// newRules says how the banks behave.
func newRules() simulator.Rules {
	return simulator.Rules{SettleAfter: 3 * time.Second} // for what a real bank takes a day
}

func startBanks(lc fx.Lifecycle, rules simulator.Rules, at address) (*banks, error) {
	framed := rules
	framed.ChallengeAction = "iframe"
	b := &banks{}
	for _, one := range []struct {
		name  string
		bank  **simulator.Server
		rules simulator.Rules
	}{{"sandbox", &b.Sandbox, rules}, {"framed", &b.Framed, framed}, {"silent", &b.Silent, rules}} {
		started, err := simulator.Start(simulator.Config{Rules: one.rules})
		if err != nil {
			return nil, err
		}
		lc.Append(fx.Hook{OnStop: func(context.Context) error { return started.Close() }})
		*one.bank = started
		if one.name == "silent" {
			continue // nobody told it where we are
		}
		if err := started.SetWebhook(simulator.DefaultAccount, at.url+"/webhooks/"+one.name+"/"+string(store), simulator.DefaultWebhookSecret); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// mainBank is what sandbox.Module needs.
func mainBank(b *banks) sandbox.Config { return bankConfig("sandbox", b.Sandbox) }

func bankConfig(name string, bank *simulator.Server) sandbox.Config {
	return sandbox.Config{
		Name: name, BaseURL: bank.URL(),
		Keys: tenant.Fixed[sandbox.Keys]{store: {Secret: gateway.NewSecret(simulator.DefaultKey)}}, // from the environment or a vault, in a real shop
	}
}

// otherBanks adds the same provider under other names.
func otherBanks(b *banks) (gatewayfx.Result, error) {
	framed, err := sandbox.New(bankConfig("framed", b.Framed))
	silent, err2 := sandbox.New(bankConfig("silent", b.Silent))
	if err := errors.Join(err, err2); err != nil {
		return gatewayfx.Result{}, err
	}
	return gatewayfx.Provide(framed.Provider(), silent.Provider()), nil
}

// bankPlugs says how their notifications are read, and whose page may be framed.
func bankPlugs(b *banks) []plug {
	receiver := sandbox.Webhook(sandbox.WebhookConfig{
		Keys: tenant.Fixed[sandbox.WebhookKeys]{store: {Secrets: []gateway.Secret{gateway.NewSecret(simulator.DefaultWebhookSecret)}}},
	})
	return []plug{
		{provider: "sandbox", receiver: receiver},
		{provider: "framed", receiver: receiver, frames: []string{b.Framed.URL()}},
		{provider: "silent", receiver: receiver},
	}
}

package main

import (
	"context"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

// Collana connects Collana Pay: a payment is created, prepared in a frame, reserved
// at the bank's page and captured, and each of these is told by a callback.
var Collana = fx.Module("collana pay",
	fx.Provide(newCollanaHabits, startCollana, collanaConfig), collana.Module,
	fx.Provide(fx.Annotate(collanaPlug, fx.ResultTags(`group:"plugs"`))),
)

// What a tenant enters in Collana's portal, and keeps in the environment or a vault.
const (
	collanaAuthentication = "auth-1"
	collanaUser           = "collana"
	collanaPassword       = "a password of this example's"
)

// newCollanaHabits says how the Collana on this machine behaves.
func newCollanaHabits() simulator.Config {
	return simulator.Config{Credentials: map[string]simulator.Credential{collanaAuthentication: {User: collanaUser, Password: collanaPassword}}}
}

func startCollana(lc fx.Lifecycle, habits simulator.Config) (*simulator.Server, error) {
	s, err := simulator.Start(habits)
	if err == nil {
		lc.Append(fx.Hook{OnStop: func(context.Context) error { return s.Close() }})
	}
	return s, err
}

// collanaConfig is what collana.Module needs.
func collanaConfig(s *simulator.Server, at address) collana.Config {
	return collana.Config{
		BaseURL: s.URL(), Callback: at.url + "/webhooks/collana/{store}",
		Keys: tenant.Fixed[collana.Keys]{store: {APIKey: gateway.NewSecret(simulator.DefaultKey), Authentication: collanaAuthentication}},
	}
}

// collanaPlug says how its callbacks are read, and whose forms may be framed.
func collanaPlug(s *simulator.Server) plug {
	keys := collana.CallbackKeys{Users: []webhook.User{{Name: collanaUser, Password: gateway.NewSecret(collanaPassword)}}}
	return plug{
		provider: "collana", frames: []string{s.URL()},
		receiver: collana.Webhook(collana.WebhookConfig{Keys: tenant.Fixed[collana.CallbackKeys]{store: keys}}),
	}
}

// byCollana pays by one of Collana's methods: the PSP behind it is set up there.
func byCollana(name string) func(r *engine.Request) {
	return func(r *engine.Request) { r.Extras = gateway.With(collana.Method.Of(name)) }
}

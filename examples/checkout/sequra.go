package main

import (
	"context"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

// SeQura connects SeQura: the shopper fills a form of SeQura's in, and SeQura asks
// the shop, before it sells, whether it has the order.
var SeQura = fx.Module("sequra shop",
	fx.Provide(startSeQura, sequraConfig), sequra.Module,
	fx.Provide(fx.Annotate(sequraPlug, fx.ResultTags(`group:"plugs"`))),
)

func startSeQura(lc fx.Lifecycle) (*simulator.Server, error) {
	s, err := simulator.Start(simulator.Config{})
	if err == nil {
		lc.Append(fx.Hook{OnStop: func(context.Context) error { return s.Close() }})
	}
	return s, err
}

// sequraConfig is what sequra.Module needs.
func sequraConfig(s *simulator.Server) sequra.Config {
	return sequra.Config{
		Mode: sequra.Sandbox, SandboxURL: s.URL(),
		Keys: tenant.Fixed[sequra.Keys]{store: {Username: simulator.Username, Password: gateway.NewSecret(simulator.Password), Merchant: simulator.Merchant}},
	}
}

// sequraPlug says how its notifications are read, and what must be done before they
// are answered.
func sequraPlug(s *simulator.Server, api *sequra.API, e *engine.Engine) plug {
	duty := sequra.Duty{Engine: inbox.Actor{Engine: e}, Orders: sequra.OrderCreatorFunc(placed)}
	return plug{
		provider: "sequra", receiver: api.Webhook(), frames: []string{s.URL()}, // where the form leads to
		gate: inbox.GateFunc(func(ctx context.Context, d inbox.Duty) error { return duty.Pass(ctx, d.Payment, d.Event) }),
	}
}

// placed returns the number of the shop's order, which is made here where a shop
// makes its orders late. This one has made it with the cart.
func placed(_ context.Context, p gateway.Payment, _ string) (sequra.MerchantReference, error) {
	return sequra.MerchantReference{OrderRef1: p.Order}, nil
}

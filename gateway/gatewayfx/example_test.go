package gatewayfx_test

import (
	"context"
	"fmt"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
)

// Any module adds commands; its constructor gets what it needs from fx.
func Example() {
	type greeting string
	hello := func(g greeting) gatewayfx.Result {
		return gatewayfx.Provide(command.Provider{Name: "acme", Commands: func(*command.Pool) command.Commands {
			return command.Commands{"hello": command.Custom(command.Func(func(context.Context, gateway.Subject) (gateway.Outcome, error) {
				return gateway.Outcome{Status: gateway.StatusSucceeded, Phase: string(g)}, nil
			}))}
		}})
	}
	app := fx.New(fx.NopLogger, gatewayfx.Module, fx.Supply(greeting("hello")), fx.Provide(hello),
		fx.Supply(gatewayfx.Provide(command.Require("acme", "hello"))),
		fx.Invoke(func(pools *command.Pools) {
			out, err := pools.For("acme").Get("hello").Execute(context.Background(), gateway.Subject{Store: "es"})
			fmt.Println(out.Phase, err)
		}))
	fmt.Println(app.Err())
	// Output:
	// hello <nil>
	// <nil>
}

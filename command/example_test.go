package command_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// A provider is a table of contents; an application changes a part of one
// command by name, and runs it through the pool.
func Example() {
	http := clienttest.NewScript(clienttest.Answer(200, `{"id":"cap_1","amount":1000}`))
	acme := command.Provider{Name: "acme", Commands: func(*command.Pool) command.Commands {
		return command.Commands{gateway.OpCapture: command.Spec{
			Request:  request.Compose(request.Named("amount", request.Amount("amount"))),
			Transfer: transfer.Route{Method: "POST", Base: "https://api.example.com", Path: "/payments/{target}/captures", Encoder: request.JSON},
			Client:   http,
			Validate: validator.Compose(validator.Breaking("status", validator.Status(200)), validator.Named("echo", validator.Echo{Amount: "amount"})),
			Handle: handler.Compose(
				handler.Named("refs", handler.Refs(map[string]string{"capture": "id"})),
				handler.Named("money", handler.Movement(gateway.MoveCapture, handler.MovementPaths{Amount: "amount", Reference: "id"})),
			),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectMove, Echoes: gateway.EchoAmount},
		}}
	}}
	pools, err := command.Assemble(acme, command.Override("acme", gateway.OpCapture,
		command.Request(request.InsertAfter("amount", request.Named("descriptor", request.Fixed("descriptor", "ACME SHOP"))))))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := pools.For("acme").Get(gateway.OpCapture).Execute(context.Background(), gateway.Subject{
		Store: "es", Target: "pay_1", Amount: gateway.Minor(1000, "EUR"),
	})
	fmt.Println(out.Moved(), out.Reference("capture"), err)
	fmt.Println(string(http.Sent()[0].Body))
	// Output:
	// true cap_1 <nil>
	// {"amount":1000,"descriptor":"ACME SHOP"}
}

// A mistake stops the start, and says what exists.
func ExampleAssemble_mistake() {
	_, err := command.Assemble(command.Require("stripe", gateway.OpCapture))
	fmt.Println(gateway.CodeOf(err))
	// Output: internal
}

// A strategy picks one command for each subject.
func ExampleChoose() {
	says := func(name string) command.Definition {
		return command.Custom(command.Func(func(context.Context, gateway.Subject) (gateway.Outcome, error) {
			return gateway.Outcome{Status: gateway.StatusSucceeded, Phase: name}, nil
		}))
	}
	pools, _ := command.Assemble(command.Provider{Name: "acme", Commands: func(self *command.Pool) command.Commands {
		return command.Commands{
			gateway.OpVoid: says("voided"), gateway.OpRefund: says("refunded"),
			"give_back": command.VoidOrRefund(self, gateway.OpVoid, gateway.OpRefund),
		}
	}})
	held := gateway.Payment{Balances: gateway.Balances{Authorized: gateway.Minor(1000, "EUR")}}
	out, _ := pools.For("acme").Get("give_back").Execute(context.Background(), gateway.Subject{Store: "es", Payment: held})
	fmt.Println(out.Phase)
	// Output: voided
}

package collana_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

// The calls of a payment, one by one and without an engine. With one, they are a
// single Authorize: the engine makes each when the callback of the last has come.
func Example() {
	server, err := simulator.Start(simulator.Config{Manual: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close() //nolint:errcheck // the example ends anyway
	api, err := collana.New(collana.Config{
		BaseURL: server.URL(), Callback: "https://shop.example/webhooks/collana/{store}",
		Keys: tenant.Single(collana.Keys{APIKey: gateway.NewSecret(simulator.DefaultKey), Authentication: "auth-1"}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pools, err := command.Assemble(api.Provider())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pools.Close(context.Background()) //nolint:errcheck // the example ends anyway
	subject := gateway.Subject{
		Store: "de", Operation: "op_17", Amount: gateway.Minor(9990, "EUR"), ReturnURL: "https://shop.example/return",
		Extras: gateway.With(collana.Method.Of(collana.Invoice)),
	}
	for _, op := range pools.For("collana").Flow(gateway.OpAuthorize).Steps {
		out, err := pools.For("collana").Get(op).Execute(context.Background(), subject)
		fmt.Println(op, out.Status, out.Phase, err)
		subject.Target = out.Reference("transaction")
	}
	out, err := pools.For("collana").Get(gateway.OpFetch).Execute(context.Background(), subject)
	fmt.Println(out.Status, out.Movements[0].Kind, out.Movements[0].Amount, err)
	// Output:
	// create awaiting create.send <nil>
	// prepare awaiting prepare.send <nil>
	// reserve awaiting reserve.send <nil>
	// succeeded hold 99.90 EUR <nil>
}

package sandbox_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func Example() {
	server, err := simulator.Start(simulator.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close() //nolint:errcheck // the example ends anyway
	api, err := sandbox.New(sandbox.Config{BaseURL: server.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)})})
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
	pay := func(order gateway.OperationID, token string) {
		out, err := pools.For("sandbox").Get(gateway.OpPurchase).Execute(context.Background(), gateway.Subject{
			Store: "es", Operation: order, IdempotencyKey: string(order), Amount: gateway.Minor(1999, "EUR"),
			Instrument: &gateway.Instrument{Token: gateway.NewSecret(token)},
		})
		fmt.Printf("moved=%t code=%q\n", out.Moved(), gateway.CodeOf(err))
	}
	pay("order-17", simulator.TokenOK)
	pay("order-18", simulator.TokenInsufficientFunds)
	for _, e := range server.Ledger() {
		fmt.Println(e.Kind, e.Amount, e.Currency, e.MerchantReference)
	}
	// Output:
	// moved=true code=""
	// moved=false code="declined"
	// hold 1999 EUR order-17
	// capture 1999 EUR order-17
}

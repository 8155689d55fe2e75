package stripe_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

// Money is held, and then a part of it is taken. A script answers in Stripe's
// place; leave Client out and the commands go to api.stripe.com.
func Example() {
	answers := clienttest.NewScript().
		On("POST /v1/payment_intents", clienttest.Answer(200, `{"id":"pi_1","object":"payment_intent","status":"requires_capture","amount":2500,
			"amount_capturable":2500,"amount_received":0,"currency":"eur","capture_method":"manual","latest_charge":"ch_1","metadata":{"gateway_operation":"op_1"}}`)).
		On("POST /v1/payment_intents/pi_1/capture", clienttest.Answer(200, `{"id":"pi_1","object":"payment_intent","status":"succeeded","amount":2500,
			"amount_capturable":0,"amount_received":2000,"currency":"eur","capture_method":"manual","latest_charge":"ch_1","metadata":{"gateway_operation":"op_1"}}`))
	api, err := stripe.New(stripe.Config{Keys: tenant.Single(stripe.Keys{Secret: gateway.NewSecret("sk_test_...")}), Client: answers})
	if err != nil {
		panic(err)
	}
	pools, err := command.Assemble(api.Provider())
	if err != nil {
		panic(err)
	}
	pool, ctx := pools.For("stripe"), context.Background()

	held, err := pool.Get(gateway.OpAuthorize).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "op_1", IdempotencyKey: "op_1.1", Amount: gateway.Minor(2500, "EUR"),
		Instrument: &gateway.Instrument{Token: gateway.NewSecret("pm_card_visa")}, ReturnURL: "https://shop.example/return",
	})
	fmt.Println(held.Status, held.Movements[0].Kind, held.Movements[0].Amount, err)

	taken, err := pool.Get(gateway.OpCapture).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "op_2", IdempotencyKey: "op_2.1", Amount: gateway.Minor(2000, "EUR"), Final: true,
		Target: held.Reference("payment_intent"),
	})
	for _, m := range taken.Movements {
		fmt.Println(taken.Status, m.Kind, m.Amount, err)
	}
	// Output:
	// succeeded hold 25.00 EUR <nil>
	// succeeded capture 20.00 EUR <nil>
	// succeeded release 5.00 EUR <nil>
}

// Command quickstart takes a payment through its life, offline: it starts the
// sandbox provider inside the program, assembles its commands under fx with one
// edit of the shop's own, authorizes, captures a part, refunds a part of that, is
// declined once, and prints how one command is made.
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/gatewaycommand/gatewaycommand/request"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) error {
	provider, err := simulator.Start(simulator.Config{}) // a payment provider on this machine, with a ledger of its own
	if err != nil {
		return err
	}
	defer provider.Close()

	var pools *command.Pools
	app := fx.New(fx.NopLogger,
		gatewayfx.Module, sandbox.Module, // the library, and one provider
		fx.Supply(sandbox.Config{BaseURL: provider.URL(), Keys: tenant.Fixed[sandbox.Keys]{"es": {Secret: gateway.NewSecret(simulator.DefaultKey)}}}),
		fx.Supply(gatewayfx.Provide(command.Override("sandbox", gateway.OpAuthorize, // the shop's own touch
			command.Request(request.InsertAfter("amount", request.Named("campaign", request.In("metadata", request.Fixed("campaign", "spring")))))))),
		fx.Populate(&pools),
	)
	if err := app.Start(ctx); err != nil {
		return err
	}
	defer app.Stop(ctx) //nolint:errcheck // the program ends anyway

	if err := pay(ctx, w, pools.For("sandbox")); err != nil {
		return err
	}
	how, err := pools.For("sandbox").Describe(gateway.OpAuthorize)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nHow authorize is made:\n\n%s\nWhat the provider's ledger says:\n\n", how)
	for _, e := range provider.Ledger() {
		amount := gateway.Minor(e.Amount, e.Currency)
		fmt.Fprintf(w, "  %-8s %9s %s  for our %s\n", e.Kind, amount.Decimal(), e.Currency, e.MerchantReference)
	}
	return nil
}

// pay walks one payment through its life.
func pay(ctx context.Context, w io.Writer, pool *command.Pool) error {
	total, err := gateway.Major("10.00", "EUR")
	if err != nil {
		return err
	}
	card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
	order := &gateway.Order{Number: "1017", Description: "Two books"}

	auth, err := pool.Get(gateway.OpAuthorize).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "order-1017-auth", IdempotencyKey: "order-1017-auth", Amount: total, Order: order, Instrument: card,
	})
	if err != nil {
		return err
	}
	id := auth.Reference("payment")
	fmt.Fprintf(w, "authorized  %s  moved: %t\n", total, auth.Moved())

	capture, err := pool.Get(gateway.OpCapture).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "order-1017-ship-1", IdempotencyKey: "order-1017-ship-1", Target: id, Amount: gateway.Minor(600, "EUR"), Final: true,
	})
	if err != nil {
		return err
	}
	for _, m := range capture.Movements { // a final capture releases the rest
		fmt.Fprintf(w, "%-11s %s\n", past[m.Kind], m.Amount)
	}

	refund, err := pool.Get(gateway.OpRefund).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "order-1017-return-1", IdempotencyKey: "order-1017-return-1", Target: id, Amount: gateway.Minor(150, "EUR"),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "refunded    %s  moved: %t\n", refund.Movements[0].Amount, refund.Moved())

	_, err = pool.Get(gateway.OpAuthorize).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "order-1018-auth", IdempotencyKey: "order-1018-auth", Amount: total,
		Instrument: &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenInsufficientFunds)},
	})
	if gateway.CodeOf(err) != gateway.CodeDeclined {
		return fmt.Errorf("a decline was expected: %w", err)
	}
	declined := gateway.AsError(err, "")
	fmt.Fprintf(w, "declined    %s\n            the log reads: %v\n            the shopper reads: %s\n            what may help: %s\n",
		declined.Reason, declined, declined.Message, declined.Reason.Advice())
	return nil
}

// past is how a movement is told when it is over.
var past = map[gateway.MovementKind]string{gateway.MoveCapture: "captured", gateway.MoveRelease: "released"}

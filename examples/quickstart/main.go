// Command quickstart takes a payment through its life, offline: it starts the
// sandbox provider inside the program, assembles its commands under fx with one
// edit of the shop's own, and lets the engine authorize, capture a part and
// refund a part of that, on a SQLite file. It shows every stage of every command
// as it runs, and then the ledger that is left.
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
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
	provider, err := simulator.Start(simulator.Config{}) // a payment provider on this machine, with books of its own
	if err != nil {
		return err
	}
	defer provider.Close()
	dir, err := os.MkdirTemp("", "quickstart-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db")) // our ledger: one file
	if err != nil {
		return err
	}
	defer db.Close()

	var pools *command.Pools
	app := fx.New(fx.NopLogger,
		gatewayfx.Module, sandbox.Module, // the library, and one provider
		fx.Supply(sandbox.Config{BaseURL: provider.URL(), Keys: tenant.Fixed[sandbox.Keys]{"es": {Secret: gateway.NewSecret(simulator.DefaultKey)}}}),
		fx.Supply(gatewayfx.Provide(command.Override("sandbox", gateway.OpAuthorize, // the shop's own touch
			command.Request(request.InsertAfter("amount", request.Named("campaign", request.In("metadata", request.Fixed("campaign", "spring")))))))),
		fx.Supply(gatewayfx.Provide(stages(w)...)), // tells what runs; see show.go
		fx.Populate(&pools),
	)
	if err := app.Start(ctx); err != nil {
		return err
	}
	defer app.Stop(ctx) //nolint:errcheck // the program ends anyway

	eng, err := engine.New(engine.Config{Pools: pools, Storage: db})
	if err != nil {
		return err
	}
	paid, err := shop(ctx, w, eng)
	if err != nil {
		return err
	}
	if err := ledger(ctx, w, eng, db, paid); err != nil {
		return err
	}
	how, err := pools.For("sandbox").Describe(gateway.OpAuthorize)
	fmt.Fprintf(w, "\nHow authorize is made, and which file and line put each part there:\n\n%s", how)
	return err
}

// shop is what an application does.
func shop(ctx context.Context, w io.Writer, eng *engine.Engine) (gateway.PaymentID, error) {
	total, err := gateway.Major("10.00", "EUR")
	if err != nil {
		return "", err
	}
	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "order-1017", Amount: total, Order: &gateway.Order{Number: "1017", Description: "Two books"}})
	if err != nil {
		return "", err
	}
	card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
	if _, err := eng.Authorize(ctx, engine.Request{Store: "es", Payment: p.ID, Provider: "sandbox", Key: "order-1017-auth", All: true, Instrument: card}); err != nil {
		return "", err
	}
	ship := engine.Request{Store: "es", Payment: p.ID, Key: "order-1017-ship", Amount: gateway.Minor(600, "EUR"), Final: true} // the rest is released
	if _, err := eng.Capture(ctx, ship); err != nil {
		return "", err
	}
	again, err := eng.Capture(ctx, ship) // a double click: the same key
	if err != nil {
		return "", err
	}
	fmt.Fprintf(w, "capture again, under the same key: no stage runs, the answer is %q\n\n", again.Operation.State)
	if _, err := eng.Refund(ctx, engine.Request{Store: "es", Payment: p.ID, Key: "order-1017-return", Amount: gateway.Minor(150, "EUR")}); err != nil {
		return "", err
	}

	poor, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "order-1018", Amount: total})
	if err != nil {
		return "", err
	}
	card = &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenInsufficientFunds)}
	_, err = eng.Authorize(ctx, engine.Request{Store: "es", Payment: poor.ID, Provider: "sandbox", Key: "order-1018-auth", All: true, Instrument: card})
	if gateway.CodeOf(err) != gateway.CodeDeclined {
		return "", fmt.Errorf("a decline was expected: %w", err)
	}
	said := gateway.AsError(err, "")
	fmt.Fprintf(w, "declined: the shopper reads %q; what may help: %s\n", said.Message, said.Reason.Advice())
	return p.ID, nil
}

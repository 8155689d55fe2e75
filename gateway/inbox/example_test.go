package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// A shopper pays at the bank and closes the browser; the provider's notification
// ends the payment.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "inbox")
	check(err)
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"))
	check(err)
	defer db.Close()
	provider, err := simulator.Start(simulator.Config{ManualWebhooks: true})
	check(err)
	defer provider.Close()
	api, err := sandbox.New(sandbox.Config{BaseURL: provider.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)})})
	check(err)
	pools, err := command.Assemble(api.Provider())
	check(err)
	defer pools.Close(ctx)
	eng, err := engine.New(engine.Config{Pools: pools, Storage: db})
	check(err)

	keys := sandbox.WebhookConfig{Keys: tenant.Fixed[sandbox.WebhookKeys]{"es": {Secrets: []gateway.Secret{gateway.NewSecret(simulator.DefaultWebhookSecret)}}}}
	box, err := inbox.New(inbox.Config{Storage: db, Engine: eng, Receivers: map[string]webhook.Receiver{"sandbox": sandbox.Webhook(keys)}})
	check(err)
	mux := http.NewServeMux()
	mux.Handle("/webhooks/", box.Handler())
	shop := httptest.NewServer(mux)
	defer shop.Close()
	check(provider.SetWebhook(simulator.DefaultAccount, shop.URL+"/webhooks/sandbox/es", simulator.DefaultWebhookSecret))

	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "order-17", Amount: gateway.Minor(1000, "EUR")})
	check(err)
	r, err := eng.Authorize(ctx, engine.Request{
		Store: "es", Payment: p.ID, Provider: "sandbox", Key: "order-17-auth", All: true, Instrument: &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenChallenge)},
	})
	check(err)
	fmt.Println(r.Operation.State)
	check(provider.CompleteChallenge(r.Payment.Refs.Get("payment")))
	_, err = provider.DeliverAll(simulator.Reversed, 1) // newest first, and everything twice
	check(err)
	p, err = eng.Payment(ctx, "es", p.ID)
	check(err)
	fmt.Println(p.Status(), p.Balances.Authorized)
	// Output:
	// action_required
	// authorized 10.00 EUR
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

package sequra_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

// A whole shop: it asks for credit, shows the form, confirms the order before it
// answers SeQura, and ships.
func Example() {
	ctx := context.Background()
	provider, err := simulator.Start(simulator.Config{})
	check(err)
	defer func() { check(provider.Close()) }()

	api, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, SandboxURL: provider.URL(), Keys: tenant.Fixed[sequra.Keys]{
		"es": {Username: simulator.Username, Password: gateway.NewSecret(simulator.Password), Merchant: simulator.Merchant},
	}})
	check(err)
	pools, err := command.Assemble(api.Provider())
	check(err)
	defer func() { check(pools.Close(ctx)) }()
	dir, err := os.MkdirTemp("", "shop-")
	check(err)
	defer func() { check(os.RemoveAll(dir)) }()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"))
	check(err)
	defer func() { check(db.Close()) }()
	eng, err := engine.New(engine.Config{Pools: pools, Storage: db})
	check(err)

	orders := sequra.OrderCreatorFunc(func(_ context.Context, p gateway.Payment, state string) (sequra.MerchantReference, error) {
		fmt.Println("the shop makes order 1017:", p.Due, state)
		return sequra.MerchantReference{OrderRef1: "1017"}, nil
	})
	duty := api.Duty(inbox.Actor{Engine: eng}, orders)
	box, err := inbox.New(inbox.Config{
		Storage: db, Engine: eng, Receivers: map[string]webhook.Receiver{"sequra": api.Webhook()},
		Gates: map[string]inbox.Gate{"sequra": inbox.GateFunc(func(ctx context.Context, d inbox.Duty) error { return duty.Pass(ctx, d.Payment, d.Event) })},
	})
	check(err)
	shop := httptest.NewServer(box.Handler())
	defer box.Wait()
	defer shop.Close()

	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "cart-17", Amount: eur(3000), Order: basket("17")})
	check(err)
	r, err := eng.Authorize(ctx, engine.Request{
		Store: "es", Payment: p.ID, Key: "cart-17-auth", Provider: "sequra", All: true, NotifyURL: shop.URL + "/webhooks/sequra/es",
		Extras: gateway.With(sequra.Chosen.Of(sequra.Choice{Product: "pp3"})),
	})
	check(err)
	fmt.Println("the shopper sees:", r.Operation.Action.Kind)

	// What the shopper's browser does.
	form := formAction.FindStringSubmatch(r.Operation.Action.HTML)[1]
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, form, strings.NewReader(url.Values{"decision": {"approve"}}.Encode()))
	check(err)
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(post)
	check(err)
	check(resp.Body.Close())

	shipped, err := eng.Capture(ctx, engine.Request{Store: "es", Payment: p.ID, Key: "parcel-1", All: true})
	check(err)
	fmt.Println("the ledger:", shipped.Payment.Status(), shipped.Payment.Balances.Captured)
	// Output:
	// the shopper sees: html
	// the shop makes order 1017: 30.00 EUR approved
	// the ledger: captured 30.00 EUR
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// What SeQura told is told to the shop's order later, in the shop's words.
func ExampleStatusUpdate() {
	u := sequra.StatusUpdate{Store: "es", Payment: "pay_1", Order: "1017", State: sequra.NeedsReview}
	fmt.Println(u.Key())
	fmt.Println(u.Status())
	fmt.Println(u.Comment())
	// Output:
	// sequra/pay_1/needs_review
	// payment_review
	// SeQura payment status updated to: needs_review
}

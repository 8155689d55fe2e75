package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "outbox-")
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	endpoint, err := outbox.NewWebhook(outbox.WebhookConfig{
		URL:     "https://erp.example.com/payments",
		Secrets: []gateway.Secret{gateway.NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer endpoint.Close()
	d, err := outbox.New(outbox.Config{Storage: db, Subscribers: []outbox.Subscriber{
		{Name: "mail", Kinds: []string{"money.*"}, Handler: outbox.Func(func(_ context.Context, e outbox.Event) error {
			fmt.Println(e.Store, e.Payment, e.Kind, string(e.Body))
			return nil
		})},
		{Name: "erp", Kinds: []string{"report.*"}, Handler: endpoint},
	}})
	if err == nil {
		err = d.Register(ctx)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	// The engine does this in the transaction that moves the money.
	err = db.Update(ctx, func(tx *storage.Tx) error {
		return tx.AppendEvent("es", "pay_17", "money.capture", json.RawMessage(`{"amount":"19.99 EUR"}`))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	tried, err := d.Once(ctx) // d.Run(ctx) does so for ever
	fmt.Println(tried, err)
	// Output:
	// es pay_17 money.capture {"amount":"19.99 EUR"}
	// 1 <nil>
}

// Command newprovider uses a provider that was made from nothing: read package
// acme beside this file from top to bottom, then its conformance test. The program
// charges a card and gives a part of it back, offline, against a server inside it.
//
//	go run ./examples/newprovider
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/examples/newprovider/acme"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) error {
	server := httptest.NewServer(provider())
	defer server.Close()
	p, err := acme.Provider(acme.Config{BaseURL: server.URL, Keys: tenant.Single(gateway.NewSecret("key"))})
	if err != nil {
		return err
	}
	pools, err := command.Assemble(p)
	if err != nil {
		return err
	}
	pool := pools.For("acme")
	bought, err := pool.Get(gateway.OpPurchase).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "order-1", IdempotencyKey: "order-1", Amount: gateway.Minor(2599, "EUR"),
		Instrument: &gateway.Instrument{Token: gateway.NewSecret("tok_1")},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "bought  %s as %s\n", bought.Movements[0].Amount, bought.Reference("charge"))
	back, err := pool.Get(gateway.OpRefund).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "order-1-back", IdempotencyKey: "order-1-back", Target: bought.Reference("charge"), Amount: gateway.Minor(599, "EUR"),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "back    %s as %s\n", back.Movements[0].Amount, back.Reference("refund"))
	_, err = pool.Get(gateway.OpVoid).Execute(ctx, gateway.Subject{Store: "es"})
	fmt.Fprintf(w, "void    %v\n", err)
	return nil
}

// provider is the API that package acme speaks, as small as it can be.
func provider() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /charges", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"ch_1","status":"paid","amount":2599,"currency":"EUR","ref":"order-1"}`)
	})
	mux.HandleFunc("POST /charges/{id}/refunds", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":"re_1","charge":%q,"amount":599,"ref":"order-1-back"}`, r.PathValue("id"))
	})
	return mux
}

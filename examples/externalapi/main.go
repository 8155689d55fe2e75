// Command externalapi calls an API that has nothing to do with payments through
// the same pipeline: a parcel service with an OAuth token. The token is fetched by
// a command of the same pool, cached with its expiry, and put on every other call
// by the signer; two hundred parcels later it was fetched once.
//
// It runs offline against a server inside the program.
//
//	go run ./examples/externalapi
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// The operations of the parcel service.
const (
	opQuote  gateway.Operation = "quote"
	opParcel gateway.Operation = "parcel"
)

// quoteFor is what a quote is asked for: a typed request, checked before it is sent.
type quoteFor struct {
	Country string `json:"country" validate:"required,iso3166_1_alpha2"`
	Grams   int64  `json:"grams" validate:"gt=0,lte=30000"`
}

// quote is the typed answer.
type quote struct {
	Carrier string `json:"carrier" validate:"required"`
	Price   string `json:"price" validate:"required"`
}

// What a subject carries to the service, and what an outcome brings back.
var (
	askedFor = gateway.NewExtra[quoteFor]("parcels.quote_for")
	quoted   = gateway.TransientExtra[quote]("parcels.quote")
)

// parcels is the table of contents of the service.
func parcels(base string, http client.Client, id string, secret gateway.Secret) command.Provider {
	return command.Provider{Name: "parcels", Commands: func(self *command.Pool) command.Commands {
		tokens := handler.NewTokenCache(func(ctx context.Context, store gateway.StoreID) error {
			_, err := self.Get(gateway.OpToken).Execute(ctx, gateway.Subject{Store: store})
			return err
		})
		return command.Commands{
			gateway.OpToken: command.Spec{
				Request: request.Compose(
					request.Named("grant", request.Fixed("grant_type", "client_credentials")),
					request.Named("client", request.Write(func(_ gateway.Subject, doc *request.Document) {
						doc.Text("client_id", id)
						doc.Secret("client_secret", secret)
					})),
				),
				Transfer: transfer.Route{Method: "POST", Base: base, Path: "/oauth/token", Encoder: request.Form, Safe: true},
				Client:   http,
				Validate: validator.Compose(validator.Named("status", validator.Status(200))),
				Handle:   handler.Compose(handler.Named("token", tokens)), // put away, never printed, never stored
				Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
			},
			opQuote: command.Spec{
				Request: request.Compose(request.Named("quote", request.Typed(func(_ context.Context, s gateway.Subject) (quoteFor, error) {
					q, _ := askedFor.From(s.Extras)
					return q, nil
				}))),
				Transfer: transfer.Route{Method: "GET", Base: base, Path: "/quotes", Signer: tokens},
				Client:   http,
				Validate: validator.Compose(validator.Breaking("status", validator.Status(200)), validator.Named("rules", validator.Struct[quote]())),
				Handle:   handler.Compose(handler.Named("quote", handler.Keep(quoted))),
				Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
			},
			opParcel: command.Like(opQuote, command.WrapTransfer(transfer.Path("/parcels/{target}"))),
		}
	}}
}

func run(ctx context.Context, w io.Writer) error {
	service, fetched := startService()
	defer service.Close()
	http, err := client.New(client.Config{})
	if err != nil {
		return err
	}
	pools, err := command.Assemble(parcels(service.URL, http, "shop-1", gateway.NewSecret("s3cret")))
	if err != nil {
		return err
	}
	defer pools.Close(ctx) //nolint:errcheck // the program ends anyway

	pool := pools.For("parcels")
	subject := gateway.Subject{Store: "es", Extras: gateway.With(askedFor.Of(quoteFor{Country: "ES", Grams: 1200}))}
	out, err := pool.Get(opQuote).Execute(ctx, subject)
	if err != nil {
		return err
	}
	q, _ := quoted.From(out.Extras)
	fmt.Fprintf(w, "quote        %s for %s\n", q.Carrier, q.Price)

	subject.Target = "ES-77"
	for range 200 {
		if _, err := pool.Get(opParcel).Execute(ctx, subject); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "parcels      200, tokens fetched: %d\n", fetched.Load())

	subject.Extras = gateway.With(askedFor.Of(quoteFor{Country: "Spain", Grams: -1}))
	_, err = pool.Get(opQuote).Execute(ctx, subject)
	fmt.Fprintf(w, "bad request  %v\n", err)
	return nil
}

// startService starts the parcel service, and counts the tokens it gave out.
func startService() (*httptest.Server, *atomic.Int64) {
	var fetched atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "shop-1" || r.FormValue("client_secret") != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, fetched.Add(1))
	})
	answer := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"carrier":"Correos","price":"4.90 EUR","country":%q}`, r.FormValue("country"))
	}
	mux.HandleFunc("GET /quotes", answer)
	mux.HandleFunc("GET /parcels/{id}", answer)
	return httptest.NewServer(mux), &fetched
}

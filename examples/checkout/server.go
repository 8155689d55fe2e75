package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/returns"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
)

// address is where the shop is. It is known before anything else, because
// providers are told of it.
type address struct {
	listener net.Listener
	url      string
}

func listen(cfg Config) (address, error) {
	l, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		return address{}, err
	}
	return address{l, "http://" + l.Addr().String()}, nil
}

// newHandler says which address is whose.
func newHandler(p *pages, s *status.Service, box *inbox.Inbox, back *returns.Returns) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.product)
	mux.HandleFunc("POST /orders", p.order)
	mux.HandleFunc("GET /checkout/{token}", p.checkout)
	mux.HandleFunc("POST /checkout/{token}", p.pay)
	mux.HandleFunc("GET /payment/{token}", p.payment)
	mux.HandleFunc("POST /payment/{token}/cancel", p.cancel)
	mux.HandleFunc("GET /thanks/{token}", p.thanks)
	mux.HandleFunc("GET /assets/{name}", p.asset)
	mux.HandleFunc("/", p.nothing)
	mux.Handle("/status/", http.StripPrefix("/status", s.Handler()))
	mux.Handle("/return/", back.Handler())
	mux.Handle("/cancel/", back.Handler())
	mux.Handle("/webhooks/", box.Handler())

	// Another site's page may send a shopper here, but not press a button for them.
	// Providers are no browsers, and what comes back from a bank is believed nothing.
	guard := http.NewCrossOriginProtection()
	guard.AddInsecureBypassPattern("/return/")
	guard.AddInsecureBypassPattern("/cancel/")
	guard.AddInsecureBypassPattern("/webhooks/")
	return guard.Handler(mux)
}

// serve opens the shop, and closes it in order: those who wait for a status are
// told to come again, requests are finished, and only then the rest stops.
func serve(lc fx.Lifecycle, at address, h http.Handler, s *status.Service, t *terminal) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 60 * time.Second}
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() { _ = server.Serve(at.listener) }() // it returns when it is shut down
			t.say("shop", "open at %s", at.url)
			return nil
		},
		OnStop: func(ctx context.Context) error {
			t.say("shop", "closing")
			return errors.Join(s.Shutdown(ctx), server.Shutdown(ctx))
		},
	})
}

// Command checkout is a small shop, whole: a product, a checkout with several ways
// to pay, a page that shows live how the payment stands, and a way back when one
// fails. It runs offline: the payment providers are real HTTP servers inside it.
//
//	go run ./examples/checkout                      opens a shop and prints its address; interrupt it to close it
//	go run ./examples/checkout -addr 127.0.0.1:8080 -db shop.db
//
// Visit the address and try every way to pay; the terminal tells what happens, one
// line for each event. Things to try: reload while it waits, pull the network's
// plug, pay in two tabs at once, press Pay twice, go back from the bank, turn
// JavaScript off.
//
// Read module.go first, which puts the shop together, then till.go, which is all
// that the shop has to say to the engine, and pages.go. What stands in banks.go and
// in the files of single providers is what connecting a provider takes.
package main

import (
	"flag"
	"io"
	"log/slog"
	"os"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
)

// Config is what the shop's operator sets.
type Config struct {
	Address  string         // to listen on
	Database string         // a SQLite file; "" is one that goes with the program
	Key      gateway.Secret // signs the addresses of payments, at least 32 bytes; none is a new one, and old addresses are no longer good
	Terminal io.Writer
}

func main() {
	cfg := Config{Terminal: os.Stdout, Key: gateway.NewSecret(os.Getenv("CHECKOUT_KEY"))}
	flag.StringVar(&cfg.Address, "addr", "127.0.0.1:0", "the address to listen on")
	flag.StringVar(&cfg.Database, "db", "", "the SQLite file of the ledger; by default one that is removed at the end")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	fx.New(fx.Supply(cfg, log), gatewayfx.LogTo(log), Module).Run() // until it is interrupted
}

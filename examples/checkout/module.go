package main

import (
	"context"
	"errors"
	"sync"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
)

// Module is the shop. What is provided first is closed last: the server stops
// answering, then what works in the background ends, then the ledger is closed.
var Module = fx.Module("checkout",
	gatewayfx.Module, // the commands of every provider, from the modules that add them
	Banks,            // three sandbox banks, each with habits of its own
	Collana,          // Collana Pay, one API before many providers
	SeQura,           // instalments, by a form of SeQura's
	fx.Provide(
		newTerminal, // what happens, in plain words
		listen,      // the shop's address
		openLedger,  // SQLite
		newEngine,   // runs payments, and finds out what nobody knows
		newInbox,    // what providers tell us
		newKeys,     // the addresses of payments
		newStatus,   // what the shopper sees of a payment
		newReturns,  // where the shopper comes back to from a bank
		newTill,     // the shop's side of paying
		newPages,    // HTML
		newHandler,  // which address is whose
	),
	fx.Invoke(tellEvents, serve),
)

// background runs something from the start of the application until its end.
func background(lc fx.Lifecycle, run func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var err error
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			running.Go(func() { err = run(ctx) })
			return nil
		},
		OnStop: func(stop context.Context) error {
			cancel()
			return errors.Join(wait(stop, running.Wait), err)
		},
	})
}

// wait waits for something that has no context of its own.
func wait(ctx context.Context, f func()) error {
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

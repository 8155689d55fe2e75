// Package gatewayfx assembles gateway commands under go.uber.org/fx. It carries
// items to command.Assemble, closes the pools at the end, runs what works in the
// background ([Background]), and does nothing else: nothing is ordered or overridden by the container, because fx shuffles
// its groups and ignores a decorator whose target is misspelt.
//
//	var Module = fx.Module("shop", fx.Provide(captureEdits))
//
//	func captureEdits(titles *Titles) gatewayfx.Result { // fx injects what it takes
//		return gatewayfx.Provide(command.Override("stripe", gateway.OpCapture,
//			command.Request(request.InsertAfter("amount", request.Named("descriptor", titles)))))
//	}
//
//	fx.New(gatewayfx.Module, stripe.Module, shop.Module, fx.Invoke(func(pools *command.Pools) { ... }))
//
// Providers offer an fx.Module that provides their items; applications add
// their own from any module, in a constructor or with fx.Supply. An application
// that does not use fx calls command.Assemble with the same items.
package gatewayfx

import (
	"context"
	"log/slog"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/gatewaycommand/gatewaycommand/command"
)

// Result is what any constructor returns to add to the pools, alone or beside
// an error, and what fx.Supply takes where there is nothing to inject.
type Result struct {
	fx.Out

	Items []command.Item `group:"gatewaycommand,flatten"`
}

// Provide returns a Result of the given items: providers, command.Extend,
// command.Override, command.Require. Their order means nothing.
func Provide(items ...command.Item) Result {
	return Result{Items: command.Stamp(1, items...)}
}

type params struct {
	fx.In

	Lifecycle fx.Lifecycle
	Items     []command.Item `group:"gatewaycommand"`
}

func newPools(p params) (*command.Pools, error) {
	pools, err := command.Assemble(p.Items...)
	if err != nil {
		return nil, err
	}
	p.Lifecycle.Append(fx.Hook{OnStop: func(ctx context.Context) error { return pools.Close(ctx) }})
	return pools, nil
}

// Module provides *command.Pools, assembled from everything that other modules
// provide. A mistake in any item stops the application's start, also when
// nothing asks for the pools.
var Module = fx.Module("gatewaycommand",
	fx.Provide(newPools),
	fx.Invoke(func(*command.Pools) {}),
)

// Background runs something from the application's start until its end: an engine,
// an inbox, a dispatcher of events, all of which have a Run that ends with its
// context.
//
//	fx.Invoke(func(lc fx.Lifecycle, e *engine.Engine) {
//		gatewayfx.Background(lc, func(ctx context.Context) error { return e.Run(ctx, time.Second) })
//	})
//
// The application's stop waits until it has ended, as long as fx allows, and
// returns its error. Where it is called in the constructor of what it runs, that
// is stopped before what it depends on.
func Background(lc fx.Lifecycle, run func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() { ended <- run(ctx) }()
			return nil
		},
		OnStop: func(stop context.Context) error {
			cancel()
			select {
			case err := <-ended:
				return err
			case <-stop.Done():
				return stop.Err()
			}
		},
	})
}

// LogTo returns an option that sends fx's own events to log: errors as errors,
// the rest at level debug.
func LogTo(log *slog.Logger) fx.Option {
	return fx.WithLogger(func() fxevent.Logger {
		l := &fxevent.SlogLogger{Logger: log}
		l.UseLogLevel(slog.LevelDebug)
		return l
	})
}

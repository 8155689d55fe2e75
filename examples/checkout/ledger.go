package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

// openLedger opens the shop's database: one file.
func openLedger(lc fx.Lifecycle, cfg Config) (*storage.DB, error) {
	file, remove := cfg.Database, func() error { return nil }
	if file == "" {
		dir, err := os.MkdirTemp("", "checkout-")
		if err != nil {
			return nil, err
		}
		file, remove = filepath.Join(dir, "shop.db"), func() error { return os.RemoveAll(dir) }
	}
	db, err := sqlite.Open(context.Background(), file)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	lc.Append(fx.Hook{OnStop: func(context.Context) error { return errors.Join(db.Close(), remove()) }})
	return db, nil
}

// newEngine makes the engine, and has it look every half second after what nobody
// knows: lost answers, results that were promised for later, shoppers who went away.
func newEngine(lc fx.Lifecycle, pools *command.Pools, db *storage.DB, log *slog.Logger) (*engine.Engine, error) {
	e, err := engine.New(engine.Config{Pools: pools, Storage: db, Log: log, Hooks: []engine.Hook{takeOrHold(pools)}})
	if err != nil {
		return nil, err
	}
	background(lc, func(ctx context.Context) error { return e.Run(ctx, 500*time.Millisecond) })
	return e, nil
}

// takeOrHold decides what "pay" means: money is taken at once where the provider
// can do that, and held where it is taken when the goods are shipped.
func takeOrHold(pools *command.Pools) engine.Hook {
	decide := func(_ context.Context, c engine.Call) (gateway.Operation, error) {
		pool := pools.For(c.Request.Provider)
		if _, err := pool.Lookup(pool.Flow(gateway.OpPurchase).Steps[0]); err != nil { // where a purchase is several calls, the first
			return gateway.OpAuthorize, nil //nolint:nilerr // that it cannot is the answer
		}
		return gateway.OpPurchase, nil
	}
	return engine.Hook{Name: "take or hold", Override: map[gateway.Operation]func(context.Context, engine.Call) (gateway.Operation, error){engine.OpPay: decide}}
}

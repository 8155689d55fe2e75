package returns

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Config is what the handlers are made of.
type Config struct {
	Storage *storage.DB
	Engine  *engine.Engine
	Tokens  Tokens

	// Page returns where the browser is sent: a URL of the shop. It is given what the
	// ledger says, and must not take a URL from the request.
	Page func(ctx context.Context, r Result) string

	// Input returns what of a request goes on with a payment at a provider where
	// coming back is a step of its own (engine.Continue); nil, or false, asks the
	// provider instead. The provider judges it; nothing else is done with it.
	Input func(r *http.Request, o storage.Operation) (map[string]string, bool)

	// CancelAtProvider ends a payment at its provider when the shopper comes back
	// by the cancel URL and has not paid. Otherwise it waits for its deadline.
	CancelAtProvider bool

	Patience time.Duration // how long the browser waits at most before it is sent to the pending page; default 8 s
	Log      *slog.Logger  // nil logs nothing
}

// State is what the shopper is told.
type State string

// The states.
const (
	Paid       State = "paid"       // the money is held or taken
	Failed     State = "failed"     // it is certain that it is not: offer another way
	Pending    State = "pending"    // nobody knows yet: say so, and never that it failed
	Unfinished State = "unfinished" // the shopper did not do what was asked for: offer to go on
)

// Result is what the ledger says after the provider was asked.
type Result struct {
	Kind      Kind
	Store     gateway.StoreID
	State     State
	Payment   gateway.Payment
	Operation storage.Operation // the newest one that begins the payment; empty when there is none
}

// Returns are the handlers. They are safe for concurrent use.
type Returns struct {
	cfg Config
	log *slog.Logger

	running sync.WaitGroup // what goes on without its browser
}

// Wait returns when everything that was begun has ended. Call it when the server
// has been shut down, and before the storage is closed.
func (r *Returns) Wait() { r.running.Wait() }

// New returns the handlers. It fails with [gateway.CodeInternal] when something is missing.
func New(cfg Config) (*Returns, error) {
	if cfg.Storage == nil || cfg.Engine == nil || cfg.Page == nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "returns need Storage, Engine and Page")
	}
	if err := cfg.Tokens.check(); err != nil {
		return nil, err
	}
	if cfg.Patience < 0 {
		return nil, gateway.Errorf(gateway.CodeInternal, "returns need a Patience that is not negative")
	}
	if cfg.Patience == 0 {
		cfg.Patience = 8 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Returns{cfg: cfg, log: cfg.Log}, nil
}

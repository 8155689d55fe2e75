package task

import (
	"context"
	"log/slog"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Enqueuer takes new items.
type Enqueuer interface {
	// Enqueue stores an item in the caller's transaction: it exists when that
	// commits, and only then. created is false when the item's key is taken; the
	// item that has it is returned. An unknown kind is [gateway.CodeInvalid], an
	// ended parent [gateway.CodeConflict].
	Enqueue(ctx context.Context, tx *storage.Tx, n New) (item Item, created bool, err error)
}

// Operator is what people and programs may ask of a queue.
type Operator interface {
	// Find returns an item; found is false when the store has none of that id.
	Find(ctx context.Context, store gateway.StoreID, id ID) (item Item, found bool, err error)
	// List returns a store's items that fit the filter, newest change first unless it says otherwise.
	List(ctx context.Context, store gateway.StoreID, f Filter) ([]Item, error)
	// Release queues an item that was held.
	Release(ctx context.Context, store gateway.StoreID, id ID) error
	// Retry queues a failed item with fresh retries, and its failed and aborted
	// children with it. It reports false, and does nothing, for an item that is
	// not failed. A child of an ended parent is a [gateway.CodeConflict] error:
	// retry the parent.
	Retry(ctx context.Context, store gateway.StoreID, id ID) (bool, error)
	// Abort ends an item that has not ended, and its children with it; its
	// parent, if it has one, fails. A running handler's context ends.
	Abort(ctx context.Context, store gateway.StoreID, id ID) error
	// Health counts a store's items and judges them.
	Health(ctx context.Context, store gateway.StoreID) (Health, error)
	// Prune deletes at most limit items of every store that were completed or
	// aborted before a time. Failed ones stay.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

// Worker runs items.
type Worker interface {
	// Work makes one pass: it enqueues what is due periodically, takes over items
	// whose worker died, claims at most limit items, runs them at once, and
	// returns when all of them have ended. It returns how many it ran.
	Work(ctx context.Context, limit int) (int, error)
	// Run works until ctx ends, and returns nil then, when its handlers have
	// returned. What they did not finish is queued again and counts as no failure.
	Run(ctx context.Context) error
}

// Queue is the port. Implementations are safe for concurrent use, by many
// goroutines and, where the storage allows it, by many processes.
type Queue interface {
	Enqueuer
	Operator
	Worker
}

// Filter says which items a list holds. The zero Filter holds all, up to 50.
type Filter struct {
	State       State
	Kind        string
	Queue       string
	Context     string
	Parent      ID
	Retryable   bool          // failed, with retries left
	Retries     int64         // at least so many attempts failed
	LongRunning time.Duration // running for longer than that, see [LongRunning]; waiting parents do not run
	Oldest      bool          // oldest change first; else newest first
	Limit       int           // 0 means 50
}

// Periodic is a task that is enqueued on a schedule, once however many
// processes work. Slots that were missed are made up for by one run.
type Periodic struct {
	Name  string        // unique in the store
	Every time.Duration // slots lie at whole multiples of it since 1970, UTC
	Item  New           // with a store
}

// Config is what engines need. Zero values get the defaults.
type Config struct {
	Storage  *storage.DB
	Handlers []Handler // one per kind
	Periodic []Periodic

	Workers    int           // how many items run at once; default 64
	Batch      int           // how many are claimed at once; default 8
	MaxRetries int64         // default 5
	Backoff    Backoff       // default [DefaultBackoff]
	Lease      time.Duration // how long a worker is believed alive without a heartbeat; default 15 s
	Heartbeat  time.Duration // default 2 s
	Inactive   time.Duration // how long a handler may give no sign of life; default 300 s
	Poll       time.Duration // how often Run looks for work; default 1 s
	Log        *slog.Logger  // default: nothing is logged
}

// Complete returns c with its defaults filled in, for engines. It fails with
// [gateway.CodeInternal] when the configuration cannot work.
func (c Config) Complete() (Config, map[string]Handler, error) {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Lease, 15*time.Second)
	def(&c.Heartbeat, 2*time.Second)
	def(&c.Inactive, 300*time.Second)
	def(&c.Poll, time.Second)
	if c.Workers == 0 {
		c.Workers = 64
	}
	if c.Batch == 0 {
		c.Batch = 8
	}
	if c.MaxRetries == 0 {
		c.MaxRetries = 5
	}
	if c.Backoff == nil {
		c.Backoff = DefaultBackoff
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Storage == nil || c.Workers < 0 || c.Batch < 0 || c.Lease < 0 || c.Heartbeat < 0 || c.Inactive < 0 || c.Poll < 0 {
		return c, nil, gateway.Errorf(gateway.CodeInternal, "a task queue needs a storage, and nothing negative")
	}
	handlers := map[string]Handler{}
	for _, h := range c.Handlers {
		if _, dup := handlers[h.Kind]; dup || h.Kind == "" || h.run == nil {
			return c, nil, gateway.Errorf(gateway.CodeInternal, "the handler of kind %q is there twice, or was not made with Kind.Handle", h.Kind)
		}
		handlers[h.Kind] = h
	}
	names := map[string]bool{}
	for _, p := range c.Periodic {
		name := string(p.Item.Store) + "/" + p.Name
		if _, known := handlers[p.Item.kind]; !known || names[name] || p.Every <= 0 || p.Item.Store == "" || p.Item.err != nil {
			return c, nil, gateway.Errorf(gateway.CodeInternal, "the periodic task %q needs a known kind, a plain payload, a store, an interval, and a name of its own", name)
		}
		names[name] = true
	}
	return c, handlers, nil
}

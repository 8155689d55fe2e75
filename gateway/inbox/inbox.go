package inbox

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// leastKeep is how long an event that is done is remembered at least: providers
// send again for days, and attackers replay for longer.
const leastKeep = 30 * 24 * time.Hour

// Config is what an inbox is made of. Zero values get the defaults.
type Config struct {
	Storage   *storage.DB
	Engine    *engine.Engine
	Receivers map[string]webhook.Receiver // by provider
	Gates     map[string]Gate             // by provider, for those whose events have a duty

	// KnowsStore reports whether a store that a route names is one of ours; others
	// are answered 404. Nil leaves it to the receivers, which have no secret for others.
	KnowsStore func(ctx context.Context, store gateway.StoreID) bool

	// Defer answers a provider as soon as its events are stored, and leaves it to
	// [Inbox.Run] to apply them: for bursts, and for providers that wait a second
	// or two. A duty before the acknowledgement is done before it all the same.
	Defer bool
	// Workers is how many events a sweep works on at once; default 4.
	Workers int

	MaxBody  int64         // bytes; default 1 MiB
	Patience time.Duration // how long a provider waits at most for its answer; what is not done by then goes on without it; default 8 s
	Horizon  time.Duration // how long an event waits for its payment before it is foreign; default 72 h
	Keep     time.Duration // how long an event that has ended is remembered; default 35 days, at least 30

	Log *slog.Logger // nil logs nothing
}

// Inbox takes notifications. It is safe for concurrent use, by many goroutines
// and, on a storage that allows it, by many processes.
type Inbox struct {
	cfg Config
	db  *storage.DB
	eng *engine.Engine
	log *slog.Logger

	queue   queue
	larger  chan struct{}  // has who reads a large body
	running sync.WaitGroup // what goes on without its provider
	stored  chan struct{}  // receives when something was stored that Run is to apply
}

// New returns an inbox. It fails with [gateway.CodeInternal] when something is
// missing or cannot be.
func New(cfg Config) (*Inbox, error) {
	if cfg.Storage == nil || cfg.Engine == nil || len(cfg.Receivers) == 0 {
		return nil, gateway.Errorf(gateway.CodeInternal, "an inbox needs Storage, Engine and Receivers")
	}
	for provider, r := range cfg.Receivers {
		if r.Verifier == nil || r.Reader == nil {
			return nil, gateway.Errorf(gateway.CodeInternal, "the receiver of %q has no Verifier or no Reader: it would refuse everything", provider)
		}
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 20
	}
	for d, fallback := range map[*time.Duration]time.Duration{
		&cfg.Patience: 8 * time.Second, &cfg.Horizon: 72 * time.Hour, &cfg.Keep: 35 * 24 * time.Hour,
	} {
		if *d == 0 {
			*d = fallback
		}
	}
	cfg.Workers = cmp.Or(cfg.Workers, 4)
	if cfg.MaxBody < 0 || cfg.Workers < 0 || cfg.Patience < 0 || cfg.Horizon < 0 || cfg.Keep < leastKeep {
		return nil, gateway.Errorf(gateway.CodeInternal, "an inbox needs nothing negative, and keeps events for 30 days or more")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Inbox{cfg: cfg, db: cfg.Storage, eng: cfg.Engine, log: cfg.Log, stored: make(chan struct{}, 1), larger: make(chan struct{}, large)}, nil
}

// alive is how long whoever works on an event is believed to be alive beyond the
// patience of its provider: as long as the provider's own API may take to answer.
const alive = 2 * time.Minute

// lease returns until when whoever begins to work on an event now is believed to
// be alive. A duty has the provider's patience, so that the provider that comes
// again soon finds it free.
func (i *Inbox) lease(item storage.InboxItem, now time.Time) time.Time {
	if item.Gate == storage.GateNeeded {
		return now.Add(2 * i.cfg.Patience)
	}
	return now.Add(i.cfg.Patience + alive)
}

// Wait returns when everything that was begun has ended. Call it when the server
// has been shut down, and before the storage is closed.
func (i *Inbox) Wait() { i.running.Wait() }

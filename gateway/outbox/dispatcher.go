package outbox

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// How many rows one transaction deals with at most, so that none takes long.
const (
	shareBatch   = 100
	catchUpBatch = 200
	pruneBatch   = 200
)

// pruneEvery is how often Run looks for events to prune, when there were few.
const pruneEvery = time.Hour

// Dispatcher delivers events. It is safe for concurrent use, and several of
// them, in one process or in many, may work on one database. One that has the
// subscribers of only some names leaves the others alone.
type Dispatcher struct {
	cfg   Config
	lanes []*lane
	wake  chan struct{}

	mu         sync.Mutex
	registered bool
	pruned     time.Time // when Run looked last
}

// New returns a dispatcher. It starts nothing and writes nothing.
func New(cfg Config) (*Dispatcher, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	d := &Dispatcher{cfg: cfg, wake: make(chan struct{}, 1)}
	for _, s := range cfg.Subscribers {
		d.lanes = append(d.lanes, &lane{Subscriber: s, wake: make(chan struct{}, 1)})
	}
	return d, nil
}

// Register registers the subscribers in the database: from then on events are
// kept for them. [Dispatcher.Run] and [Dispatcher.Once] do so first; call it
// before the first payment when neither runs yet. Once it has succeeded it does
// nothing.
func (d *Dispatcher) Register(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.registered || len(d.lanes) == 0 {
		return nil
	}
	err := d.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		for _, l := range d.lanes {
			if err := tx.Subscribe(l.subscription(), l.FromBeginning); err != nil {
				return err
			}
		}
		return nil
	})
	d.registered = err == nil
	return err
}

// Wake makes Run look for work at once. What this process appends wakes it by
// itself.
func (d *Dispatcher) Wake() { wake(d.wake) }

// Once delivers what is due now, and what that was holding back, and returns how
// many deliveries it tried when all of them have ended. A delivery that fails is
// recorded and is no error of Once; an error means that the database did not
// answer.
func (d *Dispatcher) Once(ctx context.Context) (int, error) {
	if err := d.Register(ctx); err != nil {
		return 0, err
	}
	if err := d.share(ctx); err != nil {
		return 0, err
	}
	var tried atomic.Int64
	errs := make([]error, len(d.lanes))
	var all sync.WaitGroup
	for i, l := range d.lanes {
		all.Go(func() {
			n, err := d.drain(ctx, l)
			tried.Add(n)
			errs[i] = err
		})
	}
	all.Wait()
	return int(tried.Load()), errors.Join(errs...)
}

// drain delivers to one subscriber until nothing is due.
func (d *Dispatcher) drain(ctx context.Context, l *lane) (tried int64, err error) {
	for ctx.Err() == nil {
		claimed, err := d.prepare(ctx, l, d.cfg.Workers)
		if err != nil || len(claimed) == 0 {
			return tried, err
		}
		tried += int64(len(claimed))
		var all sync.WaitGroup
		for _, c := range claimed {
			all.Go(func() { d.deliver(ctx, l, c) })
		}
		all.Wait()
	}
	return tried, nil
}

// Run delivers until ctx ends, and returns nil then, when its handlers have
// returned. What they did not finish is given back and counts as no try. A
// database that does not answer is logged and asked again.
func (d *Dispatcher) Run(ctx context.Context) error {
	written, stop := d.cfg.Storage.Listen()
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	for _, l := range d.lanes {
		all.Go(func() { d.serve(ctx, l) })
	}
	for ctx.Err() == nil {
		err := d.Register(ctx)
		if err == nil {
			err = errors.Join(d.share(ctx), d.retire(ctx))
		}
		if err != nil && ctx.Err() == nil {
			d.cfg.Log.ErrorContext(ctx, "the outbox could not be looked through", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-written:
		case <-d.wake:
		case <-time.After(d.cfg.Poll):
		}
	}
	return nil
}

// serve delivers to one subscriber until ctx ends. Its handlers take slots of
// its own, so that it holds up nobody else.
func (d *Dispatcher) serve(ctx context.Context, l *lane) {
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, d.cfg.Workers)
	for ctx.Err() == nil {
		free := d.cfg.Workers - len(slots)
		claimed, err := d.prepare(ctx, l, free)
		if err != nil && ctx.Err() == nil {
			d.cfg.Log.ErrorContext(ctx, "what is due to a subscriber could not be found", "subscriber", l.Name, "error", err)
		}
		for _, c := range claimed {
			slots <- struct{}{}
			all.Go(func() {
				d.deliver(ctx, l, c)
				<-slots
				wake(l.wake)
			})
		}
		if len(claimed) > 0 && len(claimed) == free {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-time.After(d.cfg.Poll):
		}
	}
}

// share makes deliveries of the events that have none, and wakes who delivers
// them. When there are none it writes nothing.
func (d *Dispatcher) share(ctx context.Context) error {
	for ctx.Err() == nil {
		some := false
		err := d.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) { some, err = tx.UnsharedEvents(); return err })
		if err != nil || !some {
			return err
		}
		err = d.cfg.Storage.Update(ctx, func(tx *storage.Tx) error { _, err := tx.ShareEvents(shareBatch); return err })
		if err != nil {
			return err
		}
		for _, l := range d.lanes {
			wake(l.wake)
		}
	}
	return nil
}

// retire prunes one batch when that is due.
func (d *Dispatcher) retire(ctx context.Context) error {
	now := d.cfg.Storage.Now()
	d.mu.Lock()
	due := d.cfg.Retention > 0 && now.Sub(d.pruned) >= pruneEvery
	d.mu.Unlock()
	if !due {
		return nil
	}
	n, err := d.Prune(ctx, now.Add(-d.cfg.Retention), pruneBatch)
	switch {
	case err != nil:
	case n == pruneBatch:
		d.Wake() // for the next one, when what is new was shared out
	default:
		d.mu.Lock()
		d.pruned = now
		d.mu.Unlock()
	}
	return err
}

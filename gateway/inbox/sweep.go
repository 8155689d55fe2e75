package inbox

import (
	"context"
	"errors"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Sweep works on at most limit events whose time has come: those whose payment
// was not known, whose provider could not be asked, or whose process died. It
// returns how many. Call it from a timer, in any number of processes; duties
// before an acknowledgement are not its: those are resumed when the provider
// comes again. An error means that storing failed; what cannot be applied is
// tried again by itself.
func (i *Inbox) Sweep(ctx context.Context, limit int) (int, error) {
	var due []storage.InboxItem
	err := i.db.View(ctx, func(tx *storage.Tx) (err error) { due, err = tx.DueInbox(tx.Now(), limit); return err })
	if err != nil {
		return 0, err
	}
	lines := make([][]storage.InboxItem, i.cfg.Workers)
	for _, item := range due {
		at := line(item, len(lines))
		lines[at] = append(lines[at], item)
	}
	var n atomic.Int64
	errs := make([]error, len(lines))
	var wg sync.WaitGroup
	for at, items := range lines {
		wg.Go(func() {
			for _, item := range items {
				worked, err := i.sweep(ctx, item)
				if worked {
					n.Add(1)
				}
				errs[at] = errors.Join(errs[at], err)
			}
		})
	}
	wg.Wait()
	return int(n.Load()), errors.Join(append(errs, ctx.Err())...)
}

// line says in which of n lines an event waits for its turn: those of one payment
// are worked on one after another, as far as their names tell.
func line(item storage.InboxItem, n int) int {
	name := string(item.Payment)
	if ev, err := evidenceOf(item); err == nil && name == "" {
		if name = string(ev.Payment); name == "" && len(ev.Refs) > 0 {
			name = ev.Refs[0].Value
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32() % uint32(n)) //nolint:gosec // a few
}

// sweep claims one event and works on it. It reports false when it is not ours to
// work on, and an error when storing failed.
func (i *Inbox) sweep(ctx context.Context, item storage.InboxItem) (worked bool, err error) {
	if ctx.Err() != nil {
		return false, nil
	}
	err = i.db.Update(ctx, func(tx *storage.Tx) (err error) {
		worked, err = tx.ClaimInbox(&item, i.lease(item, tx.Now()))
		return err
	})
	if err != nil || !worked {
		return false, err
	}
	if item.Gate == storage.GateNeeded { // its provider never came again
		return true, i.abandon(ctx, &item)
	}
	work, cancel := context.WithTimeout(ctx, i.cfg.Patience+alive)
	defer cancel()
	if err := i.work(work, &item); err != nil {
		i.log.InfoContext(ctx, "an event is not applied yet", "provider", item.Provider, "store", item.Store, "event", item.Event, "state", item.State, "code", gateway.CodeOf(err), "detail", detail(err))
	}
	return true, nil
}

// abandon ends an event with a duty that the provider has not sent again until the
// horizon. One whose duty was begun stays, for an operator.
func (i *Inbox) abandon(ctx context.Context, item *storage.InboxItem) error {
	if item.State != storage.InboxWaiting {
		item.Due = time.Time{}
		return i.move(ctx, item, false)
	}
	return i.end(ctx, item, storage.InboxForeign)
}

// batch is how many events are swept or pruned at once.
const batch = 100

// Run sweeps every so often, and when something was stored or recorded in this
// process, until ctx ends; it then returns nil. Errors are logged.
func (i *Inbox) Run(ctx context.Context, every time.Duration) error {
	if every <= 0 {
		return gateway.Errorf(gateway.CodeInternal, "an inbox is swept at an interval of more than nothing")
	}
	woken, stop := i.db.Listen()
	defer stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		for {
			n, err := i.Sweep(ctx, batch)
			if err != nil && ctx.Err() == nil {
				i.log.ErrorContext(ctx, "sweeping the inbox failed", "code", gateway.CodeOf(err), "detail", detail(err))
			}
			if n < batch || ctx.Err() != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-woken:
		case <-i.stored:
		case <-tick.C:
		}
	}
}

// Prune forgets events that ended longer ago than [Config].Keep, in batches, and
// returns how many. One of them that comes again is then new: it is looked at, and
// what it tells is recorded already. Call it once a day.
func (i *Inbox) Prune(ctx context.Context) (int64, error) {
	all := int64(0)
	for ctx.Err() == nil {
		n := int64(0)
		err := i.db.Update(ctx, func(tx *storage.Tx) (err error) {
			n, err = tx.PruneInbox(tx.Now().Add(-i.cfg.Keep), batch)
			return err
		})
		all += n
		if err != nil || n < batch {
			return all, err
		}
	}
	return all, ctx.Err()
}

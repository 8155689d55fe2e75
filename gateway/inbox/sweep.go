package inbox

import (
	"context"
	"errors"
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
	var errs []error
	n := 0
	for _, item := range due {
		if ctx.Err() != nil {
			return n, errors.Join(append(errs, ctx.Err())...)
		}
		mine := false
		err := i.db.Update(ctx, func(tx *storage.Tx) (err error) {
			mine, err = tx.ClaimInbox(&item, i.lease(item, tx.Now()))
			return err
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !mine {
			continue
		}
		n++
		if item.Gate == storage.GateNeeded { // its provider never came again
			errs = append(errs, i.abandon(ctx, &item))
			continue
		}
		work, cancel := context.WithTimeout(ctx, i.cfg.Patience+alive)
		if err := i.work(work, &item); err != nil {
			i.log.InfoContext(ctx, "an event is not applied yet", "provider", item.Provider, "store", item.Store, "event", item.Event, "state", item.State, "code", gateway.CodeOf(err))
		}
		cancel()
	}
	return n, errors.Join(errs...)
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

// Run sweeps every so often, and when something was recorded in this process,
// until ctx ends; it then returns nil. Errors are logged.
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
				i.log.ErrorContext(ctx, "sweeping the inbox failed", "code", gateway.CodeOf(err))
			}
			if n < batch || ctx.Err() != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-woken:
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

package outbox

import (
	"context"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Deliveries returns what became of events, oldest event first: with
// storage.DeliveryParked among the states, what waits for an operator.
func (d *Dispatcher) Deliveries(ctx context.Context, q storage.DeliveryQuery) (all []storage.Delivery, err error) {
	err = d.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) { all, err = tx.Deliveries(q); return err })
	return all, err
}

// Backlogs returns what every registered subscriber has not been told yet, by
// name, of this process or not.
func (d *Dispatcher) Backlogs(ctx context.Context) (all []storage.Backlog, err error) {
	err = d.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) { all, err = tx.Backlogs(); return err })
	return all, err
}

// Retry makes a subscriber's parked deliveries due again at once, with fresh
// tries: those of the given events, or all when none is given. It returns how
// many there were.
func (d *Dispatcher) Retry(ctx context.Context, subscriber string, events ...string) (n int, err error) {
	err = d.cfg.Storage.Update(ctx, func(tx *storage.Tx) (err error) { n, err = tx.RetryDeliveries(subscriber, events...); return err })
	d.wakeAll()
	return n, err
}

// Skip gives up the delivery of an event to a subscriber for good, so that the
// payment's later events reach it. It fails with [gateway.CodeNotFound] when that
// delivery does not exist or has ended.
func (d *Dispatcher) Skip(ctx context.Context, subscriber, event string) error {
	err := d.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		skipped, err := tx.SkipDelivery(subscriber, event)
		if err == nil && !skipped {
			err = gateway.Errorf(gateway.CodeNotFound, "subscriber %q has no open delivery of event %s: there is nothing to skip", subscriber, event)
		}
		return err
	})
	d.wakeAll()
	return err
}

// Park stops telling a subscriber anything, in every process, until
// [Dispatcher.Resume]. Deliveries under way end. What happens meanwhile is kept for it.
func (d *Dispatcher) Park(ctx context.Context, subscriber, why string) error {
	return d.cfg.Storage.Update(ctx, func(tx *storage.Tx) error { return tx.ParkSubscription(subscriber, why) })
}

// Resume tells a parked subscriber again, from where it stopped.
func (d *Dispatcher) Resume(ctx context.Context, subscriber string) error {
	err := d.cfg.Storage.Update(ctx, func(tx *storage.Tx) error { return tx.ResumeSubscription(subscriber) })
	d.wakeAll()
	return err
}

// removeBatch is how many deliveries of a removed subscriber go at once.
const removeBatch = 500

// Remove forgets a subscriber and everything that it was not told. Stop the
// processes that have it first: they would not be told anything until they start
// anew, and then it is a new subscriber.
func (d *Dispatcher) Remove(ctx context.Context, subscriber string) error {
	for left := true; left; {
		err := d.cfg.Storage.Update(ctx, func(tx *storage.Tx) (err error) {
			left, err = tx.RemoveSubscription(subscriber, removeBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Prune deletes at most limit events that everybody was told before a time, and
// returns how many. Call it until it returns less. An event that some subscriber
// was not told stays, however old it is.
func (d *Dispatcher) Prune(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = d.cfg.Storage.Update(ctx, func(tx *storage.Tx) (err error) { n, err = tx.PruneEvents(before, limit); return err })
	return n, err
}

func (d *Dispatcher) wakeAll() {
	for _, l := range d.lanes {
		wake(l.wake)
	}
}

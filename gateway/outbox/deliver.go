package outbox

import (
	"context"
	"errors"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// prepare claims at most limit deliveries that are due to a subscriber, when it
// has caught up.
func (d *Dispatcher) prepare(ctx context.Context, l *lane, limit int) ([]storage.Delivery, error) {
	if limit <= 0 {
		return nil, nil
	}
	if err := d.Register(ctx); err != nil {
		return nil, err
	}
	if err := d.catchUp(ctx, l); err != nil {
		return nil, err
	}
	var due []storage.Delivery
	err := d.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) { due, err = tx.DueDeliveries(l.Name, limit); return err })
	if err != nil || len(due) == 0 {
		return nil, err // who has nothing to do writes nothing
	}
	var claimed []storage.Delivery
	err = d.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		claimed = nil
		for _, c := range due {
			won, err := d.claim(tx, l, &c)
			if err != nil {
				return err
			}
			if won {
				claimed = append(claimed, c)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// claim claims one delivery, unless somebody else was faster. One whose last try
// never came back is parked: it may be what kills the processes that make it.
func (d *Dispatcher) claim(tx *storage.Tx, l *lane, c *storage.Delivery) (bool, error) {
	if !l.asks(c.Event) {
		return false, nil
	}
	won, err := tx.ClaimDelivery(c, tx.Now().Add(d.cfg.Lease))
	if err != nil || !won || c.Tries <= d.cfg.MaxTries {
		return won, err
	}
	c.Tries--
	c.State, c.Failure = storage.DeliveryParked, "its last try never came back"
	return false, tx.FinishDelivery(*c)
}

// catchUp gives a subscriber what is older than its registration, if it, or a
// version of it that did not come to an end, asked for that.
func (d *Dispatcher) catchUp(ctx context.Context, l *lane) error {
	for ctx.Err() == nil && !l.caught.Load() {
		done := false
		err := d.cfg.Storage.Update(ctx, func(tx *storage.Tx) (err error) { done, err = tx.CatchUp(l.Name, catchUpBatch); return err })
		if err != nil {
			return err
		}
		l.caught.Store(done)
	}
	return nil
}

// deliver makes a claimed delivery and records how it ended.
func (d *Dispatcher) deliver(ctx context.Context, l *lane, c storage.Delivery) {
	inner, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	failure := l.call(inner, eventOf(c))
	cancel()
	log := d.cfg.Log.With("subscriber", l.Name, "event", c.Event.ID, "kind", c.Event.Kind, "store", c.Event.Store, "payment", c.Event.Payment, "try", c.Tries)
	ended, stopped := context.WithoutCancel(ctx), ctx.Err() != nil
	var end storage.Delivery
	err := d.cfg.Storage.Update(ended, func(tx *storage.Tx) error {
		end = c
		d.conclude(tx, &end, failure, stopped)
		if isGone(failure) {
			if err := tx.ParkSubscription(l.Name, text(failure)); err != nil {
				return err
			}
		}
		return tx.FinishDelivery(end)
	})
	switch {
	case errors.Is(err, gateway.CodeConflict):
		log.WarnContext(ended, "a delivery took longer than its lease; what became of it does not count")
	case err != nil: // the lease passes, and it is made again
		log.ErrorContext(ended, "how a delivery ended could not be recorded", "error", err)
	case isGone(failure):
		log.ErrorContext(ended, "a subscriber is gone and was parked: resume it when it is back, or remove it", "error", text(failure))
	case end.State == storage.DeliveryParked:
		log.ErrorContext(ended, "an event was not delivered and is parked: retry or skip it", "error", end.Failure)
	case failure != nil && !stopped:
		log.WarnContext(ended, "an event was not delivered and is tried again", "due", end.Due, "error", end.Failure)
	}
}

// conclude decides what becomes of a delivery by how its try ended. stopped says
// that the dispatcher was told to stop meanwhile.
func (d *Dispatcher) conclude(tx *storage.Tx, c *storage.Delivery, failure error, stopped bool) {
	now := tx.Now()
	c.Due = now
	if failure == nil {
		c.State, c.Failure = storage.DeliveryDelivered, ""
		return
	}
	if isGone(failure) || stopped && !isPermanent(failure) { // that says nothing about the event
		c.Tries--
		return
	}
	c.Failure = text(failure)
	if isPermanent(failure) || c.Tries >= d.cfg.MaxTries || now.Sub(c.First) >= d.cfg.MaxAge {
		c.State = storage.DeliveryParked
		return
	}
	c.Due = now.Add(min(d.cfg.Backoff.After(c.Tries, failure), d.cfg.MaxAge))
}

package storage

import (
	"database/sql"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// DeliveryState is where the delivery of one event to one subscriber stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"   // it is due, is being made, or waits for an earlier one
	DeliveryParked    DeliveryState = "parked"    // it was given up until an operator retries or skips it
	DeliveryDelivered DeliveryState = "delivered" // terminal
	DeliverySkipped   DeliveryState = "skipped"   // terminal: nobody asks for it any more
)

// Open reports whether the subscriber is still to be told.
func (s DeliveryState) Open() bool { return s == DeliveryPending || s == DeliveryParked }

// Delivery is one event on its way to one subscriber.
type Delivery struct {
	Subscriber string
	Event      Event
	State      DeliveryState
	Attempt    int64     // how often it was claimed; it fences the writes of who claimed it
	Tries      int64     // of those, how many since an operator last retried it
	Due        time.Time // not before; while it is claimed: how long the claim holds; the year 9999 while an earlier one is parked
	Claimed    time.Time // zero: nobody delivers it at the moment
	First      time.Time // when it was tried first; zero: never
	Failure    string    // of the last try
	Updated    time.Time
}

// ShareEvents makes the deliveries of at most limit events that have none yet,
// one for each subscriber that wants the event, and returns how many events it
// dealt with. An event that nobody wants counts as told.
func (tx *Tx) ShareEvents(limit int) (int, error) {
	if err := tx.turn(); err != nil {
		return 0, err
	}
	subscribers, err := tx.Subscriptions()
	if err != nil {
		return 0, err
	}
	events, err := tx.events(`WHERE open_deliveries IS NULL AND delivered_us IS NULL ORDER BY id LIMIT $1`, limit)
	if err != nil {
		return 0, err
	}
	for _, e := range events {
		open := int64(0)
		for _, s := range subscribers {
			if !s.Wants(e) {
				continue
			}
			n, err := tx.insertDelivery(s.Name, e)
			if err != nil {
				return 0, err
			}
			open += n
		}
		told := sql.NullInt64{Int64: micro(tx.now), Valid: open == 0}
		if _, err := tx.exec(`UPDATE outbox SET open_deliveries = $1, delivered_us = $2 WHERE id = $3`, open, told, e.ID); err != nil {
			return 0, err
		}
	}
	return len(events), nil
}

// UnsharedEvents reports whether there are events for [Tx.ShareEvents].
func (tx *Tx) UnsharedEvents() (bool, error) {
	some, err := tx.events(`WHERE open_deliveries IS NULL AND delivered_us IS NULL ORDER BY id LIMIT 1`)
	return len(some) > 0, err
}

// CatchUp gives a subscriber that began at the beginning at most limit of the
// events that are older than its registration, and reports whether it has them
// all. Nothing is due for it before.
func (tx *Tx) CatchUp(name string, limit int) (done bool, err error) {
	if err := tx.turn(); err != nil {
		return false, err
	}
	found, err := tx.subscriptions(`WHERE name = $1 AND backfill IS NOT NULL`, name)
	if err != nil || len(found) == 0 {
		return err == nil, err
	}
	events, err := tx.events(`WHERE id > (SELECT backfill FROM subscriber WHERE name = $1) AND (open_deliveries IS NOT NULL OR delivered_us IS NOT NULL) ORDER BY id LIMIT $2`, name, limit)
	if err != nil {
		return false, err
	}
	at := sql.NullString{}
	for _, e := range events {
		at = sql.NullString{String: e.ID, Valid: len(events) == limit}
		if !found[0].Wants(e) {
			continue
		}
		n, err := tx.insertDelivery(name, e)
		if err != nil {
			return false, err
		}
		if _, err := tx.exec(`UPDATE outbox SET open_deliveries = COALESCE(open_deliveries, 0) + $1, delivered_us = CASE WHEN $2 = 1 THEN NULL ELSE delivered_us END WHERE id = $3`, n, n, e.ID); err != nil {
			return false, err
		}
	}
	_, err = tx.exec(`UPDATE subscriber SET backfill = $1 WHERE name = $2`, at, name)
	return !at.Valid, err
}

// insertDelivery returns 1 when it made the delivery, and 0 when it was there.
func (tx *Tx) insertDelivery(subscriber string, e Event) (int64, error) {
	return tx.exec(`INSERT INTO delivery (subscriber, event, store, payment, state, due_us, updated_us) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		subscriber, e.ID, e.Store, e.Payment, DeliveryPending, micro(tx.now), micro(tx.now))
}

// DueDeliveries returns at most limit of a subscriber's deliveries that may be
// made now, the longest due first. Of a payment's it returns only the first
// that is not delivered, so that what follows waits for it; of a subscriber that
// is parked or not caught up it returns none.
func (tx *Tx) DueDeliveries(subscriber string, limit int) ([]Delivery, error) {
	return tx.deliveries(`WHERE d.subscriber = $1 AND d.state = 'pending' AND d.due_us <= $2
		AND EXISTS (SELECT 1 FROM subscriber s WHERE s.name = d.subscriber AND s.parked_us IS NULL AND s.backfill IS NULL)
		AND d.event = (SELECT MIN(o.event) FROM delivery o WHERE o.subscriber = d.subscriber AND o.store = d.store AND o.payment = d.payment
			AND o.state IN ('pending', 'parked'))
		ORDER BY d.due_us, d.event LIMIT $3`, subscriber, micro(tx.now), limit)
}

func (tx *Tx) deliveries(where string, args ...any) (all []Delivery, err error) {
	err = tx.each(func(row Row) error {
		var d Delivery
		var body string
		var created, due, updated int64
		var claimed, first sql.NullInt64
		e := &d.Event
		err := row.Scan(&d.Subscriber, &e.ID, &e.Store, &e.Payment, &e.Kind, &body, &created, &d.State, &d.Attempt, &d.Tries, &due, &claimed, &first, &d.Failure, &updated)
		e.Body, e.Created = []byte(body), fromMicro(created)
		d.Due, d.Claimed, d.First, d.Updated = fromMicro(due), timeOrZero(claimed), timeOrZero(first), fromMicro(updated)
		all = append(all, d)
		return err
	}, `SELECT d.subscriber, e.id, e.store, e.payment, e.kind, e.body, e.created_us, d.state, d.attempt, d.tries, d.due_us, d.claimed_us, d.first_us, d.failure, d.updated_us
		FROM delivery d JOIN outbox e ON e.id = d.event `+where, args...)
	return all, err
}

// ClaimDelivery takes a due delivery until a time, and reports whether the
// caller has it: somebody else may have been faster. Until then nobody else
// gets it; whoever is not done by then may find it taken over.
func (tx *Tx) ClaimDelivery(d *Delivery, until time.Time) (bool, error) {
	n, err := tx.exec(`UPDATE delivery SET attempt = attempt + 1, tries = tries + 1, claimed_us = $1, due_us = $2, first_us = COALESCE(first_us, $3), updated_us = $4
		WHERE subscriber = $5 AND event = $6 AND attempt = $7 AND state = 'pending' AND due_us <= $8`,
		micro(tx.now), micro(until), micro(tx.now), micro(tx.now), d.Subscriber, d.Event.ID, d.Attempt, micro(tx.now))
	if err != nil || n == 0 {
		return false, err
	}
	d.Attempt++
	d.Tries++
	d.Claimed, d.Due = tx.now, until
	if d.First.IsZero() {
		d.First = tx.now
	}
	return true, nil
}

// FinishDelivery ends a claim: it stores the delivery's state, tries, due time
// and failure. What waits for it is not looked at before it is due again; when it
// has ended, that is due at once. FinishDelivery fails with
// [gateway.CodeConflict], and changes nothing, when the claim is no longer the
// caller's.
func (tx *Tx) FinishDelivery(d Delivery) error {
	if err := tx.one("the delivery", `UPDATE delivery SET state = $1, tries = $2, due_us = $3, failure = $4, claimed_us = NULL, updated_us = $5
		WHERE subscriber = $6 AND event = $7 AND attempt = $8 AND state = 'pending' AND claimed_us IS NOT NULL`,
		d.State, d.Tries, micro(d.Due), d.Failure, micro(tx.now), d.Subscriber, d.Event.ID, d.Attempt); err != nil {
		return err
	}
	switch d.State {
	case DeliveryPending:
		return tx.hold(d, d.Due)
	case DeliveryParked:
		return tx.hold(d, untilRetried)
	default:
		return tx.ended([]ending{{d.Subscriber, d.Event.ID, d.Event.Store, d.Event.Payment}})
	}
}

// untilRetried is when deliveries are due that wait for one that is parked.
var untilRetried = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// hold makes what waits for a delivery due no earlier than it, so that nobody
// looks through it in vain. That is for speed only: nothing is due before what
// it waits for, whatever its time says.
func (tx *Tx) hold(d Delivery, until time.Time) error {
	_, err := tx.exec(`UPDATE delivery SET due_us = $1 WHERE subscriber = $2 AND store = $3 AND payment = $4 AND event > $5
		AND state IN ('pending', 'parked') AND state = 'pending' AND claimed_us IS NULL AND due_us < $6`,
		micro(until), d.Subscriber, d.Event.Store, d.Event.Payment, d.Event.ID, micro(until))
	return err
}

// ending is a delivery that is no longer open.
type ending struct {
	subscriber, event string
	store             gateway.StoreID
	payment           gateway.PaymentID
}

// ended counts deliveries as no longer open and makes due what waited for them.
func (tx *Tx) ended(all []ending) error {
	for _, e := range all {
		if _, err := tx.exec(`UPDATE delivery SET due_us = $1 WHERE subscriber = $2 AND store = $3 AND payment = $4 AND event > $5
			AND state IN ('pending', 'parked') AND state = 'pending' AND claimed_us IS NULL AND due_us > $6`,
			micro(tx.now), e.subscriber, e.store, e.payment, e.event, micro(tx.now)); err != nil {
			return err
		}
		if err := tx.told(e.event); err != nil {
			return err
		}
	}
	return nil
}

// told counts a delivery of an event as no longer open. The event's row
// serialises those that end at once, so that the last one is known.
func (tx *Tx) told(event string) error {
	_, err := tx.exec(`UPDATE outbox SET open_deliveries = open_deliveries - 1, delivered_us = CASE WHEN open_deliveries = 1 THEN CAST($1 AS BIGINT) ELSE delivered_us END WHERE id = $2`,
		micro(tx.now), event)
	return err
}

// skip skips the open deliveries that fit a condition, whose arguments begin at
// $2, and returns how many.
func (tx *Tx) skip(condition string, args ...any) (int, error) {
	var all []ending
	err := tx.each(func(row Row) error {
		var e ending
		err := row.Scan(&e.subscriber, &e.event, &e.store, &e.payment)
		all = append(all, e)
		return err
	}, `UPDATE delivery SET state = 'skipped', claimed_us = NULL, updated_us = $1 WHERE `+condition+` AND state IN ('pending', 'parked') RETURNING subscriber, event, store, payment`,
		append([]any{micro(tx.now)}, args...)...)
	if err != nil {
		return 0, err
	}
	return len(all), tx.ended(all)
}

// SkipDelivery gives an open delivery up for good, so that what follows it may
// be delivered. It reports whether there was one. Whoever is delivering it at the
// moment can no longer record how that ended.
func (tx *Tx) SkipDelivery(subscriber, event string) (bool, error) {
	n, err := tx.skip(`subscriber = $2 AND event = $3`, subscriber, event)
	return n == 1, err
}

// RetryDeliveries makes a subscriber's parked deliveries due now, with fresh
// tries: those of the given events, or all of them when none is given. It returns
// how many there were.
func (tx *Tx) RetryDeliveries(subscriber string, events ...string) (int, error) {
	w := &where{}
	w.args = []any{micro(tx.now), micro(tx.now)}
	w.add("subscriber = %s", subscriber)
	oneOf(w, "event", events)
	n, err := tx.exec(`UPDATE delivery SET state = 'pending', tries = 0, due_us = $1, first_us = NULL, updated_us = $2`+w.String()+` AND state = 'parked'`, w.args...)
	return int(n), err
}

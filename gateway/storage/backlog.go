package storage

import (
	"database/sql"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// DeliveryQuery says which deliveries to find. What is not set does not restrict.
type DeliveryQuery struct {
	Subscriber string
	Store      gateway.StoreID
	Payment    gateway.PaymentID
	Event      string
	States     []DeliveryState
	Limit      int // 0 means 1000
}

// Deliveries returns the deliveries that match, oldest event first.
func (tx *Tx) Deliveries(q DeliveryQuery) ([]Delivery, error) {
	w := &where{}
	for _, c := range []struct{ column, value string }{
		{"d.subscriber", q.Subscriber}, {"d.store", string(q.Store)}, {"d.payment", string(q.Payment)}, {"d.event", q.Event},
	} {
		if c.value != "" {
			w.add(c.column+" = %s", c.value)
		}
	}
	oneOf(w, "d.state", q.States)
	text := ""
	if len(w.text) > 0 {
		text = w.String()
	}
	return tx.deliveries(text+` ORDER BY d.event, d.subscriber`+w.tail(q.Limit), w.args...)
}

// Backlog is what a subscriber has not been told yet.
type Backlog struct {
	Subscription

	Pending int64
	Parked  int64     // deliveries that wait for an operator
	Oldest  time.Time // when the oldest of both was created; zero: there is none
}

// Backlogs returns every subscriber's backlog, by name.
func (tx *Tx) Backlogs() ([]Backlog, error) {
	all, err := tx.Subscriptions()
	if err != nil {
		return nil, err
	}
	backlogs := make([]Backlog, len(all))
	for i, s := range all {
		backlogs[i].Subscription = s
		var oldest sql.NullInt64
		if _, err := tx.first([]any{&backlogs[i].Pending, &backlogs[i].Parked, &oldest}, `SELECT COALESCE(SUM(CASE WHEN d.state = 'pending' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN d.state = 'parked' THEN 1 ELSE 0 END), 0),
			MIN(e.created_us) FROM delivery d JOIN outbox e ON e.id = d.event WHERE d.subscriber = $1 AND d.state IN ('pending', 'parked')`, s.Name); err != nil {
			return nil, err
		}
		backlogs[i].Oldest = timeOrZero(oldest)
	}
	return backlogs, nil
}

// PruneEvents deletes at most limit events that every subscriber was told before
// a time, with their deliveries, and returns how many. What is not told stays,
// however old it is.
func (tx *Tx) PruneEvents(before time.Time, limit int) (int, error) {
	if err := tx.turn(); err != nil {
		return 0, err
	}
	old, err := tx.events(`WHERE delivered_us < $1 AND COALESCE(open_deliveries, 0) = 0 ORDER BY delivered_us, id LIMIT $2`, micro(before), limit)
	if err != nil {
		return 0, err
	}
	for _, e := range old {
		if _, err := tx.exec(`DELETE FROM delivery WHERE event = $1`, e.ID); err != nil {
			return 0, err
		}
		if _, err := tx.exec(`DELETE FROM outbox WHERE id = $1`, e.ID); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

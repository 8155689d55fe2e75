package storage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Event is something that happened to a payment and must be told.
type Event struct {
	ID      string // sorts by time
	Store   gateway.StoreID
	Payment gateway.PaymentID
	Kind    string
	Body    json.RawMessage
	Created time.Time
}

// AppendEvent writes an event; it is told when the transaction has committed.
// The events of a payment that is locked ([Tx.LockPayment]) keep their order,
// whatever the clocks of several processes say.
func (tx *Tx) AppendEvent(store gateway.StoreID, id gateway.PaymentID, kind string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return gateway.Errorf(gateway.CodeInternal, "event %s cannot be stored: %w", kind, err)
	}
	at, err := tx.afterEvents(store, id)
	if err != nil {
		return err
	}
	event := orderedID(at)
	tx.write(`INSERT INTO outbox (id, store, payment, kind, body, created_us) VALUES ($1, $2, $3, $4, $5, $6)`,
		event, store, id, kind, string(raw), micro(tx.now))
	tx.appended, tx.last = true, lastEvent{store, id, event}
	tx.changes(store, id)
	return nil
}

const lastEventQuery = `SELECT id FROM outbox WHERE store = $1 AND payment = $2 ORDER BY id DESC LIMIT 1`

// lastEvent is the last event of a payment, where the transaction knows it.
type lastEvent struct {
	store   gateway.StoreID
	payment gateway.PaymentID
	id      string
}

// afterEvents returns the time of the next event's identifier: now, or right
// after the payment's last event when that one is not older. Two events of one
// transaction have the same now, and one that waited for the payment's lock has
// an earlier now than the one it waited for.
func (tx *Tx) afterEvents(store gateway.StoreID, id gateway.PaymentID) (time.Time, error) {
	last := tx.last.id
	if tx.last.store != store || tx.last.payment != id {
		if found, err := tx.first([]any{&last}, lastEventQuery, store, id); err != nil || !found {
			return tx.now, err
		}
	}
	text, _, _ := strings.Cut(last, "-")
	us, err := strconv.ParseInt(text, 16, 64)
	if err != nil || us < micro(tx.now) { // an identifier of another make orders nothing
		return tx.now, nil //nolint:nilerr // see above
	}
	return fromMicro(us + 1), nil
}

// OpenEvents returns events that some subscriber was not told yet, oldest first.
func (tx *Tx) OpenEvents(limit int) (all []Event, err error) {
	return tx.events(`WHERE delivered_us IS NULL ORDER BY id LIMIT $1`, limit)
}

// Events returns everything that was written of a payment, oldest first.
func (tx *Tx) Events(store gateway.StoreID, id gateway.PaymentID) (all []Event, err error) {
	return tx.events(`WHERE store = $1 AND payment = $2 ORDER BY id`, store, id)
}

func (tx *Tx) events(where string, args ...any) (all []Event, err error) {
	err = tx.each(func(row Row) error {
		var e Event
		var created int64
		var body string
		err := row.Scan(&e.ID, &e.Store, &e.Payment, &e.Kind, &body, &created)
		e.Body, e.Created = json.RawMessage(body), fromMicro(created)
		all = append(all, e)
		return err
	}, `SELECT id, store, payment, kind, body, created_us FROM outbox `+where, args...)
	return all, err
}

// EventDelivered marks an event as told to everybody. It is for applications that
// deliver events by themselves; package outbox does not need it.
func (tx *Tx) EventDelivered(id string) error {
	_, err := tx.exec(`UPDATE outbox SET delivered_us = $1 WHERE id = $2`, micro(tx.now), id)
	return err
}

// Discrepancy is evidence that does not fit what is recorded.
type Discrepancy struct {
	Store      gateway.StoreID
	ID         string
	Payment    gateway.PaymentID
	Kind       string
	Body       json.RawMessage
	Created    time.Time
	Resolved   string // by whom; "" while open
	Note       string // what was found
	ResolvedAt time.Time
}

// AppendDiscrepancy records evidence that does not fit. The same evidence is
// recorded once, however often it comes.
func (tx *Tx) AppendDiscrepancy(store gateway.StoreID, id gateway.PaymentID, kind string, evidence any) error {
	raw, err := json.Marshal(evidence)
	if err != nil {
		return gateway.Errorf(gateway.CodeInternal, "discrepancy %s cannot be stored: %w", kind, err)
	}
	digest := sha256.Sum256(append([]byte(string(id)+"\x00"+kind+"\x00"), raw...))
	tx.write(`INSERT INTO discrepancy (store, id, payment, kind, body, created_us) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (store, id) DO NOTHING`,
		store, hex.EncodeToString(digest[:16]), id, kind, string(raw), micro(tx.now))
	return nil
}

package storage

import (
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Erased is what was removed of a payment.
type Erased struct {
	// Details are the names of what was personal: "order", and "request/" and
	// "stated/" with the id of an operation.
	Details []string
	// Actions counts what the shopper was asked to do: URLs and forms that let
	// their bearer act as the shopper.
	Actions int64
}

// Erase removes everything personal of a payment; its ledger stays: amounts,
// movements, references, operations, attempts. It fails with
// [gateway.CodeConflict], and removes nothing, while an operation has not ended:
// that one may still need it. Erasing twice is no error.
func (tx *Tx) Erase(store gateway.StoreID, id gateway.PaymentID) (gone Erased, err error) {
	if _, err := tx.LockPayment(store, id); err != nil {
		return gone, err
	}
	open, err := tx.OpenOperations(store, id)
	if err != nil {
		return gone, err
	}
	if len(open) > 0 {
		return gone, gateway.Errorf(gateway.CodeConflict, "operation %s of payment %s is %s and may need what is personal: settle it first, then erase", open[0].ID, id, open[0].State)
	}
	err = tx.each(func(row Row) error {
		var name string
		err := row.Scan(&name)
		gone.Details = append(gone.Details, name)
		return err
	}, `SELECT name FROM detail WHERE store = $1 AND payment = $2 ORDER BY name`, store, id)
	if err != nil {
		return gone, err
	}
	if _, err = tx.exec(`DELETE FROM detail WHERE store = $1 AND payment = $2`, store, id); err != nil {
		return gone, err
	}
	if gone.Actions, err = tx.exec(`UPDATE operation SET action = '' WHERE store = $1 AND payment = $2 AND action <> ''`, store, id); err != nil {
		return gone, err
	}
	return gone, tx.one("the payment", `UPDATE payment SET erased_us = $1, erased_version = version WHERE store = $2 AND id = $3`, micro(tx.now), store, id)
}

// ForgetInstruments forgets what a payment's operations stored to pay again, as
// [Tx.ForgetInstrument] does, and returns how many those were. What ends with the
// payment is erased by [Tx.Erase]; an instrument outlives it until its owner asks.
func (tx *Tx) ForgetInstruments(store gateway.StoreID, id gateway.PaymentID) (int64, error) {
	return tx.exec(`UPDATE instrument SET token = '', body = '{}', forgotten_us = $1 WHERE store = $2 AND payment = $3 AND forgotten_us IS NULL`, micro(tx.now), store, id)
}

// ErasableQuery says which payments may be erased by their age.
type ErasableQuery struct {
	Before time.Time // nothing has changed since
	// Held is the same for payments that still hold money that could be captured;
	// zero finds none of those.
	Held  time.Time
	Limit int // 0 means 1000
}

// Erasable returns payments of a store that have ended and may still have
// something personal, oldest first: no operation is under way, nothing is held.
func (tx *Tx) Erasable(store gateway.StoreID, q ErasableQuery) (ids []gateway.PaymentID, err error) {
	w := &where{}
	w.add("p.store = %s", store)
	w.add("p.erased_version < p.version AND p.created_us < %s AND p.updated_us < %s", micro(q.Before))
	ended := `(p.closed = 1 OR p.authorized - p.released - p.captured <= 0`
	if q.Held.IsZero() {
		w.text = append(w.text, ended+")")
	} else {
		w.add(ended+` OR p.updated_us < %s)`, micro(q.Held))
	}
	err = tx.each(func(row Row) error {
		var id gateway.PaymentID
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT p.id FROM payment p`+w.String()+` AND NOT EXISTS (SELECT 1 FROM operation o WHERE o.store = p.store AND o.payment = p.id
		AND o.state NOT IN ('succeeded', 'failed', 'cancelled')) ORDER BY p.created_us, p.id`+w.tail(q.Limit), w.args...)
	return ids, err
}

// PruneAttempts deletes at most limit attempts that were begun before a time, of
// operations that have ended, oldest first, and returns how many. What they
// settled stays in the ledger.
func (tx *Tx) PruneAttempts(store gateway.StoreID, before time.Time, limit int) (int64, error) {
	return tx.exec(`DELETE FROM attempt WHERE (store, operation, number, n) IN (SELECT a.store, a.operation, a.number, a.n FROM attempt a
		JOIN operation o ON o.store = a.store AND o.id = a.operation AND o.state IN ('succeeded', 'failed', 'cancelled')
		WHERE a.store = $1 AND a.started_us < $2 ORDER BY a.started_us LIMIT $3)`, store, micro(before), limit)
}

// PruneDiscrepancies deletes at most limit discrepancies that were resolved
// before a time, and returns how many. Open ones stay, however old.
func (tx *Tx) PruneDiscrepancies(store gateway.StoreID, before time.Time, limit int) (int64, error) {
	return tx.exec(`DELETE FROM discrepancy WHERE (store, id) IN (SELECT d.store, d.id FROM discrepancy d
		WHERE d.store = $1 AND d.resolved_us IS NOT NULL AND d.resolved_us < $2 ORDER BY d.resolved_us LIMIT $3)`, store, micro(before), limit)
}

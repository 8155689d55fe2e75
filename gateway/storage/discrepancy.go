package storage

import (
	"database/sql"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// ResolveDiscrepancy ends a discrepancy: by says who looked into it, note what
// was found. It fails with [gateway.CodeInvalid] without either, with
// [gateway.CodeNotFound] when the store has none of that id, and with
// [gateway.CodeConflict] when it was resolved before. The ledger is not changed:
// what must be booked goes through the engine.
func (tx *Tx) ResolveDiscrepancy(store gateway.StoreID, id, by, note string) error {
	if by == "" || note == "" {
		return gateway.Invalid("a discrepancy is resolved by somebody, with a note of what was found")
	}
	n, err := tx.exec(`UPDATE discrepancy SET resolved_by = $1, resolved_note = $2, resolved_us = $3 WHERE store = $4 AND id = $5 AND resolved_by = ''`,
		by, note, micro(tx.now), store, id)
	if err != nil || n == 1 {
		return err
	}
	d, err := tx.Discrepancy(store, id)
	if err != nil {
		return err
	}
	return gateway.Errorf(gateway.CodeConflict, "discrepancy %s was resolved by %s already", id, d.Resolved)
}

// Discrepancy returns a discrepancy, or [gateway.CodeNotFound].
func (tx *Tx) Discrepancy(store gateway.StoreID, id string) (Discrepancy, error) {
	all, err := tx.discrepancies(store, `WHERE store = $1 AND id = $2`, store, id)
	if err == nil && len(all) == 0 {
		err = notFound("discrepancy", id)
	}
	if err != nil {
		return Discrepancy{}, err
	}
	return all[0], nil
}

// Discrepancies returns a payment's discrepancies, oldest first.
func (tx *Tx) Discrepancies(store gateway.StoreID, id gateway.PaymentID) ([]Discrepancy, error) {
	return tx.discrepancies(store, `WHERE store = $1 AND payment = $2 ORDER BY created_us, id`, store, id)
}

// OpenDiscrepancies returns a store's discrepancies that nobody has resolved,
// oldest first. limit 0 means 1000.
func (tx *Tx) OpenDiscrepancies(store gateway.StoreID, limit int) ([]Discrepancy, error) {
	w := &where{}
	w.add("store = %s", store)
	return tx.discrepancies(store, w.String()+` AND resolved_by = '' ORDER BY created_us, id`+w.tail(limit), w.args...)
}

func (tx *Tx) discrepancies(store gateway.StoreID, where string, args ...any) (all []Discrepancy, err error) {
	err = tx.each(func(row Row) error {
		d := Discrepancy{Store: store}
		var created int64
		var resolved sql.NullInt64
		var body string
		err := row.Scan(&d.ID, &d.Payment, &d.Kind, &body, &created, &d.Resolved, &d.Note, &resolved)
		d.Body, d.Created, d.ResolvedAt = []byte(body), fromMicro(created), timeOrZero(resolved)
		all = append(all, d)
		return err
	}, `SELECT id, payment, kind, body, created_us, resolved_by, resolved_note, resolved_us FROM discrepancy `+where, args...)
	return all, err
}

package storage

import (
	"database/sql"
	"encoding/json"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// NewPayment is what a payment is made of.
type NewPayment struct {
	Store       gateway.StoreID
	ID          gateway.PaymentID
	Key         string // the caller's command key
	Fingerprint string // of the parameters
	Order       string
	Due         gateway.Money
	Split       bool // other payments may pay parts of the same order
}

const paymentColumns = `id, order_ref, currency, due, phase, authorized, released, captured, refunded, charged_back,
	capturing, releasing, refunding, capture_limit, closed, version`

// InsertPayment inserts a payment, unless the store has one of that key: then it
// returns the one that is there, with created false, when the fingerprint is the
// same, and a [gateway.CodeConflict] error when the key was used for something else.
func (tx *Tx) InsertPayment(n NewPayment) (p gateway.Payment, created bool, err error) {
	rows, err := tx.exec(`INSERT INTO payment (store, id, command_key, fingerprint, order_ref, currency, due, phase, status, created_us, updated_us, split)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (store, command_key) DO NOTHING`,
		n.Store, n.ID, n.Key, n.Fingerprint, n.Order, n.Due.Currency(), n.Due.Minor(), "", gateway.PaymentNew, micro(tx.now), micro(tx.now), flag(n.Split))
	if err != nil {
		return p, false, err
	}
	if rows == 1 {
		tx.changes(n.Store, n.ID)
		zero := gateway.Minor(0, n.Due.Currency())
		return gateway.Payment{
			Store: n.Store, ID: n.ID, Order: n.Order, Due: n.Due, Version: 1,
			Balances: gateway.Balances{Authorized: zero, Released: zero, Captured: zero, Refunded: zero, ChargedBack: zero},
			Reserved: gateway.Reservations{Capturing: zero, Releasing: zero, Refunding: zero},
		}, true, nil
	}
	var id gateway.PaymentID
	var fingerprint string
	_, err = tx.first([]any{&id, &fingerprint}, `SELECT id, fingerprint FROM payment WHERE store = $1 AND command_key = $2`, n.Store, n.Key)
	if err != nil {
		return p, false, err
	}
	if fingerprint != n.Fingerprint {
		return p, false, gateway.Errorf(gateway.CodeConflict, "key %q was used for another payment, %s: every command needs its own", n.Key, id)
	}
	p, err = tx.Payment(n.Store, id)
	return p, false, err
}

// Payment returns a payment with its references and movements.
func (tx *Tx) Payment(store gateway.StoreID, id gateway.PaymentID) (gateway.Payment, error) {
	return tx.load(store, id, Statement{Text: `SELECT ` + paymentColumns + ` FROM payment WHERE store = $1 AND id = $2`, Args: []any{store, id}})
}

// LockPayment returns a payment and keeps every other transaction from changing
// it until this one ends. Whoever is about to write something personal locks first:
// with its new version, an erased payment counts as one that may have some again.
func (tx *Tx) LockPayment(store gateway.StoreID, id gateway.PaymentID) (gateway.Payment, error) {
	return tx.load(store, id, tx.lock(store, id))
}

// Locked is a payment that is locked, with what is decided over.
type Locked struct {
	Payment    gateway.Payment
	Operations []Operation // all of them, oldest first
	Last       Step        // of the operation that was asked for; the zero Step: it has none
}

// Lock is [Tx.LockPayment] with the payment's operations, and with the newest step of
// one of them, "" for none; all in one round trip.
func (tx *Tx) Lock(store gateway.StoreID, id gateway.PaymentID, of gateway.OperationID) (l Locked, err error) {
	also := []Statement{operationsOf(&l.Operations, store, allOfPayment, store, id)}
	var steps []Step
	if of != "" { // something of it is about to be written down and told
		last := lastEvent{store: store, payment: id}
		also = append(also, stepsOf(&steps, store, of, newestStep), Statement{Text: lastEventQuery, Args: []any{store, id}, Rows: func(row Row) error { return row.Scan(&last.id) }})
		defer func() {
			if err == nil && tx.last == (lastEvent{}) {
				tx.last = last
			}
		}()
	}
	if l.Payment, err = tx.load(store, id, tx.lock(store, id), also...); err == nil && len(steps) > 0 {
		l.Last = steps[0]
	}
	return l, err
}

func (tx *Tx) lock(store gateway.StoreID, id gateway.PaymentID) Statement {
	tx.changes(store, id)
	return Statement{
		Text: `UPDATE payment SET version = version + 1, updated_us = $1 WHERE store = $2 AND id = $3 RETURNING ` + paymentColumns,
		Args: []any{micro(tx.now), store, id},
	}
}

// load reads a payment whose row a statement returns, and what else is read with it.
func (tx *Tx) load(store gateway.StoreID, id gateway.PaymentID, row Statement, also ...Statement) (gateway.Payment, error) {
	p, found := gateway.Payment{Store: store}, false
	row.Rows = func(row Row) error { found = true; return scanPayment(row, &p) }
	err := tx.run(append([]Statement{row, movementsOf(&p, store, id), refsOf(&p, store, id)}, also...)...)
	if err == nil && !found {
		err = notFound("payment", id)
	}
	return p, err
}

func scanPayment(row Row, p *gateway.Payment) error {
	var currency string
	var due, authorized, released, captured, refunded, chargedBack, capturing, releasing, refunding int64
	var limit sql.NullInt64
	err := row.Scan(&p.ID, &p.Order, &currency, &due, &p.Phase, &authorized, &released, &captured, &refunded, &chargedBack,
		&capturing, &releasing, &refunding, &limit, &p.Closed, &p.Version)
	if err != nil {
		return err
	}
	money := func(n int64) gateway.Money { return gateway.Minor(n, currency) }
	p.Due = money(due)
	p.Balances = gateway.Balances{Authorized: money(authorized), Released: money(released), Captured: money(captured), Refunded: money(refunded), ChargedBack: money(chargedBack)}
	p.Reserved = gateway.Reservations{Capturing: money(capturing), Releasing: money(releasing), Refunding: money(refunding)}
	if limit.Valid {
		p.CaptureLimit = money(limit.Int64)
	}
	return nil
}

// SetBalances stores what a payment's movements add up to, and its headline.
func (tx *Tx) SetBalances(p gateway.Payment) error {
	b := p.Balances
	tx.changes(p.Store, p.ID)
	tx.must("the payment", `UPDATE payment SET authorized = $1, released = $2, captured = $3, refunded = $4, charged_back = $5, status = $6,
		phase = $7, closed = $8, updated_us = $9 WHERE store = $10 AND id = $11`,
		b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor(), b.ChargedBack.Minor(), p.Status(),
		p.Phase, flag(p.Closed), micro(tx.now), p.Store, p.ID)
	return nil
}

// SetCaptureLimit stores the most that may be captured in all.
func (tx *Tx) SetCaptureLimit(store gateway.StoreID, id gateway.PaymentID, limit gateway.Money) error {
	tx.must("the payment", `UPDATE payment SET capture_limit = $1 WHERE store = $2 AND id = $3`, limit.Minor(), store, id)
	return nil
}

// Reservation is which of a payment's reservations is meant.
type Reservation string

// The reservations, by the column that holds them.
const (
	Capturing Reservation = "capturing"
	Releasing Reservation = "releasing"
	Refunding Reservation = "refunding"
)

// reserveStatements reserve money only where there is enough of it: the
// condition is part of the update, so that no two transactions can both see the
// same money free.
var reserveStatements = map[Reservation]string{
	Capturing: `UPDATE payment SET capturing = capturing + $1 WHERE store = $2 AND id = $3 AND closed = 0
		AND COALESCE(capture_limit, authorized) - released - captured - capturing - releasing >= $4`,
	Releasing: `UPDATE payment SET releasing = releasing + $1 WHERE store = $2 AND id = $3
		AND authorized - released - captured - capturing - releasing >= $4`,
	Refunding: `UPDATE payment SET refunding = refunding + $1 WHERE store = $2 AND id = $3
		AND captured - refunded - charged_back - refunding >= $4`,
}

// Reserve reserves an amount of what is left of a payment. The transaction fails
// with [gateway.CodeConflict] when less than that is left.
func (tx *Tx) Reserve(r Reservation, store gateway.StoreID, id gateway.PaymentID, amount gateway.Money) error {
	tx.later(Statement{Text: reserveStatements[r], Args: []any{amount.Minor(), store, id, amount.Minor()}, Then: func(n int64) error {
		if n != 1 {
			return gateway.Errorf(gateway.CodeConflict, "%s is more than the payment has left: reload it", amount)
		}
		return nil
	}})
	return nil
}

// Unreserve gives a reservation back.
func (tx *Tx) Unreserve(r Reservation, store gateway.StoreID, id gateway.PaymentID, minor int64) error {
	column := string(r)
	if _, known := reserveStatements[r]; !known {
		return gateway.Errorf(gateway.CodeInternal, "there is no reservation %q", r)
	}
	tx.must("the reservation", `UPDATE payment SET `+column+` = `+column+` - $1 WHERE store = $2 AND id = $3 AND `+column+` >= $4`,
		minor, store, id, minor)
	return nil
}

// SetDetail stores what is personal of a payment, such as its order, in place of
// what it had under that name. The caller has inserted or locked the payment in
// this transaction.
func (tx *Tx) SetDetail(store gateway.StoreID, id gateway.PaymentID, name string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return gateway.Errorf(gateway.CodeInternal, "%s of the payment cannot be stored: %w", name, err)
	}
	tx.write(`INSERT INTO detail (store, payment, name, body) VALUES ($1, $2, $3, $4) ON CONFLICT (store, payment, name) DO UPDATE SET body = excluded.body`,
		store, id, name, string(body))
	return nil
}

// Detail reads what SetDetail stored into v, and reports whether it is there.
func (tx *Tx) Detail(store gateway.StoreID, id gateway.PaymentID, name string, v any) (bool, error) {
	var body string
	found, err := tx.first([]any{&body}, `SELECT body FROM detail WHERE store = $1 AND payment = $2 AND name = $3`, store, id, name)
	if err != nil || !found {
		return false, err
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		return false, gateway.Errorf(gateway.CodeInternal, "%s of payment %s cannot be read: %w", name, id, err)
	}
	return true, nil
}

// DropDetail removes one thing that SetDetail stored.
func (tx *Tx) DropDetail(store gateway.StoreID, id gateway.PaymentID, name string) error {
	tx.write(`DELETE FROM detail WHERE store = $1 AND payment = $2 AND name = $3`, store, id, name)
	return nil
}

func refsOf(p *gateway.Payment, store gateway.StoreID, id gateway.PaymentID) Statement {
	return Statement{Text: `SELECT owner, name, value FROM ref WHERE store = $1 AND payment = $2 ORDER BY added_us, owner, name, value`, Args: []any{store, id}, Rows: func(row Row) error {
		var r gateway.Ref
		err := row.Scan(&r.Owner, &r.Name, &r.Value)
		p.Refs = append(p.Refs, r)
		return err
	}}
}

// AddRefs adds references to a payment; those it has are left alone.
func (tx *Tx) AddRefs(store gateway.StoreID, id gateway.PaymentID, refs gateway.Refs) error {
	for _, r := range refs {
		if r.Value != "" {
			tx.write(`INSERT INTO ref (store, owner, name, value, payment, added_us) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
				store, r.Owner, r.Name, r.Value, id, micro(tx.now))
		}
	}
	return nil
}

// PaymentByRef returns the payment that has a reference, and whether one has.
func (tx *Tx) PaymentByRef(store gateway.StoreID, owner, value string) (id gateway.PaymentID, found bool, err error) {
	found, err = tx.first([]any{&id}, `SELECT payment FROM ref WHERE store = $1 AND owner = $2 AND value = $3 ORDER BY added_us LIMIT 1`, store, owner, value)
	return id, found, err
}

// PaymentsNamed returns the payments that a provider's id names: as a reference,
// or as the id of something that moved; at most three. More than one means that
// the id identifies none of them.
func (tx *Tx) PaymentsNamed(store gateway.StoreID, provider, value string) (ids []gateway.PaymentID, err error) {
	err = tx.each(func(row Row) error {
		var id gateway.PaymentID
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT payment FROM ref WHERE store = $1 AND owner = $2 AND value = $3
		UNION SELECT payment FROM movement WHERE store = $1 AND provider = $2 AND fact = $3 ORDER BY payment LIMIT 3`, store, provider, value)
	return ids, err
}

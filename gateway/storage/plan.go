package storage

import (
	"database/sql"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Plan is something that the engine will do to a payment by itself, because a
// policy says so.
type Plan struct {
	Store   gateway.StoreID
	Payment gateway.PaymentID
	Name    string // what it is for, unique in its payment
	Kind    gateway.Operation
	Why     string
	Amount  gateway.Money // the zero Money: all that is left
	Target  string
	Due     time.Time // zero: done, or given up
	Tries   int64
	Result  string // the operation that was made, or why none was
}

// InsertPlan inserts a plan, unless the payment has one of that name.
func (tx *Tx) InsertPlan(p Plan) (created bool, err error) {
	n, err := tx.exec(`INSERT INTO plan (store, payment, name, kind, why, amount, target, due_us, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT DO NOTHING`,
		p.Store, p.Payment, p.Name, p.Kind, p.Why, sql.NullInt64{Int64: p.Amount.Minor(), Valid: p.Amount.IsSet()}, p.Target, microOrNull(p.Due), micro(tx.now))
	return n == 1, err
}

// UpdatePlan stores when a plan is due next, how often it was tried, and what came of it.
func (tx *Tx) UpdatePlan(p Plan) error {
	return tx.one("the plan", `UPDATE plan SET due_us = $1, tries = $2, result = $3 WHERE store = $4 AND payment = $5 AND name = $6`,
		microOrNull(p.Due), p.Tries, p.Result, p.Store, p.Payment, p.Name)
}

// DuePlans returns plans of every store whose time has come, at most limit.
func (tx *Tx) DuePlans(at time.Time, limit int) ([]Plan, error) {
	return tx.plans(`WHERE l.due_us <= $1 ORDER BY l.due_us, l.store, l.payment, l.name LIMIT $2`, micro(at), limit)
}

// Plans returns what the engine will do, or has done, to a payment by itself.
func (tx *Tx) Plans(store gateway.StoreID, id gateway.PaymentID) ([]Plan, error) {
	return tx.plans(`WHERE l.store = $1 AND l.payment = $2 ORDER BY l.created_us, l.name`, store, id)
}

func (tx *Tx) plans(where string, args ...any) (all []Plan, err error) {
	err = tx.each(func(row Row) error {
		var p Plan
		var amount, due sql.NullInt64
		var currency string
		err := row.Scan(&p.Store, &p.Payment, &p.Name, &p.Kind, &p.Why, &amount, &currency, &p.Target, &due, &p.Tries, &p.Result)
		if amount.Valid {
			p.Amount = gateway.Minor(amount.Int64, currency)
		}
		p.Due = timeOrZero(due)
		all = append(all, p)
		return err
	}, `SELECT l.store, l.payment, l.name, l.kind, l.why, l.amount, p.currency, l.target, l.due_us, l.tries, l.result
		FROM plan l JOIN payment p ON p.store = l.store AND p.id = l.payment `+where, args...)
	return all, err
}

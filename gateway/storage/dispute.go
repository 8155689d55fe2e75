package storage

import (
	"database/sql"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// SetDispute stores how a dispute stands, and reports whether that is news. One
// that was won or lost stays so: evidence that comes late does not open it again.
func (tx *Tx) SetDispute(store gateway.StoreID, provider string, id gateway.PaymentID, d gateway.Dispute) (changed bool, err error) {
	n, err := tx.exec(`INSERT INTO dispute (store, provider, reference, payment, capture, reason, amount, state, deadline_us, created_us, updated_us)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (store, provider, reference) DO UPDATE SET state = excluded.state, deadline_us = excluded.deadline_us, amount = excluded.amount,
			reason = excluded.reason, updated_us = excluded.updated_us
		WHERE dispute.payment = excluded.payment AND dispute.state = 'open'
			AND (dispute.state <> excluded.state OR dispute.amount <> excluded.amount OR COALESCE(dispute.deadline_us, 0) <> COALESCE(excluded.deadline_us, 0))`,
		store, provider, d.Reference, id, d.Capture, d.Reason, d.Amount.Minor(), d.State, microOrNull(d.Deadline), micro(tx.now), micro(tx.now))
	return n == 1, err
}

// Disputes returns a payment's disputes, oldest first.
func (tx *Tx) Disputes(store gateway.StoreID, id gateway.PaymentID) (all []gateway.Dispute, err error) {
	err = tx.each(func(row Row) error {
		var d gateway.Dispute
		var amount int64
		var currency string
		var deadline sql.NullInt64
		err := row.Scan(&d.Reference, &d.Capture, &d.Reason, &amount, &currency, &d.State, &deadline)
		d.Amount, d.Deadline = gateway.Minor(amount, currency), timeOrZero(deadline)
		all = append(all, d)
		return err
	}, `SELECT d.reference, d.capture, d.reason, d.amount, p.currency, d.state, d.deadline_us FROM dispute d JOIN payment p ON p.store = d.store AND p.id = d.payment
		WHERE d.store = $1 AND d.payment = $2 ORDER BY d.created_us, d.reference`, store, id)
	return all, err
}

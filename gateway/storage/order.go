package storage

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// LockOrder keeps every other transaction from beginning to pay an order until
// this one ends, and returns another payment of the order that is being paid or
// has been: one that holds or has taken money, or may. Payments that split the
// order between them do not count, when the given one does too. found is false
// when there is none.
func (tx *Tx) LockOrder(store gateway.StoreID, order string, id gateway.PaymentID) (other gateway.PaymentID, found bool, err error) {
	tx.write(`INSERT INTO order_lane (store, order_ref, begun) VALUES ($1, $2, 1) ON CONFLICT (store, order_ref) DO UPDATE SET begun = order_lane.begun + 1`,
		store, order)
	found, err = tx.first([]any{&other}, `SELECT p.id FROM payment p JOIN payment mine ON mine.store = p.store AND mine.id = $1
		WHERE p.store = $2 AND p.order_ref = $3 AND p.id <> $4 AND NOT (p.split = 1 AND mine.split = 1)
		AND (p.authorized > p.released + p.captured OR p.captured > p.refunded + p.charged_back OR EXISTS (
			SELECT 1 FROM operation o WHERE o.store = p.store AND o.payment = p.id AND o.kind IN ('authorize', 'purchase', 'import')
			AND o.state NOT IN ('succeeded', 'failed', 'cancelled')))
		ORDER BY p.created_us LIMIT 1`, id, store, order, id)
	return other, found, err
}

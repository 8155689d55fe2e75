package storage

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Statistics are a store's counts and sums.
type Statistics struct {
	Payments      []PaymentSum     // by status and currency
	Operations    []OperationCount // by provider, kind and state
	Discrepancies int64            // open ones
	Events        int64            // not told yet
}

// PaymentSum is how many payments have a status, and their money.
type PaymentSum struct {
	Status   gateway.PaymentStatus
	Count    int64
	Due      gateway.Money
	Balances gateway.Balances
}

// OperationCount is how many operations of a kind are in a state.
type OperationCount struct {
	Provider string
	Kind     gateway.Operation
	State    gateway.OperationState
	Count    int64
}

// Statistics returns a store's counts and sums, sorted by their names.
func (tx *Tx) Statistics(store gateway.StoreID) (s Statistics, err error) {
	err = tx.each(func(row Row) error {
		var p PaymentSum
		var currency string
		var due, authorized, released, captured, refunded, chargedBack int64
		err := row.Scan(&p.Status, &currency, &p.Count, &due, &authorized, &released, &captured, &refunded, &chargedBack)
		money := func(n int64) gateway.Money { return gateway.Minor(n, currency) }
		p.Due = money(due)
		p.Balances = gateway.Balances{Authorized: money(authorized), Released: money(released), Captured: money(captured), Refunded: money(refunded), ChargedBack: money(chargedBack)}
		s.Payments = append(s.Payments, p)
		return err
	}, `SELECT status, currency, COUNT(*), CAST(SUM(due) AS BIGINT), CAST(SUM(authorized) AS BIGINT), CAST(SUM(released) AS BIGINT), CAST(SUM(captured) AS BIGINT),
		CAST(SUM(refunded) AS BIGINT), CAST(SUM(charged_back) AS BIGINT) FROM payment WHERE store = $1 GROUP BY status, currency ORDER BY status, currency`, store)
	if err != nil {
		return s, err
	}
	err = tx.each(func(row Row) error {
		var o OperationCount
		err := row.Scan(&o.Provider, &o.Kind, &o.State, &o.Count)
		s.Operations = append(s.Operations, o)
		return err
	}, `SELECT provider, kind, state, COUNT(*) FROM operation WHERE store = $1 GROUP BY provider, kind, state ORDER BY provider, kind, state`, store)
	if err != nil {
		return s, err
	}
	// Of the events, those that are open are few: they are counted by that index, and not by the store's.
	_, err = tx.first([]any{&s.Discrepancies, &s.Events}, `SELECT (SELECT COUNT(*) FROM discrepancy WHERE store = $1 AND resolved_by = ''),
		(SELECT COUNT(*) FROM outbox WHERE store || '' = $1 AND delivered_us IS NULL)`, store)
	return s, err
}

package storage

import (
	"database/sql"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func fact(m gateway.Movement) string {
	if m.Reference == "" {
		return "operation:" + string(m.Operation)
	}
	return m.Reference
}

// InsertMovement appends a fact about a payment's money. added is false when the
// fact is there already; a fact that is there with another amount or for another
// payment is a [gateway.CodeConflict] error, and nothing is changed. The caller
// sets the balances in the same transaction.
func (tx *Tx) InsertMovement(store gateway.StoreID, id gateway.PaymentID, m gateway.Movement) (added bool, err error) {
	var settled, fee sql.NullInt64
	currency := ""
	if m.Settled != nil {
		settled, fee = sql.NullInt64{Int64: m.Settled.Amount.Minor(), Valid: true}, sql.NullInt64{Int64: m.Settled.Fee.Minor(), Valid: m.Settled.Fee.IsSet()}
		currency = m.Settled.Amount.Currency()
	}
	n, err := tx.exec(`INSERT INTO movement (store, provider, account, kind, reverses, fact, sequence, payment, amount, parent, operation, at_us, source,
		expires_us, settled, settled_currency, fee, recorded_us)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING`,
		store, m.Provider, m.Account, m.Kind, m.Reverses, fact(m), m.Sequence, id, m.Amount.Minor(), m.Parent, m.Operation, microOrNull(m.At), m.Source,
		microOrNull(m.Expires), settled, currency, fee, micro(tx.now))
	if err != nil || n == 1 {
		return n == 1, err
	}
	var payment gateway.PaymentID
	var amount int64
	_, err = tx.first([]any{&payment, &amount}, `SELECT payment, amount FROM movement WHERE store = $1 AND provider = $2 AND account = $3 AND kind = $4 AND reverses = $5
		AND fact = $6 AND sequence = $7`, store, m.Provider, m.Account, m.Kind, m.Reverses, fact(m), m.Sequence)
	switch {
	case err != nil:
		return false, err
	case payment != id:
		return false, gateway.Errorf(gateway.CodeConflict, "%s %q belongs to payment %s", m.Kind, m.Reference, payment)
	case amount != m.Amount.Minor():
		return false, gateway.Errorf(gateway.CodeConflict, "%s %q is recorded as %s and stated as %s", m.Kind, m.Reference, gateway.Minor(amount, m.Amount.Currency()), m.Amount)
	}
	return false, nil
}

// movementsOf reads the movements of a payment whose currency is known by then.
func movementsOf(p *gateway.Payment, store gateway.StoreID, id gateway.PaymentID) Statement {
	return Statement{Rows: func(row Row) error {
		var m gateway.Movement
		var amount int64
		var name, settledIn string
		var at, expires, settled, fee sql.NullInt64
		if err := row.Scan(&m.Provider, &m.Account, &m.Kind, &m.Reverses, &name, &m.Sequence, &amount, &m.Parent, &m.Operation, &at, &m.Source,
			&expires, &settled, &settledIn, &fee); err != nil {
			return err
		}
		m.Amount, m.At, m.Expires = gateway.Minor(amount, p.Due.Currency()), timeOrZero(at), timeOrZero(expires)
		if name != "operation:"+string(m.Operation) {
			m.Reference = name
		}
		if settled.Valid {
			m.Settled = &gateway.Settlement{Amount: gateway.Minor(settled.Int64, settledIn)}
			if fee.Valid {
				m.Settled.Fee = gateway.Minor(fee.Int64, settledIn)
			}
		}
		p.Movements = append(p.Movements, m)
		return nil
	}, Text: `SELECT provider, account, kind, reverses, fact, sequence, amount, parent, operation, at_us, source, expires_us, settled, settled_currency, fee
		FROM movement WHERE store = $1 AND payment = $2 ORDER BY recorded_us, kind, fact, sequence`, Args: []any{store, id}}
}

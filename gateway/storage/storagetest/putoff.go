package storagetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// putOff: a write whose result nobody needs may go out later, and counts all the
// same: what is read after it sees it, and when it fails, nothing was written,
// whatever the function makes of the error.
func putOff(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	balances := func(captured int64) gateway.Payment {
		now := p
		now.Balances.Authorized, now.Balances.Captured = eur(1000), eur(captured)
		return now
	}
	update(t, db, func(tx *storage.Tx) error { return tx.SetBalances(balances(0)) })
	update(t, db, func(tx *storage.Tx) error {
		assert.NoError(t, tx.SetDetail("es", p.ID, "order", "one"))
		var got string
		found, err := tx.Detail("es", p.ID, "order", &got)
		assert.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, "one", got)
		assert.NoError(t, tx.Reserve(storage.Capturing, "es", p.ID, eur(400)))
		have, err := tx.Payment("es", p.ID)
		assert.Equal(t, eur(400), have.Reserved.Capturing)
		assert.NoError(t, tx.SetBalances(balances(100)))
		ctx, q := tx.SQL()
		var captured int64
		assert.NoError(t, q.QueryRowContext(ctx, `SELECT captured FROM payment WHERE store = $1 AND id = $2`, "es", p.ID).Scan(&captured))
		assert.Equal(t, int64(100), captured, "somebody else's statements see it, too")
		return err
	})
	before := read(t, db, p.ID)
	for name, swallow := range map[string]func(tx *storage.Tx){
		"nothing follows": func(*storage.Tx) {},
		"a read follows":  func(tx *storage.Tx) { _, _ = tx.Payment("es", p.ID) },
		"a write follows": func(tx *storage.Tx) {
			_, _, _ = tx.InsertPayment(storage.NewPayment{Store: "es", ID: "pay_other", Key: "other", Due: eur(1)})
		},
		"somebody else's statement follows": func(tx *storage.Tx) {
			ctx, q := tx.SQL()
			_, _ = q.ExecContext(ctx, `UPDATE payment SET phase = 'lost'`)
			_, _ = tx.Payment("es", p.ID)
			_, _ = q.ExecContext(ctx, `UPDATE payment SET phase = 'lost'`)
		},
	} {
		err := db.Update(t.Context(), func(tx *storage.Tx) error {
			assert.NoError(t, tx.SetDetail("es", p.ID, "order", "two"))
			assert.NoError(t, tx.Reserve(storage.Capturing, "es", p.ID, eur(501)))
			swallow(tx)
			return nil
		})
		require.ErrorIs(t, err, gateway.CodeConflict, name)
		assert.Equal(t, before, read(t, db, p.ID), name)
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
			var got string
			_, err := tx.Detail("es", p.ID, "order", &got)
			assert.Equal(t, "one", got, name)
			_, missing := tx.Payment("es", "pay_other")
			assert.ErrorIs(t, missing, gateway.CodeNotFound, name)
			return err
		}))
	}
}

// views: who writes where one can only look is told so.
func views(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	err := db.View(t.Context(), func(tx *storage.Tx) error { return tx.SetDetail("es", p.ID, "order", "lost") })
	require.ErrorIs(t, err, gateway.CodeInternal)
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		var got string
		found, err := tx.Detail("es", p.ID, "order", &got)
		assert.False(t, found)
		return err
	}))
}

// locked: a payment is locked and read with its operations in one go.
func locked(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	first, second := operation(t, db, p, "k1"), operation(t, db, p, "k2")
	update(t, db, func(tx *storage.Tx) error {
		return tx.InsertStep(storage.Step{Store: "es", Operation: second.ID, Number: 2, Name: gateway.OpCapture, Key: "pk_2", Effect: gateway.EffectMove, State: gateway.StepPrepared})
	})
	before := read(t, db, p.ID)
	update(t, db, func(tx *storage.Tx) error {
		got, err := tx.Lock("es", p.ID, second.ID)
		if err != nil {
			return err
		}
		now := before
		now.Version++
		assert.Equal(t, now, got.Payment)
		assert.Equal(t, []storage.Operation{first, second}, got.Operations)
		assert.Equal(t, int64(2), got.Last.Number)
		again, err := tx.Lock("es", p.ID, "")
		assert.Zero(t, again.Last)
		assert.Len(t, again.Operations, 2)
		return err
	})
	for _, store := range []gateway.StoreID{"es", "fr"} {
		err := db.Update(t.Context(), func(tx *storage.Tx) error { _, err := tx.Lock(store, "pay_none", ""); return err })
		require.ErrorIs(t, err, gateway.CodeNotFound)
	}
}

func read(t *testing.T, db *storage.DB, id gateway.PaymentID) (p gateway.Payment) {
	t.Helper()
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { p, err = tx.Payment("es", id); return err }))
	return p
}

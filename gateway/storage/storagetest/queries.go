package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// queries: what operators ask finds what is there, in its order, and nothing of
// another store.
func queries(t *testing.T, db *storage.DB) {
	a, b := payment(t, db, "es", "a"), payment(t, db, "es", "b")
	payment(t, db, "fr", "c")
	parked, unknown := operation(t, db, a, "parked"), operation(t, db, b, "unknown")
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	update(t, db, func(tx *storage.Tx) error {
		parked.State, unknown.State, unknown.NextCheck = gateway.StateParked, gateway.StateUnknown, tx.Now()
		return errors.Join(
			tx.UpdateOperation(&parked, gateway.StateOpen), tx.UpdateOperation(&unknown, gateway.StateOpen),
			tx.AddRefs("es", a.ID, gateway.Refs{{Owner: "acme", Name: "payment", Value: "theirs"}}),
			tx.AppendDiscrepancy("es", a.ID, "contradiction", "x"), tx.AppendEvent("es", a.ID, "e", "x"),
			book(tx, "es", a.ID, gateway.Movement{Kind: gateway.MoveCapture, Amount: eur(400), Provider: "acme", Reference: "cap_1", At: at, Source: gateway.SourceAnswer}))
	})
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		find := func(q storage.PaymentQuery) (ids []gateway.PaymentID) {
			rows, err := tx.Payments("es", q)
			require.NoError(t, err)
			for _, r := range rows {
				ids = append(ids, r.ID)
				assert.Equal(t, eur(1000), r.Balances.Authorized)
			}
			return ids
		}
		both, onlyA := []gateway.PaymentID{a.ID, b.ID}, []gateway.PaymentID{a.ID}
		assert.Equal(t, both, find(storage.PaymentQuery{}))
		assert.Equal(t, onlyA, find(storage.PaymentQuery{Limit: 1}))
		assert.Equal(t, []gateway.PaymentID{b.ID}, find(storage.PaymentQuery{After: a.ID}))
		assert.Equal(t, onlyA, find(storage.PaymentQuery{Statuses: []gateway.PaymentStatus{gateway.PaymentPartiallyCaptured, gateway.PaymentRefunded}}))
		assert.Equal(t, both, find(storage.PaymentQuery{Statuses: []gateway.PaymentStatus{gateway.PaymentAuthorized, gateway.PaymentPartiallyCaptured, gateway.PaymentAuthorized}, Limit: 2}))
		assert.Equal(t, []gateway.PaymentID{b.ID}, find(storage.PaymentQuery{Statuses: []gateway.PaymentStatus{gateway.PaymentAuthorized, gateway.PaymentPartiallyCaptured}, Newest: true, Limit: 1}))
		assert.Equal(t, []gateway.PaymentID{b.ID}, find(storage.PaymentQuery{Statuses: []gateway.PaymentStatus{gateway.PaymentAuthorized, gateway.PaymentPartiallyCaptured}, After: a.ID}))
		assert.Equal(t, onlyA, find(storage.PaymentQuery{Ref: "theirs", Provider: "acme", Order: "order"}))
		assert.Empty(t, find(storage.PaymentQuery{Provider: "none"}))
		assert.Empty(t, find(storage.PaymentQuery{Order: "' OR 1=1 --"}))
		assert.Empty(t, find(storage.PaymentQuery{To: tx.Now().Add(-time.Hour)}))
		assert.Equal(t, both, find(storage.PaymentQuery{From: tx.Now().Add(-time.Hour), To: tx.Now().Add(time.Hour)}))
		return nil
	}))
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		find := func(q storage.OperationQuery) (ids []gateway.OperationID) {
			ops, err := tx.OperationsWhere("es", q)
			require.NoError(t, err)
			for _, o := range ops {
				ids = append(ids, o.ID)
			}
			return ids
		}
		assert.Equal(t, []gateway.OperationID{parked.ID, unknown.ID}, find(storage.OperationQuery{Provider: "acme"}))
		assert.Equal(t, []gateway.OperationID{parked.ID}, find(storage.OperationQuery{States: []gateway.OperationState{gateway.StateParked}}))
		assert.Equal(t, []gateway.OperationID{unknown.ID}, find(storage.OperationQuery{Due: tx.Now()}))
		assert.Empty(t, find(storage.OperationQuery{Before: tx.Now().Add(-time.Hour)}))
		return nil
	}))
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		moved, err := tx.MovementsBetween("es", "acme", at, at.Add(time.Second), 0, 0)
		require.Len(t, moved, 1)
		assert.Equal(t, a.ID, moved[0].Payment)
		assert.Equal(t, eur(400), moved[0].Movement.Amount)
		assert.Equal(t, at, moved[0].Time)
		none, nerr := tx.MovementsBetween("es", "acme", at.Add(time.Second), at.Add(2*time.Second), 0, 0)
		assert.Empty(t, none)
		all, aerr := tx.MovementsBetween("es", "acme", time.Unix(0, 0), tx.Now().Add(24*365*time.Hour), 1, 1)
		assert.Len(t, all, 1)
		odd, oerr := tx.OpenDiscrepancies("es", 0)
		require.Len(t, odd, 1)
		assert.Equal(t, a.ID, odd[0].Payment)
		s, serr := tx.Statistics("es")
		assert.Len(t, s.Payments, 2)
		assert.Equal(t, []storage.OperationCount{
			{Provider: "acme", Kind: gateway.OpCapture, State: gateway.StateParked, Count: 1}, {Provider: "acme", Kind: gateway.OpCapture, State: gateway.StateUnknown, Count: 1},
		}, s.Operations)
		assert.Equal(t, [2]int64{1, 1}, [2]int64{s.Discrepancies, s.Events})
		empty, eerr := tx.Statistics("nobody")
		assert.Equal(t, storage.Statistics{}, empty)
		return errors.Join(err, nerr, aerr, oerr, serr, eerr)
	}))
}

// three makes three payments of a store, the first with a capture, and one of another.
func three(t *testing.T, db *storage.DB) (ids []gateway.PaymentID) {
	for _, key := range []string{"a", "b", "c"} {
		ids = append(ids, payment(t, db, "es", key).ID)
	}
	payment(t, db, "fr", "d")
	update(t, db, func(tx *storage.Tx) error {
		return book(tx, "es", ids[0], gateway.Movement{Kind: gateway.MoveCapture, Amount: eur(400), Provider: "acme", Reference: "cap_1", Source: gateway.SourceAnswer})
	})
	return ids
}

// pages: lists begin at either end and go on after the last row of the page before.
func pages(t *testing.T, db *storage.DB) {
	ids := three(t, db)
	read := func(newest bool) (got []gateway.PaymentID) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
			q := storage.PaymentQuery{From: tx.Now().Add(-time.Hour), To: tx.Now().Add(time.Hour), Newest: newest, Limit: 2}
			for range 2 {
				page, err := tx.Payments("es", q)
				require.NoError(t, err)
				for _, p := range page {
					got = append(got, p.ID)
				}
				q.After = got[len(got)-1]
			}
			return nil
		}))
		return got
	}
	assert.Equal(t, ids, read(false))
	assert.Equal(t, []gateway.PaymentID{ids[2], ids[1], ids[0]}, read(true))
}

// sums: by status and currency, of one store.
func sums(t *testing.T, db *storage.DB) {
	three(t, db)
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		s, err := tx.Statistics("es")
		require.Len(t, s.Payments, 2)
		assert.Equal(t, [2]int64{2, 1}, [2]int64{s.Payments[0].Count, s.Payments[1].Count})
		assert.Equal(t, gateway.PaymentAuthorized, s.Payments[0].Status)
		assert.Equal(t, eur(2000), s.Payments[0].Balances.Authorized)
		assert.Equal(t, eur(400), s.Payments[1].Balances.Captured)
		return err
	}))
}

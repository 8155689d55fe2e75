package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// resolutions: resolving changes no money, and happens once.
func resolutions(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	update(t, db, func(tx *storage.Tx) error { return tx.AppendDiscrepancy("es", p.ID, "contradiction", "x") })
	resolve := func(store gateway.StoreID, id, by, note string) error {
		return db.Update(t.Context(), func(tx *storage.Tx) error { return tx.ResolveDiscrepancy(store, id, by, note) })
	}
	open := func() (all []storage.Discrepancy) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { all, err = tx.OpenDiscrepancies("es", 0); return err }))
		return all
	}
	id := open()[0].ID
	require.ErrorIs(t, resolve("es", id, "", "seen"), gateway.CodeInvalid)
	require.ErrorIs(t, resolve("es", id, "ada", ""), gateway.CodeInvalid)
	require.ErrorIs(t, resolve("es", "none", "ada", "seen"), gateway.CodeNotFound)
	require.ErrorIs(t, resolve("fr", id, "ada", "seen"), gateway.CodeNotFound)
	require.Len(t, open(), 1)
	require.NoError(t, resolve("es", id, "ada", "the report was wrong"))
	err := resolve("es", id, "grace", "me too")
	require.ErrorIs(t, err, gateway.CodeConflict)
	require.ErrorContains(t, err, "ada")
	require.Empty(t, open())
	update(t, db, func(tx *storage.Tx) error { return tx.AppendDiscrepancy("es", p.ID, "contradiction", "x") })
	require.Empty(t, open(), "the same evidence does not open it again")
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Discrepancies("es", p.ID)
		require.Len(t, all, 1)
		assert.Equal(t, [2]string{"ada", "the report was wrong"}, [2]string{all[0].Resolved, all[0].Note})
		assert.False(t, all[0].ResolvedAt.IsZero())
		return err
	}))
}

// erasureWaits: while somebody may still need it, nothing personal is removed.
func erasureWaits(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	o := operation(t, db, p, "k1")
	update(t, db, func(tx *storage.Tx) error {
		o.State, o.Action = gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank/of-ada"}
		return errors.Join(tx.SetDetail("es", p.ID, "order", "Ada"), tx.SetDetail("es", p.ID, "request/op_k1", "Ada"), tx.UpdateOperation(&o, gateway.StateOpen))
	})
	erase := func() (gone storage.Erased, err error) {
		err = db.Update(t.Context(), func(tx *storage.Tx) error { gone, err = tx.Erase("es", p.ID); return err })
		return gone, err
	}
	_, err := erase()
	require.ErrorIs(t, err, gateway.CodeConflict)
	require.ErrorContains(t, err, string(o.ID))
	update(t, db, func(tx *storage.Tx) error {
		var who string
		found, err := tx.Detail("es", p.ID, "order", &who)
		assert.True(t, found)
		o.State = gateway.StateFailed
		return errors.Join(err, tx.UpdateOperation(&o, gateway.StateActionRequired))
	})
	gone, err := erase()
	require.NoError(t, err)
	assert.Equal(t, storage.Erased{Details: []string{"order", "request/op_k1"}, Actions: 1}, gone)
	gone, err = erase()
	require.NoError(t, err)
	assert.Equal(t, storage.Erased{}, gone, "there is nothing left")
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		have, err := tx.Operation("es", o.ID)
		assert.Nil(t, have.Action)
		assert.Equal(t, gateway.StateFailed, have.State)
		return err
	}))
	left := load(t, db, "es", p.ID)
	assert.Equal(t, p.Movements, left.Movements, "the ledger stays")
	assert.Equal(t, p.Balances, left.Balances)
	err = db.Update(t.Context(), func(tx *storage.Tx) error { _, err := tx.Erase("es", "nobody"); return err })
	require.ErrorIs(t, err, gateway.CodeNotFound)
}

// erasureRaces: whatever is under way afterwards still has what is personal of it.
func erasureRaces(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() { // as the engine begins an operation, and ends it
			id := gateway.OperationID(fmt.Sprint("op_", i))
			var o storage.Operation
			assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error {
				if _, err := tx.LockPayment("es", p.ID); err != nil {
					return err
				}
				var err error
				o, _, err = tx.InsertOperation(storage.Operation{Store: "es", ID: id, Payment: p.ID, Kind: gateway.OpCapture, Provider: "acme", Key: string(id), State: gateway.StateOpen})
				return errors.Join(err, tx.SetDetail("es", p.ID, "request/"+string(id), "Ada"))
			}))
			assert.NoError(t, db.View(context.Background(), func(tx *storage.Tx) error {
				var who string
				found, err := tx.Detail("es", p.ID, "request/"+string(id), &who)
				assert.True(t, found, "%s is open and has lost what was asked", id)
				return err
			}))
			assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error {
				o := o // it may be run again
				o.State = gateway.StateSucceeded
				return tx.UpdateOperation(&o, gateway.StateOpen)
			}))
		})
		wg.Go(func() {
			err := db.Update(context.Background(), func(tx *storage.Tx) error { _, err := tx.Erase("es", p.ID); return err })
			if err != nil {
				assert.ErrorIs(t, err, gateway.CodeConflict)
			}
		})
	}
	wg.Wait()
	update(t, db, func(tx *storage.Tx) error { _, err := tx.Erase("es", p.ID); return err })
}

// erasable: what has ended is found by its age, oldest first, until it is erased.
func erasable(t *testing.T, db *storage.DB) {
	ended := func(key string) gateway.PaymentID {
		p := payment(t, db, "es", key)
		update(t, db, func(tx *storage.Tx) error {
			return book(tx, "es", p.ID, gateway.Movement{Kind: gateway.MoveRelease, Amount: eur(1000), Provider: "acme", Reference: "rel_" + key, Source: gateway.SourceAnswer})
		})
		return p.ID
	}
	a, b := ended("a"), ended("b")
	held := payment(t, db, "es", "held").ID
	busy := payment(t, db, "es", "busy")
	operation(t, db, busy, "k1")
	payment(t, db, "fr", "else")
	find := func(q storage.ErasableQuery) (ids []gateway.PaymentID) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { ids, err = tx.Erasable("es", q); return err }))
		return ids
	}
	later := db.Now().Add(time.Hour)
	assert.Equal(t, []gateway.PaymentID{a, b}, find(storage.ErasableQuery{Before: later}))
	assert.Equal(t, []gateway.PaymentID{a}, find(storage.ErasableQuery{Before: later, Limit: 1}))
	assert.Equal(t, []gateway.PaymentID{a, b, held}, find(storage.ErasableQuery{Before: later, Held: later}), "and never what is under way")
	assert.Equal(t, []gateway.PaymentID{a, b}, find(storage.ErasableQuery{Before: later, Held: db.Now().Add(-time.Hour)}))
	assert.Empty(t, find(storage.ErasableQuery{Before: db.Now().Add(-time.Hour)}))
	update(t, db, func(tx *storage.Tx) error { _, err := tx.Erase("es", a); return err })
	assert.Equal(t, []gateway.PaymentID{b}, find(storage.ErasableQuery{Before: later}))
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		rows, err := tx.Payments("es", storage.PaymentQuery{Limit: 2})
		require.Len(t, rows, 2)
		assert.Equal(t, [2]bool{false, true}, [2]bool{rows[0].Erased.IsZero(), rows[1].Erased.IsZero()})
		return err
	}))
	update(t, db, func(tx *storage.Tx) error { // a late refund, say
		_, err := tx.LockPayment("es", a)
		return errors.Join(err, tx.SetDetail("es", a, "request/op_late", "Ada"))
	})
	assert.Equal(t, []gateway.PaymentID{a, b}, find(storage.ErasableQuery{Before: later}), "what is written later is found again")
}

// settledLongAgo: bounded, of one store, and never what is still needed.
func settledLongAgo(t *testing.T, db *storage.DB) {
	at := db.Now()
	for _, store := range []gateway.StoreID{"es", "fr"} {
		p := payment(t, db, store, "a")
		for _, key := range []string{"done", "parked"} {
			o := operation(t, db, p, key)
			update(t, db, func(tx *storage.Tx) error {
				o.State = map[string]gateway.OperationState{"done": gateway.StateSucceeded, "parked": gateway.StateParked}[key]
				for i := range 3 {
					try := storage.Attempt{Store: store, Operation: o.ID, Number: 1, Command: gateway.OpCapture, Started: at.Add(time.Duration(i) * time.Minute)}
					if err := tx.AppendAttempt(try); err != nil {
						return err
					}
				}
				return tx.UpdateOperation(&o, gateway.StateOpen)
			})
		}
		update(t, db, func(tx *storage.Tx) error {
			err := errors.Join(tx.AppendDiscrepancy(store, p.ID, "d", "resolved"), tx.AppendDiscrepancy(store, p.ID, "d", "open"))
			all, derr := tx.Discrepancies(store, p.ID)
			require.Len(t, all, 2)
			return errors.Join(err, derr, tx.ResolveDiscrepancy(store, all[0].ID, "ada", "seen"))
		})
	}
	prune := func(before time.Time, limit int) (gone [2]int64) {
		update(t, db, func(tx *storage.Tx) (err error) {
			if gone[0], err = tx.PruneAttempts("es", before, limit); err != nil {
				return err
			}
			gone[1], err = tx.PruneDiscrepancies("es", before, limit)
			return err
		})
		return gone
	}
	assert.Equal(t, [2]int64{0, 0}, prune(at, 100))
	assert.Equal(t, [2]int64{2, 1}, prune(at.Add(time.Hour), 2))
	assert.Equal(t, [2]int64{1, 0}, prune(at.Add(time.Hour), 2))
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		for key, want := range map[string][2]int{"done": {0, 3}, "parked": {3, 3}} {
			es, err := tx.Attempts("es", gateway.OperationID("op_"+key))
			fr, ferr := tx.Attempts("fr", gateway.OperationID("op_"+key))
			require.NoError(t, errors.Join(err, ferr))
			assert.Equal(t, want, [2]int{len(es), len(fr)}, key)
		}
		open, err := tx.OpenDiscrepancies("es", 0)
		assert.Len(t, open, 1)
		fr, ferr := tx.Discrepancies("fr", "pay_a")
		assert.Len(t, fr, 2)
		return errors.Join(err, ferr)
	}))
}

// names: a provider's id is found as a reference and as what moved.
func names(t *testing.T, db *storage.DB) {
	a, b := payment(t, db, "es", "a"), payment(t, db, "es", "b")
	payment(t, db, "fr", "a")
	update(t, db, func(tx *storage.Tx) error {
		return errors.Join(tx.AddRefs("es", a.ID, gateway.Refs{{Owner: "acme", Name: "payment", Value: "pay_1"}, {Owner: "acme", Name: "customer", Value: "cus_1"}, {Owner: "acme", Name: "authorization", Value: "auth_esa"}}),
			tx.AddRefs("es", b.ID, gateway.Refs{{Owner: "acme", Name: "customer", Value: "cus_1"}, {Owner: "other", Name: "payment", Value: "pay_1"}}))
	})
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		for value, want := range map[string][]gateway.PaymentID{"pay_1": {a.ID}, "auth_esa": {a.ID}, "auth_esb": {b.ID}, "cus_1": {a.ID, b.ID}, "auth_fra": nil, "": nil} {
			got, err := tx.PaymentsNamed("es", "acme", value)
			require.NoError(t, err)
			assert.Equal(t, want, got, value)
		}
		return nil
	}))
}

// forgotten: what one payment stored to pay again pays no more, and only that.
func forgotten(t *testing.T, db *storage.DB) {
	a, b := payment(t, db, "es", "a"), payment(t, db, "es", "b")
	c := payment(t, db, "fr", "a")
	update(t, db, func(tx *storage.Tx) (err error) {
		for i, p := range []gateway.Payment{a, a, b, c} {
			_, ierr := tx.InsertInstrument(storage.Instrument{
				Store: p.Store, ID: fmt.Sprint("ins_", i), Provider: "acme", Payment: p.ID, Operation: gateway.OperationID(fmt.Sprint("op_", i)), Token: "encrypted",
				Public: gateway.Instrument{Customer: "cus_1", Last4: "4242"},
			})
			err = errors.Join(err, ierr)
		}
		return err
	})
	for _, want := range []int64{2, 0} {
		update(t, db, func(tx *storage.Tx) error {
			n, err := tx.ForgetInstruments("es", a.ID)
			assert.Equal(t, want, n)
			return err
		})
	}
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		es, err := tx.Instruments("es", "acme", "cus_1")
		require.Len(t, es, 1)
		assert.Equal(t, b.ID, es[0].Payment)
		fr, ferr := tx.Instruments("fr", "acme", "cus_1")
		assert.Len(t, fr, 1)
		gone, gerr := tx.Instrument("es", "ins_0")
		assert.Equal(t, [2]string{"", ""}, [2]string{gone.Token, gone.Public.Last4})
		assert.False(t, gone.Forgotten.IsZero())
		return errors.Join(err, ferr, gerr)
	}))
}

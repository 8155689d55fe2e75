package storagetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// operation inserts an operation with one step.
func operation(t *testing.T, db *storage.DB, p gateway.Payment, key string) storage.Operation {
	t.Helper()
	var o storage.Operation
	update(t, db, func(tx *storage.Tx) (err error) {
		o, _, err = tx.InsertOperation(storage.Operation{
			Store: p.Store, ID: gateway.OperationID("op_" + key), Payment: p.ID, Kind: gateway.OpCapture, Provider: "acme", Key: key, Fingerprint: "f",
			Amount: eur(100), Target: "t", Final: true, State: gateway.StateOpen, Reserved: 100, Deadline: tx.Now().Add(time.Hour + time.Nanosecond),
		})
		if err != nil {
			return err
		}
		have, err := tx.Operation(o.Store, o.ID)
		assert.Equal(t, have, o, "what is returned is what is there")
		if err != nil {
			return err
		}
		return tx.InsertStep(storage.Step{Store: p.Store, Operation: o.ID, Number: 1, Name: gateway.OpCapture, Key: "pk_" + key, Effect: gateway.EffectMove, State: gateway.StepPrepared})
	})
	return o
}

func operations(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	o := operation(t, db, p, "k1")
	assert.Equal(t, eur(100), o.Amount)
	assert.True(t, o.Final)
	same := o
	same.ID = "op_other"
	update(t, db, func(tx *storage.Tx) error {
		have, created, err := tx.InsertOperation(same)
		assert.False(t, created)
		assert.Equal(t, o.ID, have.ID)
		return err
	})
	same.Fingerprint = "g"
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { _, _, err := tx.InsertOperation(same); return err }), gateway.CodeConflict)

	old := o
	o.State, o.Action, o.NextCheck = gateway.StateActionRequired, &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank"}, time.Now().UTC().Truncate(time.Microsecond)
	update(t, db, func(tx *storage.Tx) error { return tx.UpdateOperation(&o, gateway.StateOpen) })
	old.State = gateway.StateFailed
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.UpdateOperation(&old, gateway.StateOpen) }), gateway.CodeConflict, "somebody changed it since")
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		got, err := tx.Operation("es", o.ID)
		assert.Equal(t, o.Action, got.Action)
		assert.Equal(t, o.NextCheck, got.NextCheck)
		open, oerr := tx.OpenOperations("es", p.ID)
		assert.Len(t, open, 1)
		return errors.Join(err, oerr)
	}))
	o.State = gateway.StateSucceeded
	update(t, db, func(tx *storage.Tx) error { return tx.UpdateOperation(&o, gateway.StateActionRequired) })
	for _, next := range []gateway.OperationState{gateway.StateOpen, gateway.StateFailed, gateway.StateUnknown, gateway.StateCancelled} {
		o.State = next
		require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.UpdateOperation(&o, gateway.StateSucceeded) }), gateway.CodeConflict)
	}
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		open, err := tx.OpenOperations("es", p.ID)
		assert.Empty(t, open)
		all, aerr := tx.Operations("es", p.ID)
		assert.Len(t, all, 1)
		_, nerr := tx.Operation("es", "nobody")
		assert.ErrorIs(t, nerr, gateway.CodeNotFound)
		return errors.Join(err, aerr)
	}))
}

func claims(t *testing.T, db *storage.DB) {
	o := operation(t, db, payment(t, db, "es", "a"), "k1")
	var wg sync.WaitGroup
	var won atomic.Int64
	for range 20 {
		wg.Go(func() {
			err := db.Update(context.Background(), func(tx *storage.Tx) error {
				s, err := tx.LastStep("es", o.ID)
				if err != nil {
					return err
				}
				return tx.ClaimStep(s, "digest", tx.Now().Add(time.Minute))
			})
			if err == nil {
				won.Add(1)
			} else {
				assert.ErrorIs(t, err, gateway.CodeConflict)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(1), won.Load())
}

func digests(t *testing.T, db *storage.DB) {
	o := operation(t, db, payment(t, db, "es", "a"), "k1")
	claim := func(digest string) error {
		return db.Update(t.Context(), func(tx *storage.Tx) error {
			s, err := tx.LastStep("es", o.ID)
			if err != nil {
				return err
			}
			if s.State == gateway.StepSending {
				if err := tx.MoveStep(&s, gateway.StepPrepared); err != nil {
					return err
				}
			}
			return tx.ClaimStep(s, digest, tx.Now().Add(time.Minute))
		})
	}
	require.NoError(t, claim("one"))
	require.NoError(t, claim("one"), "the same bytes may be sent again")
	require.ErrorContains(t, claim("two"), "differs")
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		s, err := tx.LastStep("es", o.ID)
		assert.Equal(t, int64(2), s.Sends)
		assert.False(t, s.FirstSent.IsZero())
		return err
	}))
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error {
		s, err := tx.LastStep("es", o.ID)
		require.NoError(t, err)
		s.State = gateway.StepAnswered
		return tx.MoveStep(&s, gateway.StepPrepared)
	}), gateway.CodeConflict)
}

func due(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	at := db.Now()
	soon, late, leased := operation(t, db, p, "soon"), operation(t, db, p, "late"), operation(t, db, p, "leased")
	update(t, db, func(tx *storage.Tx) error {
		soon.NextCheck, late.NextCheck = at.Add(-time.Second), at.Add(time.Hour)
		s, err := tx.LastStep("es", leased.ID)
		return errors.Join(err, tx.UpdateOperation(&soon, gateway.StateOpen), tx.UpdateOperation(&late, gateway.StateOpen), tx.ClaimStep(s, "d", at.Add(-time.Minute)))
	})
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		got, err := tx.DueOperations(at, 10)
		want := []storage.Due{{Store: "es", Operation: leased.ID, Provider: leased.Provider}, {Store: "es", Operation: soon.ID, Provider: soon.Provider}}
		assert.Equal(t, want, got, "the longest overdue comes first")
		require.NotEmpty(t, soon.Provider)
		none, nerr := tx.DueOperations(at, 10, "other", soon.Provider)
		assert.Empty(t, none, "of a provider that is excepted")
		all, aerr := tx.DueOperations(at, 10, "other")
		assert.Len(t, all, 2)
		one, oerr := tx.DueOperations(at, 1)
		assert.Len(t, one, 1)
		return errors.Join(err, oerr, nerr, aerr)
	}))
	update(t, db, func(tx *storage.Tx) error {
		assert.NoError(t, tx.AppendAttempt(storage.Attempt{Store: "es", Operation: soon.ID, Number: 1, Command: gateway.OpCapture, Code: gateway.CodeIndeterminate, Started: at, Took: time.Second}))
		return tx.AppendAttempt(storage.Attempt{Store: "es", Operation: soon.ID, Number: 1, Command: gateway.OpFetch, Started: at})
	})
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Attempts("es", soon.ID)
		require.Len(t, all, 2)
		assert.Equal(t, gateway.CodeIndeterminate, all[0].Code)
		assert.Equal(t, time.Second, all[0].Took)
		assert.Equal(t, gateway.OpFetch, all[1].Command)
		return err
	}))
}

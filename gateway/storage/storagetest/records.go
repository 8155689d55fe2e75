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

// steps: the calls of one operation are read as they were written, each with what it is for.
func steps(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	o := operation(t, db, p, "k")
	update(t, db, func(tx *storage.Tx) error {
		for n := int64(2); n <= 3; n++ { // the first came with the operation
			s := storage.Step{Store: "es", Operation: o.ID, Number: n, Name: "refund", Key: string(rune('a' + n)), Effect: gateway.EffectMove, State: gateway.StepPrepared}
			if n == 3 {
				s.Amount, s.Target = eur(300), "cap_2"
			}
			if err := tx.InsertStep(s); err != nil {
				return err
			}
		}
		return nil
	})
	err := db.Update(t.Context(), func(tx *storage.Tx) error {
		return tx.InsertStep(storage.Step{Store: "es", Operation: o.ID, Number: 3, Name: "refund", Key: "other", Effect: gateway.EffectMove, State: gateway.StepPrepared})
	})
	require.ErrorIs(t, err, gateway.CodeConflict, "two events cannot start one step twice")
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Steps("es", o.ID)
		last, lerr := tx.LastStep("es", o.ID)
		if assert.Len(t, all, 3) {
			assert.Equal(t, gateway.Money{}, all[1].Amount)
			assert.Equal(t, all[2], last)
		}
		assert.Equal(t, eur(300), last.Amount)
		assert.Equal(t, "cap_2", last.Target)
		return errors.Join(err, lerr)
	}))
}

// orderLanes: of one order, one payment is active, unless both split it.
func orderLanes(t *testing.T, db *storage.DB) {
	make := func(store gateway.StoreID, key string, split bool) (p gateway.Payment) {
		update(t, db, func(tx *storage.Tx) (err error) {
			p, _, err = tx.InsertPayment(storage.NewPayment{Store: store, ID: gateway.PaymentID(key), Key: key, Order: "17", Due: eur(1000), Split: split})
			return err
		})
		return p
	}
	a, b, c, d, foreign := make("es", "a", false), make("es", "b", false), make("es", "c", true), make("es", "d", true), make("fr", "e", false)
	other := func(p gateway.Payment) (id gateway.PaymentID) {
		update(t, db, func(tx *storage.Tx) (err error) {
			var found bool
			id, found, err = tx.LockOrder(p.Store, "17", p.ID)
			assert.Equal(t, found, id != "")
			return err
		})
		return id
	}
	assert.Empty(t, other(a), "nobody pays yet")
	begin := func(p gateway.Payment) (o storage.Operation) {
		update(t, db, func(tx *storage.Tx) (err error) {
			o, _, err = tx.InsertOperation(storage.Operation{Store: p.Store, ID: gateway.OperationID("op" + p.ID), Payment: p.ID, Kind: gateway.OpAuthorize, Key: "auth" + string(p.ID), State: gateway.StateOpen})
			return err
		})
		return o
	}
	o := begin(a)
	assert.Empty(t, other(a), "a payment is not its own rival")
	assert.Equal(t, a.ID, other(b))
	assert.Equal(t, a.ID, other(c), "one that is not split is not shared")
	assert.Empty(t, other(foreign), "another store's order")
	update(t, db, func(tx *storage.Tx) error {
		o.State = gateway.StateFailed
		return tx.UpdateOperation(&o, gateway.StateOpen)
	})
	assert.Empty(t, other(b), "it failed")
	begin(c)
	assert.Empty(t, other(d), "both split the order")
	assert.Equal(t, c.ID, other(b))
	for _, money := range []struct {
		kind   gateway.MovementKind
		rivals bool
	}{{gateway.MoveHold, true}, {gateway.MoveCapture, true}, {gateway.MoveRefund, false}} {
		update(t, db, func(tx *storage.Tx) error {
			return book(tx, "es", a.ID, gateway.Movement{Kind: money.kind, Amount: eur(1000), Provider: "acme", Reference: string(money.kind), Source: gateway.SourceAnswer})
		})
		assert.Equal(t, money.rivals, other(d) == a.ID, "after a %s", money.kind)
	}
}

// instruments: a token is stored once, found by its customer, and can be forgotten.
func instruments(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	i := storage.Instrument{
		Store: "es", ID: "ins_1", Provider: "acme", Payment: p.ID, Operation: "op", Token: "encrypted",
		Public: gateway.Instrument{Kind: "card", Brand: "visa", Last4: "4242", Customer: "cus", Reusable: true},
	}
	update(t, db, func(tx *storage.Tx) error {
		created, err := tx.InsertInstrument(i)
		again, aerr := tx.InsertInstrument(i)
		assert.True(t, created)
		assert.False(t, again)
		return errors.Join(err, aerr)
	})
	read := func() (one storage.Instrument, all []storage.Instrument) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) {
			if one, err = tx.Instrument("es", "ins_1"); err != nil {
				return err
			}
			_, ferr := tx.Instrument("fr", "ins_1")
			assert.ErrorIs(t, ferr, gateway.CodeNotFound)
			all, err = tx.Instruments("es", "acme", "cus")
			return err
		}))
		return one, all
	}
	one, all := read()
	require.Len(t, all, 1)
	assert.Equal(t, one.ID, all[0].ID)
	assert.True(t, one.Public.Token.IsZero())
	assert.Equal(t, "4242", one.Public.Last4)
	assert.Equal(t, "encrypted", one.Token)
	update(t, db, func(tx *storage.Tx) error { return tx.ForgetInstrument("es", "ins_1") })
	one, all = read()
	assert.Empty(t, all)
	assert.Empty(t, one.Token)
	assert.Empty(t, one.Public.Last4)
	assert.False(t, one.Forgotten.IsZero())
}

// disputes: a dispute is told once, and what ended stays ended.
func disputes(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	d := gateway.Dispute{Reference: "dis_1", Capture: "cap", Reason: "fraud", Amount: eur(300), State: gateway.DisputeOpen, Deadline: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	set := func(d gateway.Dispute) (news bool) {
		update(t, db, func(tx *storage.Tx) (err error) { news, err = tx.SetDispute("es", "acme", p.ID, d); return err })
		return news
	}
	assert.True(t, set(d))
	assert.False(t, set(d))
	won := d
	won.State = gateway.DisputeWon
	assert.True(t, set(won))
	assert.False(t, set(d), "what comes late does not open it again")
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Disputes("es", p.ID)
		assert.Equal(t, []gateway.Dispute{won}, all)
		return err
	}))
}

// plans: what is due is found once its time has come, and not after it is done.
func plans(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	due := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	plan := storage.Plan{Store: "es", Payment: p.ID, Name: "capture", Kind: gateway.OpCapture, Why: "after a day", Amount: eur(10), Target: "x", Due: due}
	update(t, db, func(tx *storage.Tx) error {
		created, err := tx.InsertPlan(plan)
		again, aerr := tx.InsertPlan(plan)
		assert.True(t, created)
		assert.False(t, again)
		return errors.Join(err, aerr)
	})
	at := func(at time.Time) (all []storage.Plan) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { all, err = tx.DuePlans(at, 10); return err }))
		return all
	}
	assert.Empty(t, at(due.Add(-time.Microsecond)))
	assert.Equal(t, []storage.Plan{plan}, at(due))
	plan.Due, plan.Tries, plan.Result = time.Time{}, 1, "op_1"
	update(t, db, func(tx *storage.Tx) error { return tx.UpdatePlan(plan) })
	assert.Empty(t, at(due.Add(time.Hour)))
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Plans("es", p.ID)
		assert.Equal(t, []storage.Plan{plan}, all)
		return err
	}))
}

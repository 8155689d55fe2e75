package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// onlyByKey is a shop whose provider can neither be asked nor told again, but
// cancels what a key has caused.
func onlyByKey(t *testing.T) *world {
	t.Helper()
	forget := func(e *gateway.Endpoint) { e.KeyTTL, e.LookupByRef, e.LateEffectMax = 0, "", 0 }
	return newWorldWith(t, simulator.Rules{IdempotencyTTL: -1}, with(t, promising(gateway.OpAuthorize, forget), promising(gateway.OpPurchase, forget)))
}

// lost authorizes with a fault, and lets time pass until the engine has looked after it.
func (w *world) lost(do func(p gateway.Payment, r engine.Request) (engine.Result, error), faults ...simulator.Fault) (gateway.Payment, storage.Operation) {
	w.Helper()
	p := w.create("17")
	w.server.Next(simulator.OpCreatePayment, faults...)
	_, err := do(p, w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.ErrorIs(w, err, gateway.CodeIndeterminate)
	for range 8 {
		w.later(time.Hour)
	}
	ops, _, err := w.eng.History(w.Context(), "es", p.ID)
	require.NoError(w, err)
	return w.load(p.ID), ops[0]
}

// Whatever became of a lost call, it is cancelled by its key, and then nothing is
// held: it ends cancelled, and the order is free to be paid again.
func TestALostCallIsCancelledByItsKey(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.ResetBefore, simulator.ResetAfter, simulator.ServerErrorAfter, simulator.LateEffect} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			for _, cancel := range []simulator.Fault{simulator.NoFault, simulator.ResetBefore, simulator.ResetAfter, simulator.ServerErrorBefore} {
				w := onlyByKey(t)
				w.server.Next(simulator.OpCancelByKey, cancel)
				p, o := w.lost(func(_ gateway.Payment, r engine.Request) (engine.Result, error) {
					return w.eng.Authorize(t.Context(), r)
				}, fault)
				assert.Equal(t, gateway.StateCancelled, o.State, w.story(p.ID))
				assert.Contains(t, o.Detail, "pay again with a new key")
				assert.False(t, p.Releasable().IsPositive())
				w.equal()
				again, err := w.eng.Authorize(t.Context(), w.request(p, "auth-2", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
				require.NoError(t, err, w.story(p.ID))
				assert.Equal(t, gateway.StateSucceeded, again.Operation.State)
				assert.Equal(t, eur(1000), again.Payment.Releasable())
			}
		})
	}
}

// A call that needs an instrument which is not stored cannot be sent again without
// the shopper: it is cancelled by its key instead of left to a person.
func TestWhatCannotBeSentAgainIsCancelledByItsKey(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{}, func(c *engine.Config, _ link) { c.Sealer = nil })
	p, o := w.lost(func(_ gateway.Payment, r engine.Request) (engine.Result, error) {
		return w.eng.Authorize(t.Context(), r)
	}, simulator.ResetBefore)
	assert.Equal(t, gateway.StateCancelled, o.State, w.story(p.ID))
	w.equal()
}

// What cannot be cancelled, because it was taken, is a person's to find out.
func TestWhatCannotBeCancelledByItsKeyIsParked(t *testing.T) {
	t.Parallel()
	w := onlyByKey(t)
	p, o := w.lost(func(_ gateway.Payment, r engine.Request) (engine.Result, error) {
		return w.eng.Purchase(t.Context(), r)
	}, simulator.ResetAfter)
	assert.Equal(t, gateway.StateParked, o.State)
	assert.Contains(t, o.Detail, "could not be cancelled by its key")
	tries := len(w.server.Calls())
	require.NoError(t, w.eng.ResolveOne(t.Context(), "es", o.ID))
	assert.Len(t, w.server.Calls(), tries, "it is not tried for ever")
	taken, err := w.server.Payment(w.server.Payments()[0].ID)
	require.NoError(t, err)
	require.NoError(t, w.eng.Settle(t.Context(), engine.Settlement{
		Store: "es", Operation: o.ID, Happened: true, By: "ada", Note: "seen in the dashboard", Movements: []gateway.Movement{
			{Kind: gateway.MoveHold, Amount: eur(1000), Provider: "sandbox", Reference: taken.Authorization, Operation: o.ID},
			{Kind: gateway.MoveCapture, Amount: eur(1000), Provider: "sandbox", Reference: taken.Captures[0].ID, Parent: taken.Authorization, Operation: o.ID},
		},
	}))
	assert.Equal(t, eur(1000), w.load(p.ID).Balances.Captured)
}

// That the money was held does not make a payment once its cancellation has left:
// it may be free again.
func TestEvidenceOfAHoldWaitsForItsCancellation(t *testing.T) {
	t.Parallel()
	w := onlyByKey(t)
	w.server.Next(simulator.OpCancelByKey, simulator.ResetAfter)
	w.server.Next(simulator.OpCreatePayment, simulator.ResetAfter)
	p := w.create("17")
	r, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	w.clock.Add(time.Hour.Microseconds())
	require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
	hold := gateway.Movement{Kind: gateway.MoveHold, Amount: eur(1000), Provider: "sandbox", Reference: w.server.Payments()[0].Authorization, Operation: r.Operation.ID}
	require.NoError(t, w.eng.Record(t.Context(), engine.Evidence{
		Store: "es", Payment: p.ID, Operation: r.Operation.ID, Source: gateway.SourceWebhook, Outcome: gateway.Outcome{Status: gateway.StatusSucceeded, Movements: []gateway.Movement{hold}},
	}))
	ops, _, err := w.eng.History(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Equal(t, gateway.StateUnknown, ops[0].State, "it is not said to be paid")
	w.converge()
	ops, _, err = w.eng.History(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Equal(t, gateway.StateCancelled, ops[0].State, w.story(p.ID))
	w.equal()
}

// A payment that was paid again has held twice, and only the second hold is
// adjusted: its total is what counts, for the provider and when an answer is lost.
func TestAnAdjustmentIsOfTheHoldThatStands(t *testing.T) {
	t.Parallel()
	for _, total := range []int64{1200, 400, 2000} {
		for _, fault := range []simulator.Fault{simulator.NoFault, simulator.ResetBefore, simulator.ResetAfter} {
			w := onlyByKey(t)
			p, _ := w.lost(func(_ gateway.Payment, r engine.Request) (engine.Result, error) {
				return w.eng.Authorize(t.Context(), r)
			}, simulator.ResetAfter)
			_, err := w.eng.Authorize(t.Context(), w.request(p, "auth-2", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
			require.NoError(t, err)
			w.server.Next(simulator.OpAdjust, fault)
			_, err = w.eng.Adjust(t.Context(), w.request(p, "total", amount(total)))
			if fault == simulator.NoFault {
				require.NoError(t, err)
			}
			w.converge()
			assert.Empty(t, w.open(p.ID), w.story(p.ID))
			assert.Equal(t, eur(total), w.load(p.ID).Releasable(), "%d %s", total, fault)
			w.equal()
		}
	}
}

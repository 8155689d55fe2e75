package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// blind takes away every way to learn what became of a call: nobody can be asked,
// and no event tells.
func blind(op gateway.Operation, f func(e *gateway.Endpoint)) command.Item {
	return promising(op, func(e *gateway.Endpoint) {
		e.LookupByRef, e.KeyTTL, e.LateEffectMax, e.Natural, e.AlreadyDone, e.Async = "", 0, 0, false, nil, 0
		f(e)
	})
}

// A call that lands in the same state when it is repeated is repeated, where
// nobody can be asked and no key is known; one that does not is parked.
func TestALostCallThatMayBeRepeatedIsRepeated(t *testing.T) {
	t.Parallel()
	for natural, want := range map[bool]gateway.OperationState{true: gateway.StateSucceeded, false: gateway.StateParked} {
		w := newWorldWith(t, simulator.Rules{}, with(t, blind(gateway.OpCapture, func(e *gateway.Endpoint) { e.Natural, e.Async = natural, 0 }))) // and no event is to come
		p := w.held("17")
		w.server.Next(simulator.OpCapture, simulator.ResetBefore)
		r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
		require.ErrorIs(t, err, gateway.CodeIndeterminate)
		w.clock.Add(time.Minute.Microseconds())
		require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
		ops, _, err := w.eng.History(t.Context(), "es", p.ID)
		require.NoError(t, err)
		assert.Equal(t, want, ops[1].State)
		if natural {
			w.equal()
		}
	}
}

// A call that is refused when it is repeated, because it was done already, has told
// what it can: a person is asked, and it is not sent for ever.
func TestARepeatedCallThatIsRefusedIsParked(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{IdempotencyTTL: -1}, with(t, blind(gateway.OpVoid, func(e *gateway.Endpoint) {
		e.Natural, e.AlreadyDone = true, []string{"already_released", "already_canceled"}
	})))
	p := w.held("17")
	w.server.Next(simulator.OpRelease, simulator.ResetAfter)
	r, err := w.eng.Void(t.Context(), w.request(p, "void"))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	for range 6 {
		w.clock.Add(time.Hour.Microseconds())
		require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
	}
	ops, tries, err := w.eng.History(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Equal(t, gateway.StateParked, ops[1].State)
	assert.Len(t, tries[r.Operation.ID], 2, "once, and once more")
}

// A call that is to be sent again and cannot be built now says nothing about the
// one that left before: what nobody knows stays unknown, and is sent when it can be.
func TestACallThatCannotBeBuiltAgainIsStillUnknown(t *testing.T) {
	t.Parallel()
	for _, code := range []gateway.Code{gateway.CodeConflict, gateway.CodeInvalid, gateway.CodeAuthentication, gateway.CodeUnavailable} {
		var moody atomic.Bool
		busy := command.Override("sandbox", gateway.OpCapture, command.Request(request.Append(request.Named("moody", request.Func(
			func(context.Context, gateway.Subject, *request.Document) error {
				if moody.Load() {
					return gateway.Errorf(code, "not now")
				}
				return nil
			})))))
		w := newWorldWith(t, simulator.Rules{}, with(t, busy, blind(gateway.OpCapture, func(e *gateway.Endpoint) { e.Natural = true })))
		p := w.held("17")
		w.server.Next(simulator.OpCapture, simulator.ResetAfter)
		r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
		require.ErrorIs(t, err, gateway.CodeIndeterminate)
		moody.Store(true)
		for range 3 {
			w.clock.Add(time.Minute.Microseconds())
			require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
			ops, _, err := w.eng.History(t.Context(), "es", p.ID)
			require.NoError(t, err)
			assert.False(t, ops[1].State.Terminal(), "%s: %s", code, ops[1].State)
		}
		moody.Store(false)
		w.clock.Add(time.Minute.Microseconds())
		require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
		ops, _, err := w.eng.History(t.Context(), "es", p.ID)
		require.NoError(t, err)
		assert.Equal(t, gateway.StateSucceeded, ops[1].State, "%s: %s", code, ops[1].Detail)
		w.equal()
	}
}

// waiting returns a payment whose shopper has acted, of a provider that cannot be asked.
func waiting(t *testing.T, edits ...command.Item) (*world, engine.Result) {
	t.Helper()
	edits = append(edits, blind(gateway.OpAuthorize, func(*gateway.Endpoint) {}))
	w := newWorldWith(t, simulator.Rules{ConfirmAfterChallenge: true}, with(t, edits...))
	p := w.create("17")
	r, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) {
		r.Instrument, r.ReturnURL, r.CancelURL = card(simulator.TokenChallenge), "https://shop.example/return", "https://shop.example/cancel"
		r.Extras = gateway.With(season.Of("spring"), colour.Of("red"))
	}))
	require.NoError(t, err)
	require.Equal(t, gateway.StateActionRequired, r.Operation.State)
	require.NoError(t, w.server.CompleteChallenge(r.Payment.Refs.Get("payment")))
	return w, r
}

var season, colour = gateway.NewExtra[string]("engine_test.season"), gateway.NewExtra[string]("engine_test.colour")

// What another call has brought ends the operation that waited for it, though
// nobody can be asked.
func TestWhatIsBookedEndsWhatWaitedForIt(t *testing.T) {
	t.Parallel()
	w, r := waiting(t)
	_, err := w.eng.Continue(t.Context(), engine.Request{Store: "es", Payment: r.Payment.ID, Key: "go on", Input: map[string]string{"result": "approved"}})
	require.NoError(t, err)
	assert.Equal(t, gateway.StateSucceeded, w.first(r.Payment.ID))
	assert.Empty(t, w.open(r.Payment.ID))
	w.equal()
}

// A deadline is for the shopper: once it is the provider that takes its time, the
// provider's own patience counts.
func TestAReviewIsNotEndedByTheShoppersDeadline(t *testing.T) {
	t.Parallel()
	w, r := waiting(t)
	require.NoError(t, w.eng.Record(t.Context(), engine.Evidence{
		Store: "es", Payment: r.Payment.ID, Operation: r.Operation.ID, Source: gateway.SourceWebhook, Outcome: gateway.Outcome{Status: gateway.StatusHeld},
	}))
	w.clock.Add((24 * time.Hour).Microseconds())
	require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
	assert.Equal(t, gateway.StateAwaiting, w.first(r.Payment.ID))
	w.clock.Add((14 * 24 * time.Hour).Microseconds())
	require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
	assert.Equal(t, gateway.StateParked, w.first(r.Payment.ID), "then a person must see to it")
}

// A call that tells the whole order once more is given what the payment was begun
// with, and its own request comes first.
func TestACallThatRestatesTheOrderKnowsWhatWasBegun(t *testing.T) {
	t.Parallel()
	var seen gateway.Subject
	look := command.Override("sandbox", gateway.OpContinue, command.Observe("look", func(_ context.Context, x transfer.Exchange) { seen = *x.Subject }))
	for _, restates := range []bool{true, false} {
		w, r := waiting(t, look, promising(gateway.OpContinue, func(e *gateway.Endpoint) { e.Restates = restates }))
		_, err := w.eng.Continue(t.Context(), engine.Request{
			Store: "es", Payment: r.Payment.ID, Key: "go on", Input: map[string]string{"result": "approved"},
			CancelURL: "https://shop.example/other", Extras: gateway.With(colour.Of("blue")),
		})
		require.NoError(t, err)
		assert.Equal(t, "https://shop.example/other", seen.CancelURL)
		own, _ := colour.From(seen.Extras)
		assert.Equal(t, "blue", own)
		first, known := season.From(seen.Extras)
		assert.Equal(t, restates, known)
		if restates {
			assert.Equal(t, "spring", first)
			assert.Equal(t, "https://shop.example/return", seen.ReturnURL)
		} else {
			assert.Empty(t, seen.ReturnURL)
		}
		var steps []storage.Step
		require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) (err error) { steps, err = tx.Steps("es", r.Operation.ID); return err }))
		assert.Len(t, steps, 1)
	}
}

// A call whose first try was lost and whose second one is refused for good is not
// sent for ever. When all would show and nothing is found, a decline is how it ended;
// of anything else a person is asked: it may mean "done already".
func TestACallThatIsRefusedWhenItIsSentAgainEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		token string
		op    simulator.Operation
		do    func(w *world, p gateway.Payment) (engine.Result, error)
		then  func(w *world) // before it is sent again
		ends  gateway.OperationState
		code  gateway.Code
	}{
		"the hold has expired": {
			simulator.TokenOK, simulator.OpCapture,
			func(w *world, p gateway.Payment) (engine.Result, error) {
				return w.eng.Capture(w.Context(), w.request(p, "ship", amount(400)))
			},
			func(w *world) { require.NoError(w, w.server.ExpireAuthorization(w.theirs().ID)) },
			gateway.StateParked, gateway.CodeIndeterminate,
		},
		"the issuer declines": {
			simulator.TokenAdjustDeclined, simulator.OpAdjust,
			func(w *world, p gateway.Payment) (engine.Result, error) {
				return w.eng.Adjust(w.Context(), w.request(p, "more", amount(1200)))
			},
			func(*world) {},
			gateway.StateFailed, gateway.CodeDeclined,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Rules{})
			p := w.create("17")
			_, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(c.token) }))
			require.NoError(t, err)
			w.server.Next(c.op, simulator.ResetBefore)
			r, err := c.do(w, p)
			require.ErrorIs(t, err, gateway.CodeIndeterminate)
			c.then(w)
			w.converge()
			var ended storage.Operation
			require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) (err error) { ended, err = tx.Operation("es", r.Operation.ID); return err }))
			assert.Equal(t, c.ends, ended.State, w.story(p.ID))
			assert.Equal(t, c.code, ended.Code)
			sent := 0
			for _, call := range w.server.Calls() {
				if call.Operation == c.op {
					sent++
				}
			}
			assert.LessOrEqual(t, sent, 3, "it is not sent for ever")
		})
	}
}

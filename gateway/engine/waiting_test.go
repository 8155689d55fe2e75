package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// challenged makes a payment of 10.00 that waits for the shopper for half an hour.
func (w *world) challenged(key string) gateway.Payment {
	w.Helper()
	p := w.create(key)
	r, err := w.eng.Authorize(w.Context(), w.request(p, key+"-auth", amount(1000), func(r *engine.Request) {
		r.Instrument, r.Deadline = card(simulator.TokenChallenge), w.db.Now().Add(30*time.Minute)
	}))
	require.NoError(w, err)
	require.Equal(w, gateway.StateActionRequired, r.Operation.State)
	return r.Payment
}

// first returns the state of a payment's first operation.
func (w *world) first(id gateway.PaymentID) gateway.OperationState {
	w.Helper()
	ops, _, err := w.eng.History(w.Context(), "es", id)
	require.NoError(w, err)
	return ops[0].State
}

// A redirect that nobody comes back from is cancelled at the provider, then here,
// whatever becomes of the answers.
func TestAnAbandonedRedirectIsCancelledAtTheProvider(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.NoFault, simulator.ResetAfter, simulator.ResetBefore, simulator.TruncatedBody, simulator.RateLimited, simulator.ServerErrorAfter, simulator.LateEffect} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Rules{ChallengeValidity: 96 * time.Hour})
			p := w.challenged("17")
			w.server.Next(simulator.OpCancel, fault)
			w.converge()
			assert.Empty(t, w.open(p.ID), w.story(p.ID))
			assert.Equal(t, simulator.StatusCanceled, w.server.Payments()[0].Status)
			assert.Equal(t, gateway.StateCancelled, w.first(p.ID), w.story(p.ID))
			w.equal()
			// The bank lets it pass after all: the money is booked, and not hidden.
			require.NoError(t, w.server.CompleteChallenge(w.server.Payments()[0].ID))
			_, err := w.eng.Refresh(t.Context(), "es", p.ID, "sandbox")
			require.NoError(t, err)
			assert.Equal(t, eur(1000), w.load(p.ID).Balances.Authorized)
			assert.Equal(t, gateway.StateCancelled, w.first(p.ID), "what ended stays ended")
			w.equal()
		})
	}
	t.Run("the shopper had acted and nobody told us", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, simulator.Rules{ChallengeValidity: 96 * time.Hour})
		p := w.challenged("17")
		require.NoError(t, w.server.CompleteChallenge(w.server.Payments()[0].ID))
		w.converge()
		assert.Equal(t, gateway.PaymentAuthorized, w.load(p.ID).Status(), w.story(p.ID))
		w.equal()
	})
}

// The merchant ends what waits; whatever the provider does, both know the same in the end.
func TestACancelledPaymentEndsWhatWaited(t *testing.T) {
	t.Parallel()
	for _, fault := range append([]simulator.Fault{simulator.NoFault}, simulator.Faults()...) {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Rules{ChallengeValidity: 96 * time.Hour})
			p := w.challenged("17")
			w.server.Next(simulator.OpCancel, fault)
			r, err := w.eng.Cancel(t.Context(), w.request(p, "cancel", func(r *engine.Request) { r.Provider = "" }))
			if fault == simulator.NoFault {
				require.NoError(t, err)
				assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
				assert.Equal(t, gateway.StateCancelled, w.first(p.ID), w.story(p.ID))
			}
			w.converge()
			assert.Empty(t, w.open(p.ID), w.story(p.ID))
			assert.Equal(t, gateway.StateCancelled, w.first(p.ID), w.story(p.ID))
			assert.Equal(t, simulator.StatusCanceled, w.server.Payments()[0].Status)
			w.equal()
			_, err = w.eng.Cancel(t.Context(), w.request(p, "again"))
			require.ErrorIs(t, err, gateway.CodeConflict, "nothing waits any more")
		})
	}
}

func TestACancelAndASuccessMeetAndTheMoneyDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{ChallengeValidity: 96 * time.Hour})
	p := w.challenged("17")
	require.NoError(t, w.server.CompleteChallenge(w.server.Payments()[0].ID))
	_, err := w.server.CaptureInDashboard(w.server.Payments()[0].ID, 1000, true) // now it cannot be cancelled any more
	require.NoError(t, err)
	_, err = w.eng.Cancel(t.Context(), w.request(p, "cancel"))
	require.ErrorIs(t, err, gateway.CodeConflict)
	assert.Empty(t, w.open(p.ID), w.story(p.ID))
	assert.Equal(t, gateway.StateSucceeded, w.first(p.ID), w.story(p.ID))
	w.equal()
}

func TestWhatWasNeverSentIsCancelledWithoutAskingAnybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.create("17")
	w.server.Next(simulator.OpCreatePayment, simulator.RateLimited)
	_, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.ErrorIs(t, err, gateway.CodeRateLimited)
	calls := len(w.server.Calls())
	r, err := w.eng.Cancel(t.Context(), w.request(p, "cancel"))
	require.NoError(t, err)
	assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
	assert.Equal(t, gateway.StateCancelled, w.first(p.ID))
	again, err := w.eng.Cancel(t.Context(), w.request(p, "cancel"))
	require.NoError(t, err)
	assert.Equal(t, r.Operation.ID, again.Operation.ID)
	w.converge()
	assert.Len(t, w.server.Calls(), calls, "nothing was sent")
	assert.Empty(t, w.server.Payments())
}

// A payment held for review is awaited; the merchant accepts or denies it, or the provider does.
func TestAPaymentHeldForReviewIsAcceptedOrDenied(t *testing.T) {
	t.Parallel()
	for _, fault := range append([]simulator.Fault{simulator.NoFault}, simulator.Faults()...) {
		for _, accept := range []bool{true, false} {
			t.Run(string(fault), func(t *testing.T) {
				t.Parallel()
				if fault == simulator.SuccessThenReversed {
					fault = simulator.WebhookFirst // reversals have tests of their own
				}
				w := newWorld(t, simulator.Rules{})
				p := w.create("17")
				r, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenHeld) }))
				require.NoError(t, err)
				require.Equal(t, gateway.StateAwaiting, r.Operation.State)
				op, do, want := simulator.OpAccept, w.eng.Accept, gateway.StateSucceeded
				if !accept {
					op, do, want = simulator.OpDeny, w.eng.Deny, gateway.StateCancelled
				}
				w.server.Next(op, fault)
				_, err = do(t.Context(), w.request(p, "review"))
				if fault == simulator.NoFault {
					require.NoError(t, err)
					assert.Equal(t, want, w.first(p.ID), w.story(p.ID))
				}
				w.converge()
				assert.Empty(t, w.open(p.ID), w.story(p.ID))
				assert.Contains(t, []gateway.OperationState{want, gateway.StateFailed}, w.first(p.ID), w.story(p.ID))
				assert.Equal(t, accept, w.load(p.ID).Balances.Authorized.IsPositive(), w.story(p.ID))
				w.equal()
			})
		}
	}
	w := newWorld(t, simulator.Rules{})
	_, err := w.eng.Accept(t.Context(), w.request(w.held("17"), "accept"))
	require.ErrorIs(t, err, gateway.CodeConflict, "nothing is under review")
}

// Another card right after a decline: what was declined is ended first, so that
// it cannot be overcome behind our back.
func TestAnotherInstrumentMayPayRightAfterADecline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.create("17")
	_, err := w.eng.Authorize(t.Context(), w.request(p, "first", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenInsufficientFunds) }))
	require.ErrorIs(t, err, gateway.CodeDeclined)
	r, err := w.eng.Authorize(t.Context(), w.request(p, "second", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.NoError(t, err, w.story(p.ID))
	assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
	assert.Equal(t, gateway.StateFailed, w.first(p.ID))
	w.equal()
}

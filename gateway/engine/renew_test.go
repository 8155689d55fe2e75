package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// newRenewingWorld has a provider that holds anew, under a new name, whatever is
// adjusted, and promises what edits make of that.
func newRenewingWorld(t *testing.T, rules simulator.Rules, edits ...command.Item) *world {
	t.Helper()
	rules.Reauthorize = true
	return newWorldWith(t, rules, func(cfg *engine.Config, at link) {
		at.reauthorizes = true
		cfg.Pools = pools(t, at, edits...)
	})
}

// theirs is the provider's only payment.
func (w *world) theirs() simulator.Payment {
	w.Helper()
	all := w.server.Payments()
	require.Len(w, all, 1)
	return all[0]
}

// made returns how many authorizations the provider has made in place of another.
func (w *world) made() (n int) {
	w.Helper()
	for _, e := range w.server.Ledger() {
		if e.Kind == simulator.KindAdjust {
			n++
		}
	}
	return n
}

// sameHold is the oracle beside the ledgers: the newest hold is the one that the
// provider has, and the engine acts on it.
func (w *world) sameHold(id gateway.PaymentID) {
	w.Helper()
	expires, known := w.load(id).HoldExpires()
	assert.True(w, known)
	assert.Equal(w, *w.theirs().ExpiresAt, expires, "until when it is held")
	w.equal()
}

func TestARenewalIsToldFromNothingHappened(t *testing.T) {
	t.Parallel()
	for _, fault := range append([]simulator.Fault{simulator.NoFault}, simulator.Faults()...) {
		if fault == simulator.SuccessThenReversed {
			continue // that is another thing that happens later
		}
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := newRenewingWorld(t, simulator.Rules{})
			p := w.held("17")
			first, until := w.theirs().Authorization, *w.theirs().ExpiresAt
			w.clock.Add(time.Hour.Microseconds())
			w.server.Next(simulator.OpAdjust, fault)
			r, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
			if fault == simulator.NoFault {
				require.NoError(t, err)
				assert.Equal(t, w.theirs().Authorization, r.Outcome.Reference("authorization"))
			}
			w.converge()
			require.Empty(t, w.open(p.ID), w.story(p.ID))
			again, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
			require.NoError(t, err, w.story(p.ID))
			assert.Equal(t, gateway.StateSucceeded, again.Operation.State)
			assert.NotEqual(t, first, w.theirs().Authorization)
			assert.True(t, w.theirs().ExpiresAt.After(until))
			assert.Equal(t, 1, w.made(), "once, however often it was sent")
			w.sameHold(p.ID)
			for _, m := range w.load(p.ID).Movements {
				if m.Kind == gateway.MoveAdjust {
					assert.Equal(t, []any{first, w.theirs().Authorization, eur(1000), again.Operation.ID}, []any{m.Parent, m.Reference, m.Amount, m.Operation})
				}
			}
			_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
			require.NoError(t, err, "by its new name")
			_, err = w.eng.Void(t.Context(), w.request(p, "void"))
			require.NoError(t, err, "by its new name")
			w.equal()
		})
	}
}

func TestTheSameAmountIsRefusedWhereNothingRenewsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	_, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeConflict)
	require.ErrorContains(t, err, "capture before the hold expires", "it says what to do")
	require.ErrorIs(t, w.eng.Can(t.Context(), gateway.OpAdjust, w.request(p, "renew", amount(1000))), gateway.CodeConflict)

	w = newRenewingWorld(t, simulator.Rules{})
	p = w.held("17")
	require.NoError(t, w.eng.Can(t.Context(), gateway.OpAdjust, w.request(p, "renew", amount(1000))))
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
	require.NoError(t, err)
	_, err = w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeConflict, "nothing is left of it")
}

// A delta of nothing is never sent: a provider that takes what is added promises no renewal.
func TestAProviderThatTakesDeltasRenewsNothing(t *testing.T) {
	t.Parallel()
	delta := promising(gateway.OpAdjust, func(e *gateway.Endpoint) { e.AmountMode, e.Renews = gateway.AmountDelta, true })
	_, err := assemble(link{url: "http://127.0.0.1:1"}, time.Second, nil, delta)
	require.ErrorContains(t, err, "a renewal adds nothing")
	w := newWorldWith(t, simulator.Rules{}, with(t, promising(gateway.OpAdjust, func(e *gateway.Endpoint) { e.AmountMode = gateway.AmountDelta })))
	p := w.held("17")
	_, err = w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeConflict)
	for _, c := range w.server.Calls() {
		assert.NotEqual(t, simulator.OpAdjust, c.Operation)
	}
}

// Chains: renewed twice, and superseded by less and by more, before and after a capture.
func TestAHoldIsRenewedAgainAndAgain(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.NoFault, simulator.ResetAfter, simulator.ResetBefore, simulator.ServerErrorAfter} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := newRenewingWorld(t, simulator.Rules{})
			p := w.held("17")
			names := []string{w.theirs().Authorization}
			for i, total := range []int64{1000, 1000, 700, 700, 1200, 1200} {
				key := string(rune('a' + i))
				if i == 2 {
					_, err := w.eng.Capture(t.Context(), w.request(p, "ship-1", amount(300)))
					require.NoError(t, err)
				}
				w.clock.Add(time.Hour.Microseconds())
				w.server.Next(simulator.OpAdjust, fault)
				_, err := w.eng.Adjust(t.Context(), w.request(p, key, amount(total)))
				assert.Equal(t, fault == simulator.NoFault, err == nil, "%v", err)
				w.later(6 * time.Second)
				w.later(time.Minute)
				r, err := w.eng.Adjust(t.Context(), w.request(p, key, amount(total)))
				require.NoError(t, err, w.story(p.ID))
				assert.Equal(t, eur(total), r.Payment.Balances.Authorized)
				assert.NotContains(t, names, w.theirs().Authorization)
				names = append(names, w.theirs().Authorization)
				w.sameHold(p.ID)
			}
			r, err := w.eng.Capture(t.Context(), w.request(p, "ship-2", func(r *engine.Request) { r.All = true }))
			require.NoError(t, err)
			assert.Equal(t, eur(1200), r.Payment.Balances.Captured)
			assert.Equal(t, 6, w.made())
			w.equal()
		})
	}
}

// The total is what it was before: a renewal that nobody has seen is unknown.
func TestAnUnknownRenewalIsNotSettledByTheAmount(t *testing.T) {
	t.Parallel()
	w := newRenewingWorld(t, simulator.Rules{})
	p := w.held("17")
	w.server.Next(simulator.OpAdjust, simulator.ResetBefore)
	r, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
	_, err = w.eng.Refresh(t.Context(), "es", p.ID, "")
	require.NoError(t, err)
	require.Len(t, w.open(p.ID), 1, "looked at twice, and nothing was there")
	assert.Zero(t, w.made())

	// What acts on the hold waits: it might name the one that is gone.
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.ErrorIs(t, err, gateway.CodeConflict)
	_, err = w.eng.Void(t.Context(), w.request(p, "void"))
	require.ErrorIs(t, err, gateway.CodeConflict)

	// Somebody else renews it: what was wanted has happened, and is not sent again.
	require.NoError(t, w.server.AdjustInDashboard(w.theirs().ID, 1000))
	w.converge()
	assert.Empty(t, w.open(p.ID), w.story(p.ID))
	assert.Equal(t, 1, w.made())
	w.sameHold(p.ID)
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	w.equal()
}

func TestWhatActsOnAHoldEndsBeforeItIsRenewed(t *testing.T) {
	t.Parallel()
	for op, do := range map[simulator.Operation]func(*world) func(context.Context, engine.Request) (engine.Result, error){
		simulator.OpCapture: func(w *world) func(context.Context, engine.Request) (engine.Result, error) { return w.eng.Capture },
		simulator.OpRelease: func(w *world) func(context.Context, engine.Request) (engine.Result, error) { return w.eng.Void },
	} {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			w := newRenewingWorld(t, simulator.Rules{})
			p := w.held("17")
			w.server.Next(op, simulator.ResetBefore)
			_, err := do(w)(t.Context(), w.request(p, "first", func(r *engine.Request) {
				if op == simulator.OpCapture {
					r.Amount = eur(400)
				}
			}))
			require.ErrorIs(t, err, gateway.CodeIndeterminate)
			for _, total := range []int64{1000, 1200} {
				_, err = w.eng.Adjust(t.Context(), w.request(p, "adjust", amount(total)))
				require.ErrorIs(t, err, gateway.CodeConflict, "it may have to be sent again, with the same bytes")
			}
			w.converge()
			assert.Empty(t, w.open(p.ID), w.story(p.ID))
			_, err = w.eng.Adjust(t.Context(), w.request(p, "adjust", amount(1200)))
			assert.Equal(t, op == simulator.OpCapture, err == nil, "%v", err)
			w.equal()
		})
	}
	w := newRenewingWorld(t, simulator.Rules{AsyncCapture: true})
	p := w.held("17")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	_, err = w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.NoError(t, err, "what was accepted is never sent again")
	w.converge()
	w.sameHold(p.ID)
}

func TestARefusedRenewalLeavesTheHoldAsItWas(t *testing.T) {
	t.Parallel()
	w := newRenewingWorld(t, simulator.Rules{})
	p := w.create("17")
	_, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenAdjustDeclined) }))
	require.NoError(t, err)
	before := w.load(p.ID)
	for key, total := range map[string]int64{"renew": 1000, "less": 700, "more": 1300} {
		r, err := w.eng.Adjust(t.Context(), w.request(p, key, amount(total)))
		require.ErrorIs(t, err, gateway.CodeDeclined, key)
		assert.Equal(t, gateway.StateFailed, r.Operation.State, key)
	}
	after := w.load(p.ID)
	assert.Equal(t, before.Movements, after.Movements)
	assert.Equal(t, before.Balances, after.Balances)
	assert.True(t, after.Reserved.Releasing.IsZero())
	w.sameHold(p.ID)
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
	require.NoError(t, err)
	w.equal()
}

// What is captured before the hold expires is captured before the newest one does.
func TestARenewalMovesTheCaptureThatWaitsForTheHoldsEnd(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, renew := range map[string]func(w *world, p gateway.Payment) error{
		"ours": func(w *world, p gateway.Payment) error {
			_, err := w.eng.Adjust(w.Context(), w.request(p, "renew", amount(1000)))
			return err
		},
		"more": func(w *world, p gateway.Payment) error {
			_, err := w.eng.Adjust(w.Context(), w.request(p, "more", amount(1100)))
			return err
		},
		"theirs": func(w *world, p gateway.Payment) error {
			if err := w.server.AdjustInDashboard(w.theirs().ID, 1000); err != nil {
				return err
			}
			_, err := w.eng.Refresh(w.Context(), "es", p.ID, "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, simulator.Rules{Reauthorize: true}, policy(engine.Policy{Capture: engine.CaptureBeforeExpiry, Delay: day}), func(cfg *engine.Config, at link) {
				at.reauthorizes = true
				cfg.Pools = pools(t, at)
			})
			p := w.held("17")
			require.Equal(t, w.theirs().ExpiresAt.Add(-day), w.plan(p.ID).Due)
			w.later(4 * day)
			require.NoError(t, renew(w, p))
			require.Equal(t, w.theirs().ExpiresAt.Add(-day), w.plan(p.ID).Due)
			w.later(5 * day)
			assert.False(t, w.load(p.ID).Balances.Captured.IsPositive(), "the first hold would have ended, and has not")
			w.later(26 * time.Hour)
			assert.Equal(t, w.load(p.ID).Balances.Authorized, w.load(p.ID).Balances.Captured, w.story(p.ID))
			_, err := w.eng.Refresh(t.Context(), "es", p.ID, "")
			require.NoError(t, err)
			assert.True(t, w.plan(p.ID).Due.IsZero(), "what was carried out is not planned again")
			w.equal()
		})
	}
}

// Another total, whoever asked for it, is no renewal: what was asked for is still to come.
func TestAnotherTotalIsNoRenewal(t *testing.T) {
	t.Parallel()
	w := newRenewingWorld(t, simulator.Rules{})
	p := w.held("17")
	w.server.Next(simulator.OpAdjust, simulator.ResetBefore)
	r, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	require.NoError(t, w.server.AdjustInDashboard(w.theirs().ID, 1200))
	require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
	assert.Equal(t, eur(1200), w.load(p.ID).Balances.Authorized)
	require.Len(t, w.open(p.ID), 1)
	w.sameHold(p.ID)
}

// What was sent named a hold that is gone by now: under its key nothing else is sent.
// A person sees that it did not happen, and the new hold can be used.
func TestWhatNamedAHoldThatIsGoneIsParked(t *testing.T) {
	t.Parallel()
	for _, op := range []simulator.Operation{simulator.OpAdjust, simulator.OpCapture} {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			w := newRenewingWorld(t, simulator.Rules{})
			p := w.held("17")
			do := w.eng.Adjust
			if op == simulator.OpCapture {
				do = w.eng.Capture
			}
			w.server.Next(op, simulator.ResetBefore)
			r, err := do(t.Context(), w.request(p, "lost", amount(1000)))
			require.ErrorIs(t, err, gateway.CodeIndeterminate)
			require.NoError(t, w.server.AdjustInDashboard(w.theirs().ID, 1200))
			w.converge()
			open := w.open(p.ID)
			require.Len(t, open, 1)
			assert.Equal(t, gateway.StateParked, open[0].State, w.story(p.ID))
			assert.Equal(t, 1, w.made())
			require.NoError(t, w.eng.Settle(t.Context(), engine.Settlement{Store: "es", Operation: r.Operation.ID, By: "ops", Note: "dashboard"}))
			_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(1200)))
			require.NoError(t, err)
			w.sameHold(p.ID)
		})
	}
}

// A capture that is planned waits for a renewal that is being found out about, however
// long that takes: it is not given up meanwhile.
func TestAPlannedCaptureWaitsForARenewal(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{Reauthorize: true}, policy(engine.Policy{Capture: engine.CaptureAfter, Delay: time.Hour}), func(cfg *engine.Config, at link) {
		at.reauthorizes = true
		cfg.Pools = pools(t, at)
	})
	p := w.held("17")
	w.later(50 * time.Minute)
	w.server.Lie(func(simulator.Call) simulator.Fault { return simulator.ResetBefore })
	_, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	for range 60 {
		w.later(10 * time.Minute)
	}
	assert.Contains(t, w.plan(p.ID).Result, "wait for it")
	assert.Zero(t, w.plan(p.ID).Tries)
	w.server.Lie(nil)
	w.converge()
	assert.Equal(t, eur(1000), w.load(p.ID).Balances.Captured, w.story(p.ID))
	w.equal()
}

package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// Nobody called: a merchant renewed it in the dashboard. However it is learned, it is
// one fact, and the next call names the new hold.
func TestARenewalThatWasNobodysCallIsFollowed(t *testing.T) {
	t.Parallel()
	for name, learn := range map[string]func(w *world, p gateway.Payment, seen gateway.Outcome) error{
		"poll": func(w *world, p gateway.Payment, _ gateway.Outcome) error {
			_, err := w.eng.Refresh(w.Context(), "es", p.ID, "")
			return err
		},
		"webhook": func(w *world, p gateway.Payment, seen gateway.Outcome) error {
			return w.eng.Record(w.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceWebhook, Outcome: seen})
		},
		"both, and twice": func(w *world, p gateway.Payment, seen gateway.Outcome) error {
			for range 2 {
				if err := w.eng.Record(w.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceWebhook, Outcome: seen}); err != nil {
					return err
				}
			}
			_, err := w.eng.Refresh(w.Context(), "es", p.ID, "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRenewingWorld(t, simulator.Rules{})
			p := w.held("17")
			w.clock.Add(time.Hour.Microseconds())
			require.NoError(t, w.server.AdjustInDashboard(w.theirs().ID, 1000))
			require.NoError(t, learn(w, p, w.seen()))
			got := w.load(p.ID)
			assert.Len(t, got.Movements, 2)
			assert.Equal(t, eur(1000), got.Balances.Authorized)
			w.sameHold(p.ID)
			_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
			require.NoError(t, err)
			w.equal()
		})
	}
}

// seen is what the provider shows of its only payment.
func (w *world) seen() gateway.Outcome {
	w.Helper()
	out, err := pools(w.T, link{url: w.server.URL()}).For("sandbox").Get(gateway.OpFetch).Execute(w.Context(), gateway.Subject{Store: "es", Target: w.theirs().ID})
	require.NoError(w, err)
	return out
}

// Names come in any order: an old one that is learned last is not the newest.
func TestAnOldNameThatComesLateIsNotActedOn(t *testing.T) {
	t.Parallel()
	w := newRenewingWorld(t, simulator.Rules{})
	p := w.create("17")
	w.server.Next(simulator.OpCreatePayment, simulator.ResetAfter)
	_, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	old := w.seen()
	for range 2 {
		require.NoError(t, w.server.AdjustInDashboard(w.theirs().ID, 1000))
	}
	w.converge()
	require.Empty(t, w.open(p.ID), w.story(p.ID))
	require.NoError(t, w.eng.Record(t.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceWebhook, Outcome: old}))
	last := ""
	for _, r := range w.load(p.ID).Refs {
		if r.Name == "authorization" {
			last = r.Value
		}
	}
	require.Equal(t, old.Reference("authorization"), last, "it was learned last")
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	w.equal()
}

// A provider that cannot be asked: an event that names the operation tells, and one
// that names nobody does, where it shows a hold that was not there before.
func TestARenewalIsSettledByWhatIsTold(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{true, false} {
		w := newRenewingWorld(t, simulator.Rules{}, promising(gateway.OpAdjust, func(e *gateway.Endpoint) {
			e.LookupByRef, e.KeyTTL, e.LateEffectMax, e.Async = "", 0, 0, time.Hour
		}))
		p := w.held("17")
		_, err := w.eng.Adjust(t.Context(), w.request(p, "once", amount(1000)))
		require.NoError(t, err)
		w.server.Next(simulator.OpAdjust, simulator.ResetAfter)
		r, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
		require.ErrorIs(t, err, gateway.CodeIndeterminate)
		w.later(time.Minute)
		require.Len(t, w.open(p.ID), 1, "an earlier renewal is not this one")
		seen := w.seen()
		for i := range seen.Movements {
			if m := &seen.Movements[i]; !named && m.Kind == gateway.MoveAdjust {
				m.Operation = ""
			} else if m.Kind == gateway.MoveAdjust && i == len(seen.Movements)-1 {
				require.Equal(t, r.Operation.ID, m.Operation)
			}
		}
		require.NoError(t, w.eng.Record(t.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceWebhook, Outcome: seen}))
		assert.Equal(t, named, len(w.open(p.ID)) == 0)
		require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
		assert.Empty(t, w.open(p.ID), w.story(p.ID))
		assert.Equal(t, 2, w.made())
		w.sameHold(p.ID)
	}
}

// An answer that says that it was done and shows no new hold is not believed.
func TestARenewalThatShowsNothingNewIsLookedUp(t *testing.T) {
	t.Parallel()
	w := newRenewingWorld(t, simulator.Rules{}, command.Override("sandbox", gateway.OpAdjust, command.Handle(handler.Replace("money", handler.Succeeded()))))
	p := w.held("17")
	r, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.NoError(t, err)
	assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
	calls := w.server.Calls()
	assert.Equal(t, simulator.OpGetPayment, calls[len(calls)-1].Operation, "it was asked at once")
	w.sameHold(p.ID)

	w.server.Next(simulator.OpAdjust, simulator.ResetBefore) // and not even asked: the same answer, of another call
	_, err = w.eng.Adjust(t.Context(), w.request(p, "again", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	w.converge()
	assert.Equal(t, 2, w.made())
	assert.Empty(t, w.open(p.ID), w.story(p.ID))
	w.sameHold(p.ID)
}

// A shopper's provider names holds by a reference of their own: a proved notification
// may bring another one.
func TestANewNameOfAHoldIsLearned(t *testing.T) {
	t.Parallel()
	w := newRenewingWorld(t, simulator.Rules{})
	p := w.held("17")
	var ops []storage.Operation
	require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) (err error) { ops, err = tx.Operations("es", p.ID); return err }))
	name := func(kind, value string) gateway.Refs {
		return gateway.Refs{{Owner: "sandbox", Name: kind, Value: value}}
	}
	require.NoError(t, w.eng.Learn(t.Context(), "es", p.ID, ops[0].ID, name("authorization", "auth_2")))
	require.ErrorIs(t, w.eng.Learn(t.Context(), "es", p.ID, ops[0].ID, name("payment", "pay_2")), gateway.CodeConflict)
	assert.True(t, slices.ContainsFunc(w.load(p.ID).Refs, func(r gateway.Ref) bool { return r.Value == "auth_2" }))
}

// A person says what the provider's dashboard shows: also that less was held anew.
func TestARenewalIsSettledByAnOperatorWithWhatIsTrue(t *testing.T) {
	t.Parallel()
	w := newRenewingWorld(t, simulator.Rules{})
	p := w.held("17")
	w.server.Next(simulator.OpAdjust, simulator.ResetBefore)
	r, err := w.eng.Adjust(t.Context(), w.request(p, "renew", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	require.NoError(t, w.eng.Settle(t.Context(), engine.Settlement{Store: "es", Operation: r.Operation.ID, By: "ops", Note: "dashboard", Happened: true, Movements: []gateway.Movement{
		{Kind: gateway.MoveAdjust, Amount: eur(900), Reference: "auth_2", Parent: w.theirs().Authorization},
	}}))
	assert.Empty(t, w.open(p.ID))
	assert.Equal(t, eur(900), w.load(p.ID).Balances.Authorized)
}

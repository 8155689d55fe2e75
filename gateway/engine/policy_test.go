package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func policy(y engine.Policy) func(*engine.Config, link) {
	return func(cfg *engine.Config, _ link) {
		cfg.Policy = func(gateway.Payment, string) engine.Policy { return y }
	}
}

// plan returns a payment's only plan.
func (w *world) plan(id gateway.PaymentID) storage.Plan {
	w.Helper()
	all, err := w.eng.Plans(w.Context(), "es", id)
	require.NoError(w, err)
	require.Len(w, all, 1)
	return all[0]
}

func TestNothingIsPlannedUntilItIsConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	w.converge()
	all, err := w.eng.Plans(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Empty(t, all)
	assert.Equal(t, eur(0), w.load(p.ID).Balances.Captured)
}

func TestWhatIsHeldIsCapturedWhenThePolicySays(t *testing.T) {
	t.Parallel()
	captured := func(w *world, p gateway.Payment, after time.Duration) bool {
		w.later(after)
		return w.load(p.ID).Balances.Captured == eur(1000)
	}
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{Capture: engine.CaptureAtOnce}))
		p := w.held("17")
		assert.True(t, captured(w, p, time.Second))
		assert.NotEmpty(t, w.plan(p.ID).Result)
		w.converge()
		w.equal()
	})
	t.Run("at once, and it fails", func(t *testing.T) {
		t.Parallel()
		w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{Capture: engine.CaptureAtOnce}))
		w.server.Next(simulator.OpCapture, simulator.ResetAfter)
		p := w.held("17") // what it follows from is done all the same
		w.later(time.Second)
		w.converge()
		assert.Equal(t, eur(1000), w.load(p.ID).Balances.Captured, w.story(p.ID))
		w.equal()
	})
	t.Run("after a delay", func(t *testing.T) {
		t.Parallel()
		w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{Capture: engine.CaptureAfter, Delay: time.Hour}))
		p := w.held("17")
		assert.False(t, captured(w, p, 59*time.Minute))
		assert.True(t, captured(w, p, 2*time.Minute))
		w.equal()
	})
	t.Run("before the hold lapses", func(t *testing.T) {
		t.Parallel()
		w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{Capture: engine.CaptureBeforeExpiry, Delay: 24 * time.Hour}))
		p := w.held("17")
		assert.False(t, captured(w, p, 5*24*time.Hour))
		assert.True(t, captured(w, p, 26*time.Hour))
		w.equal()
	})
	t.Run("on approval", func(t *testing.T) {
		t.Parallel()
		w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{Capture: engine.CaptureOnApproval}))
		p := w.held("17")
		assert.False(t, captured(w, p, 48*time.Hour))
		require.NoError(t, w.eng.Approve(t.Context(), "es", p.ID))
		assert.True(t, captured(w, p, time.Second))
		require.ErrorIs(t, w.eng.Approve(t.Context(), "es", p.ID), gateway.CodeConflict, "it was approved")
		w.equal()
	})
	t.Run("by the application, before", func(t *testing.T) {
		t.Parallel()
		w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{Capture: engine.CaptureAfter, Delay: time.Hour}))
		p := w.held("17")
		_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
		require.NoError(t, err)
		w.later(2 * time.Hour)
		assert.Equal(t, "nothing is left to capture", w.plan(p.ID).Result)
		w.equal()
	})
	t.Run("and cannot be", func(t *testing.T) {
		t.Parallel()
		w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{Capture: engine.CaptureAtOnce}), func(c *engine.Config, _ link) {
			c.Limits = func(gateway.StoreID, string) engine.Limits { return engine.Limits{Capture: engine.PartsOff} }
		})
		p := w.held("17")
		w.converge()
		assert.Contains(t, w.plan(p.ID).Result, "given up: ")
		assert.Contains(t, w.told(p.ID), "plan.given_up")
		w.equal()
	})
}

func TestAHoldWhoseOrderNeverCompletesIsVoided(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{VoidAfter: 24 * time.Hour}))
	left, kept, shipped := w.held("17"), w.held("18"), w.held("19")
	require.NoError(t, w.eng.Complete(t.Context(), "es", kept.ID))
	require.ErrorIs(t, w.eng.Complete(t.Context(), "es", kept.ID), gateway.CodeConflict)
	_, err := w.eng.Capture(t.Context(), w.request(shipped, "ship", amount(400)))
	require.NoError(t, err)
	w.later(25 * time.Hour)
	assert.Equal(t, gateway.PaymentVoided, w.load(left.ID).Status())
	assert.Equal(t, gateway.PaymentAuthorized, w.load(kept.ID).Status())
	assert.Equal(t, eur(600), w.load(shipped.ID).Releasable(), "a part was shipped: the order lives")
	w.equal()
}

func TestTheRestIsReleasedAfterAPartialCapture(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{ReleaseAfter: 24 * time.Hour}))
	p := w.held("17")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	w.later(23 * time.Hour)
	assert.Equal(t, eur(600), w.load(p.ID).Releasable())
	w.later(2 * time.Hour)
	assert.Equal(t, eur(600), w.load(p.ID).Balances.Released)
	w.equal()
}

func TestLateMoneyBesideOtherMoneyIsLeftToAPerson(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{}, policy(engine.Policy{Late: engine.GiveBack}))
	p := w.challenged("17")
	_, err := w.eng.Cancel(t.Context(), w.request(p, "cancel"))
	require.NoError(t, err)
	first := w.server.Payments()[0].ID
	_, err = w.eng.Authorize(t.Context(), w.request(p, "second", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.NoError(t, err)
	require.NoError(t, w.server.CompleteChallenge(first))
	out, err := pools(t, link{url: w.server.URL()}).For("sandbox").Get(gateway.OpFetch).Execute(t.Context(), gateway.Subject{Store: "es", Target: first})
	require.NoError(t, err)
	require.NoError(t, w.eng.Record(t.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceWebhook, Outcome: out}))
	w.converge()
	assert.Equal(t, eur(2000), w.load(p.ID).Balances.Authorized, "both holds are known")
	assert.Equal(t, eur(0), w.load(p.ID).Balances.Released, "and the wrong one was not let go")
	assert.Contains(t, w.plan(p.ID).Result, "given up: other money is held")
	w.equal()
}

// Money that comes after its operation was cancelled is booked; the policy, or a
// hook, says whether it stays.
func TestMoneyThatComesTooLateIsKeptOrGivenBack(t *testing.T) {
	t.Parallel()
	late := func(w *world, do func(context.Context, engine.Request) (engine.Result, error)) gateway.Payment {
		p := w.create("17")
		_, err := do(t.Context(), w.request(p, "pay", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenChallenge) }))
		require.NoError(t, err)
		_, err = w.eng.Cancel(t.Context(), w.request(p, "cancel"))
		require.NoError(t, err)
		require.NoError(t, w.server.CompleteChallenge(w.server.Payments()[0].ID))
		_, err = w.eng.Refresh(t.Context(), "es", p.ID, "sandbox")
		require.NoError(t, err)
		w.later(time.Minute)
		return w.load(p.ID)
	}
	back := func(context.Context, gateway.Payment, gateway.Movement) engine.Decision { return engine.GiveBack }
	for name, c := range map[string]struct {
		change func(*engine.Config, link)
		back   bool
	}{
		"by default it stays":   {func(*engine.Config, link) {}, false},
		"the policy keeps it":   {policy(engine.Policy{Late: engine.Keep}), false},
		"the policy gives back": {policy(engine.Policy{Late: engine.GiveBack}), true},
		"a hook gives back":     {hooked(engine.Hook{Name: "late", Late: back}), true},
		"a hook that panics":    {hooked(engine.Hook{Name: "late", Late: func(context.Context, gateway.Payment, gateway.Movement) engine.Decision { panic("x") }}), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, simulator.Rules{}, c.change)
			p := late(w, w.eng.Authorize)
			assert.Equal(t, eur(1000), p.Balances.Authorized)
			assert.Equal(t, c.back, p.Balances.Released == eur(1000), w.story(p.ID))
			w.converge()
			w.equal()
			w = newWorldWith(t, simulator.Rules{}, c.change)
			p = late(w, w.eng.Purchase)
			assert.Equal(t, eur(1000), p.Balances.Captured)
			assert.Equal(t, c.back, p.Balances.Refunded == eur(1000), w.story(p.ID))
			w.converge()
			w.equal()
		})
	}
}

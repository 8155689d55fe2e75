package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// What a stranger says a payment is called is believed only when the provider
// shows that it is ours.
func TestLookBelievesANameOnlyWithProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	one, two := w.create("1"), w.create("2")
	for _, p := range []gateway.Payment{one, two} {
		_, err := w.eng.Authorize(t.Context(), w.request(p, "auth-"+string(p.ID), amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
		require.NoError(t, err)
	}
	one, two = w.load(one.ID), w.load(two.ID)
	name := func(p gateway.Payment) gateway.Refs {
		return gateway.Refs{{Owner: "sandbox", Name: "payment", Value: p.Refs.Get("payment")}}
	}
	_, err := w.server.CaptureInDashboard(one.Refs.Get("payment"), 300, false)
	require.NoError(t, err)
	_, err = w.eng.Look(t.Context(), "es", two.ID, "sandbox", name(one))
	require.ErrorIs(t, err, gateway.CodeConflict, "it is another payment's")
	assert.Equal(t, eur(0), w.load(two.ID).Balances.Captured)

	third := w.create("3")
	_, err = w.eng.Look(t.Context(), "es", third.ID, "sandbox", nil)
	require.ErrorIs(t, err, gateway.CodeInvalid, "there is nothing to ask by")
	_, err = w.eng.Look(t.Context(), "fr", third.ID, "sandbox", name(one))
	require.ErrorIs(t, err, gateway.CodeNotFound)
	_, err = w.eng.Look(t.Context(), "es", third.ID, "nobody", nil)
	require.ErrorIs(t, err, gateway.CodeUnsupported)
	assert.False(t, w.eng.CanLook("nobody"))

	p, err := w.eng.Create(t.Context(), engine.NewPayment{Store: "fr", Key: "k", Amount: eur(1000)})
	require.NoError(t, err)
	_, err = w.eng.Look(t.Context(), "fr", p.ID, "sandbox", name(one))
	require.ErrorIs(t, err, gateway.CodeConflict, "nothing in it names an operation of this payment")

	out, err := w.eng.Look(t.Context(), "es", one.ID, "sandbox", name(one))
	require.NoError(t, err)
	assert.Len(t, out.Movements, 2)
	assert.Equal(t, eur(300), w.load(one.ID).Balances.Captured)
}

// While a capture of ours is open, one of nobody's waits, and so does what cannot
// be true without it: its reversal is no contradiction.
func TestWhatFollowsAMovementThatWaitsWaitsToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.create("17")
	_, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.NoError(t, err)
	w.server.Next(simulator.OpCapture, simulator.ResetBefore)
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(100)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	theirs, err := w.server.CaptureInDashboard(w.load(p.ID).Refs.Get("payment"), 300, false)
	require.NoError(t, err)
	require.NoError(t, w.server.ReverseCapture(theirs.ID))
	_, err = w.eng.Refresh(t.Context(), "es", p.ID, "sandbox")
	require.NoError(t, err)
	assert.Equal(t, eur(0), w.load(p.ID).Balances.Captured)
	require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) error {
		odd, err := tx.Discrepancies("es", p.ID)
		assert.Empty(t, odd)
		return err
	}))
	w.converge()
	_, err = w.eng.Refresh(t.Context(), "es", p.ID, "sandbox")
	require.NoError(t, err)
	w.equal()
}

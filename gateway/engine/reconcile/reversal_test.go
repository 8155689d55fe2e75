package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// A refund that fails after it succeeded: no call of ours tells of it.
func TestAReversalIsNamedAfterWhatItUndoesAndApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, s := range map[string]reconcile.Source{"listing": w.listing(), "report": w.report(nil)} {
		p, err := w.eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: name, Amount: eur(1000)})
		require.NoError(t, err)
		card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenRefundFailsLater)}
		_, err = w.eng.Purchase(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: name + "-pay", Provider: "sandbox", All: true, Instrument: card})
		require.NoError(t, err)
		r, err := w.eng.Refund(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: name + "-back", Amount: eur(400)})
		require.NoError(t, err)
		require.Equal(t, eur(400), r.Payment.Balances.Refunded)
		w.clock.Add((2 * time.Minute).Microseconds())
		w.server.Advance(0)

		found := w.reconcile(s, apply)
		require.Len(t, found.Differences, 1, name)
		require.Len(t, found.Differences[0].Applied, 1, "%s: %+v", name, found)
		assert.Equal(t, gateway.MoveRefund, found.Differences[0].Applied[0].Reverses)
		assert.Equal(t, eur(0), w.load(p.ID).Balances.Refunded)
		again := w.reconcile(s)
		assert.True(t, again.Equal(), "%s: %+v", name, again)
	}
}

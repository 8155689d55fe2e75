package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// A refund that fails after it succeeded: no call of ours tells of it.
func TestAReversalIsNamedAfterWhatItUndoesAndApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, s := range map[string]reconcile.Source{"listing": w.Listing(2), "report": w.report(nil)} {
		p, err := w.Engine.Create(t.Context(), engine.NewPayment{Store: "es", Key: name, Amount: enginetest.EUR(1000)})
		require.NoError(t, err)
		card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenRefundFailsLater)}
		_, err = w.Engine.Purchase(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: name + "-pay", Provider: "sandbox", All: true, Instrument: card})
		require.NoError(t, err)
		r, err := w.Engine.Refund(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: name + "-back", Amount: enginetest.EUR(400)})
		require.NoError(t, err)
		require.Equal(t, enginetest.EUR(400), r.Payment.Balances.Refunded)
		w.Advance(2 * time.Minute)
		w.Provider.Advance(0)

		found := w.reconcile(s, apply)
		require.Len(t, found.Differences, 1, name)
		require.Len(t, found.Differences[0].Applied, 1, "%s: %+v", name, found)
		assert.Equal(t, gateway.MoveRefund, found.Differences[0].Applied[0].Reverses)
		assert.Equal(t, enginetest.EUR(0), w.Payment(p.ID).Balances.Refunded)
		again := w.reconcile(s)
		assert.True(t, again.Equal(), "%s: %+v", name, again)
	}
}

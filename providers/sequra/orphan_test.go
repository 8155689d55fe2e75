package sequra_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

// A confirmation whose answer was lost with its process, and whose notification does
// not come again for days: nobody guesses what became of it.
func TestAnOrphanedConfirmationIsNotGuessedAt(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.CutBefore, simulator.LostAnswer} {
		for _, first := range []time.Duration{time.Minute, 2 * time.Hour} {
			w := newWorld(t)
			p := w.begin("17")
			_, err := w.sequra.Decide(p.Refs.Get("order"), simulator.Approve)
			require.NoError(t, err)
			ops, _, err := w.eng.History(t.Context(), "es", p.ID)
			require.NoError(t, err)
			w.sequra.Next(simulator.OpAcknowledge, fault)
			err = inbox.Actor{Engine: w.eng}.Do(t.Context(), gateway.OpContinue, "sequra", "k", gateway.Subject{
				Store: "es", Payment: p, Input: map[string]string{"state": "confirmed", "operation": string(ops[0].ID)},
			})
			require.ErrorIs(t, err, gateway.CodeIndeterminate)
			w.advance(first)
			for range 40 {
				_, err := w.eng.Resolve(t.Context(), 100)
				require.NoError(t, err)
				w.advance(time.Hour)
			}
			assert.Equal(t, gateway.StateParked, w.begun(p.ID), "%s: a person is asked to see to it", fault)
			order, _ := w.sequra.Order(p.Refs.Get("order"))
			assert.Equal(t, simulator.Confirmed, order.State, "and it was not cancelled behind the shopper's back")
			assert.Equal(t, 200, w.deliver(1), "nor is it given up when SeQura comes again")
			assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID))
			w.equal(p.ID)
		}
	}
}

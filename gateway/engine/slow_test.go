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

// A call, or a lookup, that uses up its whole time limit has come to something
// too: that nobody knows. It is recorded at once, and not when a lease has ended.
func TestACallThatTakesAllItsTimeIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{}, func(c *engine.Config, _ link) { c.SendTimeout = 200 * time.Millisecond }) // the client's own is longer
	p := w.held("17")
	w.server.Next(simulator.OpCapture, simulator.TimeoutAfter)
	w.server.Next(simulator.OpGetPayment, simulator.TimeoutAfter)
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	assert.Equal(t, gateway.StateUnknown, r.Operation.State, "%v", err)
	require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID), "the lookup takes all its time")
	_, tries, err := w.eng.History(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Len(t, tries[r.Operation.ID], 2, "both tries are on record")
	w.converge()
	assert.Empty(t, w.open(p.ID), w.story(p.ID))
	assert.Equal(t, eur(400), w.load(p.ID).Balances.Captured)
	w.equal()
}

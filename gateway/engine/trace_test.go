package engine_test

import (
	"fmt"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// trace tells everything that a run left behind, in both ledgers.
func (w *world) trace(id gateway.PaymentID) string {
	w.Helper()
	ops, tries, err := w.eng.History(w.Context(), "es", id)
	require.NoError(w, err)
	text := ""
	for _, o := range ops {
		text += fmt.Sprintf("%s %s %s %s %q %d %s\n", o.Kind, o.ID, o.State, o.Code, o.Detail, o.Version, o.Updated)
		for _, a := range tries[o.ID] {
			text += fmt.Sprintf("    %s %s %q %s %s %s\n", a.Command, a.Code, a.Detail, a.RequestID, a.Started, a.Took)
		}
	}
	for _, m := range w.load(id).Movements {
		text += fmt.Sprintf("%s %s %s %s %s %s\n", m.Kind, m.Amount, m.Reference, m.Operation, m.Source, m.At)
	}
	for _, c := range w.server.Calls() {
		text += fmt.Sprintf("%d %s %s %s %s %d\n", c.Number, c.Time, c.Operation, c.Digest, c.Fault, c.Status)
	}
	return cut.ReplaceAllString(text, "before its end")
}

// cut is how a call that is given up is told: how much of a slow answer had come by
// then is the network's doing.
var cut = regexp.MustCompile(`before the answer( was complete \(status \d+\))?`)

// simulate runs one seed of the lying provider and returns its trace.
func simulate(t *testing.T, seed uint64) (trace string) {
	t.Helper()
	t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
		var ids atomic.Int64
		w := newPatientWorld(t, simulator.Rules{}, func(c *engine.Config, _ link) {
			c.NewID = func(prefix string) string { return fmt.Sprintf("%s_%d", prefix, ids.Add(1)) } // not by the test's name
		})
		w.server.Lie(w.hurry.lie(simulator.Liar(seed, 0.5)))
		_ = life(t.Context(), w.eng, shop{wait: func() { w.clock.Add((10 * time.Minute).Microseconds()); w.server.Advance(0) }})
		w.server.Lie(nil)
		w.converge()
		trace = w.trace("pay_1")
	})
	return trace
}

// E4: a run that failed can be looked at again, because it is the same run again:
// every attempt, every state and every movement, to the microsecond.
func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	t.Parallel()
	seen := map[string]uint64{}
	for seed := uint64(1); seed <= 20; seed++ {
		first := simulate(t, seed)
		require.Contains(t, first, "authorize", "something was done")
		assert.Equal(t, first, simulate(t, seed), "seed %d", seed)
		assert.NotContains(t, seen, first, "seeds differ in what they do")
		seen[first] = seed
	}
}

package inbox_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// live makes a payment and lets things happen to it by chance: here, there, with
// answers that are lost.
func (w *world) live(key string, random *rand.Rand) gateway.PaymentID {
	w.Helper()
	p := w.Create(key)
	faults := []simulator.Fault{simulator.NoFault, simulator.NoFault, simulator.ResetAfter, simulator.WebhookFirst, simulator.ServerErrorAfter}
	fault := func(op simulator.Operation) { w.Provider.Next(op, faults[random.IntN(len(faults))]) }
	r := enginetest.Authorization(p, key)
	if random.IntN(2) == 0 {
		r.Instrument = &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenChallenge)}
	}
	fault(simulator.OpCreatePayment)
	_, _ = w.Engine.Authorize(w.Context(), r)
	all := w.Provider.Payments()
	theirs := all[len(all)-1]
	if theirs.Status == simulator.StatusActionRequired {
		require.NoError(w, w.Provider.CompleteChallenge(theirs.ID))
	}
	capture, err := w.Provider.CaptureInDashboard(theirs.ID, int64(100+random.IntN(200)), false)
	require.NoError(w, err)
	fault(simulator.OpCapture)
	_, _ = w.Engine.Capture(w.Context(), engine.Request{Store: enginetest.Store, Payment: p.ID, Key: key + "-ship", Provider: "sandbox", Amount: enginetest.EUR(int64(100 + random.IntN(200)))})
	if random.IntN(2) == 0 {
		_, err = w.Provider.RefundInDashboard(theirs.ID, 50)
		require.NoError(w, err)
	} else {
		require.NoError(w, w.Provider.ReverseCapture(capture.ID))
	}
	return p.ID
}

// Twenty-four lives by chance, their events in any order, thrice each: in the end
// both ledgers are equal, and nothing waits.
func TestWhateverTheProviderPostsBothLedgersAreEqual(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			// A third of them on PostgreSQL; a half answered before anything is applied.
			w := newWorld(t, option{postgres: seed%3 == 0, inbox: func(c *inbox.Config) { c.Defer = seed%2 == 1 }})
			random := rand.New(rand.NewPCG(seed, 1))
			var ids []gateway.PaymentID
			for n := range 2 {
				ids = append(ids, w.live(fmt.Sprint(n), random))
			}
			for _, code := range w.deliver(simulator.Shuffled(seed), 2) {
				assert.Equal(t, 200, code)
			}
			for range 12 {
				w.sweep()
				_, err := w.Engine.Resolve(t.Context(), 100)
				require.NoError(t, err)
				w.Advance(5 * time.Minute)
			}
			for _, id := range ids {
				w.equal(w.Payment(id))
				require.NoError(t, w.DB.View(t.Context(), func(tx *storage.Tx) error {
					odd, err := tx.Discrepancies(enginetest.Store, id)
					for _, d := range odd {
						assert.Fail(t, "a discrepancy", "%s: %s", d.Kind, d.Body)
					}
					return err
				}))
			}
			assert.Empty(t, w.items(storage.InboxReceived))
			assert.Empty(t, w.items(storage.InboxWaiting))
			assert.Empty(t, w.items(storage.InboxForeign))
		})
	}
}

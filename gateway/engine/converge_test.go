package engine_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// E6: a provider that lies for ten minutes of a payment's life and then tells the
// truth: how long until everything is settled, by the clock of the shop.
func TestWhatIsUnknownIsSettledSoonAfterTheFaultsStop(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var took []time.Duration
	t.Run("seeds", func(t *testing.T) {
		for seed := uint64(1); seed <= 40; seed++ {
			t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
				t.Parallel()
				w := newWorldWith(t, simulator.Rules{}, oneCard.configure(t))
				p := w.held("17")
				var lies []simulator.Fault
				for _, f := range simulator.Faults() {
					if f != simulator.SuccessThenReversed {
						lies = append(lies, f)
					}
				}
				w.server.Lie(w.hurry.lie(simulator.Liar(seed, 1, lies...)))
				_, _ = w.eng.Capture(t.Context(), w.request(p, "ship", amount(700)))
				for range 10 {
					w.later(time.Minute)
				}
				w.server.Lie(nil)
				since := w.db.Now()
				for range 48 * 60 {
					if len(w.open(p.ID)) == 0 {
						break
					}
					w.later(time.Minute)
				}
				assert.Empty(t, w.open(p.ID), w.story(p.ID))
				assert.Zero(t, w.unknown(), "nothing stays unknown")
				w.equal()
				mu.Lock()
				defer mu.Unlock()
				took = append(took, w.db.Now().Sub(since))
			})
		}
	})
	slices.Sort(took)
	t.Logf("settled after: half %s, 99%% %s, all %s", took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	assert.LessOrEqual(t, took[len(took)*99/100], 10*time.Minute)
}

// unknown returns how many operations of the store are unknown.
func (w *world) unknown() (n int) {
	w.Helper()
	assert.NoError(w, w.db.View(w.Context(), func(tx *storage.Tx) error {
		all, err := tx.OperationsWhere("es", storage.OperationQuery{States: []gateway.OperationState{gateway.StateUnknown}})
		n = len(all)
		return err
	}))
	return n
}

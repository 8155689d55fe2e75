package inbox_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

func deferred(c *inbox.Config) { c.Defer = true }

// A deferred event is acknowledged as soon as it is stored, without a word with
// the provider, and Run applies it at once, without waiting for its interval.
func TestADeferredEventIsStoredAnsweredAndThenApplied(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on, option{inbox: deferred})
		p := w.challenged("17")
		require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
		calls := len(w.Provider.Calls())
		for range 2 { // the second one comes before the first is applied
			for _, code := range w.deliver(nil, 1) {
				assert.Equal(t, 200, code)
			}
		}
		assert.Len(t, w.Provider.Calls(), calls, "nobody was asked yet")
		assert.Empty(t, w.items(storage.InboxDone))
		waiting := len(w.items(storage.InboxReceived))
		assert.Positive(t, waiting)

		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.box.Run(ctx, time.Hour) }()
		require.Eventually(t, func() bool { return len(w.items(storage.InboxDone)) == waiting }, 20*time.Second, time.Millisecond)
		assert.Equal(t, gateway.StateSucceeded, w.first(p.ID).State)
		w.equal(w.Payment(p.ID))

		_, err := w.Provider.CaptureInDashboard(p.Refs.Get("payment"), 400, false)
		require.NoError(t, err)
		for _, code := range w.deliver(nil, 0) {
			assert.Equal(t, 200, code)
		}
		require.Eventually(t, func() bool { return w.Payment(p.ID).Balances.Captured == enginetest.EUR(400) }, 20*time.Second, time.Millisecond, "a stored event wakes Run")
		cancel()
		require.NoError(t, <-done)
	})
}

// A duty comes before the acknowledgement even where everything else is deferred.
func TestADutyIsNeverDeferred(t *testing.T) {
	t.Parallel()
	passed := 0
	w := newWorld(t, option{inbox: deferred}, withGate(func(context.Context, inbox.Duty) error { passed++; return nil }))
	w.Paid("17")
	code, _ := w.post("es", w.bodies()[0])
	assert.Equal(t, 200, code)
	assert.Equal(t, 1, passed)
	assert.Len(t, w.items(storage.InboxDone), 1)
}

// Many events are applied side by side, each once, whoever sweeps.
func TestASweepWorksSideBySide(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on, option{inbox: func(c *inbox.Config) { c.Defer, c.Workers = true, 8 }})
		var all []gateway.Payment
		for n := range 12 {
			p := w.challenged(fmt.Sprint(n))
			require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
			_, err := w.Provider.CaptureInDashboard(p.Refs.Get("payment"), 300, false)
			require.NoError(t, err)
			_, err = w.Provider.RefundInDashboard(p.Refs.Get("payment"), 100)
			require.NoError(t, err)
			all = append(all, p)
		}
		w.deliver(nil, 0)
		stored := len(w.items(storage.InboxReceived))
		swept := make(chan int, 3)
		for range 3 {
			go func() {
				n, err := w.box.Sweep(t.Context(), 1000)
				assert.NoError(t, err)
				swept <- n
			}()
		}
		assert.Equal(t, stored, <-swept+<-swept+<-swept, "each one was worked on once")
		w.sweep()
		assert.Len(t, w.items(storage.InboxDone), stored)
		for _, p := range all {
			w.equal(w.Payment(p.ID))
			assert.Empty(t, w.odd(p.ID))
		}
	})
}

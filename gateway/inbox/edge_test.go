package inbox_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// What is for another account is not applied when an operator replays it either.
func TestAnotherAccountsEventIsNeverApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	events := w.Provider.Events()
	last := events[len(events)-1].ID
	_, err := w.Provider.DeliverForged(last, simulator.SignedForeignAccount)
	require.NoError(t, err)
	got, err := w.box.Replay(t.Context(), enginetest.Store, "sandbox", last)
	require.NoError(t, err)
	assert.Equal(t, storage.InboxForeign, got.State)
	assert.Equal(t, gateway.StateActionRequired, w.first(p.ID).State)
}

// An event that states another amount than the provider shows is a discrepancy by
// itself, though the truth is recorded.
func TestAnotherAmountIsADiscrepancy(t *testing.T) {
	t.Parallel()
	for _, forgery := range []simulator.Forgery{simulator.SignedWrongAmount, simulator.SignedWrongCurrency} {
		w := newWorld(t)
		p := w.challenged("17")
		require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
		events := w.Provider.Events()
		_, err := w.Provider.DeliverForged(events[len(events)-1].ID, forgery)
		require.NoError(t, err)
		assert.Equal(t, []string{"webhook"}, w.odd(p.ID), forgery)
		w.equal(w.Payment(p.ID))
		assert.Equal(t, gateway.StateSucceeded, w.first(p.ID).State)
	}
}

// While a capture of ours is open, an event of a capture waits: it may be that
// one's. When ours has ended it is booked as nobody's.
func TestAnEventWaitsForAnOperationOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	w.deliver(nil, 0)
	w.Provider.Next(simulator.OpCapture, simulator.RateLimited)
	_, err := w.Engine.Capture(t.Context(), engine.Request{Store: enginetest.Store, Payment: p.ID, Key: "more", Amount: enginetest.EUR(100)})
	require.ErrorIs(t, err, gateway.CodeRateLimited) // it is sent again later
	_, err = w.Provider.CaptureInDashboard(p.Refs.Get("payment"), 150, false)
	require.NoError(t, err)
	for _, code := range w.deliver(nil, 0) {
		assert.Equal(t, 200, code)
	}
	assert.Len(t, w.items(storage.InboxWaiting), 1)
	assert.Equal(t, enginetest.EUR(600), w.Payment(p.ID).Balances.Captured)
	for range 8 {
		w.Advance(time.Minute)
		_, err = w.Engine.Resolve(t.Context(), 100)
		require.NoError(t, err)
	}
	w.deliver(nil, 0)
	w.sweep()
	assert.Equal(t, enginetest.EUR(850), w.Payment(p.ID).Balances.Captured)
	w.equal(w.Payment(p.ID))
	assert.Empty(t, w.items(storage.InboxWaiting))
	assert.Empty(t, w.odd(p.ID))
}

// A body that says that it is encoded is refused, whatever it holds.
func TestAnEncodedBodyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Paid("17")
	for encoding, want := range map[string]int{"gzip": 400, "br": 400, "identity, gzip": 400, "identity": 200} {
		code, _ := w.post("es", w.bodies()[0], func(c *webhook.Call) { c.Header.Set("Content-Encoding", encoding) })
		assert.Equal(t, want, code, encoding)
	}
}

// The store comes from the route: a body that names another one changes nothing.
func TestTheBodyNamesNoStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Paid("17")
	body := bytes.Replace(w.bodies()[0], []byte(`{`), []byte(`{"store":"fr","store_id":"fr",`), 1)
	code, _ := w.post("es", body)
	assert.Equal(t, 200, code)
	all, err := w.box.List(t.Context(), "fr", storage.InboxWaiting, 0)
	require.NoError(t, err)
	assert.Empty(t, all)
	assert.Len(t, w.items(storage.InboxDone), 1)
}

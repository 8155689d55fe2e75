package inbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// challenged makes a payment whose shopper is at the bank.
func (w *world) challenged(key string) gateway.Payment {
	w.Helper()
	p := w.Create(key)
	r := enginetest.Authorization(p, key)
	r.Instrument = &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenChallenge)}
	got, err := w.Engine.Authorize(w.Context(), r)
	require.NoError(w, err)
	require.Equal(w, gateway.StateActionRequired, got.Operation.State)
	return got.Payment
}

func (w *world) first(id gateway.PaymentID) storage.Operation {
	w.Helper()
	ops, _, err := w.Engine.History(w.Context(), enginetest.Store, id)
	require.NoError(w, err)
	return ops[0]
}

// What the bank lets pass while the browser is gone reaches the ledger by the
// notification alone.
func TestANotificationEndsAChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	for _, code := range w.deliver(nil, 0) {
		assert.Equal(t, 200, code)
	}
	p = w.Payment(p.ID)
	assert.Equal(t, gateway.StateSucceeded, w.first(p.ID).State)
	assert.Equal(t, gateway.PaymentAuthorized, p.Status())
	w.equal(p)
	assert.Empty(t, w.items(storage.InboxReceived))
	assert.Empty(t, w.items(storage.InboxWaiting))
	assert.Empty(t, w.odd(p.ID))
}

func TestANotificationTellsADecline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.FailChallenge(p.Refs.Get("payment")))
	w.deliver(nil, 1)
	assert.NotEqual(t, gateway.StateSucceeded, w.first(p.ID).State)
	assert.Equal(t, gateway.CodeDeclined, w.first(p.ID).Code)
}

// What happens at the provider without a call of ours is booked: refunds in the
// dashboard, reversals, disputes.
func TestWhatHappensElsewhereIsBooked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	ref := p.Refs.Get("payment")
	_, err := w.Provider.RefundInDashboard(ref, 250)
	require.NoError(t, err)
	capture, err := w.Provider.CaptureInDashboard(ref, 100, false)
	require.NoError(t, err)
	require.NoError(t, w.Provider.ReverseCapture(capture.ID))
	dispute, err := w.Provider.Chargeback(ref, 200)
	require.NoError(t, err)
	require.NoError(t, w.Provider.ResolveDispute(dispute.ID, true))
	for _, code := range w.deliver(simulator.Reversed, 1) {
		assert.Equal(t, 200, code)
	}
	w.equal(w.Payment(p.ID))
	assert.Equal(t, enginetest.EUR(250), w.Payment(p.ID).Balances.Refunded)
	assert.Len(t, w.items(storage.InboxDone), len(w.Provider.Events()))
	assert.Empty(t, w.odd(p.ID))
}

// The notification comes before the answer of the call that it is about, and its
// payment is known by our own reference alone.
func TestANotificationBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Create("17")
	w.Provider.Next(simulator.OpCreatePayment, simulator.WebhookFirst)
	r, err := w.Engine.Authorize(t.Context(), enginetest.Authorization(p, "17"))
	require.NoError(t, err)
	assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
	w.sweep()
	p = w.Payment(p.ID)
	assert.Equal(t, enginetest.EUR(1000), p.Balances.Authorized)
	w.equal(p)
	assert.Len(t, w.items(storage.InboxDone), 1)
	assert.Empty(t, w.odd(p.ID))
}

// A call whose answer is lost is settled by its notification, and not twice.
func TestANotificationOfALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Create("17")
	w.Provider.Next(simulator.OpCreatePayment, simulator.ResetAfter)
	_, err := w.Engine.Authorize(t.Context(), enginetest.Authorization(p, "17"))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	w.deliver(nil, 2)
	w.sweep()
	p = w.Payment(p.ID)
	assert.Equal(t, gateway.StateSucceeded, w.first(p.ID).State)
	w.equal(p)
	assert.Len(t, w.Provider.Payments(), 1)
}

// An event whose payment is not known yet waits, is acknowledged, and is applied
// when the payment appears.
func TestAnEarlyEventIsAppliedWhenThePaymentAppears(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on)
		p := w.Paid("17") // in the ledger of es; store fr adopts it later
		body := w.bodies()[0]
		code, _ := w.post("fr", body)
		assert.Equal(t, 200, code, "it is acknowledged all the same")
		item, err := w.box.Item(t.Context(), "fr", "sandbox", w.Provider.Events()[0].ID)
		require.NoError(t, err)
		assert.Equal(t, storage.InboxWaiting, item.State)
		code, _ = w.post("fr", body)
		assert.Equal(t, 200, code)
		w.sweep()

		_, err = w.Provider.RefundInDashboard(p.Refs.Get("payment"), 100)
		require.NoError(t, err)
		n, err := w.Engine.Create(t.Context(), engine.NewPayment{Store: "fr", Key: "k", Amount: enginetest.EUR(1000)})
		require.NoError(t, err)
		require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error {
			return tx.AddRefs("fr", n.ID, gateway.Refs{{Owner: "sandbox", Name: "payment", Value: p.Refs.Get("payment")}})
		}))
		w.Advance(15 * time.Minute)
		w.sweep()
		item, err = w.box.Item(t.Context(), "fr", "sandbox", item.Event)
		require.NoError(t, err)
		assert.Equal(t, storage.InboxDone, item.State, item.Failure)
		got, err := w.Engine.Payment(t.Context(), "fr", n.ID)
		require.NoError(t, err)
		w.equal(got)
	})
}

// An event of nobody becomes foreign after the horizon, and stays acknowledged.
func TestAnEventOfNobodyBecomesForeign(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on)
		w.Paid("17")
		code, first := w.post("fr", w.bodies()[0])
		assert.Equal(t, 200, code)
		w.Advance(73 * time.Hour)
		w.sweep()
		all, err := w.box.List(t.Context(), "fr", storage.InboxForeign, 0)
		require.NoError(t, err)
		require.Len(t, all, 1)
		assert.True(t, all[0].Due.IsZero())
		code, again := w.post("fr", w.bodies()[0])
		assert.Equal(t, 200, code)
		assert.Equal(t, first, again)

		got, err := w.box.Replay(t.Context(), "fr", "sandbox", all[0].Event)
		require.NoError(t, err)
		assert.Equal(t, storage.InboxForeign, got.State, "nobody knows it still")
	})
}

// W4: what is sent again after a minute, a day or 29 days is answered with the same
// success and changes nothing.
func TestW4AReplayChangesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on)
		p := w.challenged("17")
		require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
		w.deliver(nil, 0)
		_, err := w.Engine.Capture(t.Context(), engine.Request{Store: enginetest.Store, Payment: p.ID, Key: "ship", All: true, Final: true})
		require.NoError(t, err) // a hold would expire meanwhile
		w.deliver(nil, 0)
		p = w.Payment(p.ID)
		told, done := w.told(p.ID), w.items(storage.InboxDone)
		_, answer := w.post("es", w.bodies()[0])
		for _, later := range []time.Duration{time.Minute, 24 * time.Hour, 28 * 24 * time.Hour} {
			w.Advance(later)
			pruned, err := w.box.Prune(t.Context())
			require.NoError(t, err)
			assert.Zero(t, pruned)
			calls := len(w.Provider.Calls())
			for _, body := range w.bodies() {
				code, text := w.post("es", body)
				assert.Equal(t, 200, code)
				assert.Equal(t, answer, text)
			}
			assert.Len(t, w.Provider.Calls(), calls, "nobody is asked again")
			now := w.Payment(p.ID)
			assert.Equal(t, p.Version, now.Version)
			assert.Equal(t, told, w.told(p.ID))
			assert.Equal(t, done, w.items(storage.InboxDone))
		}
		w.Advance(10 * 24 * time.Hour)
		pruned, err := w.box.Prune(t.Context())
		require.NoError(t, err)
		assert.Equal(t, int64(len(done)), pruned)
		for _, body := range w.bodies() { // forgotten, and still without an effect
			code, _ := w.post("es", body)
			assert.Equal(t, 200, code)
		}
		assert.Equal(t, told, w.told(p.ID))
	})
}

func TestAnOperatorReplaysAnEvent(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on)
		p := w.Paid("17")
		w.deliver(nil, 0)
		all, err := w.box.Of(t.Context(), enginetest.Store, p.ID)
		require.NoError(t, err)
		require.NotEmpty(t, all)
		told := w.told(p.ID)
		for _, item := range all {
			got, err := w.box.Replay(t.Context(), item.Store, item.Provider, item.Event)
			require.NoError(t, err)
			assert.Equal(t, storage.InboxDone, got.State)
		}
		assert.Equal(t, told, w.told(p.ID))
		_, err = w.box.Replay(t.Context(), "es", "sandbox", "nobody")
		require.ErrorIs(t, err, gateway.CodeNotFound)
		_, err = w.box.Item(t.Context(), "es", "sandbox", "nobody")
		require.ErrorIs(t, err, gateway.CodeNotFound)
	})
}

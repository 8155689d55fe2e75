package outbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// shop returns an engine over the world's storage, with a real provider.
func (w *world) shop() *engine.Engine {
	w.Helper()
	server, err := simulator.Start(simulator.Config{Clock: w.clock.Now, ManualWebhooks: true})
	require.NoError(w, err)
	w.Cleanup(func() { assert.NoError(w, server.Close()) })
	api, err := sandbox.New(sandbox.Config{
		BaseURL: server.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)}), HTTP: client.Config{Timeout: 10 * time.Second},
	})
	require.NoError(w, err)
	pools, err := command.Assemble(api.Provider())
	require.NoError(w, err)
	w.Cleanup(func() { assert.NoError(w, pools.Close(context.Background())) })
	eng, err := engine.New(engine.Config{Pools: pools, Storage: w.db})
	require.NoError(w, err)
	return eng
}

// The engine's own events, from the transaction that moved the money to the
// receiver: with a clock that stands still only their identifiers order them.
func TestWhatTheEngineRecordsReachesAReceiverInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, status(http.StatusOK))
	d := w.one(webhook(t, r))
	eng := w.shop()
	p, err := eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: "order-17", Amount: gateway.Minor(1000, "EUR"), Order: &gateway.Order{Number: "17", Description: "canary"}})
	require.NoError(t, err)
	card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
	_, err = eng.Authorize(t.Context(), engine.Request{Store: "es", Payment: p.ID, Provider: "sandbox", Key: "auth", All: true, Instrument: card})
	require.NoError(t, err)
	_, err = eng.Capture(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "ship", Amount: gateway.Minor(600, "EUR")})
	require.NoError(t, err)
	assert.Equal(t, 4, w.once(d))
	var kinds []string
	for _, got := range r.requests() {
		var body struct {
			Type string
			Data struct {
				Store   gateway.StoreID
				Payment gateway.PaymentID
				Body    json.RawMessage
			}
		}
		require.NoError(t, json.Unmarshal(got.body, &body))
		kinds = append(kinds, body.Type)
		assert.Equal(t, gateway.StoreID("es"), body.Data.Store)
		assert.Equal(t, p.ID, body.Data.Payment)
		assert.NotContains(t, string(got.body), "canary")
		if body.Type == "money.capture" {
			var m engine.MoneyTold
			require.NoError(t, json.Unmarshal(body.Data.Body, &m))
			assert.Equal(t, gateway.Minor(600, "EUR"), m.Amount)
			assert.True(t, m.Partial)
		}
	}
	assert.Equal(t, []string{"money.hold", "operation.succeeded", "money.capture", "operation.succeeded"}, kinds)
}

func TestRunRemovesWhatEverybodyWasToldLongAgo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var well recorder
	b := newBroken(errNo)
	subscribers := []outbox.Subscriber{{Name: "well", Handler: &well}, {Name: "broken", Kinds: []string{"kept"}, Handler: b}}
	d := w.dispatcher(subscribers, func(c *outbox.Config) { c.Retention, c.Poll = 24*time.Hour, time.Hour })
	for range 300 { // more than one batch
		w.tell("p", "e")
	}
	w.tell("q", "kept")
	w.once(d)
	w.clock.Advance(25 * time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	wait := background(func() { assert.NoError(t, d.Run(ctx)) })
	assert.Eventually(t, func() bool { return len(w.kept(d)) == 1 }, 30*time.Second, time.Millisecond)
	stop()
	wait()
	assert.Equal(t, []string{"kept"}, w.kept(d), "what somebody was not told stays")
}

// kept returns the kinds of the events that are kept.
func (w *world) kept(d *outbox.Dispatcher) (kinds []string) {
	seen := map[string]bool{}
	all, err := d.Deliveries(w.Context(), everything)
	assert.NoError(w, err)
	for _, one := range all {
		if !seen[one.Event.ID] {
			seen[one.Event.ID] = true
			kinds = append(kinds, one.Event.Kind)
		}
	}
	return kinds
}

// H1: an application's functions hear what happened to a payment, with the payment.
func TestH1PaymentHooksHearWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	eng := w.shop()
	var heard []string
	say := func(what string) func(context.Context, gateway.Payment, outbox.Event) error {
		return func(_ context.Context, p gateway.Payment, e outbox.Event) error {
			heard = append(heard, what)
			assert.Equal(t, e.Payment, p.ID)
			return nil
		}
	}
	hooks := outbox.PaymentHooks{DB: w.db, Authorized: say("authorized"), Captured: say("captured"), Refunded: say("refunded"), Voided: say("voided"), Failed: say("failed"), ActionRequired: say("action")}
	d := w.dispatcher([]outbox.Subscriber{hooks.Subscriber("shop")})
	pay := func(key, token string) gateway.Payment {
		p, err := eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: key, Amount: gateway.Minor(1000, "EUR")})
		require.NoError(t, err)
		_, _ = eng.Authorize(t.Context(), engine.Request{Store: "es", Payment: p.ID, Provider: "sandbox", Key: key + "-auth", All: true, Instrument: &gateway.Instrument{Token: gateway.NewSecret(token)}, ReturnURL: "https://shop.example/return"})
		return p
	}
	p := pay("a", simulator.TokenOK)
	for _, do := range []func() (engine.Result, error){
		func() (engine.Result, error) {
			return eng.Capture(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "ship", Amount: gateway.Minor(600, "EUR")})
		},
		func() (engine.Result, error) {
			return eng.Refund(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "back", Amount: gateway.Minor(100, "EUR")})
		},
		func() (engine.Result, error) {
			return eng.Void(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "void"})
		},
	} {
		_, err := do()
		require.NoError(t, err)
	}
	w.once(d)
	assert.Equal(t, []string{"authorized", "captured", "refunded", "voided"}, heard)
	heard = nil
	pay("b", simulator.TokenChallenge)
	w.once(d)
	assert.Equal(t, []string{"action"}, heard)
}

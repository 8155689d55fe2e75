package operator_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// inbox gives the world an inbox that the provider posts to, and to the operator.
func (w *world) inbox() *inbox.Inbox {
	w.Helper()
	keys := sandbox.WebhookConfig{
		Keys:   tenant.Single(sandbox.WebhookKeys{Secrets: []gateway.Secret{gateway.NewSecret(simulator.DefaultWebhookSecret)}}),
		Window: webhook.Window{Now: w.Now},
	}
	box, err := inbox.New(inbox.Config{Storage: w.DB, Engine: w.Engine, Receivers: map[string]webhook.Receiver{"sandbox": sandbox.Webhook(keys)}})
	require.NoError(w, err)
	server := httptest.NewServer(http.HandlerFunc(box.Handler().ServeHTTP))
	w.Cleanup(server.Close)
	w.Cleanup(box.Wait)
	require.NoError(w, w.Provider.SetWebhook(simulator.DefaultAccount, server.URL+"/webhooks/sandbox/"+string(enginetest.Store), simulator.DefaultWebhookSecret))
	w.cfg.Inbox = box
	return box
}

func TestNotificationsAreListedShownAndReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inbox()
	p := w.Paid("17")
	mine, err := w.Provider.Payment(p.Refs.Get("payment"))
	require.NoError(t, err)
	_, err = w.Provider.DeliverAll(nil, 0)
	require.NoError(t, err)
	event := w.Provider.Events()[0].ID

	out, code := w.run("inbox")
	assert.Zero(t, code, out)
	assert.Contains(t, out, "0 notifications", "all of them have ended")
	out, code = w.run("inbox", "-payment", string(p.ID))
	assert.Zero(t, code, out)
	assert.Contains(t, out, event+" done: payment.authorized of "+string(p.ID))
	out, _ = w.run("inbox", "-payment", string(p.ID), "-state", "foreign")
	assert.Contains(t, out, "0 notifications")
	out, code = w.run("inbox", "-json", "-state", "done", "-limit", "1")
	assert.Zero(t, code, out)
	var listed struct {
		Notifications []struct {
			Provider, Event, State string
			Payment                gateway.PaymentID
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &listed))
	require.Len(t, listed.Notifications, 1)
	assert.Equal(t, p.ID, listed.Notifications[0].Payment)
	assert.NotContains(t, out, mine.ID, "what it said is not shown")

	out, code = w.run("inbox", "show", "sandbox", event)
	assert.Zero(t, code, out)
	assert.Contains(t, out, "done")
	out, code = w.run("inbox", "replay", "sandbox", event)
	assert.Zero(t, code, out)
	assert.Contains(t, out, "done")
	assert.Equal(t, p.Movements, w.Payment(p.ID).Movements, "a replay of what is recorded books nothing")

	// One of a payment that is not known yet waits, and a replay says that it waits still.
	w.cfg.Store = "fr"
	require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error {
		_, _, err := tx.InsertInbox(storage.Told{Item: storage.InboxItem{
			Store: "fr", Provider: "sandbox", Event: "evt_early", Kind: "payment.captured", State: storage.InboxGating, Gate: storage.GateNeeded, Body: json.RawMessage(`{}`),
		}})
		return err
	}))
	out, code = w.run("inbox")
	assert.Zero(t, code, out)
	assert.Contains(t, out, "evt_early gating, its duty needed")
	out, _ = w.run("inbox", "show", "sandbox", "evt_early")
	assert.Contains(t, out, "taken up when sandbox sends it again")
	w.Advance(time.Hour)
	out, code = w.run("doctor")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "FAIL notifications: 1 open, 1 of them")
	out, code = w.run("inbox", "replay", "sandbox", "evt_early")
	assert.Equal(t, 1, code, out)
	assert.Contains(t, out, "not_found after 1 tries")

	for _, args := range [][]string{
		{"inbox", "show", "sandbox"},
		{"inbox", "show", "sandbox", "nobody"},
		{"inbox", "drop", "sandbox", event},
		{"inbox", "-state", "odd"},
		{"inbox", "show", "sandbox", event, "more"},
	} {
		_, code := w.run(args...)
		assert.Equal(t, 2, code, "%v", args)
	}
	w.cfg.Inbox = nil
	out, code = w.run("inbox", "replay", "sandbox", event)
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "operator.Config.Inbox")
}

func TestDeliveriesAreListedRetriedAndSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := true
	d, err := outbox.New(outbox.Config{Storage: w.DB, Subscribers: []outbox.Subscriber{{Name: "mail", Kinds: []string{"money.*"}, Handler: outbox.Func(func(context.Context, outbox.Event) error {
		if broken {
			return outbox.Permanent(errors.New("the post office is closed"))
		}
		return nil
	})}}})
	require.NoError(t, err)
	require.NoError(t, d.Register(t.Context()))
	p := w.Paid("17")
	tell := func() {
		_, err := d.Once(t.Context())
		require.NoError(t, err)
	}
	tell()
	out, code := w.run("deliveries")
	assert.Equal(t, 1, code, "something is parked: %s", out)
	assert.Contains(t, out, "mail: ")
	assert.Contains(t, out, "parked to mail: ")
	assert.Contains(t, out, "the post office is closed")
	out, code = w.run("doctor")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "FAIL deliveries: mail: ")

	out, code = w.run("deliveries", "-json", "-payment", string(p.ID))
	assert.Equal(t, 1, code)
	var listed struct {
		Subscribers []struct{ Parked int64 }
		Deliveries  []struct{ Event, State string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &listed))
	require.Len(t, listed.Deliveries, 2, "the hold, and the capture that waits for it to be told")
	require.Len(t, listed.Subscribers, 1)
	assert.Equal(t, int64(1), listed.Subscribers[0].Parked)

	tell()
	_, code = w.run("deliveries", "retry", "mail")
	assert.Zero(t, code)
	tell()
	_, code = w.run("deliveries", "retry", "mail", listed.Deliveries[0].Event)
	assert.Zero(t, code)
	tell()
	out, code = w.run("deliveries", "skip", "mail", listed.Deliveries[0].Event)
	assert.Zero(t, code, out)
	broken = false
	tell()
	out, code = w.run("deliveries", "-state", "delivered")
	assert.Zero(t, code, out)
	assert.Contains(t, out, listed.Deliveries[1].Event)
	assert.NotContains(t, out, listed.Deliveries[0].Event)

	out, code = w.run("deliveries", "-why", "their server moves", "park", "mail")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "their server moves")
	_, err = w.Engine.Refund(t.Context(), engine.Request{Store: enginetest.Store, Payment: p.ID, Key: "back", Amount: enginetest.EUR(1)})
	require.NoError(t, err)
	_, code = w.run("deliveries", "resume", "mail")
	assert.Zero(t, code)
	tell()
	out, code = w.run("deliveries", "-subscriber", "mail", "-state", "pending")
	assert.Zero(t, code)
	assert.Contains(t, out, "0 deliveries")

	for _, args := range [][]string{
		{"deliveries", "retry"},
		{"deliveries", "retry", "mail", "nothing"},
		{"deliveries", "skip", "mail"},
		{"deliveries", "skip", "mail", "nothing"},
		{"deliveries", "park", "mail", "more"},
		{"deliveries", "park", "nobody"},
		{"deliveries", "burn", "mail"},
		{"deliveries", "-state", "odd"},
	} {
		out, code := w.run(args...)
		assert.Equal(t, 2, code, "%v: %s", args, out)
	}
}

package inbox_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook/webhooktest"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// rows counts everything that notifications could have written.
func (w *world) rows() (n int) {
	w.Helper()
	require.NoError(w, w.DB.View(w.Context(), func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		for _, table := range []string{"inbox", "movement", "outbox", "discrepancy", "ref", "attempt", "operation"} {
			one := 0
			if err := q.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&one); err != nil {
				return err
			}
			n += one
		}
		return nil
	}))
	return n
}

// W1: forgeries over HTTP are all refused, and write nothing.
func TestW1AForgeryWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(w.Provider.Payments()[0].ID))
	bodies := w.bodies()
	before := w.rows()
	honest := webhook.Call{Store: "es", Header: http.Header{"Content-Type": {"application/json"}}, Body: bodies[len(bodies)-1]}
	when := w.Now()
	sign := func(secret string, at time.Time, c *webhook.Call) error {
		return webhook.Timestamped{Secrets: webhook.Fixed(gateway.NewSecret(secret)), Header: sandbox.SignatureHeader, Window: webhook.Window{Now: func() time.Time { return at }}}.Sign(t.Context(), c)
	}
	require.NoError(t, sign(simulator.DefaultWebhookSecret, when, &honest))
	attacks := webhooktest.Attacks(webhooktest.Scheme{
		Headers: []string{sandbox.SignatureHeader}, Sign: sign, Secret: simulator.DefaultWebhookSecret, Foreign: []string{"sandbox_webhook_secret_2"}, Body: true, Tolerance: webhook.DefaultTolerance,
	}, honest, when)
	assert.Greater(t, len(attacks), 60)
	for _, a := range attacks {
		if v := a.Call.Header.Get(sandbox.SignatureHeader); strings.TrimSpace(v) == honest.Header.Get(sandbox.SignatureHeader) && bytes.Equal(a.Call.Body, honest.Body) && len(a.Call.Header.Values(sandbox.SignatureHeader)) == 1 {
			continue // HTTP takes the spaces around a header away
		}
		r, err := a.Call.Request(t.Context(), w.url+"/webhooks/sandbox/es")
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			continue // no client sends such a header
		}
		require.NoError(t, resp.Body.Close())
		assert.Contains(t, []int{400, 401}, resp.StatusCode, "%s", a)
	}
	for _, forgery := range simulator.Forgeries() {
		if strings.HasPrefix(string(forgery), "signed_") {
			continue
		}
		d, err := w.Provider.DeliverForged(w.Provider.Events()[0].ID, forgery)
		require.NoError(t, err)
		assert.Equal(t, 401, d.Status, forgery)
	}
	assert.Equal(t, before, w.rows(), "nothing was written")
	code, _ := w.send(honest, "/webhooks/sandbox/es")
	assert.Equal(t, 200, code, "the honest one is taken")
	assert.NotContains(t, w.log.String(), simulator.DefaultWebhookSecret)
}

// W5: what is signed and wrong is never applied: the provider is asked, and what
// it was said to state is a discrepancy.
func TestW5WhatIsSignedAndWrongIsNeverApplied(t *testing.T) {
	t.Parallel()
	for _, forgery := range []simulator.Forgery{simulator.SignedWrongAmount, simulator.SignedWrongCurrency, simulator.SignedForeignPayment, simulator.SignedForeignAccount} {
		for _, first := range []bool{true, false} {
			name := string(forgery)
			if first {
				name += ", before the true one"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				p := w.Paid("17")
				event := w.Provider.Events()[1].ID
				if !first {
					w.deliver(nil, 0)
				}
				d, err := w.Provider.DeliverForged(event, forgery)
				require.NoError(t, err)
				assert.Equal(t, 200, d.Status)
				w.deliver(nil, 0)
				w.sweep()
				w.Advance(73 * time.Hour)
				w.sweep()
				got := w.Payment(p.ID)
				assert.Equal(t, p.Balances, got.Balances)
				assert.Equal(t, p.Movements, got.Movements)
				odd := w.odd(p.ID)
				if forgery == simulator.SignedForeignAccount {
					if first {
						assert.Equal(t, "another account", w.items(storage.InboxForeign)[0].Failure)
						return
					}
				}
				assert.NotEmpty(t, odd)
				for _, kind := range odd {
					assert.Equal(t, "webhook", kind)
				}
			})
		}
	}
}

// W5 of a provider that cannot be asked: an amount that was not asked for waits
// for a person.
func TestW5NobodyCanBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	box, err := inbox.New(inbox.Config{Storage: w.DB, Engine: w.unasked(), Receivers: map[string]webhook.Receiver{"sandbox": sandbox.Webhook(w.keys)}})
	require.NoError(t, err)
	w.mount(box.Handler())
	events := w.Provider.Events()
	last := events[len(events)-1].ID
	for _, forgery := range []simulator.Forgery{simulator.SignedWrongAmount, simulator.SignedWrongCurrency} {
		d, err := w.Provider.DeliverForged(last, forgery)
		require.NoError(t, err)
		assert.Equal(t, 200, d.Status)
		got := w.Payment(p.ID)
		assert.Empty(t, got.Movements)
		assert.NotEmpty(t, w.odd(p.ID))
		assert.Equal(t, gateway.StateActionRequired, w.first(p.ID).State)
	}
}

// An event that names two payments of ours is applied to neither.
func TestAnEventThatNamesTwoPaymentsIsAppliedToNeither(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.Paid("1"), w.Paid("2")
	mixed := bytes.ReplaceAll(w.bodies()[0], []byte(one.Refs.Get("payment")), []byte(two.Refs.Get("payment")))
	code, _ := w.post("es", mixed)
	assert.Equal(t, 200, code)
	assert.Equal(t, one.Version, w.Payment(one.ID).Version)
	assert.Equal(t, two.Version, w.Payment(two.ID).Version)
	assert.Len(t, append(w.odd(one.ID), w.odd(two.ID)...), 1)
}

// Nothing secret and no body is written or logged.
func TestNothingSecretIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Paid("17")
	body := bytes.Replace(w.bodies()[0], []byte(`{`), []byte(`{"note":"`+enginetest.Canary+`",`), 1)
	code, _ := w.post("es", body)
	assert.Equal(t, 200, code)
	code, _ = w.post("es", append(body, enginetest.Canary...))
	assert.Equal(t, 400, code)
	code, _ = w.post("es", []byte(`{"id":"x","account":"a","type":"`+enginetest.Canary+`","data":{"payment":{"id":"p"}}}`))
	assert.Equal(t, 501, code)
	for _, item := range w.items(storage.InboxDone) {
		raw, err := json.Marshal(item)
		require.NoError(t, err)
		assert.NotContains(t, string(raw), enginetest.Canary)
	}
	assert.NotContains(t, w.log.String(), enginetest.Canary)
	assert.NotContains(t, w.log.String(), simulator.DefaultWebhookSecret)
}

package outbox_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Signing keys of 24 bytes; the canary in them must be seen nowhere.
const (
	oldSecret = "whsec_Y2FuYXJ5LW9sZC1zZWNyZXQtMDEyMzQ1"
	newSecret = "Y2FuYXJ5LW5ldy1zZWNyZXQtMDEyMzQ1"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

// request is what a receiver got.
type request struct {
	header http.Header
	body   []byte
	path   string
}

// receiver is a real HTTPS server that answers what it is told to.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex
	got    []request
	answer http.HandlerFunc
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		assert.NoError(t, err)
		r.mu.Lock()
		r.got = append(r.got, request{q.Header, body, q.URL.Path})
		answer := r.answer
		r.mu.Unlock()
		answer(w, q)
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]request{}, r.got...)
}

func (r *receiver) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	return pool
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// webhook returns a webhook to a receiver.
func webhook(t *testing.T, r *receiver, change ...func(c *outbox.WebhookConfig)) *outbox.Webhook {
	t.Helper()
	cfg := outbox.WebhookConfig{URL: r.URL + "/hook", Secrets: []gateway.Secret{gateway.NewSecret(oldSecret)}, AllowPrefixes: loopback, RootCAs: r.roots()}
	for _, c := range change {
		c(&cfg)
	}
	w, err := outbox.NewWebhook(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	return w
}

func anEvent() outbox.Event {
	return outbox.Event{
		ID: "ev", Delivery: "msg_1", Store: "es", Payment: "pay_1", Kind: "money.capture", Body: json.RawMessage(`{"amount": "10.00", "note": "<&>"}`),
		Created: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC), Try: 1,
	}
}

func TestAWebhookIsSignedSoThatTheStandardLibraryOfReceiversTakesIt(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, status(http.StatusNoContent))
	w := webhook(t, r, func(c *outbox.WebhookConfig) {
		c.Secrets = []gateway.Secret{gateway.NewSecret(newSecret), gateway.NewSecret(oldSecret)}
	})
	require.NoError(t, w.Handle(t.Context(), anEvent()))
	got := r.requests()
	require.Len(t, got, 1)
	assert.Equal(t, "/hook", got[0].path)
	assert.Equal(t, "msg_1", got[0].header.Get("Webhook-Id"))
	assert.Equal(t, "application/json", got[0].header.Get("Content-Type"))
	assert.Len(t, strings.Fields(got[0].header.Get("Webhook-Signature")), 2, "one for each secret while one is rotated")
	for _, secret := range []string{oldSecret, newSecret} {
		verifier, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		require.NoError(t, verifier.Verify(got[0].body, got[0].header))
		require.Error(t, verifier.Verify(append(got[0].body, ' '), got[0].header))
	}
	other, err := standardwebhooks.NewWebhook("b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC0w")
	require.NoError(t, err)
	require.Error(t, other.Verify(got[0].body, got[0].header))
	assert.Equal(t, `{"type":"money.capture","timestamp":"2026-03-01T12:00:00.123456Z","data":{"store":"es","payment":"pay_1","body":{"amount":"10.00","note":"\u003c\u0026\u003e"}}}`, string(got[0].body))
}

func TestEveryTryOfAWebhookHasTheSameIdentityAndBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, status(http.StatusInternalServerError))
	hook := webhook(t, r, func(c *outbox.WebhookConfig) { c.Now = w.clock.Now })
	d := w.dispatcher([]outbox.Subscriber{{Name: "one", Handler: hook}, {Name: "two", Handler: hook}})
	w.tell("p", "e")
	w.once(d)
	w.clock.Advance(2 * time.Minute)
	r.answers(status(http.StatusOK))
	w.once(d)
	ids, times := map[string]int{}, map[string]int{}
	for _, got := range r.requests() {
		ids[got.header.Get("Webhook-Id")]++
		times[got.header.Get("Webhook-Timestamp")]++
		assert.Equal(t, r.requests()[0].body, got.body)
	}
	assert.Len(t, ids, 2, "one for each subscriber")
	for _, n := range ids {
		assert.Equal(t, 2, n)
	}
	assert.Len(t, times, 2, "the time is that of the try, so that receivers may refuse what is old")
	for _, one := range w.deliveries(d, storage.DeliveryQuery{}) {
		assert.Equal(t, storage.DeliveryDelivered, one.State)
	}
}

func TestOnlyA2xxAcknowledgesAWebhook(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, status(http.StatusOK))
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	hook := webhook(t, r, func(c *outbox.WebhookConfig) { c.Now = func() time.Time { return now } })
	for code, want := range map[int]gateway.Code{
		200: "", 201: "", 204: "", 299: "",
		301: gateway.CodeUnavailable, 302: gateway.CodeUnavailable, 304: gateway.CodeUnavailable, 307: gateway.CodeUnavailable, 400: gateway.CodeUnavailable,
		401: gateway.CodeUnavailable, 404: gateway.CodeUnavailable, 410: gateway.CodeUnavailable, 429: gateway.CodeRateLimited,
		500: gateway.CodeUnavailable, 503: gateway.CodeUnavailable,
	} {
		r.answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", r.URL+"/elsewhere")
			w.WriteHeader(code)
		})
		assert.Equal(t, want, gateway.CodeOf(hook.Handle(t.Context(), anEvent())), code)
	}
	for _, got := range r.requests() {
		assert.Equal(t, "/hook", got.path, "no redirect is followed")
	}
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second, "0": 0, "-5": 0, "soon": 0, "": 0, "999999999999999999": time.Hour, "86400": time.Hour,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0, "Mon, 01 Mar 2027 12:00:00 GMT": time.Hour,
	} {
		r.answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		assert.Equal(t, want, gateway.AsError(hook.Handle(t.Context(), anEvent()), "").RetryAfter, value)
	}
}

func TestAnEndpointThatIsGoneIsParkedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, status(http.StatusGone))
	d := w.one(webhook(t, r), func(c *outbox.Config) { c.Workers = 1 })
	w.tell("p", "e1")
	w.tell("q", "e2")
	assert.Equal(t, 1, w.once(d))
	w.clock.Advance(24 * time.Hour)
	assert.Zero(t, w.once(d))
	backlogs, err := d.Backlogs(t.Context())
	require.NoError(t, err)
	assert.False(t, backlogs[0].Subscription.Parked.IsZero())
	assert.Contains(t, backlogs[0].Failure, "410")
	r.answers(status(http.StatusOK))
	require.NoError(t, d.Resume(t.Context(), "one"))
	assert.Equal(t, 2, w.once(d))
}

func TestAnEndpointThatDoesNotAnswerIsNotWaitedForAndABodyIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	r := newReceiver(t, func(_ http.ResponseWriter, q *http.Request) {
		select {
		case <-q.Context().Done():
		case <-release:
		}
	})
	t.Cleanup(func() { close(release) })
	hook := webhook(t, r, func(c *outbox.WebhookConfig) { c.Timeout = 100 * time.Millisecond })
	err := hook.Handle(t.Context(), anEvent())
	require.ErrorIs(t, err, gateway.CodeUnavailable)
	require.ErrorContains(t, err, "in time")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, hook.Handle(ctx, anEvent()), "not waited for")

	var written atomic.Int64
	endless := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
		for q.Context().Err() == nil {
			n, err := w.Write(make([]byte, 4096))
			if written.Add(int64(n)); err != nil {
				return
			}
		}
	})
	short := webhook(t, endless, func(c *outbox.WebhookConfig) { c.Timeout = 3 * time.Second })
	require.NoError(t, short.Handle(t.Context(), anEvent()), "what it writes is of no interest")
	assert.Less(t, written.Load(), int64(32<<20), "the rest is not even read")
}

func TestAnEndpointThatCannotBeTrustedOrReachedGetsNothing(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, status(http.StatusOK))
	untrusted := webhook(t, r, func(c *outbox.WebhookConfig) { c.RootCAs = x509.NewCertPool() })
	require.ErrorContains(t, untrusted.Handle(t.Context(), anEvent()), "certificate")
	plain := httptest.NewUnstartedServer(status(http.StatusOK))
	plain.Config.ErrorLog = log.New(io.Discard, "", 0)
	plain.Start()
	defer plain.Close()
	speaksNoTLS := webhook(t, r, func(c *outbox.WebhookConfig) { c.URL = strings.Replace(plain.URL, "http:", "https:", 1) })
	require.ErrorIs(t, speaksNoTLS.Handle(t.Context(), anEvent()), gateway.CodeUnavailable)
	assert.Empty(t, r.requests())
	gone := webhook(t, r)
	r.Close()
	require.ErrorContains(t, gone.Handle(t.Context(), anEvent()), "could not be reached")
	e := anEvent()
	e.Body = json.RawMessage(`{"canary`)
	err := gone.Handle(t.Context(), e)
	require.ErrorIs(t, err, gateway.CodeInternal)
	assert.NotContains(t, err.Error(), "canary")
}

func TestAWebhookThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	good := []gateway.Secret{gateway.NewSecret(oldSecret)}
	for name, cfg := range map[string]outbox.WebhookConfig{
		"no URL":          {Secrets: good},
		"no secret":       {URL: "https://example.com"},
		"an empty secret": {URL: "https://example.com", Secrets: []gateway.Secret{{}}},
		"a short secret":  {URL: "https://example.com", Secrets: []gateway.Secret{gateway.NewSecret("whsec_Y2FuYXJ5")}},
		"a long secret":   {URL: "https://example.com", Secrets: []gateway.Secret{gateway.NewSecret(strings.Repeat("Y2FuYXJ5", 20))}},
		"no base64":       {URL: "https://example.com", Secrets: []gateway.Secret{good[0], gateway.NewSecret("canary-canary-canary-canary-canary!")}},
		"a negative time": {URL: "https://example.com", Secrets: good, Timeout: -1},
	} {
		_, err := outbox.NewWebhook(cfg)
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), "canary", name)
	}
}

package client_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// grudging answers the first request of a connection, and closes it when it has read the second.
func grudging(t *testing.T) *clienttest.Faults {
	t.Helper()
	return clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		if c.Request() != nil {
			c.Send(ok(`{}`))
			c.Request()
		}
	})
}

// net/http repeats a request whose kept connection dies, when it thinks that
// this is harmless: with an Idempotency-Key it thinks so of a charge.
func TestALostAnswerIsNeverResentByTheTransport(t *testing.T) {
	t.Parallel()
	for _, try := range []struct{ method, body, key string }{
		{http.MethodPost, `{"amount":1000}`, "Idempotency-Key"},
		{http.MethodPost, `{"amount":1000}`, "X-Idempotency-Key"},
		{http.MethodPost, "", "Idempotency-Key"},
		{http.MethodDelete, "", "X-Idempotency-Key"},
		{http.MethodPut, "{}", "Idempotency-Key"},
		{http.MethodGet, "", "X-Other"},
		{http.MethodHead, "", "X-Other"},
		{http.MethodOptions, "", "X-Other"},
	} {
		t.Run(try.method+" "+try.key+" "+try.body, func(t *testing.T) {
			t.Parallel()
			f := grudging(t)
			h := open(t, client.Config{})
			place(t, h, post(t, f.URL()+"/first", "{}"))

			second := to(t, try.method, f.URL()+"/second", try.body)
			second.Header.Set(try.key, "key-1")
			e := refusal(t.Context(), t, h, second, gateway.CodeIndeterminate)
			assert.Contains(t, e.Detail, "before the answer")
			assert.Len(t, f.Requests(), 2, "the second was sent more than once")
			assert.Equal(t, 1, f.Conns())
		})
	}
}

// The control of the test above: this is what would happen.
func TestNetHTTPResendsWhatHasAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	f := grudging(t)
	own := &http.Transport{}
	defer own.CloseIdleConnections()
	for _, path := range []string{"/first", "/second"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL()+path, nil)
		require.NoError(t, err)
		r.Header.Set("Idempotency-Key", "key-1")
		resp, err := (&http.Client{Transport: own}).Do(r)
		require.NoError(t, err, "net/http has changed: see whether the guards are still needed")
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	assert.Len(t, f.Requests(), 3)
}

func TestAConnectionClosedWhileIdleIsNotUsed(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, after(ok(`{}`)))
	h := open(t, client.Config{})
	for range 3 {
		place(t, h, post(t, f.URL(), "{}"))
		time.Sleep(30 * time.Millisecond) // the close arrives
	}
	assert.Len(t, f.Requests(), 3)
	assert.Equal(t, 3, f.Conns())
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		for c.Request() != nil {
			c.Send(ok(`{"a":1}`))
		}
	})
	h := open(t, client.Config{})
	for range 20 {
		place(t, h, post(t, f.URL(), "{}"))
	}
	assert.Equal(t, 1, f.Conns())
}

// Row I4: a redirect is an answer. Nothing follows it, wherever it points.
func TestARedirectIsAnAnswer(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := clienttest.NewFaults(t, func(*clienttest.FaultConn) { elsewhere.Add(1) })
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		for _, location := range []string{
			other.URL() + "/steal", "/other", "//" + strings.TrimPrefix(other.URL(), "http://"), "https://127.0.0.1/", "http://[malformed", "", ":",
		} {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				f := clienttest.NewFaults(t, after(answer(status+" X", `{}`, "Location: "+location)))
				h := open(t, client.Config{})
				r := place(t, h, to(t, method, f.URL(), ""))
				assert.Equal(t, status, strconv.Itoa(r.Status))
				assert.Equal(t, location, r.Header.Get("Location"))
				assert.Len(t, f.Requests(), 1)
			}
		}
	}
	assert.Zero(t, elsewhere.Load())
}

func TestCookiesAreNotKept(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		for c.Request() != nil {
			c.Send(answer("200 OK", "{}", "Set-Cookie: session=merchant-a"))
		}
	})
	h := open(t, client.Config{})
	for range 2 {
		r := place(t, h, post(t, f.URL(), "{}"))
		assert.Equal(t, "session=merchant-a", r.Header.Get("Set-Cookie"))
	}
	for _, r := range f.Requests() {
		assert.Empty(t, r.Header.Values("Cookie"))
	}
}

// A background connection that is ready too late must not carry the request.
func TestACancelledRequestIsNotSentLater(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) { c.Hang() })
	release := make(chan struct{})
	h := open(t, client.Config{Dial: slowDial(release)})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	refusal(ctx, t, h, post(t, f.URL(), "{}"), gateway.CodeUnavailable)
	close(release)
	assert.Never(t, func() bool { return len(f.Received()) > 0 }, 60*time.Millisecond, 10*time.Millisecond)
}

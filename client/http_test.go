package client_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func slowDial(release <-chan struct{}) func(context.Context, string, string) (net.Conn, error) {
	return func(_ context.Context, network, address string) (net.Conn, error) {
		<-release
		return net.Dial(network, address) //nolint:noctx // its slowness is the point
	}
}

// Magento's test 25, and what its client gets wrong: methods, raw bodies and
// headers (Authorization too) leave as they were signed, and nothing else does.
func TestTheRequestLeavesAsItWasSigned(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		for c.Request() != nil {
			c.Send(answer("201 Created", `{"id":"x"}`, "Request-Id: req_1"))
		}
	})
	h := open(t, client.Config{UserAgent: "shop/1.0"})
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		send := to(t, method, f.URL()+"/v1/a%2Fb/c?x=1&y=%20", `{"raw":"&=%"}`)
		send.Header.Set("Content-Type", "application/vnd.custom+json")
		var signed *transfer.Wire
		send.Signer = transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error {
			w.Header.Set("Authorization", "Bearer key")
			signed = &transfer.Wire{Header: w.Header.Clone(), Body: w.Body}
			return nil
		})
		r := place(t, h, send)
		assert.Equal(t, 201, r.Status)
		assert.Equal(t, "req_1", r.Header.Get("Request-Id"))
		doc, err := r.Converter.Convert(r)
		require.NoError(t, err)
		assert.Equal(t, "x", doc.Value("id").Text())

		got := f.Requests()[len(f.Requests())-1]
		body, _ := io.ReadAll(got.Body)
		assert.Equal(t, method, got.Method)
		assert.Equal(t, "/v1/a%2Fb/c?x=1&y=%20", got.RequestURI)
		assert.Equal(t, string(signed.Body), string(body))
		want := signed.Header
		want.Set("User-Agent", "shop/1.0")
		want.Set("Content-Length", "13")
		assert.Equal(t, want, got.Header, "something was added or lost")
	}
}

func TestARequestWithoutABodyIsNotChunked(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, after(ok("{}")))
	place(t, open(t, client.Config{}), post(t, f.URL(), ""))
	raw := string(f.Received())
	assert.Contains(t, raw, "Content-Length: 0\r\n")
	assert.NotContains(t, raw, "Transfer-Encoding")
	assert.NotContains(t, raw, "Content-Type")
}

// A transport of somebody else's proves nothing by its silence.
func TestAForeignTransportIsBelievedOnlyWhatItShows(t *testing.T) {
	t.Parallel()
	send := func(t *testing.T, wrap func(http.RoundTripper) http.RoundTripper) error {
		t.Helper()
		_, err := open(t, client.Config{Wrap: wrap}).PlaceRequest(t.Context(), post(t, "http://127.0.0.1:1", "{}"))
		require.Error(t, err)
		return err
	}
	quiet := send(t, func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.EOF })
	})
	assert.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(quiet))
	tracing := send(t, func(own http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) { return own.RoundTrip(r.Clone(r.Context())) })
	})
	assert.Equal(t, gateway.CodeUnavailable, gateway.CodeOf(tracing))
	coded := send(t, func(http.RoundTripper) http.RoundTripper {
		return roundTrip(func(*http.Request) (*http.Response, error) { return nil, gateway.Invalid("no recording") })
	})
	assert.Equal(t, gateway.CodeInvalid, gateway.CodeOf(coded))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestProxyCredentialsGoToTheProxyOnly(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	f := clienttest.NewTLSFaults(t, a.server(t), after(ok("{}")))
	proxy := clienttest.NewFaults(t, tunnel(f))
	h := open(t, client.Config{RootCAs: a.pool, Proxy: proxy.URL(), ProxyUser: "user", ProxyPassword: gateway.NewSecret("pass")})
	place(t, h, post(t, f.URL(), "{}"))
	assert.Contains(t, string(proxy.Received()), "Proxy-Authorization: Basic dXNlcjpwYXNz")
	assert.NotContains(t, string(f.Received()), "Proxy-Authorization")
}

func TestAClientDescribesItself(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "http(30s, 1 MiB, any host)", open(t, client.Config{}).String())
	assert.Equal(t, "http(1m30s, 64 KiB, a.example b.example:8443)",
		open(t, client.Config{Timeout: 90 * time.Second, MaxResponse: 64 << 10, Hosts: []string{"b.example:8443", "a.example"}}).String())
	assert.Equal(t, "http(1m, 999 bytes, any host)", open(t, client.Config{Timeout: time.Minute, MaxResponse: 999}).String())
}

// Row I4: what a bomb unpacks to is bounded, and so is the memory for it.
func TestABombTakesLittleMemory(t *testing.T) {
	explosive := squeezed(bomb())
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		for c.Request() != nil {
			c.Send(explosive)
		}
	})
	h := open(t, client.Config{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	refusal(t.Context(), t, h, post(t, f.URL(), "{}"), gateway.CodeIndeterminate)
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
}

func TestAWaitForAConnectionThatEndsSentNothing(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) { c.Request(); c.Hang() })
	h := open(t, client.Config{MaxConns: 1})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = h.PlaceRequest(ctx, post(t, f.URL(), "{}")) })
	require.Eventually(t, func() bool { return len(f.Requests()) == 1 }, time.Second, time.Millisecond)
	second := post(t, f.URL(), "{}")
	second.Timeout = 50 * time.Millisecond
	e := refusal(t.Context(), t, h, second, gateway.CodeUnavailable)
	assert.Contains(t, e.Detail, "timed out after 50ms, before anything was sent")
	cancel()
	wg.Wait()
	assert.Len(t, f.Requests(), 1)
}

func TestManyCallersShareAClient(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		for r := c.Request(); r != nil; r = c.Request() {
			body, _ := io.ReadAll(r.Body)
			c.Send(ok(string(body)))
		}
	})
	h := open(t, client.Config{MaxConns: 16})
	var wg sync.WaitGroup
	for caller := range 32 {
		wg.Go(func() {
			for i := range 20 {
				body := `{"n":` + strings.Repeat("1", caller+1) + `,"i":` + strings.Repeat("2", i+1) + `}`
				r, err := h.PlaceRequest(t.Context(), post(t, f.URL(), body))
				if assert.NoError(t, err) {
					assert.Equal(t, body, string(r.Body))
				}
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, f.Conns(), 16)
}

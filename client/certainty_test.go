package client_test

import (
	"context"
	"crypto/tls"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// verdicts that a client can come to.
const (
	notSent  = gateway.CodeUnavailable
	unknown  = gateway.CodeIndeterminate
	answered = gateway.Code("")
)

// scenario is one thing that can happen on the way to a provider (row E14).
type scenario struct {
	name   string
	want   gateway.Code
	says   string // in the error's text
	serve  func(c *clienttest.FaultConn)
	tls    func(t *testing.T, a *authority) *tls.Config // nil: plain
	config func(t *testing.T, a *authority, c *client.Config, f *clienttest.Faults)
	send   func(t *testing.T, url string) *transfer.Transfer
	ctx    func(t *testing.T) context.Context
	leave  bool   // the caller leaves when the request has arrived
	body   string // of the answer
	status int
}

func trusted(t *testing.T, a *authority) *tls.Config { t.Helper(); return a.server(t) }

func cancelAfter(d time.Duration) func(*testing.T) context.Context {
	return func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(d, cancel)
		t.Cleanup(func() { timer.Stop(); cancel() })
		return ctx
	}
}

// after answers with text once a request was read, and ends the connection.
func after(text string) func(*clienttest.FaultConn) {
	return func(c *clienttest.FaultConn) {
		if c.Request() != nil {
			c.Send(text)
		}
	}
}

func silent(c *clienttest.FaultConn) { c.Hang() }

func leaving(c *clienttest.FaultConn) { _ = c.Close() }

// TestNoFailureIsMistakenForAnother is row E14: whatever happens on the way, a
// client never says "not sent" of a request of which a byte arrived, never
// calls half an answer an answer, and never sends anything twice.
func TestNoFailureIsMistakenForAnother(t *testing.T) {
	t.Parallel()
	all := append(append(unsentScenarios(), lostScenarios()...), answeredScenarios()...)
	require.GreaterOrEqual(t, len(all), 40)
	for _, s := range all {
		t.Run(string(s.want)+"/"+s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}
}

func (s scenario) run(t *testing.T) {
	a := newAuthority(t)
	var served atomic.Int32
	serve := func(c *clienttest.FaultConn) {
		served.Add(1)
		if s.serve != nil {
			s.serve(c)
		}
	}
	config := client.Config{RootCAs: a.pool, TLSHandshakeTimeout: 20 * time.Second} // a busy machine must not change what happens
	if strings.Contains(s.says, "after 1s") {
		config.Timeout = time.Second
	}
	var f *clienttest.Faults
	if s.tls != nil {
		f = clienttest.NewTLSFaults(t, s.tls(t, a), serve)
	} else {
		f = clienttest.NewFaults(t, serve)
	}
	if s.config != nil {
		s.config(t, a, &config, f)
	}
	send := post(t, f.URL()+"/pay?token=sk_query_secret", `{"card":"4111111111111111"}`)
	if s.send != nil {
		send = s.send(t, f.URL())
	}
	send.Header.Set("Idempotency-Key", "key-1")
	send.Signer = transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error {
		w.Header.Set("Authorization", "Bearer sk_live_secret")
		return nil
	})
	ctx := t.Context()
	if s.ctx != nil {
		ctx = s.ctx(t)
	}
	if s.leave {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			for len(f.Requests()) == 0 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond) // what the server says now arrives
			cancel()
		}()
	}
	resp, err := open(t, config).PlaceRequest(ctx, send)

	assert.LessOrEqual(t, served.Load(), int32(1), "it was sent again")
	require.Equal(t, s.want, gateway.CodeOf(err), "%v", err)
	if s.want == answered {
		if s.status == 0 {
			s.status = 200
		}
		assert.Equal(t, s.status, resp.Status)
		assert.Equal(t, s.body, string(resp.Body))
		return
	}
	require.Nil(t, resp)
	assert.ErrorContains(t, err, s.says)
	assert.Equal(t, "client", gateway.AsError(err, "").Stage)
	for _, secret := range []string{"secret", "4111", "127.0.0.1", "/pay", "succ"} {
		assert.NotContains(t, err.Error(), secret, "the error tells too much")
	}
	if strings.Contains(s.says, "canceled") {
		require.ErrorIs(t, err, context.Canceled)
	}
	if strings.Contains(s.says, "timed out after 1s") || strings.Contains(s.says, "deadline") {
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	if s.want == notSent {
		assert.Empty(t, requestBytes(f.Received(), s.tls != nil), "bytes of the request arrived, and the client says that it was not sent")
	}
}

// requestBytes returns what arrived but TLS handshakes: those records that hold application data.
func requestBytes(b []byte, decrypted bool) (data []byte) {
	if decrypted || len(b) == 0 || b[0] != 0x16 {
		return b
	}
	for len(b) >= 5 {
		end := min(len(b), 5+int(b[3])<<8+int(b[4]))
		if b[0] == 0x17 {
			data = append(data, b[:end]...)
		}
		b = b[end:]
	}
	return data
}

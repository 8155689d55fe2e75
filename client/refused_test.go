package client_test

import (
	"context"
	"crypto/tls"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func TestWhatMustNotLeaveIsRefused(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, after(ok("{}")))
	pinned := client.Config{Hosts: []string{"api.example.com", "API.example.com:8443", "[::1]:9000"}}
	for _, try := range []struct {
		name    string
		config  client.Config
		address string
		edit    func(*transfer.Transfer)
		says    string
	}{
		{name: "another host", config: pinned, address: f.URL(), says: "is none of those"},
		{name: "another port", config: pinned, address: "https://api.example.com:444/", says: "is none of those"},
		{name: "a host that begins alike", config: pinned, address: "https://api.example.com.evil.test/", says: "is none of those"},
		{name: "a subdomain", config: pinned, address: "https://x.api.example.com/", says: "is none of those"},
		{name: "a trailing dot", config: pinned, address: "https://api.example.com./", says: "is none of those"},
		{name: "look-alike letters", address: "https://аpi.example.com/", says: "not a host name"},
		{name: "credentials", address: "https://user:sk_secret@api.example.com/", says: "put them into a Signer"},
		{name: "pinned host as credentials", config: pinned, address: "https://api.example.com@evil.test/", says: "put them into a Signer"},
		{name: "another scheme", address: "ftp://api.example.com/", says: "neither https nor http"},
		{name: "no scheme", address: "//api.example.com/", says: "neither https nor http"},
		{name: "opaque", address: "https:api.example.com", says: "neither https nor http"},
		{name: "plain http", address: "http://192.0.2.1/", says: "plain http"},
		{name: "plain http of a pinned host", config: client.Config{Hosts: []string{"api.example.com"}}, address: "http://api.example.com/", says: "plain http"},
		{name: "no host", address: "https:///x", says: "not a host name"},
		{name: "port 0", address: "https://api.example.com:0/", says: "not a host name"},
		{name: "header injection", address: f.URL(), edit: func(t *transfer.Transfer) { t.Header.Set("X-Ref", "a\r\nX-Evil: sk_secret") }, says: "header X-Ref"},
		{name: "header name injection", address: f.URL(), edit: func(t *transfer.Transfer) { t.Header["X\r\nY"] = []string{"a"} }, says: "header name"},
		{name: "another Host header", address: f.URL(), edit: func(t *transfer.Transfer) { t.Header.Set("Host", "evil.test") }, says: "header Host"},
		{name: "bad method", address: f.URL(), edit: func(t *transfer.Transfer) { t.Method = "PO ST" }, says: "method"},
		{name: "no method", address: f.URL(), edit: func(t *transfer.Transfer) { t.Method = "" }, says: "method"},
		{name: "CONNECT", address: f.URL(), edit: func(t *transfer.Transfer) { t.Method = "CONNECT" }, says: "not for payments"},
		{name: "HEAD with a body", address: f.URL(), edit: func(t *transfer.Transfer) { t.Method, t.Body = "HEAD", []byte("x") }, says: "has no body"},
		{
			name: "the signer's other host", config: client.Config{Hosts: []string{strings.TrimPrefix(f.URL(), "http://")}}, address: f.URL(), says: "is none of those",
			edit: func(t *transfer.Transfer) {
				t.Signer = transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error { w.URL.Host = "evil.test"; return nil })
			},
		},
	} {
		t.Run(try.name, func(t *testing.T) {
			t.Parallel()
			send := post(t, try.address, "{}")
			if try.edit != nil {
				try.edit(send)
			}
			e := refusal(t.Context(), t, open(t, try.config), send, gateway.CodeInvalid)
			assert.Contains(t, e.Error(), try.says)
			assert.NotContains(t, e.Error(), "secret")
			assert.Equal(t, "client", e.Stage)
			assert.Empty(t, f.Received())
		})
	}
}

func TestPinnedHostsAreReached(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		for c.Request() != nil {
			c.Send(ok("{}"))
		}
	})
	h := open(t, client.Config{Hosts: []string{strings.TrimPrefix(f.URL(), "http://")}})
	assert.Equal(t, 200, place(t, h, post(t, f.URL(), "{}")).Status)
	named := post(t, f.URL(), "{}")
	named.Header.Set("Host", named.URL.Host)
	assert.Equal(t, 200, place(t, h, named).Status)
}

func TestSigningAndEncodingFailBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, silent)
	h := open(t, client.Config{})
	unsigned := post(t, f.URL(), "{}")
	unsigned.Signer = transfer.SignerFunc(func(context.Context, *transfer.Wire) error { return io.ErrUnexpectedEOF })
	e := refusal(t.Context(), t, h, unsigned, gateway.CodeAuthentication)
	assert.Equal(t, "sign", e.Stage)

	broken := post(t, f.URL(), "")
	broken.Document, broken.Encoder = request.NewDocument(), request.JSON
	broken.Document.Fail(io.ErrNoProgress)
	refusal(t.Context(), t, h, broken, gateway.CodeInvalid)
	assert.Empty(t, f.Received())
}

func TestABadConfigStopsTheStart(t *testing.T) {
	t.Parallel()
	for _, try := range []struct {
		says   string
		config client.Config
	}{
		{"Timeout is negative", client.Config{Timeout: -1}},
		{"DialTimeout is negative", client.Config{DialTimeout: -1}},
		{"TLSHandshakeTimeout is negative", client.Config{TLSHandshakeTimeout: -1}},
		{"IdleTimeout is negative", client.Config{IdleTimeout: -1}},
		{"MaxResponse is negative", client.Config{MaxResponse: -1}},
		{"MaxConns is negative", client.Config{MaxConns: -1}},
		{"MaxIdleConns is negative", client.Config{MaxIdleConns: -1}},
		{"older than TLS 1.2", client.Config{MinTLS: tls.VersionTLS11}},
		{"UserAgent", client.Config{UserAgent: "a\nb"}},
		{`host "https://x"`, client.Config{Hosts: []string{"https://x"}}},
		{`host "x/y"`, client.Config{Hosts: []string{"x/y"}}},
		{`host ""`, client.Config{Hosts: []string{""}}},
		{"Proxy must be", client.Config{Proxy: "http://user:sk_secret@proxy:1"}},
		{"Proxy must be", client.Config{Proxy: "socks5://proxy:1"}},
		{"Proxy must be", client.Config{Proxy: "http://proxy:1/?sk_secret"}},
		{"Proxy must be", client.Config{Proxy: "://sk_secret"}},
		{"no Proxy", client.Config{ProxyUser: "x"}},
		{"no Proxy", client.Config{ProxyPassword: gateway.NewSecret("sk_secret")}},
	} {
		_, err := client.New(try.config)
		require.ErrorContains(t, err, try.says)
		require.ErrorIs(t, err, gateway.CodeInternal)
		assert.NotContains(t, err.Error(), "secret")
	}
	_, err := client.New(client.Config{Timeout: -1, MaxConns: -1})
	require.ErrorContains(t, err, "Timeout is negative")
	require.ErrorContains(t, err, "MaxConns is negative", "both are reported")
	require.NoError(t, client.Config{}.Validate(), "the zero Config works")
}

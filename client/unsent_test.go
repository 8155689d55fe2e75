package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func certified(edit func(*x509.Certificate)) func(*testing.T, *authority) *tls.Config {
	return func(t *testing.T, a *authority) *tls.Config {
		t.Helper()
		return &tls.Config{Certificates: []tls.Certificate{a.certificate(t, edit)}} //nolint:gosec // the client's minimum is under test
	}
}

func speaking(least, most uint16, ciphers ...uint16) func(*testing.T, *authority) *tls.Config {
	return func(t *testing.T, a *authority) *tls.Config {
		t.Helper()
		c := a.server(t)
		c.MinVersion, c.MaxVersion, c.CipherSuites = least, most, ciphers
		return c
	}
}

func dialing(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(*testing.T, *authority, *client.Config, *clienttest.Faults) {
	return func(_ *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) { c.Dial = dial }
}

func lookup(err error) func(*testing.T, *authority, *client.Config, *clienttest.Faults) {
	return dialing(func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, err }}}
		return d.DialContext(ctx, network, strings.Replace(address, "127.0.0.1", "provider.invalid", 1))
	})
}

func proxied(t *testing.T, c *client.Config, serve func(*clienttest.FaultConn)) {
	t.Helper()
	c.Proxy = clienttest.NewFaults(t, serve).URL()
}

func unsentScenarios() []scenario {
	none := func(*clienttest.FaultConn) {}
	return []scenario{
		{name: "port refuses", want: notSent, says: "connection refused", serve: none, send: func(t *testing.T, _ string) *transfer.Transfer {
			t.Helper()
			return post(t, "http://127.0.0.1:1/pay", "{}")
		}},
		{name: "no such host", want: notSent, says: "no such host", config: dialing(func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "secret.example", IsNotFound: true}}
		})},
		{name: "name server down", want: notSent, says: "name lookup failed", config: lookup(syscall.ECONNREFUSED)},
		{name: "name server silent", want: notSent, says: "name lookup timed out", config: dialing(func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "timeout", Name: "secret.example", IsTimeout: true}
		})},
		{name: "connecting hangs", want: notSent, says: "connecting timed out after 40ms", config: func(_ *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) {
			c.DialTimeout = 40 * time.Millisecond
			c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, &net.OpError{Op: "dial", Err: timeoutError{}}
			}
		}},
		{name: "connecting hangs past the timeout", want: notSent, says: "timed out after 1s, before anything was sent", config: dialing(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})},
		{name: "network unreachable", want: notSent, says: "network is unreachable", config: dialing(func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}
		})},
		{name: "host unreachable", want: notSent, says: "no route to host", config: dialing(func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}
		})},
		{name: "dialer fails in its own words", want: notSent, says: "no connection", config: dialing(func(context.Context, string, string) (net.Conn, error) {
			return nil, fmt.Errorf("tunnel sk_live_secret is down")
		})},
		{name: "S5 TLS 1.0 only", want: notSent, says: "tls: ", tls: speaking(tls.VersionTLS10, tls.VersionTLS10), serve: silent},
		{name: "S5 TLS 1.1 only", want: notSent, says: "tls: ", tls: speaking(tls.VersionTLS11, tls.VersionTLS11), serve: silent},
		{
			name: "S5 TLS 1.2 where 1.3 is asked for", want: notSent, says: "tls: ", tls: speaking(tls.VersionTLS12, tls.VersionTLS12), serve: silent,
			config: func(_ *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) { c.MinTLS = tls.VersionTLS13 },
		},
		{name: "S5 weak cipher only", want: notSent, says: "tls: ", tls: speaking(tls.VersionTLS12, tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA), serve: silent},
		{
			name: "S5 unknown authority", want: notSent, says: "tls: certificate of an unknown authority", tls: trusted, serve: silent,
			config: func(t *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) {
				c.RootCAs = newAuthority(t).pool
			},
		},
		{name: "S5 self-signed", want: notSent, says: "tls: certificate", serve: silent, tls: func(t *testing.T, _ *authority) *tls.Config {
			t.Helper()
			other := newAuthority(t)
			return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{other.cert.Raw}, PrivateKey: other.key}}} //nolint:gosec // see above
		}},
		{
			name: "S5 wrong host", want: notSent, says: "tls: certificate for another host", serve: silent,
			tls: certified(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} }),
		},
		{
			name: "S5 expired", want: notSent, says: "tls: certificate expired", serve: silent,
			tls: certified(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
		},
		{
			name: "S5 not yet valid", want: notSent, says: "not yet valid", serve: silent,
			tls: certified(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }),
		},
		{
			name: "S5 certificate for another purpose", want: notSent, says: "tls: certificate not valid", serve: silent,
			tls: certified(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }),
		},
		{name: "S5 client certificate missing, TLS 1.2", want: notSent, says: "refused with tls: ", serve: silent, tls: func(t *testing.T, a *authority) *tls.Config {
			t.Helper()
			c := a.server(t)
			c.MaxVersion, c.ClientAuth = tls.VersionTLS12, tls.RequireAnyClientCert
			return c
		}},
		{name: "handshake hangs", want: notSent, says: "tls: handshake timed out", config: func(_ *testing.T, a *authority, c *client.Config, f *clienttest.Faults) {
			c.TLSHandshakeTimeout = 40 * time.Millisecond
			c.RootCAs = a.pool
		}, send: overTLS, serve: silent},
		{name: "handshake closed", want: notSent, says: "tls: handshake failed", send: overTLS, serve: leaving},
		{name: "handshake reset", want: notSent, says: "before anything was sent", send: overTLS, serve: (*clienttest.FaultConn).Reset},
		{name: "handshake answered in plain", want: notSent, says: "does not speak TLS", send: overTLS, serve: func(c *clienttest.FaultConn) { c.Send(ok("{}")); c.Hang() }},
		{name: "handshake answered with garbage", want: notSent, says: "tls: ", send: overTLS, serve: func(c *clienttest.FaultConn) { c.Send("\x16\x03\x03\x00\x04\x63\x00\x00\x00"); c.Hang() }},
		{name: "cancelled before", want: notSent, says: "context canceled before anything was sent", serve: silent, ctx: func(t *testing.T) context.Context {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return ctx
		}},
		{name: "deadline passed before", want: notSent, says: "the caller's deadline passed before anything was sent", serve: silent, ctx: func(t *testing.T) context.Context {
			t.Helper()
			ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
			t.Cleanup(cancel)
			return ctx
		}},
		{name: "cancelled while connecting", want: notSent, says: "context canceled", ctx: cancelAfter(20 * time.Millisecond), config: dialing(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})},
		{name: "cancelled in the handshake", want: notSent, says: "context canceled", ctx: cancelAfter(20 * time.Millisecond), send: overTLS, serve: silent},
		{
			name: "proxy refuses connections", want: notSent, says: "proxy cannot be reached", send: overTLS, serve: silent,
			config: func(_ *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) {
				c.Proxy = "http://127.0.0.1:1"
			},
		},
		{
			name: "proxy wants credentials", want: notSent, says: "no connection", send: overTLS, serve: silent,
			config: func(t *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) {
				proxied(t, c, after("HTTP/1.1 407 secret realm\r\nContent-Length: 0\r\n\r\n"))
			},
		},
		{
			name: "proxy finds no provider", want: notSent, says: "no connection", send: overTLS, serve: silent,
			config: func(t *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) {
				proxied(t, c, after("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"))
			},
		},
		{
			name: "proxy hangs", want: notSent, says: "timed out after 1s", send: overTLS, serve: silent,
			config: func(t *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) { proxied(t, c, silent) },
		},
	}
}

func overTLS(t *testing.T, url string) *transfer.Transfer {
	t.Helper()
	return post(t, strings.Replace(url, "http://", "https://", 1)+"/pay", `{"amount":1000}`)
}

type timeoutError struct{}

func (timeoutError) Error() string { return "i/o timeout" }

func (timeoutError) Timeout() bool { return true }

func (timeoutError) Temporary() bool { return true }

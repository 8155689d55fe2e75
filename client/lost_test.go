package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func squeeze(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

// bomb returns 64 KiB that become 64 MiB: a gzip stream may be made of many.
func bomb() string { return strings.Repeat(squeeze(strings.Repeat("\x00", 1<<20)), 64) }

func squeezed(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func lostScenarios() []scenario {
	const cut = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"status\":\"succ"
	const chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	return []scenario{
		{name: "closed before reading", want: unknown, says: "before the answer", serve: leaving},
		{name: "reset before reading", want: unknown, says: "connection reset by peer before the answer", serve: func(c *clienttest.FaultConn) {
			time.Sleep(20 * time.Millisecond) // else it is over before connecting is
			c.Reset()
		}},
		{name: "closed after reading", want: unknown, says: "the connection was lost, before the answer", serve: after("")},
		{name: "reset after reading", want: unknown, says: "connection reset by peer before the answer", serve: func(c *clienttest.FaultConn) { c.Request(); c.Reset() }},
		{name: "closed after the head", want: unknown, says: "before the answer", serve: func(c *clienttest.FaultConn) { c.Head() }},
		{name: "half a status line", want: unknown, says: "before the answer", serve: after("HTTP/1.1 20")},
		{name: "half the headers", want: unknown, says: "before the answer", serve: after("HTTP/1.1 200 OK\r\nContent-Le")},
		{name: "garbage", want: unknown, says: "the answer is no HTTP", serve: after("SSH-2.0-OpenSSH_9.9\r\n\r\n")},
		{name: "half a body", want: unknown, says: "(status 200)", serve: after(cut)},
		{name: "half a body, reset", want: unknown, says: "(status 200)", serve: func(c *clienttest.FaultConn) {
			c.Request()
			c.Send(cut)
			time.Sleep(20 * time.Millisecond) // the reset would overtake the bytes
			c.Reset()
		}},
		{name: "chunks cut", want: unknown, says: "the connection was lost, before the answer was complete (status 200)", serve: after(chunks + "5\r\n{\"a\":\r\n")},
		{name: "chunk cut", want: unknown, says: "(status 200)", serve: after(chunks + "50\r\n{\"a\":")},
		{name: "chunks without an end", want: unknown, says: "(status 200)", serve: after(chunks + "2\r\n{}\r\n0\r\n")},
		{name: "chunk of no size", want: unknown, says: "(status 200)", serve: after(chunks + "zz\r\n{}\r\n0\r\n\r\n")},
		{name: "two lengths", want: unknown, serve: after("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x")},
		{name: "negative length", want: unknown, serve: after("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}")},
		{name: "no answer", want: unknown, says: "timed out after 1s, before the answer", serve: func(c *clienttest.FaultConn) { c.Request(); c.Hang() }},
		{
			name: "never reads", want: unknown, says: "timed out after 1s", serve: func(c *clienttest.FaultConn) { time.Sleep(1500 * time.Millisecond) },
			send: func(t *testing.T, url string) *transfer.Transfer {
				t.Helper()
				return post(t, url, strings.Repeat("x", 8<<20))
			},
		},
		{name: "a long head, of which a part arrives", want: unknown, says: "before the answer", serve: func(c *clienttest.FaultConn) {
			_, _ = c.Read(make([]byte, 1))
			c.Reset()
		}, send: func(t *testing.T, url string) *transfer.Transfer {
			t.Helper()
			p := post(t, url, "{}")
			p.Header.Set("X-Long", strings.Repeat("x", 8<<20))
			return p
		}},
		{name: "head and no body", want: unknown, says: "timed out after 1s, before the answer was complete", serve: func(c *clienttest.FaultConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
			c.Hang()
		}},
		{name: "I4 headers drip", want: unknown, says: "timed out after 1s", serve: func(c *clienttest.FaultConn) {
			c.Request()
			c.Drip("HTTP/1.1 200 OK\r\n"+strings.Repeat("X-Drip: 1\r\n", 100), 10*time.Millisecond)
		}},
		{name: "I4 body drips", want: unknown, says: "timed out after 1s", serve: func(c *clienttest.FaultConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			c.Drip(strings.Repeat("x", 1000), 10*time.Millisecond)
		}},
		{name: "cancelled while waiting", want: unknown, says: "context canceled before the answer", leave: true, serve: func(c *clienttest.FaultConn) { c.Request(); c.Hang() }},
		{name: "cancelled in the body", want: unknown, says: "context canceled before the answer was complete", leave: true, serve: func(c *clienttest.FaultConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
			c.Hang()
		}},
		{
			name: "caller's deadline while waiting", want: unknown, says: "the caller's deadline passed before the answer", serve: func(c *clienttest.FaultConn) { c.Request(); c.Hang() },
			ctx: func(t *testing.T) context.Context {
				t.Helper()
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				t.Cleanup(cancel)
				return ctx
			},
		},
		{name: "I4 too large by its own word", want: unknown, says: "the answer is larger than 1 MiB", serve: after("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n")},
		{name: "I4 too large in chunks", want: unknown, says: "the answer is larger than 1 MiB", serve: func(c *clienttest.FaultConn) {
			c.Request()
			for c.Send(chunks); c.Send("10000\r\n" + strings.Repeat("x", 1<<16) + "\r\n"); {
			}
		}},
		{
			name: "I4 too large without a length", want: unknown, says: "the answer is larger than 1 MiB", serve: after("HTTP/1.0 200 OK\r\n\r\n" + strings.Repeat("x", 1<<20+1)),
			config: func(_ *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) { c.AllowUnframed = true },
		},
		{name: "I4 gzip bomb", want: unknown, says: "the answer is larger than 1 MiB", serve: after(squeezed(bomb()))},
		{name: "I4 gzip bomb of empty members", want: unknown, says: "the answer is larger than 1 MiB", serve: after(squeezed(strings.Repeat(squeeze(""), 60_000)))},
		{name: "gzip cut", want: unknown, says: "(status 200)", serve: after(squeezed(squeeze(`{"a":1}`))[:80])},
		{name: "gzip cut with a matching length", want: unknown, says: "cannot be decompressed", serve: after(squeezed(squeeze(`{"a":1}`)[:20]))},
		{name: "gzip with a wrong checksum", want: unknown, says: "cannot be decompressed", serve: after(squeezed(corrupt(squeeze(`{"a":1}`))))},
		{name: "gzip that is none", want: unknown, says: "cannot be decompressed", serve: after(squeezed(`{"a":1}`))},
		{name: "gzip with something behind", want: unknown, says: "cannot be decompressed", serve: after(squeezed(squeeze(`{}`) + "garbage"))},
		{name: "an encoding nobody asked for", want: unknown, says: "nobody asked for", serve: after(answer("200 OK", "xx", "Content-Encoding: br"))},
		{name: "I4 headers too large", want: unknown, says: "headers are larger than 64 KiB", serve: after("HTTP/1.1 200 OK\r\nX-Large: " + strings.Repeat("x", 70<<10) + "\r\n\r\n")},
		{name: "I4 too many headers", want: unknown, says: "headers are larger than 64 KiB", serve: after("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Many: x\r\n", 10_000) + "\r\n")},
		{name: "I4 endless interim answers", want: unknown, serve: func(c *clienttest.FaultConn) {
			for c.Request(); c.Send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"); {
			}
		}},
		{name: "status 000", want: unknown, says: "status is none", serve: after("HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\n{}")},
		{name: "another protocol", want: unknown, says: "changed the protocol", serve: func(c *clienttest.FaultConn) {
			c.Request()
			c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			c.Hang()
		}},
		{name: "100-continue and no more", want: unknown, says: "before the answer", serve: after("HTTP/1.1 100 Continue\r\n\r\n")},
		{name: "no end but the connection's", want: unknown, says: "does not say where it ends", serve: after("HTTP/1.0 200 OK\r\n\r\nstatus=ok&amount=10")},
		{name: "TLS cut without goodbye", want: unknown, says: "does not say where it ends", tls: trusted, serve: func(c *clienttest.FaultConn) {
			c.Request()
			c.Send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nstatus=ok&amount=10") // crypto/tls takes this end for a proper one
			c.Cut()
		}},
		{name: "S5 client certificate missing, TLS 1.3", want: unknown, says: "refused with tls: ", serve: silent, tls: func(t *testing.T, a *authority) *tls.Config {
			t.Helper()
			c := a.server(t)
			c.MinVersion, c.ClientAuth = tls.VersionTLS13, tls.RequireAnyClientCert
			return c
		}},
	}
}

func corrupt(s string) string {
	b := []byte(s)
	b[len(b)-6] ^= 0xff
	return string(b)
}

package client_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func answeredScenarios() []scenario {
	list := []scenario{
		{name: "answer", want: answered, serve: after(ok(`{"a":1}`)), body: `{"a":1}`},
		{name: "answer in chunks", want: answered, serve: after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n"), body: `{"a":1}`},
		{name: "answer of HTTP/1.0", want: answered, serve: after("HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}"), body: `{"a":1}`},
		{
			name: "answer of HTTP/1.0 until the end, allowed", want: answered, serve: after("HTTP/1.0 200 OK\r\n\r\n{\"a\":1}"), body: `{"a":1}`,
			config: func(_ *testing.T, _ *authority, c *client.Config, _ *clienttest.Faults) { c.AllowUnframed = true },
		},
		{name: "answer over TLS", want: answered, tls: trusted, serve: after(ok(`{"a":1}`)), body: `{"a":1}`},
		{
			name: "answer through a proxy", want: answered, tls: trusted, serve: after(ok(`{}`)), body: `{}`,
			config: func(t *testing.T, _ *authority, c *client.Config, f *clienttest.Faults) { proxied(t, c, tunnel(f)) },
		},
		{
			name: "answer with a client certificate", want: answered, body: `{}`, serve: after(ok(`{}`)),
			tls: func(t *testing.T, a *authority) *tls.Config {
				t.Helper()
				c := a.server(t)
				c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, a.pool
				return c
			},
			config: func(t *testing.T, a *authority, c *client.Config, _ *clienttest.Faults) {
				c.Certificates = []tls.Certificate{a.certificate(t, nil)}
			},
		},
		{name: "gzip", want: answered, serve: after(squeezed(squeeze(`{"a":1}`))), body: `{"a":1}`},
		{name: "gzip of nothing", want: answered, serve: after("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
		{name: "garbage behind the answer", want: answered, serve: after(ok(`{"a":1}`) + "garbage"), body: `{"a":1}`},
		{
			name: "100-continue first", want: answered, serve: after("HTTP/1.1 100 Continue\r\n\r\n" + ok(`{}`)), body: `{}`,
			send: func(t *testing.T, url string) *transfer.Transfer {
				t.Helper()
				p := post(t, url, "{}")
				p.Header.Set("Expect", "100-continue")
				return p
			},
		},
		{name: "early hints first", want: answered, serve: after("HTTP/1.1 103 Early Hints\r\n\r\n" + ok(`{}`)), body: `{}`},
		{name: "answer before the body was read", want: answered, status: 413, serve: func(c *clienttest.FaultConn) {
			c.Head()
			c.Send(answer("413 Content Too Large", "{}"))
			c.Hang()
		}, body: `{}`, send: func(t *testing.T, url string) *transfer.Transfer {
			t.Helper()
			return post(t, url, strings.Repeat("x", 1<<20))
		}},
		{
			name: "to HEAD", want: answered, serve: after("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Encoding: gzip\r\n\r\n"),
			send: func(t *testing.T, url string) *transfer.Transfer { t.Helper(); return to(t, http.MethodHead, url, "") },
		},
		{name: "exactly the largest", want: answered, serve: after(ok(strings.Repeat("x", 1<<20))), body: strings.Repeat("x", 1<<20)},
		{
			name: "to a request without a body", want: answered, serve: after(ok(`{}`)), body: `{}`,
			send: func(t *testing.T, url string) *transfer.Transfer { t.Helper(); return post(t, url, "") },
		},
	}
	for _, status := range []int{204, 205, 304} {
		list = append(list, scenario{
			name: fmt.Sprint("status ", status), want: answered, status: status,
			serve: after(fmt.Sprintf("HTTP/1.1 %d Nothing\r\n%s\r\n", status, map[bool]string{true: "Content-Length: 0\r\n"}[status == 205])),
		})
	}
	for _, status := range []int{201, 202, 300, 301, 302, 303, 307, 308, 400, 401, 402, 404, 409, 422, 429, 500, 502, 503, 504, 599} {
		list = append(list, scenario{
			name: fmt.Sprint("status ", status), want: answered, status: status, body: `{"e":1}`,
			serve: after(answer(fmt.Sprint(status, " X"), `{"e":1}`)),
		})
	}
	return list
}

// tunnel is a proxy to f that answers CONNECT.
func tunnel(f *clienttest.Faults) func(*clienttest.FaultConn) {
	return func(c *clienttest.FaultConn) {
		if !c.Head() {
			return
		}
		there, err := net.Dial("tcp", strings.TrimPrefix(f.URL(), "https://")) //nolint:noctx // loopback
		if err != nil {
			return
		}
		defer func() { _ = there.Close() }()
		c.Send("HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = bytes.NewBuffer(nil).WriteTo(there)
			buf := make([]byte, 4096)
			for {
				n, err := there.Read(buf)
				if err != nil || !c.Send(string(buf[:n])) {
					return
				}
			}
		}()
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if _, err := there.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

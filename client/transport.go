package client

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
)

const maxHeaderBytes = 64 << 10 // of an answer

// newTransport returns the one transport of a client, tuned for calls to few
// hosts by many callers. The config is valid and has its defaults.
func newTransport(c Config) *http.Transport {
	proxy, _ := c.proxy() // Validate has looked at it
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(c.HTTP2)
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) { return proxy, onlyOnce(r) },
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := c.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &orderedConn{Conn: conn}, nil
		},
		TLSClientConfig:        &tls.Config{MinVersion: c.MinTLS, RootCAs: c.RootCAs, Certificates: c.Certificates},
		TLSHandshakeTimeout:    c.TLSHandshakeTimeout,
		MaxConnsPerHost:        c.MaxConns,
		MaxIdleConnsPerHost:    c.MaxIdleConns,
		IdleConnTimeout:        c.IdleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true, // body.go decompresses, and bounds it
		Protocols:              &protocols,
	}
}

// orderedConn knows whether something was read since the request at hand began
// to be written. A server that answers one request twice leaves an answer in
// net/http's buffer, and net/http may take it for that of the next request: it
// looks whether one is expected only after it has offered the connection again.
type orderedConn struct {
	net.Conn
	reads atomic.Uint64 // reads that brought something
	asked atomic.Uint64 // 1 + reads when the request's first byte was written, 0 before
}

func (c *orderedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.reads.Add(1)
	}
	return n, err
}

func (c *orderedConn) Write(b []byte) (int, error) {
	c.asked.CompareAndSwap(0, c.reads.Load()+1)
	return c.Conn.Write(b)
}

// inOrder reports whether an answer that begins now can be one to the request.
func (c *orderedConn) inOrder() bool {
	asked := c.asked.Load()
	return asked != 0 && c.reads.Load() >= asked
}

// guard stands between http.Client and the transport.
type guard struct{ next http.RoundTripper }

func (x guard) RoundTrip(r *http.Request) (*http.Response, error) {
	e, _ := evidenceOf(r)
	e.entered.Store(true)
	resp, err := x.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 3 {
		// http.Client parses this header even when it follows nothing, and turns
		// an answer with a malformed one into an error. PlaceRequest puts it back.
		e.location = resp.Header["Location"]
		delete(resp.Header, "Location")
	}
	return resp, nil
}

// noBody is an empty body that net/http does not recognise as one. On HTTP/2 it
// repeats a request without a body whose stream was refused, but not one with.
type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }
func (noBody) Close() error             { return nil }

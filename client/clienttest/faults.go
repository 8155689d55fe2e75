package clienttest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Faults is a server on this machine that does with its connections what a
// function says, byte by byte: answer half, hang, reset. It writes down which
// request bytes really arrived, so that a test can compare what a client claims
// with what was so. It is safe for concurrent use.
type Faults struct {
	listener net.Listener
	scheme   string
	done     chan struct{}
	wg       sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	received bytes.Buffer
	requests []*http.Request
}

// NewFaults starts a server that runs serve for each connection, in a goroutine
// of its own, and closes the connection when serve returns. Connections and
// server are closed when the test ends; serve must return then.
func NewFaults(tb testing.TB, serve func(c *FaultConn)) *Faults {
	tb.Helper()
	return newFaults(tb, nil, serve)
}

// NewTLSFaults starts a server like [NewFaults] that speaks TLS. The handshake
// happens at the first read or write; received bytes are counted behind it.
func NewTLSFaults(tb testing.TB, config *tls.Config, serve func(c *FaultConn)) *Faults {
	tb.Helper()
	return newFaults(tb, config, serve)
}

func newFaults(tb testing.TB, config *tls.Config, serve func(c *FaultConn)) *Faults {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // nothing to wait for
	if err != nil {
		tb.Fatalf("clienttest: %v", err)
	}
	f := &Faults{listener: listener, scheme: "http", done: make(chan struct{})}
	if config != nil {
		f.scheme = "https"
	}
	f.wg.Go(func() { f.accept(config, serve) })
	tb.Cleanup(f.close)
	return f
}

func (f *Faults) accept(config *tls.Config, serve func(c *FaultConn)) {
	for {
		raw, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.conns = append(f.conns, raw)
		f.mu.Unlock()
		c := &FaultConn{Conn: raw, raw: raw, server: f}
		if config != nil {
			c.Conn = tls.Server(raw, config)
		}
		c.reader = bufio.NewReader(recorder{c.Conn, f})
		f.wg.Go(func() {
			defer func() { _ = c.Close() }()
			serve(c)
		})
	}
}

func (f *Faults) close() {
	close(f.done)
	_ = f.listener.Close()
	f.mu.Lock()
	for _, c := range f.conns {
		_ = c.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// URL returns the server's address, http://127.0.0.1:port or https.
func (f *Faults) URL() string { return f.scheme + "://" + f.listener.Addr().String() }

// Received returns the bytes that arrived, of all connections in the order of
// their coming. Of a server with TLS they are those behind it.
func (f *Faults) Received() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Clone(f.received.Bytes())
}

// Requests returns the complete requests that [FaultConn.Request] read; their bodies can be read once.
func (f *Faults) Requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*http.Request(nil), f.requests...)
}

// Conns returns how many connections were made.
func (f *Faults) Conns() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.conns)
}

// recorder notes what is read.
type recorder struct {
	io.Reader
	f *Faults
}

func (r recorder) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.f.mu.Lock()
	r.f.received.Write(b[:n])
	r.f.mu.Unlock()
	return n, err
}

// FaultConn is one connection of [Faults].
type FaultConn struct {
	net.Conn
	raw    net.Conn
	server *Faults
	reader *bufio.Reader
}

// Request reads one whole request, head and body. It returns nil when there is none.
func (c *FaultConn) Request() *http.Request {
	r, err := http.ReadRequest(c.reader)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.server.mu.Lock()
	c.server.requests = append(c.server.requests, r)
	c.server.mu.Unlock()
	return r
}

// Head reads a request up to the end of its headers and leaves the body.
func (c *FaultConn) Head() bool {
	_, err := http.ReadRequest(c.reader)
	return err == nil
}

// Send writes text as it is and reports whether the connection took it.
func (c *FaultConn) Send(text string) bool {
	_, err := io.WriteString(c.Conn, text)
	return err == nil
}

// Drip writes text byte by byte with a pause between, until the other side leaves.
func (c *FaultConn) Drip(text string, pause time.Duration) {
	for i := range len(text) {
		if !c.Send(text[i : i+1]) {
			return
		}
		select {
		case <-time.After(pause):
		case <-c.server.done:
			return
		}
	}
}

// Hang waits until the test ends or the other side closes the connection.
func (c *FaultConn) Hang() {
	for {
		if _, err := c.reader.ReadByte(); err != nil {
			return
		}
	}
}

// Reset drops the connection so that the other side sees a reset, not an end.
func (c *FaultConn) Reset() {
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.raw.Close()
}

// Cut ends the connection without TLS's own goodbye.
func (c *FaultConn) Cut() { _ = c.raw.Close() }

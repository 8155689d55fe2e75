package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// evidence is what is known about one try. It is the try's context, so that the
// transport finds it from whatever goroutine it works in.
//
// # Why GotConn is the proof
//
// net/http calls GotConn in the sending goroutine, before it hands the request
// to a connection's writer: while it has not fired, no byte of the request can
// have left. WroteHeaders looks closer to the truth and is not sound: the writer
// calls it, when the whole head has gone through its buffer of 4 KiB. Of a
// longer head the beginning has left by then, and if the connection breaks
// meanwhile it never fires.
type evidence struct {
	context.Context //nolint:containedctx // it is one
	wire            *transfer.Wire
	entered         atomic.Bool  // the transport was reached at all
	asked           atomic.Bool  // the transport asked for a connection: it reports to us
	gotConn         atomic.Bool  // a connection was handed the request
	tls             atomic.Bool  // a TLS handshake was begun
	stale           atomic.Bool  // an answer was there before its request was
	tries           atomic.Int32 // see onlyOnce
	http2           bool
	conn            *orderedConn          // HTTP/1 only
	location        []string              // the answer's header, hidden from net/http meanwhile
	trace           httptrace.ClientTrace // part of evidence to save an allocation
}

type evidenceKey struct{}

// newEvidence returns the context of sending w, which collects evidence.
func newEvidence(ctx context.Context, w *transfer.Wire, http2 bool) *evidence {
	e := &evidence{Context: ctx, wire: w, http2: http2}
	e.trace = httptrace.ClientTrace{
		GetConn:              func(string) { e.asked.Store(true) },
		GotConn:              e.got,
		GotFirstResponseByte: e.answered,
	}
	if w.URL.Scheme == "https" {
		e.trace.TLSHandshakeStart = func() { e.tls.Store(true) }
	}
	return e
}

func evidenceOf(r *http.Request) (*evidence, bool) {
	e, ok := r.Context().Value(evidenceKey{}).(*evidence)
	return e, ok
}

// Value returns the evidence itself, or a value of the context around it.
func (e *evidence) Value(key any) any {
	if key == (evidenceKey{}) {
		return e
	}
	return e.Context.Value(key)
}

func (e *evidence) got(info httptrace.GotConnInfo) {
	e.gotConn.Store(true)
	under := info.Conn
	if t, ok := under.(*tls.Conn); ok {
		if e.http2 && t.ConnectionState().NegotiatedProtocol == "h2" {
			return // streams have numbers: no answer is taken for another's
		}
		under = t.NetConn()
	}
	if c, ok := under.(*orderedConn); ok {
		c.asked.Store(0)
		e.conn = c
	}
}

func (e *evidence) answered() {
	if e.conn != nil && !e.conn.inOrder() {
		e.stale.Store(true)
		_ = e.conn.Close() // the answers on it are off by one from here on
	}
}

// notSent reports whether it is proved that no byte of the request left.
// A foreign transport that does not trace proves nothing by its silence.
func (e *evidence) notSent(foreign bool) bool {
	return !e.gotConn.Load() && (e.asked.Load() || !foreign)
}

var errSecondTry = errors.New("client: the transport tried to send the request again")

// onlyOnce refuses to send a request twice. net/http repeats requests behind
// our back when a kept connection dies: GET and HEAD, everything that has an
// Idempotency-Key and an empty body, and with GetBody also those with a body.
// It asks for the proxy once per try, which is the one place where it can be
// told to stop. A try that never got a connection may be repeated.
func onlyOnce(r *http.Request) error {
	e, ok := evidenceOf(r)
	if ok && e.tries.Add(1) > 1 && e.gotConn.Load() {
		return errSecondTry
	}
	return nil
}

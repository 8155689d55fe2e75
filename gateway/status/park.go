package status

import (
	"bytes"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
	"time"
	"unique"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// parked is a held request whose connection was taken over from net/http: no
// buffers and, where the system lets one goroutine watch them all, no goroutine.
// Three things may end it: an answer, its time, and its client, who hangs up or
// talks. The first of them claims it, and whoever claims it closes the connection,
// through net.Conn, so that no descriptor is used after it was given to somebody else.
type parked struct {
	ask

	service *Service
	conn    net.Conn
	extra   unique.Handle[string] // header lines that were set before
	claimed atomic.Bool

	// The watch's lock guards these.
	timer *time.Timer
	slot  slot
}

// wake lets the answer be written. Clients that take it slowly hold up nobody.
func (p *parked) wake() { go p.timeUp() }

// timeUp ends the request with what is known now: the answer, or that nothing has changed.
func (p *parked) timeUp() {
	a, over := p.service.hub.expire(&p.waiter)
	if !over || !p.claimed.CompareAndSwap(false, true) {
		return // it is woken when the payment was read, or somebody else ends it
	}
	p.service.watch.remove(p)
	p.end(a)
	p.service.hub.done()
}

// hungUp frees the request of a client that is gone.
func (p *parked) hungUp() {
	if !p.claimed.CompareAndSwap(false, true) {
		return
	}
	p.service.hub.leave(&p.waiter)
	p.service.watch.remove(p)
	_ = p.conn.Close()
	p.service.hub.done()
}

// listen watches one client where they are not watched together.
func (p *parked) listen() {
	var one [1]byte
	if n, _ := p.conn.Read(one[:]); n == 0 {
		p.hungUp()
		return
	}
	p.timeUp()
}

// parkable reports whether a request's connection may be taken over: one of
// net/http's own HTTP/1.1 without TLS, that nobody wraps, and with nothing more to read.
func parkable(w http.ResponseWriter, r *http.Request) bool {
	if r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.TLS != nil || r.Body != nil && r.Body != http.NoBody {
		return false
	}
	t := reflect.TypeOf(w)
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "net/http" && t.Elem().Name() == "response"
}

// park holds a request on its bare connection. It reports false when that could
// not be had; the request is then untouched.
func (s *Service) park(w http.ResponseWriter, key storage.PaymentKey, a *ask) bool {
	extra := ""
	if h := w.Header(); len(h) > 0 {
		var b bytes.Buffer
		h = h.Clone()
		for _, ours := range []string{"Connection", "Date", "Cache-Control", "Etag", "X-Content-Type-Options", "Referrer-Policy", "Retry-After", "Content-Type", "Content-Length"} {
			h.Del(ours)
		}
		_ = h.Write(&b) // a buffer takes everything
		extra = b.String()
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	p := &parked{ask: *a, service: s, conn: conn, extra: unique.Make(extra)}
	p.ask.wake = p
	if rw.Reader.Buffered() > 0 { // another request came behind this one: its client must send it again
		p.end(answer{err: errTooMany})
		return true
	}
	if err := s.hub.join(key, &p.waiter); err != nil {
		p.end(answer{err: err})
		return true
	}
	if !s.watch.add(p, a.hold) {
		go p.listen()
	}
	return true
}

// end writes the answer and closes the connection.
func (p *parked) end(a answer) {
	r := p.form.reply(a, &p.waiter, p.conditional)
	_ = p.conn.SetWriteDeadline(time.Now().Add(p.service.cfg.Write))
	_, _ = p.conn.Write(p.form.rawReply(a, r, p.extra)) // whoever is gone comes again
	_ = p.conn.Close()
}

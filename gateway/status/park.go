package status

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"reflect"
	"time"
	"unique"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// parked is a held request whose connection was taken over from net/http: no
// buffers, and one goroutine that does nothing but read. The runtime's poller
// wakes it when the client hangs up, when its time is over, and when an answer
// lets its deadline pass. The connection is used through net.Conn only and closed
// by that goroutine only, so no descriptor is used after it was given to somebody else.
type parked struct {
	ask

	service *Service
	conn    net.Conn
	extra   unique.Handle[string] // header lines that were set before
	one     [1]byte
}

// long is a deadline that has passed.
var long = time.Unix(1, 0)

func (p *parked) wake() { _ = p.conn.SetReadDeadline(long) }

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
	_ = conn.SetReadDeadline(time.Now().Add(a.hold)) // before anybody can let it pass
	if err := s.hub.join(key, &p.waiter); err != nil {
		p.end(answer{err: err})
		return true
	}
	go p.watch()
	return true
}

// watch waits for whatever happens first.
func (p *parked) watch() {
	defer p.service.hub.done()
	for {
		n, err := p.conn.Read(p.one[:])
		if n == 0 && !errors.Is(err, os.ErrDeadlineExceeded) { // it hung up
			p.service.hub.leave(&p.waiter)
			_ = p.conn.Close()
			return
		}
		a, over := p.service.hub.expire(&p.waiter)
		if !over { // the payment is being read: that does not take long
			_ = p.conn.SetReadDeadline(time.Now().Add(2 * readTimeout))
			a, over = p.service.hub.expire(&p.waiter) // it may have let the deadline pass before it was set
		}
		if over {
			p.end(a)
			return
		}
	}
}

// end writes the answer and closes the connection.
func (p *parked) end(a answer) {
	r := p.form.reply(a, &p.waiter, p.conditional)
	_ = p.conn.SetWriteDeadline(time.Now().Add(p.service.cfg.Write))
	_, _ = p.conn.Write(p.form.rawReply(a, r, p.extra)) // whoever is gone comes again
	_ = p.conn.Close()
}

package status

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// ask is one request for a status.
type ask struct {
	waiter

	form        form
	conditional bool
	hold        time.Duration
}

// Poll answers GET with the parameters transactionId, which is a token, and
// status, the code that the client knows; without status at once. A status that
// differs is answered by {"update":true,"payload":{"status":{"code","message"},
// "action":{"code","payload"}}}, none within Config.Hold by
// {"update":false,"payload":null}. Errors are {"message"}: 400 without an id, 404
// for one that is not known, 500 for what went wrong here, 503 with Retry-After
// when too many wait.
func (s *Service) Poll(w http.ResponseWriter, r *http.Request) {
	if !s.admit(w, r, polled) {
		return
	}
	q := r.URL.Query()
	id := q.Get("transactionId")
	if id == "" {
		s.write(w, r, polled, polled.refuse(gateway.Invalid("say the transactionId")))
		return
	}
	s.hold(w, r, id, &ask{form: polled, waiter: waiter{known: strings.Clone(q.Get("status")), byCode: true}, hold: s.cfg.Hold})
}

// Payment answers GET with the view of the payment whose token is the path value
// "token". The parameter known, or If-None-Match, is the version that the client
// knows; wait says for how many seconds the request may be held when that is
// still the version: by default Config.Hold with known, and not at all with
// If-None-Match. When it still is in the end, the answer is 204, or 304.
func (s *Service) Payment(w http.ResponseWriter, r *http.Request) {
	if !s.admit(w, r, plain) {
		return
	}
	a := &ask{form: plain}
	q := r.URL.Query()
	if known := q.Get("known"); known != "" {
		a.known, a.hold = strings.Clone(known), s.cfg.Hold
	} else if etag := r.Header.Get("If-None-Match"); etag != "" {
		a.known, a.conditional = strings.Clone(strings.Trim(strings.TrimPrefix(etag, "W/"), `"`)), true
	}
	if raw := q.Get("wait"); raw != "" {
		seconds, err := strconv.ParseUint(raw, 10, 16)
		if err != nil {
			s.write(w, r, plain, plain.refuse(gateway.Invalid("wait is a number of seconds")))
			return
		}
		a.hold = min(time.Duration(seconds)*time.Second, s.cfg.Hold)
	}
	s.hold(w, r, r.PathValue("token"), a)
}

// admit refuses what is too large to be one of ours.
func (s *Service) admit(w http.ResponseWriter, r *http.Request, f form) bool {
	refuse := func(status int, detail string) bool {
		reply := f.refuse(gateway.Invalid("%s", detail))
		reply.status = status
		w.Header().Set("Connection", "close")
		s.write(w, r, f, reply)
		return false
	}
	if len(r.URL.Path)+len(r.URL.RawQuery) > s.cfg.MaxURL {
		return refuse(http.StatusRequestURITooLong, "the address is too long")
	}
	size := 0
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v)
		}
	}
	if size > s.cfg.MaxHeader {
		return refuse(http.StatusRequestHeaderFieldsTooLarge, "the headers are too large")
	}
	if r.ContentLength != 0 {
		return refuse(http.StatusBadRequest, "a GET has no body")
	}
	return true
}

// access returns the payment that a request may see.
func (s *Service) access(r *http.Request, id string) (storage.PaymentKey, error) {
	key, err := s.cfg.Access(r, id)
	if err != nil && gateway.CodeOf(err) != gateway.CodeNotFound {
		s.cfg.Log.ErrorContext(r.Context(), "it could not be told which payment a request may see", "error", err)
	}
	return key, err
}

// hold answers when the status is not the one that the client knows, or at the end of its time.
func (s *Service) hold(w http.ResponseWriter, r *http.Request, id string, a *ask) {
	key, err := s.access(r, id)
	if err != nil {
		s.write(w, r, a.form, a.form.refuse(err))
		return
	}
	if a.known == "" || r.Method == http.MethodHead {
		a.hold = 0
	}
	a.once = a.hold == 0
	if !a.once && parkable(w, r) && s.park(w, key, a) {
		return
	}
	s.wait(w, r, key, a)
}

// bell wakes a goroutine of net/http.
type bell chan struct{}

func (b bell) wake() {
	select {
	case b <- struct{}{}:
	default: // it rings already
	}
}

// wait holds a request in its own goroutine.
func (s *Service) wait(w http.ResponseWriter, r *http.Request, key storage.PaymentKey, a *ask) {
	ring := make(bell, 1)
	a.wake = ring
	if err := s.hub.join(key, &a.waiter); err != nil {
		s.write(w, r, a.form, a.form.refuse(err))
		return
	}
	defer s.hub.done()
	if a.hold > 0 { // the server's own limits are for requests that are answered at once
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	got, ok := s.sleep(r.Context(), ring, a)
	if !ok {
		s.hub.leave(&a.waiter)
		return
	}
	s.write(w, r, a.form, a.form.reply(got, &a.waiter, a.conditional))
}

// sleep returns the answer; ok is false when the client is gone.
func (s *Service) sleep(ctx context.Context, ring bell, a *ask) (got answer, ok bool) {
	var over <-chan time.Time
	if !a.once {
		timer := time.NewTimer(a.hold)
		defer timer.Stop()
		over = timer.C
	}
	for {
		select {
		case <-ctx.Done():
			return got, false
		case <-over:
			over = nil
		case <-ring:
		}
		if got, ok = s.hub.expire(&a.waiter); ok {
			return got, true
		}
	}
}

// write writes a reply by net/http. A client that does not take it is given up.
func (s *Service) write(w http.ResponseWriter, r *http.Request, f form, to reply) {
	to.header(f, w.Header())
	control := http.NewResponseController(w)
	limited := control.SetWriteDeadline(time.Now().Add(s.cfg.Write)) == nil
	w.WriteHeader(to.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(to.body) // whoever is gone comes again
	}
	if limited { // the connection may be used again, by a handler that knows nothing of it
		_ = control.Flush()
		_ = control.SetWriteDeadline(time.Time{})
	}
}

package status

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Events answers GET with server-sent events: one named "status" for the view as
// it is, and one for each change. Its id is the version; a browser that connects
// again with Last-Event-ID is not told what it knows. Comments keep the
// connection alive. After a terminal view the stream ends; 204 tells a browser
// that connects again that there is nothing more to come.
//
// Browsers behind a proxy that collects answers before it passes them on should
// poll: the browser's client of this package does.
func (s *Service) Events(w http.ResponseWriter, r *http.Request) {
	if !s.admit(w, r, plain) {
		return
	}
	key, err := s.access(r, r.PathValue("token"))
	if err != nil {
		s.write(w, r, plain, plain.refuse(err))
		return
	}
	ring := make(bell, 1)
	a := &ask{form: plain, waiter: waiter{known: strings.Clone(r.Header.Get("Last-Event-ID")), once: true, wake: ring}}
	out := stream{w: w, control: http.NewResponseController(w), limit: s.cfg.Write}
	_ = out.control.SetReadDeadline(time.Time{})
	beat, end := time.NewTicker(s.cfg.Heartbeat), time.NewTimer(s.cfg.Stream)
	defer beat.Stop()
	defer end.Stop()
	for {
		if err := s.hub.join(key, &a.waiter); err != nil {
			if !out.begun {
				s.write(w, r, plain, plain.refuse(err))
			}
			return // it connects again after a while
		}
		more := s.next(r, &out, ring, a, beat, end)
		s.hub.leave(&a.waiter)
		s.hub.done()
		if !more {
			return
		}
	}
}

// next tells the next view; more says that another one may follow.
func (s *Service) next(r *http.Request, out *stream, ring bell, a *ask, beat *time.Ticker, end *time.Timer) (more bool) {
	got, ok := s.follow(r, out, ring, a, beat, end)
	if !ok {
		return false
	}
	known := a.known
	switch {
	case got.err != nil:
		if !out.begun {
			s.write(out.w, r, plain, plain.refuse(got.err))
		}
		return false
	case got.told.Version != known:
		ok = out.event(got.told)
	case got.told.Terminal && !out.begun: // it was told before the browser connected again
		out.w.WriteHeader(http.StatusNoContent)
	case !out.begun:
		ok = out.comment()
	}
	a.known, a.once = got.told.Version, false
	return ok && !got.told.Terminal
}

// follow waits for the next view; ok is false when the stream is over.
func (s *Service) follow(r *http.Request, out *stream, ring bell, a *ask, beat *time.Ticker, end *time.Timer) (got answer, ok bool) {
	for {
		select {
		case <-r.Context().Done():
			return got, false
		case <-end.C:
			return got, false
		case <-beat.C:
			if out.begun && !out.comment() {
				return got, false
			}
		case <-ring:
			got, ok = s.hub.expire(&a.waiter)
			if got.told == nil && got.err == nil {
				return got, false // the service shuts down: nothing else wakes who knows the status
			}
			return got, ok
		}
	}
}

// stream writes events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
	begun   bool
}

// retryMillis is how long a browser waits until it connects again.
const retryMillis = 2000

func (o *stream) event(t *told) bool {
	return o.send("id: " + t.Version + "\nevent: status\ndata: " + string(t.json) + "\n\n")
}

func (o *stream) comment() bool { return o.send(":\n\n") }

func (o *stream) send(text string) bool {
	if !o.begun {
		h := o.w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Accel-Buffering", "no") // a proxy must not collect it
		text = "retry: " + strconv.Itoa(retryMillis) + "\n\n" + text
		o.begun = true
	}
	limited := o.control.SetWriteDeadline(time.Now().Add(o.limit)) == nil
	_, err := o.w.Write([]byte(text))
	if err == nil {
		err = o.control.Flush()
	}
	if limited {
		_ = o.control.SetWriteDeadline(time.Time{})
	}
	return err == nil
}

package simulator

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// giant is the size of a giant body in bytes, also of a decompressed one.
const giant = 64 << 20

// deliverAnswer writes a true answer, in the way that a fault demands. Events go
// out after a good answer and before a bad one: a caller who waits in vain for an
// answer must be able to learn the outcome.
func (s *Server) deliverAnswer(w http.ResponseWriter, r *http.Request, q *request, a answer, fault Fault) {
	switch fault {
	case NoFault, SuccessThenReversed, WrongAmount, WrongCurrency, WrongReference, DuplicateID,
		TrailingBody, DuplicateField, FloatAmount, NullBody, EmptyBody, GarbageBody:
		a.body = s.distort(q, a, fault)
		s.write(w, a)
		s.letGo(a.events)
	case WebhookFirst:
		s.deliverNow(a.events)
		s.write(w, a)
	default:
		s.letGo(a.events)
		s.breakAnswer(w, r, a, fault)
	}
}

// breakAnswer writes anything but the whole answer.
func (s *Server) breakAnswer(w http.ResponseWriter, r *http.Request, a answer, fault Fault) {
	switch fault {
	case ServerErrorAfter:
		s.write(w, serverError())
	case GatewayErrorAfter:
		s.writeHTML(w, http.StatusGatewayTimeout)
	case ResetAfter:
		cut(w, true)
	case TimeoutAfter:
		s.hang(w, r)
	case RedirectAfter:
		s.redirect(w, http.StatusFound)
	case HTMLBody:
		s.writeHTML(w, http.StatusOK)
	case TruncatedBody:
		a.header(w.Header())
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)+1)) // always one byte short
		w.WriteHeader(bodyStatus(a))
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		cut(w, false)
	case GiantBody:
		a.header(w.Header())
		w.WriteHeader(bodyStatus(a))
		_, _ = io.Copy(w, giantJSON())
	case GzipBomb:
		a.header(w.Header())
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(bodyStatus(a))
		_, _ = w.Write(bomb())
	case Slow:
		if s.sleep(r.Context(), s.cfg.Rules.Slow) {
			s.write(w, a)
			return
		}
		cut(w, false)
	case Drip:
		s.drip(r.Context(), w, a)
	default: // KilledAfter
		cut(w, false)
	}
}

// bodyStatus is the status of an answer that has a body in any case.
func bodyStatus(a answer) int {
	if a.status == http.StatusNoContent {
		return http.StatusOK
	}
	return a.status
}

func (s *Server) drip(ctx context.Context, w http.ResponseWriter, a answer) {
	a.header(w.Header())
	w.WriteHeader(bodyStatus(a))
	flush := http.NewResponseController(w)
	for i := range a.body {
		if _, err := w.Write(a.body[i : i+1]); err != nil || flush.Flush() != nil {
			return
		}
		if !s.sleep(ctx, s.cfg.Rules.DripInterval) {
			cut(w, false)
			return
		}
	}
}

// giantJSON is valid JSON all the same: only its size is wrong.
func giantJSON() io.Reader {
	const open, end = `{"padding":"`, `"}`
	return io.MultiReader(strings.NewReader(open), io.LimitReader(letters{}, giant-int64(len(open)+len(end))), strings.NewReader(end))
}

// letters is an endless text.
type letters struct{}

// Read fills p with the letter a.
func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// bomb is the giant body in a few kilobytes.
var bomb = sync.OnceValue(func() []byte {
	var small strings.Builder
	z, _ := gzip.NewWriterLevel(&small, gzip.BestCompression) // the level is valid
	_, _ = io.Copy(z, giantJSON())                            // a Builder never fails
	_ = z.Close()
	return []byte(small.String())
})

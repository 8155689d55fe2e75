package simulator

import "net/http"

// fail answers a call that is not executed, or not yet.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, q *request, fault Fault) {
	switch fault {
	case ServerErrorBefore:
		s.rememberFailure(q)
		s.write(w, serverError())
	case GatewayErrorBefore:
		s.writeHTML(w, http.StatusBadGateway)
	case LateEffect:
		s.writeHTML(w, http.StatusGatewayTimeout)
	case ResetBefore, LateReset:
		cut(w, true)
	case KilledBefore:
		cut(w, false)
	case TimeoutBefore:
		s.hang(w, r)
	case Redirect:
		s.redirect(w, http.StatusTemporaryRedirect)
	case InFlight, InFlightThenDone:
		s.write(w, errorAnswer(conflict("idempotency_in_flight", "a request with this key is being executed")))
	default:
		wait := map[Fault]string{RateLimited: "1", RateLimitedForever: "1000000000", RateLimitedUnreadable: "1e9"}
		w.Header().Set("Retry-After", wait[fault])
		s.write(w, errorAnswer(refuse(http.StatusTooManyRequests, "rate_limited", "too many requests")))
	}
}

func (s *Server) writeHTML(w http.ResponseWriter, status int) {
	text := http.StatusText(status)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<!doctype html>\n<html><head><title>" + text + "</title></head><body><h1>" + text + "</h1></body></html>\n"))
}

// redirect points to a path of this server where nothing is: a caller who follows
// leaves a call with the operation unknown.
func (s *Server) redirect(w http.ResponseWriter, status int) {
	w.Header().Set("Location", s.url+"/v1/elsewhere")
	w.WriteHeader(status)
}

// hang never answers. When the caller gives up, or the server closes, the
// connection is cut.
func (s *Server) hang(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
	cut(w, false)
}

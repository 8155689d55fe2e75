package simulator

import (
	"net/http"
	"time"
)

// savedAnswer is what a key stands for.
type savedAnswer struct {
	Account string    `json:"account"`
	Key     string    `json:"key"`
	Digest  string    `json:"digest"` // of method, path and body
	Status  int       `json:"status"`
	Body    []byte    `json:"body"`
	Created time.Time `json:"created"`
}

// recall answers a request whose key was used or is in use. The caller holds the mutex.
func (s *Server) recall(q *request) (answer, bool) {
	ttl := s.cfg.Rules.IdempotencyTTL
	if !q.route.keyed() || ttl < 0 {
		return answer{}, false
	}
	if s.inFlight[q.scope()] {
		return errorAnswer(conflict("idempotency_in_flight", "a request with this key is being executed")), true
	}
	k := s.keys[q.scope()]
	if k == nil {
		return answer{}, false
	}
	if !s.now().Before(k.Created.Add(ttl)) {
		delete(s.keys, q.scope())
		return answer{}, false
	}
	if k.Digest != q.digest {
		return errorAnswer(conflict("idempotency_mismatch", "this key was used for another request")), true
	}
	return answer{status: k.Status, body: k.Body, replayed: true}, true
}

// remember saves the answer of an executed request. Refusals of a request that is
// wrong in itself (400, 404) are not saved: nothing was executed.
func (c *change) remember(q *request, a answer, fault Fault) {
	if !q.route.keyed() || c.s.cfg.Rules.IdempotencyTTL < 0 {
		return
	}
	switch {
	case fault == ServerErrorAfter && !c.s.cfg.Rules.Replays5xx:
		return // forgotten: the same key executes again
	case fault == ServerErrorAfter:
		a = serverError()
	case a.status == http.StatusBadRequest, a.status == http.StatusNotFound, a.status >= http.StatusInternalServerError:
		return
	}
	c.rec.Keys = append(c.rec.Keys, &savedAnswer{
		Account: q.account, Key: q.key, Digest: q.digest, Status: a.status, Body: a.body, Created: c.now,
	})
}

func serverError() answer {
	return errorAnswer(refuse(http.StatusInternalServerError, "server_error", "something went wrong on our side"))
}

// rememberFailure saves a 500 that had no effect, where 500s are saved.
func (s *Server) rememberFailure(q *request) {
	if !s.cfg.Rules.Replays5xx || q.fields == nil {
		return
	}
	s.lock()
	defer s.mu.Unlock()
	if _, used := s.recall(q); used {
		return
	}
	c := s.begin(s.now(), q.account, q.key)
	c.remember(q, answer{}, ServerErrorAfter)
	_ = s.commit(c) // a failing journal is reported to the next caller
}

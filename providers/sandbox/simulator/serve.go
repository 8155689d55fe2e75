package simulator

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// serve answers the API and the bank page.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/bank/") {
		s.serveBank(w, r)
		return
	}
	s.mu.Lock()
	s.requests++
	requestID := fmt.Sprintf("req_%08d", s.requests)
	s.mu.Unlock()
	w.Header().Set("Request-Id", requestID)
	q, err := s.understand(w, r, requestID)
	call := s.arrived(r, q)
	q.call = call.Number
	if err != nil && (q.account == "" || q.route == unknownRoute) {
		s.answered(q, errorAnswer(err))
		s.write(w, errorAnswer(err))
		return
	}
	fault := s.decide(call)
	s.mu.Lock()
	s.note(q.call, func(c *Call) { c.Fault = fault })
	s.mu.Unlock()
	switch fault.Effect() {
	case EffectNever:
		s.fail(w, r, q, fault)
	case EffectLater:
		if err == nil {
			s.postpone(q)
		}
		s.fail(w, r, q, fault)
	default:
		a := errorAnswer(err)
		if err == nil {
			a = s.perform(r.Context(), q, fault)
		} else {
			s.answered(q, a)
		}
		s.deliverAnswer(w, r, q, a, fault)
	}
}

func (s *Server) answered(q *request, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(q.call, func(c *Call) { c.Status, c.Replayed, c.Effect = a.status, a.replayed, a.effect })
}

// perform executes a request once: a key that was used is answered from memory, a
// key that is in use is refused.
func (s *Server) perform(ctx context.Context, q *request, fault Fault) answer {
	s.lock()
	a, done := s.recall(q)
	if !done && q.route.keyed() {
		s.inFlight[q.scope()] = true
	}
	slow := !done && s.isSlow(q)
	s.mu.Unlock()
	if !done {
		if slow {
			s.sleep(context.WithoutCancel(ctx), s.cfg.Rules.Slow) // goes on when the caller is gone
		}
		s.lock()
		a = s.execute(q, s.now(), fault, "")
		delete(s.inFlight, q.scope())
		s.mu.Unlock()
	}
	s.answered(q, a)
	return a
}

// execute runs the handler in one change and saves the answer under the key with
// it. late is the id of the late task that this is, if any. The caller holds the mutex.
func (s *Server) execute(q *request, at time.Time, fault Fault, late string) answer {
	c := s.begin(at, q.account, q.key)
	a, err := q.route.handle(s, c, q)
	if err != nil {
		a = errorAnswer(err)
		c = s.begin(at, q.account, q.key)
	}
	a.effect = err == nil && c.subject != "" && a.status != http.StatusPaymentRequired
	if a.effect {
		if q.key != "" {
			c.rec.Effects = []string{q.key}
		}
		if fault == SuccessThenReversed {
			c.schedule(s.cfg.Rules.LateEffect, task{Kind: taskReverse, Subject: c.subject})
		}
	}
	if late != "" {
		c.rec.Done = []string{late}
	}
	c.remember(q, a, fault)
	for _, e := range c.rec.Events {
		e.held = true // until the answer is out
		a.events = append(a.events, e)
	}
	if err := s.commit(c); err != nil {
		return errorAnswer(err)
	}
	return a
}

// isSlow reports whether executing takes a while. The caller holds the mutex.
func (s *Server) isSlow(q *request) bool {
	if q.route.op != OpCreatePayment || q.fields == nil {
		return false
	}
	name, _ := q.fields.m["instrument"].(string)
	if i := s.instruments[name]; i != nil {
		name = i.Token
	}
	return profiles[name].slow
}

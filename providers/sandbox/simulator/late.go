package simulator

import "slices"

// lateCall is a request that was answered before it was executed. It is on the
// journal: the effect comes even when the provider is restarted meanwhile.
type lateCall struct {
	Account   string    `json:"account"`
	Operation Operation `json:"operation"`
	ID        string    `json:"id,omitempty"`
	Key       string    `json:"key,omitempty"`
	Digest    string    `json:"digest"`
	Body      []byte    `json:"body,omitempty"`
	call      int
}

func (l *lateCall) scope() scope { return scope{l.Account, l.Key} }

// postpone executes a request later, unless its key was used or is in use. What
// cannot have an effect is not worth a task.
func (s *Server) postpone(q *request) {
	if !q.route.keyed() {
		return
	}
	s.lock()
	defer s.mu.Unlock()
	if _, used := s.recall(q); used {
		return
	}
	c := s.begin(s.now(), q.account, q.key)
	c.schedule(max(0, s.cfg.Rules.LateEffect), task{Kind: taskLate, Late: &lateCall{
		Account: q.account, Operation: q.route.op, ID: q.id, Key: q.key, Digest: q.digest, Body: q.body, call: q.call,
	}})
	_ = s.commit(c) // a failing journal is reported to the next caller
}

// runLate executes such a request. The caller holds the mutex.
func (s *Server) runLate(t *task) {
	l := t.Late
	i := slices.IndexFunc(routes, func(r route) bool { return r.op == l.Operation })
	q := &request{
		route: &routes[i], account: l.Account, id: l.ID, key: l.Key, digest: l.Digest, body: l.Body, call: l.call,
	}
	q.fields, _ = parse(l.Body) // was parsed before it was postponed
	a := s.execute(q, t.Due, NoFault, t.ID)
	for _, e := range a.events {
		e.held = false
	}
	s.note(l.call, func(c *Call) { c.Status, c.Effect = a.status, a.effect })
}

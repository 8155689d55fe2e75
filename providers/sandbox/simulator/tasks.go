package simulator

import (
	"container/heap"
	"time"
)

// task is something that happens by itself when the clock reaches Due.
type task struct {
	ID      string    `json:"id"`
	Due     time.Time `json:"due"`
	Kind    taskKind  `json:"kind"`
	Subject string    `json:"subject,omitempty"`
	Success bool      `json:"success,omitempty"`
	Amount  int64     `json:"amount,omitempty"`
	Late    *lateCall `json:"late,omitempty"`
}

type taskKind string

const (
	taskSettle   taskKind = "settle"   // a pending payment, capture or refund
	taskReverse  taskKind = "reverse"  // a capture, a refund, or whatever a payment did last
	taskExpire   taskKind = "expire"   // an authorization
	taskAbandon  taskKind = "abandon"  // a challenge nobody answered
	taskDispute  taskKind = "dispute"  // a capture
	taskTransfer taskKind = "transfer" // money of a bank transfer
	taskLate     taskKind = "late"     // a request answered before it was executed
)

// taskHeap orders tasks by due time, then by id so that runs can be repeated.
type taskHeap []*task

func (h taskHeap) Len() int { return len(h) }
func (h taskHeap) Less(i, j int) bool {
	if h[i].Due.Equal(h[j].Due) {
		return h[i].ID < h[j].ID
	}
	return h[i].Due.Before(h[j].Due)
}
func (h taskHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push adds a task, for container/heap.
func (h *taskHeap) Push(x any) { *h = append(*h, x.(*task)) }

// Pop removes the last task, for container/heap.
func (h *taskHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

func (h *taskHeap) remove(id string) *task {
	for i, t := range *h {
		if t.ID == id {
			heap.Remove(h, i)
			return t
		}
	}
	return nil
}

// lock takes the mutex and lets everything happen that is due by now, so that
// nobody ever sees the provider in a state that time has already changed.
func (s *Server) lock() {
	s.mu.Lock()
	s.runDue()
}

// runDue runs the due tasks in order, each at the time it was due.
// The caller holds the mutex.
func (s *Server) runDue() {
	now := s.now()
	for len(s.tasks) > 0 && !s.tasks[0].Due.After(now) && !s.closed {
		t := s.tasks[0]
		if t.Kind == taskLate {
			s.runLate(t)
		} else {
			c := s.begin(t.Due, "", "")
			if err := c.perform(t); err != nil {
				c = s.begin(t.Due, "", "") // no longer applies: only mark it done
			}
			c.rec.Done = []string{t.ID}
			_ = s.commit(c) // a failing journal is reported to the next caller
		}
		s.tasks.remove(t.ID) // also when the journal failed: never spin
	}
}

func (c *change) perform(t *task) error {
	p := c.payment(t.Subject)
	if p == nil {
		return notFound("payment", t.Subject)
	}
	switch t.Kind {
	case taskSettle:
		return c.settle(p, t.Subject, t.Success)
	case taskReverse:
		return c.reverse(p, t.Subject)
	case taskExpire:
		if p.ExpiresAt != nil && p.ExpiresAt.Add(max(0, c.s.cfg.Rules.ExpiryGrace)).After(t.Due) {
			return nil // another authorization is held in its place, for longer
		}
		return c.expire(p)
	case taskAbandon:
		return c.abandon(p, t.Due)
	case taskDispute:
		return c.chargeback(p, t.Amount)
	case taskTransfer:
		return c.transferByItself(p, t.Amount)
	default:
		return nil
	}
}

// now is the provider's time. The caller holds the mutex.
func (s *Server) now() time.Time {
	return s.cfg.Clock().Add(s.offset).Round(0).UTC()
}

// Advance moves the provider's clock forward by d and lets everything happen that
// is due by then, in the order of the due times. A d below zero is taken as zero.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d > 0 {
		c := s.begin(s.now(), "", "")
		c.rec.Offset = s.offset + d
		_ = s.commit(c) // a failing journal is reported to the next caller
	}
	s.runDue()
	s.poke()
}

// Now returns the provider's time: Config.Clock plus what Advance added.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

package status

import (
	"sync"
	"time"
)

// watch keeps the time of parked requests and hears when their clients hang up.
type watch struct {
	mu     sync.Mutex
	poller *poller // nil: not begun
	failed bool    // the system gives none: every client has a goroutine
	closed bool
	slots  []seat
	free   []uint32
}

// seat is a place for a parked request. Its turn tells an event for it from one
// for whoever had the place before.
type seat struct {
	p    *parked
	turn uint32
}

// slot is where a parked request sits; turn 0 is nowhere.
type slot struct{ at, turn uint32 }

// add watches a parked request, which may have ended already. It reports false
// when its client must be listened to by a goroutine.
func (w *watch) add(p *parked, hold time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.claimed.Load() {
		return true
	}
	p.timer = time.AfterFunc(hold, p.timeUp)
	if w.poller == nil && !w.failed && !w.closed {
		w.poller = newPoller(w)
		w.failed = w.poller == nil
	}
	if w.poller == nil {
		return false
	}
	if len(w.free) == 0 {
		w.slots = append(w.slots, seat{})
		w.free = append(w.free, uint32(len(w.slots)-1)) //nolint:gosec // a process has fewer descriptors
	}
	at := w.free[len(w.free)-1]
	turn := max(w.slots[at].turn+1, 1)
	if !w.poller.add(p.conn, slot{at, turn}) {
		return false
	}
	w.free = w.free[:len(w.free)-1]
	w.slots[at] = seat{p, turn}
	p.slot = slot{at, turn}
	return true
}

// remove watches a request no more. Its connection is still open.
func (w *watch) remove(p *parked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	if p.slot.turn != 0 {
		w.poller.remove(p.conn)
		w.slots[p.slot.at].p = nil
		w.free = append(w.free, p.slot.at)
		p.slot = slot{}
	}
}

// heard tells who sits in a slot that its client hung up, or talks.
func (w *watch) heard(at slot, gone bool) {
	w.mu.Lock()
	var p *parked
	if int(at.at) < len(w.slots) && w.slots[at.at].turn == at.turn {
		p = w.slots[at.at].p
	}
	w.mu.Unlock()
	switch {
	case p == nil: // it has ended
	case gone:
		p.hungUp()
	default:
		p.wake()
	}
}

// close ends the watching. Nobody is parked any more.
func (w *watch) close() {
	w.mu.Lock()
	poller := w.poller
	w.poller, w.closed = nil, true
	w.mu.Unlock()
	if poller != nil {
		poller.close()
	}
}

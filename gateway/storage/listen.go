package storage

import "sync"

// listeners are who waits for events in this process.
type listeners struct {
	mu  sync.Mutex
	all map[chan struct{}]bool
}

func (l *listeners) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.all {
		select {
		case c <- struct{}{}:
		default: // it is awake already
		}
	}
}

// Listen returns a channel that receives after transactions of this process that
// appended events; several of them may be one value. It says only that a look is
// worth it: what other processes write is found by looking now and then. Call
// stop when nobody receives any more.
func (db *DB) Listen() (woken <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	l := &db.told
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[chan struct{}]bool{}
	}
	l.all[c] = true
	return c, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.all, c)
	}
}

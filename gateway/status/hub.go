package status

import (
	"context"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// maxReaders is how many payments are read at once; others wait for their turn.
const maxReaders = 8

// readTimeout bounds one look at a payment.
const readTimeout = 10 * time.Second

// hub knows who waits for which payment.
//
//	waiter ── joins ──► topic ◄── changed ── storage
//	   ▲                  │ is read once, after all that
//	   └──── woken ◄──────┘ unless it knows that already
type hub struct {
	load          func(ctx context.Context, key storage.PaymentKey) (*told, error)
	most, mostPer int

	mu      sync.Mutex
	topics  map[storage.PaymentKey]*topic
	waiting int
	queue   []*topic // whose turn to be read comes
	readers int
	closed  bool
	active  sync.WaitGroup // readers, and requests that are not answered yet
}

// topic is a payment that somebody waits for.
type topic struct {
	key     storage.PaymentKey
	waiters []*waiter
	version int64 // of the payment when it was read last; 0 at first
	started int   // how many reads have begun
	queued  bool  // a read will begin
	reading bool
	again   bool // it changed while it was being read
}

// waiter is one held request. The hub's lock guards it.
type waiter struct {
	topic   *topic // nil: it does not wait any more
	at      int    // among the topic's waiters
	from    int    // the reads that had begun when it came: they may not know what it knows
	checked bool   // a read has shown that it knows the status
	known   string // "" knows nothing
	byCode  bool   // known is a code, not a version
	once    bool   // it wants to know, whether it knows already or not
	answer  answer
	wake    waker
}

// waker is told that the waiter has its answer. It must not block.
type waker interface{ wake() }

// answer is what a waiter gets: the status, or an error, or neither when it knows
// the status. Who waits keeps no status in memory.
type answer struct {
	told *told
	err  error
}

func newHub(most, mostPer int, load func(context.Context, storage.PaymentKey) (*told, error)) *hub {
	return &hub{load: load, most: most, mostPer: mostPer, topics: map[storage.PaymentKey]*topic{}}
}

var (
	errTooMany = gateway.Errorf(gateway.CodeRateLimited, "too many requests wait: come again")
	errClosing = gateway.Errorf(gateway.CodeUnavailable, "the service is shutting down: come again")
)

// join makes a waiter wait. Every waiter that joins leaves, and [hub.done] says
// that its request is answered.
func (h *hub) join(key storage.PaymentKey, w *waiter) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errClosing
	}
	t := h.topics[key]
	if h.waiting >= h.most || t != nil && len(t.waiters) >= h.mostPer {
		return errTooMany
	}
	if t == nil {
		t = &topic{key: key}
		h.topics[key] = t
	}
	w.topic, w.at, w.from, w.checked, w.answer = t, len(t.waiters), t.started, false, answer{}
	t.waiters = append(t.waiters, w)
	h.waiting++
	h.active.Add(1)
	h.want(t)
	return nil
}

// done says that a waiter that had joined is answered, or gone.
func (h *hub) done() { h.active.Done() }

// leave ends the waiting of one whose client is gone.
func (h *hub) leave(w *waiter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.topic != nil {
		h.remove(w)
	}
}

// expire ends the waiting of one whose time is over. Its answer is the status
// that it knows, unless another one has come meanwhile; one for whom the payment
// was not read yet goes on until it was, and is woken then.
func (h *hub) expire(w *waiter) (a answer, over bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case w.topic == nil:
		return w.answer, true
	case !w.checked:
		w.once = true
		return a, false
	}
	h.remove(w)
	return a, true
}

// remove takes a waiter from its topic. The lock is held.
func (h *hub) remove(w *waiter) {
	t := w.topic
	last := len(t.waiters) - 1
	t.waiters[w.at] = t.waiters[last]
	t.waiters[w.at].at = w.at
	t.waiters[last] = nil
	t.waiters = t.waiters[:last]
	w.topic = nil
	h.waiting--
	h.tidy(t)
}

// tidy forgets a topic that nobody waits for. The lock is held.
func (h *hub) tidy(t *topic) {
	if len(t.waiters) == 0 && !t.queued && !t.reading && h.topics[t.key] == t {
		delete(h.topics, t.key)
	}
}

// changed has payments read that somebody waits for.
func (h *hub) changed(keys []storage.PaymentKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range keys {
		if t := h.topics[k]; t != nil {
			h.want(t)
		}
	}
}

// want has a topic read by a read that begins after now. The lock is held.
func (h *hub) want(t *topic) {
	switch {
	case t.queued, h.closed:
		return
	case t.reading:
		t.again = true
		return
	}
	t.queued = true
	h.queue = append(h.queue, t)
	if h.readers < maxReaders {
		h.readers++
		h.active.Go(h.read)
	}
}

// read reads topics until none is left that wants it.
func (h *hub) read() {
	for {
		h.mu.Lock()
		if len(h.queue) == 0 {
			h.readers--
			h.queue = nil
			h.mu.Unlock()
			return
		}
		t := h.queue[0]
		h.queue = h.queue[1:]
		t.queued = false
		if len(t.waiters) == 0 {
			h.tidy(t)
			h.mu.Unlock()
			continue
		}
		t.reading = true
		t.started++
		h.mu.Unlock()

		ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
		now, err := h.load(ctx, t.key)
		cancel()

		h.mu.Lock()
		t.reading = false
		woken := h.tell(t, now, err)
		if t.again {
			t.again = false
			h.want(t)
		}
		h.tidy(t)
		h.mu.Unlock()
		for _, w := range woken {
			w.wake.wake()
		}
	}
}

// tell gives answers to those of a topic who do not know what was read, and
// returns them. The lock is held.
func (h *hub) tell(t *topic, now *told, err error) (woken []*waiter) {
	if err == nil {
		t.version = now.payment
	}
	for i := len(t.waiters) - 1; i >= 0; i-- {
		w := t.waiters[i]
		switch {
		case w.from >= t.started: // it came while this was being read
			continue
		case err != nil && w.checked: // it goes on waiting: the next look may succeed
			continue
		case err == nil && !w.once && w.knows(now):
			w.checked = true
			continue
		}
		w.answer = answer{now, err}
		h.remove(w)
		woken = append(woken, w)
	}
	return woken
}

func (w *waiter) knows(now *told) bool {
	if w.byCode {
		return w.known == now.code
	}
	return w.known == now.Version
}

// look returns the versions at which the payments were read that are waited for;
// 0 stands for one that could not be read.
func (h *hub) look() map[storage.PaymentKey]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[storage.PaymentKey]int64, len(h.topics))
	for k, t := range h.topics {
		all[k] = t.version
	}
	return all
}

// waiters returns how many wait.
func (h *hub) waiters() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waiting
}

// close answers everybody, and lets nobody wait any more. It returns when all
// are answered or ctx ends.
func (h *hub) close(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	var woken []*waiter
	for _, t := range h.topics {
		for len(t.waiters) > 0 {
			w := t.waiters[len(t.waiters)-1]
			if !w.checked {
				w.answer.err = errClosing
			}
			h.remove(w)
			woken = append(woken, w)
		}
	}
	h.mu.Unlock()
	for _, w := range woken {
		w.wake.wake()
	}
	all := make(chan struct{})
	go func() {
		h.active.Wait()
		close(all)
	}()
	select {
	case <-all:
		return nil
	case <-ctx.Done():
		return gateway.Errorf(gateway.CodeUnavailable, "some shoppers were not answered in time; they come again by themselves")
	}
}

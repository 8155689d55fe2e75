// Package tasktest is the suite that every task engine passes. An engine's test
// calls [Run] with how a storage is opened and a queue is made over it.
//
//	func TestQueue(t *testing.T) {
//		tasktest.Run(t, tasktest.Harness{Open: open, New: func(c task.Config) (task.Queue, error) { return leased.New(c) }})
//	}
//
// Time is a [Clock] that the suite moves: nothing waits for it.
package tasktest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// Harness is how the suite gets an engine.
type Harness struct {
	// Open returns an empty storage whose time is now's; the test's cleanup closes it.
	Open func(t *testing.T, now func() time.Time) *storage.DB
	// New returns an engine; several over one storage stand for several processes.
	New func(cfg task.Config) (task.Queue, error)
}

// Clock is a time that moves when it is told to. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at a fixed time.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// suite is what is promised, each promise with the row of the design that asks for it.
var suite = []struct {
	name string
	run  func(w *world)
}{
	{"S50 a task runs with its payload and its store", runs},
	{"S50 enqueuing shares the fate of the transaction", transaction},
	{"S50 a payload holds no secret", secrets},
	{"S51 a failure is tried again after a back-off until the retries are exhausted", retries},
	{"S51 a permanent failure, an unreadable payload and a panic are not tried again", permanent},
	{"S51 a deduplicated item exists once while it is open", dedupe},
	{"S51 an abort ends a running handler", abort},
	{"S51 an item does not end without its hook", brokenHook},
	{"S52 only the legal transitions happen", transitions},
	{"S52 progress is recorded in basis points and never goes back", progress},
	{"S52 a silent handler is ended and tried again", inactive},
	{"S52 a failing child fails its parents and aborts its siblings", cascade},
	{"S52 children's progress is weighted", weights},
	{"S52 one serial item of a queue runs at a time", serial},
	{"S53 higher priorities start first and older items before younger", priorities},
	{"S54 only critical errors end a loop", loops},
	{"S55 queries find what they name", queries},
	{"S55 only a failed task is retried", operatorRetry},
	{"S56 health names the first threshold passed", health},
	{"S57 a dead worker's item is taken over and its late word does not count", abandoned},
	{"S57 progress before a death costs no retry", progressedBeforeDeath},
	{"S57 signs of life and heartbeats keep a claim", heartbeats},
	{"S57 a worker that stops gives its items back", stopped},
	{"S57 what ended long ago is removed and failures stay", prune},
	{"S57 a periodic task runs once per slot", periodic},
	{"S57 a delayed task waits", delayed},
	{"E13 every claim is one run whatever races", races},
}

// Promises returns the names of what the suite holds engines to.
func Promises() (names []string) {
	for _, one := range suite {
		names = append(names, one.name)
	}
	return names
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, one := range suite {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			one.run(&world{T: t, h: h, clock: clock, db: h.Open(t, clock.Now)})
		})
	}
}

const store gateway.StoreID = "es"

// note is the suite's payload.
type note struct{ Text string }

var plainKind = task.NewKind[note]("test.note")

// world is one test's storage, clock and queues.
type world struct {
	*testing.T

	h     Harness
	clock *Clock
	db    *storage.DB
}

type handle = func(ctx context.Context, run *task.Run, p note) error

// queue returns a queue whose items are run by f.
func (w *world) queue(f handle, change ...func(c *task.Config)) task.Queue {
	w.Helper()
	cfg := task.Config{Storage: w.db, Handlers: []task.Handler{plainKind.Handle(f)}, Poll: time.Millisecond, Heartbeat: time.Second}
	for _, c := range change {
		c(&cfg)
	}
	q, err := w.h.New(cfg)
	require.NoError(w, err)
	return q
}

func nothing(context.Context, *task.Run, note) error { return nil }

// add enqueues an item after f has changed it.
func (w *world) add(q task.Queue, text string, f ...func(n *task.New)) task.Item {
	w.Helper()
	n := plainKind.Of(note{text})
	n.Store = store
	for _, change := range f {
		change(&n)
	}
	var item task.Item
	require.NoError(w, w.db.Update(w.Context(), func(tx *storage.Tx) (err error) {
		item, _, err = q.Enqueue(w.Context(), tx, n)
		return err
	}))
	return item
}

// work makes one pass and returns how many items ran.
func (w *world) work(q task.Queue) int {
	w.Helper()
	n, err := q.Work(w.Context(), 10)
	require.NoError(w, err)
	return n
}

// get returns the item as it is now.
func (w *world) get(q task.Queue, id task.ID) task.Item {
	w.Helper()
	item, found, err := q.Find(w.Context(), store, id)
	require.NoError(w, err)
	require.True(w, found)
	return item
}

// is asserts an item's state.
func (w *world) is(q task.Queue, id task.ID, want task.State) task.Item {
	w.Helper()
	item := w.get(q, id)
	assert.Equal(w, want, item.State, item.Failure)
	return item
}

// background makes a pass in a goroutine, and returns a function that waits for it.
func (w *world) background(q task.Queue) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := q.Work(w.Context(), 10)
		assert.NoError(w, err)
	}()
	return func() { <-done }
}

// await receives from ch, and fails the test when nothing comes.
func await[T any](w *world, ch <-chan T) (v T) {
	w.Helper()
	select {
	case v = <-ch:
	case <-time.After(30 * time.Second):
		require.Fail(w, "the handler did not start")
	}
	return v
}

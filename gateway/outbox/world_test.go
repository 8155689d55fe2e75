package outbox_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/tasktest"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(victimFile); file != "" {
		println(victim(file).Error())
		os.Exit(1)
	}
	code := postgrestest.Main(m)
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

// world is one test's storage and clock.
type world struct {
	*testing.T

	clock *tasktest.Clock
	db    *storage.DB
}

func newWorld(t *testing.T) *world {
	t.Helper()
	clock := tasktest.NewClock()
	return &world{T: t, clock: clock, db: openSQLite(t, clock.Now)}
}

func openSQLite(t *testing.T, now func() time.Time) *storage.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"), sqlite.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// waits is a schedule without chance in it: a minute after every failure.
var waits = task.Backoff{time.Minute}

// dispatcher returns a registered dispatcher.
func (w *world) dispatcher(subscribers []outbox.Subscriber, change ...func(c *outbox.Config)) *outbox.Dispatcher {
	w.Helper()
	cfg := outbox.Config{Storage: w.db, Subscribers: subscribers, Backoff: waits, Poll: time.Millisecond}
	for _, c := range change {
		c(&cfg)
	}
	d, err := outbox.New(cfg)
	require.NoError(w, err)
	require.NoError(w, d.Register(w.Context()))
	return d
}

// one returns a dispatcher with the subscriber "one".
func (w *world) one(h outbox.Handler, change ...func(c *outbox.Config)) *outbox.Dispatcher {
	w.Helper()
	return w.dispatcher([]outbox.Subscriber{{Name: "one", Handler: h}}, change...)
}

// tell appends events of a payment of the store es, whose body is {"n": kind}.
func (w *world) tell(id gateway.PaymentID, kinds ...string) {
	w.Helper()
	for _, kind := range kinds {
		require.NoError(w, w.db.Update(w.Context(), func(tx *storage.Tx) error {
			return tx.AppendEvent("es", id, kind, map[string]string{"n": kind})
		}))
	}
}

// once makes one pass and returns how many deliveries were tried.
func (w *world) once(d *outbox.Dispatcher) int {
	w.Helper()
	n, err := d.Once(w.Context())
	require.NoError(w, err)
	return n
}

// deliveries returns the deliveries that match.
func (w *world) deliveries(d *outbox.Dispatcher, q storage.DeliveryQuery) []storage.Delivery {
	w.Helper()
	all, err := d.Deliveries(w.Context(), q)
	require.NoError(w, err)
	return all
}

// only returns the one delivery there is.
func (w *world) only(d *outbox.Dispatcher) storage.Delivery {
	w.Helper()
	all := w.deliveries(d, storage.DeliveryQuery{})
	require.Len(w, all, 1)
	return all[0]
}

// recorder is a handler that notes what it was told, after fail had its say.
type recorder struct {
	fail func(e outbox.Event) error

	mu   sync.Mutex
	told []outbox.Event
}

func (r *recorder) Handle(_ context.Context, e outbox.Event) error {
	if r.fail != nil {
		if err := r.fail(e); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, e)
	return nil
}

// kinds returns what was told, of one payment or ("") of all.
func (r *recorder) kinds(id gateway.PaymentID) (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.told {
		if id == "" || e.Payment == id {
			all = append(all, e.Kind)
		}
	}
	return all
}

// sorted returns what was told of all payments, by name.
func (r *recorder) sorted() []string {
	all := r.kinds("")
	slices.Sort(all)
	return all
}

// await receives from ch, and fails the test when nothing comes.
func await[T any](t *testing.T, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(30 * time.Second):
		require.Fail(t, "nothing came")
	}
	return v
}

// background runs f in a goroutine, and returns a function that waits for it.
func background(f func()) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return func() { <-done }
}

// everything is the query that restricts nothing.
var everything = storage.DeliveryQuery{Limit: 10_000}

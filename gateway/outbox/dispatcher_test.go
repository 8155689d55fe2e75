package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

var errNo = errors.New("no")

func TestAnEventReachesEverySubscriberThatAsksForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all, money, fr recorder
	d := w.dispatcher([]outbox.Subscriber{
		{Name: "all", Handler: &all},
		{Name: "money", Kinds: []string{"money.*"}, Handler: &money},
		{Name: "fr", Stores: []gateway.StoreID{"fr"}, Handler: &fr},
	})
	w.tell("p1", "money.hold", "operation.succeeded", "money.capture")
	assert.Equal(t, 5, w.once(d))
	assert.Zero(t, w.once(d), "normally once")
	assert.Equal(t, []string{"money.hold", "operation.succeeded", "money.capture"}, all.kinds(""))
	assert.Equal(t, []string{"money.hold", "money.capture"}, money.kinds(""))
	assert.Empty(t, fr.kinds(""))
	e := all.told[0]
	assert.Equal(t, gateway.StoreID("es"), e.Store)
	assert.Equal(t, gateway.PaymentID("p1"), e.Payment)
	assert.JSONEq(t, `{"n":"money.hold"}`, string(e.Body))
	assert.Equal(t, w.clock.Now(), e.Created)
	assert.Equal(t, int64(1), e.Try)
	assert.Equal(t, e.ID, money.told[0].ID, "one event")
	assert.NotEqual(t, e.Delivery, money.told[0].Delivery, "two deliveries")
}

func TestAnEventReachesEverySubscriberAtLeastOnceWhateverFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var calls atomic.Int64
	flaky := func(outbox.Event) error {
		switch calls.Add(1) % 4 {
		case 1:
			return errNo
		case 2:
			panic("canary-in-a-panic")
		}
		return nil
	}
	a, b := recorder{fail: flaky}, recorder{fail: flaky}
	d := w.dispatcher([]outbox.Subscriber{{Name: "a", Handler: &a}, {Name: "b", Handler: &b}})
	var want []string
	for p := range 5 {
		for e := range 4 {
			kind := fmt.Sprint("e", e)
			want = append(want, kind)
			w.tell(gateway.PaymentID(fmt.Sprint("p", p)), kind)
		}
	}
	for range 40 {
		w.once(d)
		w.clock.Advance(2 * time.Minute)
	}
	for _, r := range []*recorder{&a, &b} {
		assert.Len(t, r.kinds(""), len(want))
		for p := range 5 {
			assert.Equal(t, []string{"e0", "e1", "e2", "e3"}, r.kinds(gateway.PaymentID(fmt.Sprint("p", p))), "in order, too")
		}
	}
	assert.Empty(t, w.deliveries(d, storage.DeliveryQuery{States: []storage.DeliveryState{storage.DeliveryPending, storage.DeliveryParked}}))
	for _, one := range w.deliveries(d, storage.DeliveryQuery{}) {
		assert.NotContains(t, one.Failure, "canary", "what a panic says may be anything")
	}
}

func TestAFailedEventHoldsBackOnlyItsPaymentForItsSubscriber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := true
	one := recorder{fail: func(e outbox.Event) error {
		if broken && e.Kind == "a1" {
			return errNo
		}
		return nil
	}}
	var two recorder
	d := w.dispatcher([]outbox.Subscriber{{Name: "one", Handler: &one}, {Name: "two", Handler: &two}})
	w.tell("a", "a1", "a2", "a3")
	w.tell("b", "b1", "b2")
	w.once(d)
	assert.Equal(t, []string{"b1", "b2"}, one.sorted())
	assert.Equal(t, []string{"a1", "a2", "a3", "b1", "b2"}, two.sorted())
	w.once(d)
	assert.Empty(t, one.kinds("a"), "not before its time")
	broken = false
	w.clock.Advance(2 * time.Minute)
	w.once(d)
	assert.Equal(t, []string{"a1", "a2", "a3"}, one.kinds("a"))
}

func TestASubscriberThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := make(chan string, 100)
	hangs := outbox.Func(func(ctx context.Context, _ outbox.Event) error {
		<-ctx.Done()
		return ctx.Err()
	})
	d := w.dispatcher([]outbox.Subscriber{
		{Name: "hangs", Handler: hangs},
		{Name: "well", Handler: outbox.Func(func(_ context.Context, e outbox.Event) error { told <- e.Kind; return nil })},
	}, func(c *outbox.Config) { c.Workers = 2 })
	ctx, stop := context.WithCancel(t.Context())
	wait := background(func() { assert.NoError(t, d.Run(ctx)) })
	for i := range 20 {
		w.tell(gateway.PaymentID(fmt.Sprint("p", i)), "e")
	}
	for range 20 {
		assert.Equal(t, "e", await(t, told))
	}
	stop()
	wait()
	for _, one := range w.deliveries(d, storage.DeliveryQuery{Subscriber: "hangs"}) {
		assert.Equal(t, storage.DeliveryPending, one.State)
		assert.Zero(t, one.Tries, "stopping is no try")
		assert.True(t, one.Claimed.IsZero(), "and gives back what was claimed")
	}
}

func TestRunIsWokenByACommitOfItsProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := make(chan string)
	d := w.one(outbox.Func(func(_ context.Context, e outbox.Event) error { told <- e.Kind; return nil }), func(c *outbox.Config) { c.Poll = time.Hour })
	ctx, stop := context.WithCancel(t.Context())
	wait := background(func() { assert.NoError(t, d.Run(ctx)) })
	w.tell("p", "before")
	assert.Equal(t, "before", await(t, told))
	w.tell("p", "e1", "e2")
	assert.Equal(t, "e1", await(t, told))
	assert.Equal(t, "e2", await(t, told))
	stop()
	wait()
}

func TestRunFindsWhatAnotherProcessWrote(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	mine, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	defer mine.Close()
	theirs, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	defer theirs.Close()
	told := make(chan string)
	w := &world{T: t, db: mine}
	d := w.one(outbox.Func(func(_ context.Context, e outbox.Event) error { told <- e.Kind; return nil }))
	ctx, stop := context.WithCancel(t.Context())
	wait := background(func() { assert.NoError(t, d.Run(ctx)) })
	(&world{T: t, db: theirs}).tell("p", "e")
	assert.Equal(t, "e", await(t, told))
	stop()
	wait()
}

func TestASubscriberBeginsAtItsRegistrationUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var first, late, everything recorder
	d := w.dispatcher([]outbox.Subscriber{{Name: "first", Handler: &first}})
	for i := range 3 {
		w.tell("p", fmt.Sprint("e", i))
	}
	w.once(d)
	w.tell("p", "e3") // not shared out yet
	w.clock.Advance(time.Second)
	subscribers := []outbox.Subscriber{{Name: "first", Handler: &first}, {Name: "late", Handler: &late}, {Name: "everything", FromBeginning: true, Handler: &everything}}
	d = w.dispatcher(subscribers)
	w.tell("p", "e4")
	w.once(d)
	want := []string{"e0", "e1", "e2", "e3", "e4"}
	assert.Equal(t, want, first.kinds(""))
	assert.Equal(t, []string{"e4"}, late.kinds(""))
	assert.Equal(t, want, everything.kinds(""))
	assert.Zero(t, w.once(w.dispatcher(subscribers)), "it is the first registration that counts")
}

func TestTwoVersionsOfASubscriberLeaveEachOtherWhatOnlyOneAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var old, changed recorder
	before := w.dispatcher([]outbox.Subscriber{{Name: "one", Kinds: []string{"a"}, Handler: &old}})
	after := w.dispatcher([]outbox.Subscriber{{Name: "one", Kinds: []string{"a", "b"}, Handler: &changed}})
	w.tell("p", "b", "a")
	assert.Zero(t, w.once(before), "it must not swallow what it does not know, nor overtake it")
	assert.Equal(t, 2, w.once(after))
	assert.Equal(t, []string{"b", "a"}, changed.kinds(""))
	assert.Empty(t, old.kinds(""))
}

func TestAHandlerKnowsItsStoreAndItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.one(outbox.Func(func(ctx context.Context, e outbox.Event) error {
		store, _ := task.StoreOf(ctx)
		assert.Equal(t, e.Store, store)
		<-ctx.Done()
		return ctx.Err()
	}), func(c *outbox.Config) { c.Timeout = 10 * time.Millisecond })
	w.tell("p", "e")
	assert.Equal(t, 1, w.once(d))
	one := w.only(d)
	assert.Equal(t, int64(1), one.Tries, "taking too long is a failure")
	assert.Contains(t, one.Failure, "deadline")
}

func TestDispatchersOfManyProcessesDeliverEachEventOnce(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) *storage.DB{
		"SQLite": func(t *testing.T) *storage.DB { t.Helper(); return openSQLite(t, nil) },
		"PostgreSQL": func(t *testing.T) *storage.DB {
			t.Helper()
			db, err := postgres.Open(t.Context(), postgrestest.Database(t), postgres.Options{MaxConns: 8})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, db.Close()) })
			return db
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, db: open(t)}
			var r recorder
			const dispatchers, payments, events = 3, 10, 4
			told := make(chan struct{}, payments*events*dispatchers)
			handler := outbox.Func(func(ctx context.Context, e outbox.Event) error {
				defer func() { told <- struct{}{} }()
				return r.Handle(ctx, e)
			})
			ctx, stop := context.WithCancel(t.Context())
			var waits []func()
			for range dispatchers {
				d := w.one(handler)
				waits = append(waits, background(func() { assert.NoError(t, d.Run(ctx)) }))
			}
			for e := range events {
				for p := range payments {
					w.tell(gateway.PaymentID(fmt.Sprint("p", p)), fmt.Sprint("e", e))
				}
			}
			for range payments * events {
				await(t, told)
			}
			stop()
			for _, wait := range waits {
				wait()
			}
			assert.Len(t, r.told, payments*events)
			for p := range payments {
				assert.Equal(t, []string{"e0", "e1", "e2", "e3"}, r.kinds(gateway.PaymentID(fmt.Sprint("p", p))))
			}
		})
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var r recorder
	for name, cfg := range map[string]outbox.Config{
		"no storage":     {},
		"negative":       {Storage: w.db, Workers: -1},
		"a short lease":  {Storage: w.db, Timeout: time.Minute, Lease: time.Second},
		"no name":        {Storage: w.db, Subscribers: []outbox.Subscriber{{Handler: &r}}},
		"space":          {Storage: w.db, Subscribers: []outbox.Subscriber{{Name: " x", Handler: &r}}},
		"no handler":     {Storage: w.db, Subscribers: []outbox.Subscriber{{Name: "x"}}},
		"one name twice": {Storage: w.db, Subscribers: []outbox.Subscriber{{Name: "x", Handler: &r}, {Name: "x", Handler: &r}}},
		"no store":       {Storage: w.db, Subscribers: []outbox.Subscriber{{Name: "x", Handler: &r, Stores: []gateway.StoreID{""}}}},
		"an empty kind":  {Storage: w.db, Subscribers: []outbox.Subscriber{{Name: "x", Handler: &r, Kinds: []string{""}}}},
		"half a kind":    {Storage: w.db, Subscribers: []outbox.Subscriber{{Name: "x", Handler: &r, Kinds: []string{"mon*"}}}},
		"a star within":  {Storage: w.db, Subscribers: []outbox.Subscriber{{Name: "x", Handler: &r, Kinds: []string{"*.hold"}}}},
	} {
		_, err := outbox.New(cfg)
		assert.ErrorIs(t, err, gateway.CodeInternal, name)
	}
}

func TestADatabaseThatDoesNotAnswerIsAnErrorOfOnceAndNoneOfRun(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	require.NoError(t, err)
	w := &world{T: t, db: db}
	d := w.one(&recorder{})
	require.NoError(t, db.Close())
	_, err = d.Once(t.Context())
	require.ErrorIs(t, err, gateway.CodeUnavailable)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	require.NoError(t, d.Run(ctx))
}

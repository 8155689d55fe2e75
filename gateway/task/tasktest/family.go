package tasktest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

func under(parent task.Item, weight int64) func(n *task.New) {
	return func(n *task.New) { n.Parent, n.Weight = parent.ID, weight }
}

func cascade(w *world) {
	fail := true
	q := w.queue(func(_ context.Context, _ *task.Run, p note) error {
		if p.Text == "bad" && fail {
			return task.Permanent(errors.New("broken"))
		}
		return nil
	})
	top := w.add(q, "top")
	middle := w.add(q, "middle", under(top, 1))
	bad := w.add(q, "bad", under(middle, 1))
	sibling := w.add(q, "sibling", under(middle, 1), func(n *task.New) { n.Hold = true })
	require.Equal(w, 3, w.work(q))
	w.is(q, bad.ID, task.Failed)
	w.is(q, sibling.ID, task.Aborted)
	assert.Contains(w, w.is(q, middle.ID, task.Failed).Failure, string(bad.ID))
	assert.Contains(w, w.is(q, top.ID, task.Failed).Failure, string(middle.ID))
	_, err := q.Retry(w.Context(), store, bad.ID)
	require.ErrorIs(w, err, gateway.CodeConflict, "its parent has ended")
	fail = false
	retried, err := q.Retry(w.Context(), store, top.ID)
	require.NoError(w, err)
	assert.True(w, retried)
	require.Equal(w, 4, w.work(q))
	for _, item := range []task.Item{top, middle, bad, sibling} {
		w.is(q, item.ID, task.Completed)
	}
	err = w.db.Update(w.Context(), func(tx *storage.Tx) error {
		n := plainKind.Of(note{})
		n.Store, n.Parent = store, top.ID
		_, _, err := q.Enqueue(w.Context(), tx, n)
		return err
	})
	require.ErrorIs(w, err, gateway.CodeConflict, "an ended parent takes no children")

	top = w.add(q, "", func(n *task.New) { n.Hold = true })
	child := w.add(q, "", under(top, 1))
	require.NoError(w, q.Abort(w.Context(), store, top.ID))
	w.is(q, child.ID, task.Aborted)
	top = w.add(q, "", func(n *task.New) { n.Hold = true })
	child = w.add(q, "", under(top, 1))
	require.NoError(w, q.Abort(w.Context(), store, child.ID))
	w.is(q, top.ID, task.Failed)
}

func weights(w *world) {
	q := w.queue(nothing)
	top := w.add(q, "top", func(n *task.New) { n.Priority = task.High })
	w.add(q, "heavy", under(top, 3))
	light := w.add(q, "light", under(top, 1), func(n *task.New) { n.Hold = true })
	require.Equal(w, 2, w.work(q))
	have := w.is(q, top.ID, task.InProgress)
	assert.Equal(w, int64(7500), have.Progress)
	assert.True(w, have.Waiting())
	w.clock.Advance(time.Hour)
	require.Zero(w, w.work(q), "a parent that waits is not taken over")
	require.NoError(w, q.Release(w.Context(), store, light.ID))
	require.Equal(w, 1, w.work(q))
	assert.Equal(w, int64(task.Whole), w.is(q, top.ID, task.Completed).Progress)
}

func serial(w *world) {
	var count atomic.Int64
	watch := w.queue(nothing)
	f := func(ctx context.Context, run *task.Run, _ note) error {
		running, err := watch.List(ctx, store, task.Filter{State: task.InProgress, Queue: "ledger"})
		assert.NoError(w, err)
		if run.Item().Serial {
			assert.Len(w, running, 1, "two run at once")
		}
		count.Add(1)
		return nil
	}
	qs := []task.Queue{w.queue(f), w.queue(f), w.queue(f), w.queue(f)}
	one := func(n *task.New) { n.Queue, n.Serial = "ledger", true }
	for range 8 {
		w.add(qs[0], "", one)
	}
	hold, started := make(chan struct{}), make(chan struct{})
	slow := w.queue(func(context.Context, *task.Run, note) error { close(started); <-hold; return nil })
	wait := w.background(slow)
	await(w, started)
	assert.Zero(w, w.work(qs[0]), "two run at once")
	w.add(qs[0], "", func(n *task.New) { n.Queue = "ledger" })
	assert.Equal(w, 1, w.work(qs[0]), "what is not serial does not wait")
	close(hold)
	wait()
	count.Store(0)
	for count.Load() < 7 {
		var waits []func()
		for _, q := range qs {
			waits = append(waits, w.background(q))
		}
		for _, wait := range waits {
			wait()
		}
	}
	assert.Equal(w, int64(7), count.Load())
}

func inactive(w *world) {
	started := make(chan struct{}, 1)
	advance := false
	q := w.queue(func(ctx context.Context, run *task.Run, _ note) error {
		if advance {
			assert.NoError(w, run.Progress(ctx, 10))
		}
		started <- struct{}{}
		<-ctx.Done()
		assert.ErrorIs(w, context.Cause(ctx), task.ErrInactive)
		return ctx.Err()
	}, func(c *task.Config) {
		c.Heartbeat = 5 * time.Millisecond
		c.Lease = time.Hour
		c.Backoff = task.Backoff{}
	})
	item := w.add(q, "")
	for _, want := range []int64{1, 1} { // the second one progressed before it fell silent
		wait := w.background(q)
		await(w, started)
		w.clock.Advance(301 * time.Second)
		wait()
		have := w.is(q, item.ID, task.Queued)
		assert.Equal(w, want, have.Retries)
		assert.Contains(w, have.Failure, "no sign of life")
		advance = true
	}
}

func brokenHook(w *world) {
	h := plainKind.Handle(func(context.Context, *task.Run, note) error { return task.ErrAbort })
	h.OnAbort = func(*storage.Tx, task.Item) error { return errors.New("the hook is broken") }
	q := w.queue(nothing, func(c *task.Config) { c.Handlers = []task.Handler{h} })
	item := w.add(q, "")
	require.Equal(w, 1, w.work(q))
	assert.True(w, w.get(q, item.ID).Finished.IsZero(), "an item does not end without its hook")
	w.clock.Advance(time.Minute)
	other := w.queue(nothing)
	n, err := other.Work(w.Context(), 1)
	require.NoError(w, err)
	assert.Zero(w, n)
	w.clock.Advance(time.Minute)
	require.Equal(w, 1, w.work(other))
	w.is(other, item.ID, task.Completed)
}

package tasktest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

func runs(w *world) {
	var text string
	var carried gateway.StoreID
	q := w.queue(func(ctx context.Context, run *task.Run, p note) error {
		text = p.Text
		carried, _ = task.StoreOf(ctx)
		assert.Equal(w, int64(1), run.Item().Attempt)
		return nil
	})
	ctx := task.WithStore(w.Context(), store)
	var item task.Item
	require.NoError(w, w.db.Update(ctx, func(tx *storage.Tx) (err error) {
		item, _, err = q.Enqueue(ctx, tx, plainKind.Of(note{"Grüße"}))
		return err
	}))
	assert.Equal(w, task.Queued, item.State)
	assert.Equal(w, 1, w.work(q))
	item = w.is(q, item.ID, task.Completed)
	assert.Equal(w, "Grüße", text)
	assert.Equal(w, store, carried)
	assert.Equal(w, int64(task.Whole), item.Progress)
	assert.Equal(w, w.db.Now(), item.Finished)
	assert.Zero(w, w.work(q))
	_, found, err := q.Find(w.Context(), "fr", item.ID)
	require.NoError(w, err)
	assert.False(w, found, "another store sees it")
}

func transaction(w *world) {
	q := w.queue(nothing)
	refused := errors.New("refused")
	err := w.db.Update(w.Context(), func(tx *storage.Tx) error {
		n := plainKind.Of(note{})
		n.Store = store
		_, created, err := q.Enqueue(w.Context(), tx, n)
		assert.True(w, created)
		assert.NoError(w, err)
		return refused
	})
	require.ErrorIs(w, err, refused)
	assert.Zero(w, w.work(q))
}

func secrets(w *world) {
	q := w.queue(nothing)
	type card struct{ Number gateway.Secret }
	for _, n := range []task.New{
		task.NewKind[card]("test.note").Of(card{}),
		task.NewKind[map[string][]*card]("test.note").Of(nil),
		task.NewKind[any]("test.note").Of("x"),
		plainKind.Of(note{strings.Repeat("x", 70_000)}),
		task.NewKind[note]("test.unknown").Of(note{}),
		{},
	} {
		n.Store = store
		err := w.db.Update(w.Context(), func(tx *storage.Tx) error {
			_, _, err := q.Enqueue(w.Context(), tx, n)
			return err
		})
		assert.ErrorIs(w, err, gateway.CodeInvalid)
	}
}

func retries(w *world) {
	var told []task.Item
	h := plainKind.Handle(func(context.Context, *task.Run, note) error { return errors.New("no luck") })
	h.OnFail = func(_ *storage.Tx, item task.Item) error { told = append(told, item); return nil }
	q := w.queue(nothing, func(c *task.Config) { c.Handlers = []task.Handler{h}; c.Backoff = task.Backoff{time.Minute} })
	item := w.add(q, "")
	for n := int64(1); n <= 5; n++ {
		require.Equal(w, 1, w.work(q))
		have := w.is(q, item.ID, task.Queued)
		assert.Equal(w, n, have.Retries)
		assert.True(w, have.Started.IsZero())
		assert.Equal(w, item.Queued, have.Queued)
		w.clock.Advance(47 * time.Second)
		require.Zero(w, w.work(q), "it came back before the back-off was over")
		w.clock.Advance(26 * time.Second)
	}
	assert.Empty(w, told)
	require.Equal(w, 1, w.work(q))
	have := w.is(q, item.ID, task.Failed)
	assert.Contains(w, have.Failure, "Attempt 1: no luck\n")
	assert.Contains(w, have.Failure, "Attempt 6: no luck\n")
	require.Len(w, told, 1)
	assert.Equal(w, task.Failed, told[0].State)
	w.clock.Advance(time.Hour)
	assert.Zero(w, w.work(q))
}

func permanent(w *world) {
	q := w.queue(func(_ context.Context, _ *task.Run, p note) error {
		switch p.Text {
		case "panic":
			panic("canary")
		case "keys":
			return gateway.Errorf(gateway.CodeAuthentication, "the key is refused")
		}
		return task.Permanent(errors.New("never"))
	})
	for _, text := range []string{"", "panic", "keys"} {
		item := w.add(q, text)
		require.Equal(w, 1, w.work(q))
		assert.NotContains(w, w.is(q, item.ID, task.Failed).Failure, "canary")
	}
	n := task.NewKind[[]int]("test.note").Of([]int{1})
	n.Store = store
	var item task.Item
	require.NoError(w, w.db.Update(w.Context(), func(tx *storage.Tx) (err error) {
		item, _, err = q.Enqueue(w.Context(), tx, n)
		return err
	}))
	require.Equal(w, 1, w.work(q))
	assert.Contains(w, w.is(q, item.ID, task.Failed).Failure, "cannot be read")
}

func dedupe(w *world) {
	q := w.queue(nothing)
	once := func(n *task.New) { n.Key = "order-17" }
	a, b := w.add(q, "first", once), w.add(q, "second", once)
	assert.Equal(w, a.ID, b.ID)
	c := w.add(q, "", func(n *task.New) { n.Key, n.Store = "order-17", "fr" })
	assert.NotEqual(w, a.ID, c.ID)
	assert.Equal(w, 2, w.work(q))
	d := w.add(q, "third", once)
	assert.NotEqual(w, a.ID, d.ID)
	assert.Equal(w, 1, w.work(q))
	parent := w.add(q, "", func(n *task.New) { n.Hold = true })
	child := func(n *task.New) { n.Key, n.Parent = "child", parent.ID }
	e := w.add(q, "", child)
	assert.Equal(w, 1, w.work(q))
	assert.Equal(w, e.ID, w.add(q, "", child).ID, "a parent that runs twice makes its children once")
}

func abort(w *world) {
	started := make(chan struct{}, 1)
	var told []task.ID
	h := plainKind.Handle(func(ctx context.Context, _ *task.Run, p note) error {
		if p.Text == "self" {
			return task.ErrAbort
		}
		started <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	h.OnAbort = func(_ *storage.Tx, item task.Item) error { told = append(told, item.ID); return nil }
	q := w.queue(nothing, func(c *task.Config) { c.Handlers = []task.Handler{h}; c.Heartbeat = 5 * time.Millisecond })
	other := w.queue(nothing, func(c *task.Config) { c.Handlers = []task.Handler{h} })
	var ids []task.ID
	for _, by := range []task.Queue{q, other} { // of this process and of another
		item := w.add(q, "")
		wait := w.background(q)
		await(w, started)
		require.NoError(w, by.Abort(w.Context(), store, item.ID))
		wait()
		ids = append(ids, item.ID)
		assert.Empty(w, w.is(q, item.ID, task.Aborted).Failure)
		require.ErrorIs(w, by.Abort(w.Context(), store, item.ID), gateway.CodeConflict)
	}
	item := w.add(q, "self")
	require.Equal(w, 1, w.work(q))
	w.is(q, item.ID, task.Aborted)
	assert.Equal(w, append(ids, item.ID), told)
	require.ErrorIs(w, q.Abort(w.Context(), "fr", item.ID), gateway.CodeNotFound)
}

func transitions(w *world) {
	legal := map[task.State][]task.State{
		task.Created:    {task.Queued, task.Failed, task.Aborted},
		task.Queued:     {task.InProgress, task.Failed, task.Aborted},
		task.InProgress: {task.Queued, task.Completed, task.Failed, task.Aborted},
		task.Failed:     {task.Queued},
	}
	for _, from := range task.States() {
		for _, to := range task.States() {
			assert.Equal(w, slices.Contains(legal[from], to), from.CanBecome(to), "%s → %s", from, to)
		}
	}
	q := w.queue(nothing)
	item := w.add(q, "", func(n *task.New) { n.Hold = true })
	assert.Equal(w, task.Created, item.State)
	assert.Zero(w, w.work(q))
	require.NoError(w, q.Release(w.Context(), store, item.ID))
	require.ErrorContains(w, q.Release(w.Context(), store, item.ID), `from "queued" to "queued"`)
	assert.Equal(w, 1, w.work(q))
	require.ErrorContains(w, q.Abort(w.Context(), store, item.ID), `from "completed" to "aborted"`)
}

func progress(w *world) {
	var run *task.Run
	q := w.queue(func(ctx context.Context, r *task.Run, _ note) error {
		run = r
		assert.NoError(w, r.Progress(ctx, 4000))
		assert.NoError(w, r.Progress(ctx, 1000))
		assert.ErrorIs(w, r.Progress(ctx, task.Whole+1), gateway.CodeInvalid)
		assert.ErrorIs(w, r.Progress(ctx, -1), gateway.CodeInvalid)
		return errors.New("later")
	})
	item := w.add(q, "")
	require.Equal(w, 1, w.work(q))
	assert.Equal(w, int64(4000), w.is(q, item.ID, task.Queued).Progress)
	require.ErrorIs(w, run.Progress(w.Context(), 5000), gateway.CodeConflict, "it does not run")
	assert.Equal(w, int64(4000), w.get(q, item.ID).Progress)
}

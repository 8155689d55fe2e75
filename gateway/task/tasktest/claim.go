package tasktest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// dead is a worker that never beats: what is left of a process that was killed.
func dead(c *task.Config) { c.Lease, c.Heartbeat = 15*time.Second, 14*time.Second }

func abandoned(w *world) {
	started, release := make(chan *task.Run, 1), make(chan struct{})
	killed := w.queue(func(_ context.Context, run *task.Run, _ note) error {
		started <- run
		<-release
		return task.Permanent(fmt.Errorf("a word from the grave"))
	}, dead)
	var run *task.Run
	var wait func()
	heir := w.queue(func(ctx context.Context, own *task.Run, _ note) error {
		close(release)
		wait() // the dead worker has ended while this one runs
		assert.ErrorIs(w, run.Progress(ctx, 9000), gateway.CodeConflict, "the dead speaks for the living")
		assert.NoError(w, own.Progress(ctx, 10))
		return nil
	}, func(c *task.Config) { c.Backoff = task.Backoff{} })
	item := w.add(killed, "")
	wait = w.background(killed)
	run = await(w, started)
	w.clock.Advance(14 * time.Second)
	assert.Zero(w, w.work(heir), "it was taken from a worker that may live")
	w.clock.Advance(2 * time.Second)
	assert.Equal(w, 1, w.work(heir))
	have := w.is(heir, item.ID, task.Completed)
	assert.Equal(w, int64(2), have.Attempt)
	assert.Equal(w, int64(1), have.Retries)
	assert.NotContains(w, have.Failure, "grave")
}

func progressedBeforeDeath(w *world) {
	started, release := make(chan struct{}, 8), make(chan struct{})
	mark := int64(0)
	killed := w.queue(func(ctx context.Context, run *task.Run, _ note) error {
		assert.NoError(w, run.Progress(ctx, mark))
		started <- struct{}{}
		<-release
		return nil
	}, dead, func(c *task.Config) { c.MaxRetries = 1; c.Backoff = task.Backoff{} })
	watch := w.queue(nothing, func(c *task.Config) { c.MaxRetries = 1; c.Backoff = task.Backoff{time.Hour} })
	item := w.add(killed, "")
	var waits []func()
	for _, step := range []struct {
		progress, retries int64
		state             task.State
	}{{100, 0, task.Queued}, {200, 0, task.Queued}, {200, 1, task.Queued}, {200, 2, task.Failed}} {
		mark = step.progress
		waits = append(waits, w.background(killed))
		await(w, started)
		w.clock.Advance(20 * time.Second)
		require.Zero(w, w.work(watch))
		assert.Equal(w, step.retries, w.is(watch, item.ID, step.state).Retries)
		w.clock.Advance(2 * time.Hour)
	}
	close(release)
	for _, wait := range waits {
		wait()
	}
	w.is(watch, item.ID, task.Failed)
}

func heartbeats(w *world) {
	started, release := make(chan *task.Run, 1), make(chan struct{})
	f := func(_ context.Context, run *task.Run, _ note) error { started <- run; <-release; return nil }
	silent, beating := w.queue(f, dead), w.queue(f, func(c *task.Config) { c.Heartbeat = 2 * time.Millisecond })
	other := w.queue(nothing)

	item := w.add(silent, "")
	wait := w.background(silent)
	run := await(w, started)
	for range 4 { // the handler's own signs
		w.clock.Advance(10 * time.Second)
		require.NoError(w, run.Alive(w.Context()))
		require.Zero(w, w.work(other))
	}
	release <- struct{}{}
	wait()
	w.is(other, item.ID, task.Completed)

	item = w.add(beating, "")
	wait = w.background(beating)
	await(w, started)
	for range 4 { // the worker's
		w.clock.Advance(10 * time.Second)
		until := w.db.Now().Add(15 * time.Second)
		require.Eventually(w, func() bool { return w.get(other, item.ID).Lease.Equal(until) }, 10*time.Second, time.Millisecond)
		require.Zero(w, w.work(other))
	}
	release <- struct{}{}
	wait()
	assert.Equal(w, int64(1), w.is(other, item.ID, task.Completed).Attempt)
}

func stopped(w *world) {
	started := make(chan struct{}, 1)
	q := w.queue(func(ctx context.Context, _ *task.Run, p note) error {
		started <- struct{}{}
		if p.Text == "quick" {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	})
	quick := w.add(q, "quick", func(n *task.New) { n.Priority = task.High })
	item := w.add(q, "")
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	await(w, started)
	await(w, started)
	cancel()
	require.NoError(w, <-done)
	w.is(q, quick.ID, task.Completed)
	have := w.is(q, item.ID, task.Queued)
	assert.Zero(w, have.Retries)
	assert.Empty(w, have.Failure)
}

func periodic(w *world) {
	var mu sync.Mutex
	count := 0
	f := func(context.Context, *task.Run, note) error { mu.Lock(); defer mu.Unlock(); count++; return nil }
	each := func(c *task.Config) {
		n := plainKind.Of(note{"report"})
		n.Store = store
		c.Periodic = []task.Periodic{{Name: "daily", Every: time.Hour, Item: n}}
	}
	qs := []task.Queue{w.queue(f, each), w.queue(f, each)}
	both := func() {
		a, b := w.background(qs[0]), w.background(qs[1])
		a()
		b()
		w.work(qs[0])
	}
	both()
	assert.Equal(w, 0, count)
	for n := 1; n <= 3; n++ {
		w.clock.Advance(time.Hour)
		both()
		both()
		assert.Equal(w, n, count)
	}
	w.clock.Advance(5 * time.Hour) // missed slots are one run
	both()
	assert.Equal(w, 4, count)
}

func delayed(w *world) {
	q := w.queue(nothing)
	item := w.add(q, "", func(n *task.New) { n.Delay = time.Minute })
	w.clock.Advance(59 * time.Second)
	assert.Zero(w, w.work(q))
	w.clock.Advance(time.Second)
	assert.Equal(w, 1, w.work(q))
	w.is(q, item.ID, task.Completed)
}

func races(w *world) {
	const n, workers = 60, 4
	var mu sync.Mutex
	runs := map[string]int{}
	f := func(_ context.Context, run *task.Run, _ note) error {
		mu.Lock()
		defer mu.Unlock()
		runs[fmt.Sprintf("%s/%d", run.Item().ID, run.Item().Attempt)]++
		return nil
	}
	first := w.queue(f)
	require.NoError(w, w.db.Update(w.Context(), func(tx *storage.Tx) error {
		for range n {
			item := plainKind.Of(note{})
			item.Store = store
			if _, _, err := first.Enqueue(w.Context(), tx, item); err != nil {
				return err
			}
		}
		return nil
	}))
	var all sync.WaitGroup
	for range workers {
		q := w.queue(f)
		all.Go(func() {
			for left := true; left; {
				_, err := q.Work(w.Context(), 3)
				if !assert.NoError(w, err) {
					return
				}
				mu.Lock()
				left = len(runs) < n
				mu.Unlock()
			}
		})
	}
	all.Wait()
	assert.Len(w, runs, n)
	for id, count := range runs {
		assert.Equal(w, 1, count, id)
	}
	h, err := first.Health(w.Context(), store)
	require.NoError(w, err)
	assert.Equal(w, int64(n), h.Count[task.Completed])
}

package tasktest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

func priorities(w *world) {
	var mu sync.Mutex
	var order []string
	q := w.queue(func(_ context.Context, _ *task.Run, p note) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, p.Text)
		return nil
	})
	for _, one := range []struct {
		text     string
		priority task.Priority
	}{{"low", task.Low}, {"older", 0}, {"younger", task.Normal}, {"high", task.High}} {
		w.add(q, one.text, func(n *task.New) { n.Priority = one.priority })
		w.clock.Advance(time.Second)
	}
	hook := w.add(q, "hook", func(n *task.New) { n.Queue, n.Priority = task.QueueWebhooks, task.Low })
	assert.Equal(w, task.High, hook.Priority)
	for range 5 {
		n, err := q.Work(w.Context(), 1)
		require.NoError(w, err)
		require.Equal(w, 1, n)
	}
	assert.Equal(w, []string{"high", "hook", "older", "younger", "low"}, order)
}

func loops(w *world) {
	seen := 0
	q := w.queue(func(ctx context.Context, run *task.Run, p note) error {
		failed, err := task.Each(ctx, run, []string{"ok", p.Text, "ok", "ok"}, func(_ context.Context, one string) error {
			seen++
			switch one {
			case "keys":
				return gateway.Errorf(gateway.CodeAuthentication, "the key is refused")
			case "odd":
				return errors.New("this one is odd")
			}
			return nil
		})
		if err == nil {
			assert.Equal(w, 1, failed)
		}
		return err
	})
	odd := w.add(q, "odd")
	require.Equal(w, 1, w.work(q))
	w.is(q, odd.ID, task.Completed)
	assert.Equal(w, 4, seen)
	keys := w.add(q, "keys")
	require.Equal(w, 1, w.work(q))
	assert.Equal(w, int64(2500), w.is(q, keys.ID, task.Failed).Progress)
	assert.Equal(w, 6, seen)
}

func queries(w *world) {
	started, release := make(chan struct{}), make(chan struct{})
	q := w.queue(func(_ context.Context, _ *task.Run, p note) error {
		if p.Text == "long" {
			close(started)
			<-release
			return nil
		}
		return task.Permanent(errors.New("no"))
	}, func(c *task.Config) { c.Lease = time.Hour })
	failed := w.add(q, "", func(n *task.New) { n.Context = "report-m1" })
	spent := w.add(q, "", func(n *task.New) { n.MaxRetries = -1 })
	require.Equal(w, 2, w.work(q))
	w.clock.Advance(time.Second)
	long := w.add(q, "long", func(n *task.New) { n.Queue = task.QueueReporting })
	wait := w.background(q)
	await(w, started)
	list := func(s gateway.StoreID, f task.Filter) (ids []task.ID) {
		all, err := q.List(w.Context(), s, f)
		require.NoError(w, err)
		for _, item := range all {
			ids = append(ids, item.ID)
		}
		return ids
	}
	assert.ElementsMatch(w, []task.ID{failed.ID, spent.ID}, list(store, task.Filter{State: task.Failed}))
	assert.Equal(w, []task.ID{failed.ID}, list(store, task.Filter{Retryable: true}))
	assert.Equal(w, []task.ID{failed.ID}, list(store, task.Filter{Context: "report-m1"}))
	assert.Equal(w, []task.ID{long.ID}, list(store, task.Filter{State: task.InProgress, Queue: task.QueueReporting}))
	assert.Empty(w, list(store, task.Filter{LongRunning: task.LongRunning}))
	w.clock.Advance(301 * time.Second)
	assert.Equal(w, []task.ID{long.ID}, list(store, task.Filter{LongRunning: task.LongRunning}))
	assert.Empty(w, list("fr", task.Filter{}))
	assert.Len(w, list(store, task.Filter{Limit: 2}), 2)
	assert.Equal(w, long.ID, list(store, task.Filter{})[0])
	assert.Equal(w, long.ID, list(store, task.Filter{Oldest: true})[2])
	assert.ElementsMatch(w, []task.ID{failed.ID, spent.ID}, list(store, task.Filter{Retries: 1}))
	assert.Empty(w, list(store, task.Filter{Retries: 2}))
	_, found, err := q.Find(w.Context(), store, "task_none")
	require.NoError(w, err)
	assert.False(w, found)
	close(release)
	wait()
}

func operatorRetry(w *world) {
	fail := true
	q := w.queue(func(context.Context, *task.Run, note) error {
		if fail {
			return task.Permanent(errors.New("no"))
		}
		return nil
	})
	item := w.add(q, "", func(n *task.New) { n.Key = "k" })
	retry := func(want bool) {
		w.Helper()
		got, err := q.Retry(w.Context(), store, item.ID)
		require.NoError(w, err)
		assert.Equal(w, want, got)
	}
	retry(false)
	require.Equal(w, 1, w.work(q))
	fail = false
	retry(true)
	retry(false)
	assert.Zero(w, w.get(q, item.ID).Retries)
	require.Equal(w, 1, w.work(q))
	assert.Contains(w, w.is(q, item.ID, task.Completed).Failure, "Attempt 1: no", "the history stays")
	retry(false)
	got, err := q.Retry(w.Context(), "fr", item.ID)
	require.NoError(w, err)
	assert.False(w, got)
}

func health(w *world) {
	judge := func(long, failed, queued int64) task.Verdict {
		return task.Health{LongRunning: long, Count: map[task.State]int64{task.Failed: failed, task.Queued: queued}}.Judge().Verdict
	}
	assert.Equal(w, task.VerdictHealthy, judge(5, 10, 100))
	assert.Equal(w, task.VerdictBusy, judge(5, 10, 101))
	assert.Equal(w, task.VerdictWarning, judge(5, 11, 101))
	assert.Equal(w, task.VerdictCritical, judge(6, 11, 101))

	q := w.queue(func(context.Context, *task.Run, note) error { return task.Permanent(errors.New("no")) })
	for range 11 {
		w.add(q, "")
	}
	assert.Equal(w, 10, w.work(q))
	have, err := q.Health(w.Context(), store)
	require.NoError(w, err)
	assert.Equal(w, task.VerdictHealthy, have.Verdict)
	assert.Equal(w, int64(1), have.Count[task.Queued])
	assert.Equal(w, 1, w.work(q))
	have, err = q.Health(w.Context(), store)
	require.NoError(w, err)
	assert.Equal(w, task.VerdictWarning, have.Verdict)
	assert.Equal(w, map[string]int64{"test.note": 11}, have.FailedKinds)
	assert.Equal(w, map[int64]int64{1: 11}, have.Retries)
	assert.Contains(w, have.Count, task.Created)
}

func prune(w *world) {
	q := w.queue(func(_ context.Context, _ *task.Run, p note) error {
		if p.Text == "bad" {
			return task.Permanent(errors.New("no"))
		}
		return nil
	})
	good, bad := w.add(q, ""), w.add(q, "bad")
	require.Equal(w, 2, w.work(q))
	n, err := q.Prune(w.Context(), w.db.Now(), 100)
	require.NoError(w, err)
	assert.Zero(w, n)
	w.clock.Advance(31 * 24 * time.Hour)
	n, err = q.Prune(w.Context(), w.db.Now().Add(-30*24*time.Hour), 100)
	require.NoError(w, err)
	assert.Equal(w, 1, n)
	w.is(q, bad.ID, task.Failed)
	_, found, err := q.Find(w.Context(), store, good.ID)
	require.NoError(w, err)
	assert.False(w, found)
}

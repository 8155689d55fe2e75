package leased

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// aliveEvery is how often signs of life are written.
const aliveEvery = 2 * time.Second

// worker runs one claimed item and is its handler's [task.Signal].
type worker struct {
	q    *Queue
	item task.Item
	end  context.CancelCauseFunc // of the handler's context

	mu       sync.Mutex
	seen     time.Time // the last sign of life
	written  time.Time // when the last one was written
	lease    time.Time
	progress int64
}

// execute runs a claimed item and records how it ended.
func (q *Queue) execute(ctx context.Context, item task.Item) {
	now := q.cfg.Storage.Now()
	inner, end := context.WithCancelCause(ctx)
	w := &worker{q: q, item: item, end: end, seen: now, written: now, lease: item.Lease, progress: item.Progress}
	k := key{item.Store, item.ID}
	q.mu.Lock()
	q.running[k] = w
	q.mu.Unlock()
	done := make(chan struct{})
	beats := sync.WaitGroup{}
	beats.Go(func() { w.beat(ctx, done) })

	err := q.handlers[item.Kind].Serve(inner, task.NewRun(item, w, q.cfg.Log))
	cause := context.Cause(inner)
	close(done)
	beats.Wait()
	end(nil)
	q.mu.Lock()
	if q.running[k] == w {
		delete(q.running, k)
	}
	q.mu.Unlock()
	if errors.Is(cause, task.ErrLost) {
		return
	}
	o := outcome{err: err, progressed: w.last() > item.Progress}
	switch {
	case err == nil:
	case errors.Is(cause, task.ErrInactive):
		o.err, o.free = task.ErrInactive, o.progressed
	case ctx.Err() != nil && !task.Critical(err):
		o.free, o.stopped = true, true // the worker stops: that says nothing about the item
	}
	q.record(context.WithoutCancel(ctx), item, o)
}

// record writes how an attempt ended. When that cannot be written the lease
// passes, and the item is taken over: it runs again rather than being lost.
func (q *Queue) record(ctx context.Context, item task.Item, o outcome) {
	err := q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error { return q.finish(tx, item, o) })
	if err != nil {
		q.cfg.Log.ErrorContext(ctx, "how a task ended could not be recorded", "store", item.Store, "task", item.ID, "kind", item.Kind, "attempt", item.Attempt, "error", err)
	}
}

// beat extends the lease until done is closed. It goes on while a stopped
// worker's handler returns.
func (w *worker) beat(ctx context.Context, done <-chan struct{}) {
	ctx = context.WithoutCancel(ctx)
	t := time.NewTicker(w.q.cfg.Heartbeat)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
		}
		now := w.q.cfg.Storage.Now()
		w.mu.Lock()
		inactive, lapsed := now.Sub(w.seen) > w.q.cfg.Inactive, now.After(w.lease)
		w.mu.Unlock()
		if inactive {
			w.end(task.ErrInactive) // and the lease is left to pass, for a handler that does not listen
			continue
		}
		err := w.extend(ctx, -1)
		if lost(err) || (err != nil && lapsed) {
			w.end(task.ErrLost)
			return
		}
	}
}

// Alive records a sign of life.
func (w *worker) Alive(ctx context.Context) error {
	now := w.q.cfg.Storage.Now()
	w.mu.Lock()
	w.seen = now
	fresh := now.Sub(w.written) < aliveEvery
	w.mu.Unlock()
	if fresh {
		return nil
	}
	return w.told(w.extend(ctx, -1))
}

// Progress records basis points.
func (w *worker) Progress(ctx context.Context, basisPoints int64) error {
	now := w.q.cfg.Storage.Now()
	w.mu.Lock()
	w.seen = now
	w.mu.Unlock()
	return w.told(w.extend(ctx, basisPoints))
}

// told ends the handler's context when the claim was lost.
func (w *worker) told(err error) error {
	if lost(err) {
		w.end(task.ErrLost)
	}
	return err
}

func lost(err error) bool { return errors.Is(err, gateway.CodeConflict) }

func (w *worker) last() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.progress
}

// extend extends the lease, and raises the progress when basisPoints say more.
func (w *worker) extend(ctx context.Context, basisPoints int64) error {
	var now time.Time
	err := w.q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		now = tx.Now()
		n, err := exec(tx, `UPDATE job SET lease_us = $1, progress = CASE WHEN progress < $2 THEN $3 ELSE progress END, updated_us = $4
			WHERE store = $5 AND id = $6 AND attempt = $7 AND state = 'in_progress' AND lease_us IS NOT NULL`,
			now.Add(w.q.cfg.Lease).UnixMicro(), basisPoints, basisPoints, now.UnixMicro(), w.item.Store, w.item.ID, w.item.Attempt)
		if err == nil && n == 0 {
			err = gateway.Errorf(gateway.CodeConflict, "task %s is no longer run by this worker", w.item.ID)
		}
		if err == nil && basisPoints > 0 && w.item.Parent != "" {
			err = share(tx, w.item.Store, w.item.Parent)
		}
		return err
	})
	if err == nil {
		w.mu.Lock()
		w.written, w.lease, w.progress = now, now.Add(w.q.cfg.Lease), max(w.progress, basisPoints)
		w.mu.Unlock()
	}
	return err
}

// cancel ends a handler of this process whose item was ended.
func (q *Queue) cancel(k key) {
	q.mu.Lock()
	w := q.running[k]
	q.mu.Unlock()
	if w != nil {
		w.end(task.ErrLost)
	}
}

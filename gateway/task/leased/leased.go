// Package leased is the task engine that works in the application's own storage:
// one table, in SQLite or PostgreSQL, and a lease on every item that runs.
//
//	q, err := leased.New(task.Config{Storage: db, Handlers: handlers})
//	err = q.Run(ctx)
//
// A claim sets the lease and raises the attempt; everything that a worker writes
// later asks for that attempt, so that one that was believed dead can do no
// harm when it wakes up. Heartbeats extend the lease; an item whose lease has
// passed is taken over by any worker in any process. The clocks of processes may
// differ by a few seconds, but by much less than the lease.
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

// Queue is the engine. It is safe for concurrent use.
type Queue struct {
	cfg      task.Config
	handlers map[string]task.Handler
	kinds    []string
	wake     chan struct{}

	mu      sync.Mutex
	running map[key]*worker
}

type key struct {
	store gateway.StoreID
	id    task.ID
}

var _ task.Queue = (*Queue)(nil)

// New returns a queue over the configuration's storage. It starts nothing.
func New(cfg task.Config) (*Queue, error) {
	cfg, handlers, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	if cfg.Heartbeat >= cfg.Lease {
		return nil, gateway.Errorf(gateway.CodeInternal, "the heartbeat (%s) must be shorter than the lease (%s)", cfg.Heartbeat, cfg.Lease)
	}
	q := &Queue{cfg: cfg, handlers: handlers, wake: make(chan struct{}, 1), running: map[key]*worker{}}
	for kind := range handlers {
		q.kinds = append(q.kinds, kind)
	}
	return q, nil
}

// Wake makes Run look for work at once: call it after the commit of something urgent.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Work makes one pass; see [task.Worker].
func (q *Queue) Work(ctx context.Context, limit int) (int, error) {
	items, err := q.prepare(ctx, limit)
	var all sync.WaitGroup
	for _, item := range items {
		all.Go(func() { q.execute(ctx, item) })
	}
	all.Wait()
	return len(items), err
}

// prepare makes ready what a pass does, and claims at most limit items.
func (q *Queue) prepare(ctx context.Context, limit int) ([]task.Item, error) {
	// One schedule or item that cannot be dealt with must not stop the others.
	err := errors.Join(q.tick(ctx), q.rescue(ctx))
	items, cerr := q.claim(ctx, limit)
	return items, errors.Join(err, cerr)
}

// Run works until ctx ends; see [task.Worker].
func (q *Queue) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, q.cfg.Workers)
	for ctx.Err() == nil {
		free := min(q.cfg.Workers-len(slots), q.cfg.Batch)
		var items []task.Item
		if free > 0 {
			var err error
			if items, err = q.prepare(ctx, free); err != nil && ctx.Err() == nil {
				q.cfg.Log.ErrorContext(ctx, "the task queue could not look for work", "error", err)
			}
		}
		for _, item := range items {
			slots <- struct{}{}
			all.Go(func() {
				q.execute(ctx, item)
				<-slots
				q.Wake()
			})
		}
		if len(items) > 0 && len(items) == free {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-time.After(q.cfg.Poll):
		}
	}
	return nil
}

// tick enqueues what is due on a schedule. The row of a schedule is changed by
// one worker only, in the transaction that enqueues.
func (q *Queue) tick(ctx context.Context) (failed error) {
	now := q.cfg.Storage.Now()
	for _, p := range q.cfg.Periodic {
		due := false
		err := q.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) {
			due, err = periodDue(tx, p, now)
			return err
		})
		if err != nil || !due {
			failed = errors.Join(failed, err)
			continue
		}
		err = q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
			won, err := advancePeriod(tx, p, now)
			if err != nil || !won {
				return err
			}
			_, _, err = q.Enqueue(ctx, tx, p.Item)
			return err
		})
		failed = errors.Join(failed, err)
	}
	return failed
}

func periodDue(tx *storage.Tx, p task.Periodic, now time.Time) (bool, error) {
	ctx, sql := tx.SQL()
	var waits int64
	err := sql.QueryRowContext(ctx, `SELECT COUNT(*) FROM job_period WHERE store = $1 AND name = $2 AND next_us > $3`, p.Item.Store, p.Name, now.UnixMicro()).Scan(&waits)
	return waits == 0, err
}

// advancePeriod moves a schedule to its next slot and reports whether this call
// did. A schedule that is new is due at its next slot.
func advancePeriod(tx *storage.Tx, p task.Periodic, now time.Time) (bool, error) {
	us, every := now.UnixMicro(), max(p.Every.Microseconds(), 1)
	next := us - us%every + every
	n, err := exec(tx, `INSERT INTO job_period (store, name, next_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, p.Item.Store, p.Name, next)
	if err != nil || n == 1 {
		return false, err
	}
	n, err = exec(tx, `UPDATE job_period SET next_us = $1 WHERE store = $2 AND name = $3 AND next_us <= $4`, next, p.Item.Store, p.Name, us)
	return n == 1, err
}

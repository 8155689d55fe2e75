package leased

import (
	"context"
	"fmt"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// Enqueue stores an item in the caller's transaction; see [task.Enqueuer].
func (q *Queue) Enqueue(ctx context.Context, tx *storage.Tx, n task.New) (task.Item, bool, error) {
	n, err := n.Complete(ctx, q.cfg.MaxRetries)
	if err != nil {
		return task.Item{}, false, err
	}
	if _, known := q.handlers[n.Kind()]; !known {
		return task.Item{}, false, gateway.Invalid("there is no handler for tasks of kind %q: register it", n.Kind())
	}
	if n.Parent != "" {
		parent, found, err := lock(tx, n.Store, n.Parent)
		switch {
		case err != nil:
			return task.Item{}, false, err
		case !found:
			return task.Item{}, false, notFound(n.Parent)
		case parent.State.Ended():
			return task.Item{}, false, gateway.Errorf(gateway.CodeConflict, "task %s is %s and takes no children", parent.ID, parent.State)
		}
	}
	if n.Serial {
		if _, err := exec(tx, `INSERT INTO job_lane (store, queue) VALUES ($1, $2) ON CONFLICT DO NOTHING`, n.Store, n.Queue); err != nil {
			return task.Item{}, false, err
		}
	}
	id, now := task.ID(storage.NewID("task")), tx.Now().UnixMicro()
	state, queued := task.Queued, any(now)
	if n.Hold {
		state, queued = task.Created, nil
	}
	added, err := exec(tx, `INSERT INTO job (store, id, kind, queue, context, payload, priority, state, dedupe, serial, parent, weight, max_retries, earliest_us, created_us, queued_us, updated_us)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
		n.Store, id, n.Kind(), n.Queue, n.Context, string(n.Payload()), n.Priority, state, n.Key, number(n.Serial), n.Parent, n.Weight, n.MaxRetries,
		tx.Now().Add(n.Delay).UnixMicro(), now, queued, now)
	if err != nil {
		return task.Item{}, false, err
	}
	if added == 1 {
		item, _, err := find(tx, n.Store, id)
		return item, true, err
	}
	have, err := items(tx, `WHERE store = $1 AND dedupe = $2 AND dedupe <> '' AND ((parent <> '' AND parent = $3) OR state IN ('created', 'queued', 'in_progress'))
		ORDER BY created_us LIMIT 1`, n.Store, n.Key, n.Parent)
	if err == nil && len(have) == 0 {
		err = gateway.Errorf(gateway.CodeConflict, "the item with key %q ended at this moment: try again", n.Key)
	}
	if err != nil {
		return task.Item{}, false, err
	}
	return have[0], false, nil
}

// Find returns an item; see [task.Operator].
func (q *Queue) Find(ctx context.Context, store gateway.StoreID, id task.ID) (item task.Item, found bool, err error) {
	err = q.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) {
		item, found, err = find(tx, store, id)
		return err
	})
	return item, found, err
}

// List returns the items that fit the filter; see [task.Operator].
func (q *Queue) List(ctx context.Context, store gateway.StoreID, f task.Filter) (all []task.Item, err error) {
	where, args := `WHERE store = $1`, []any{store}
	and := func(condition string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(" AND "+condition, len(args))
	}
	for _, c := range []struct{ name, v string }{
		{"state", string(f.State)}, {"kind", f.Kind}, {"queue", f.Queue}, {"context", f.Context}, {"parent <> '' AND parent", string(f.Parent)},
	} {
		if c.v != "" {
			and(c.name+" = $%d", c.v)
		}
	}
	if f.Retryable {
		where += ` AND state = 'failed' AND retries < max_retries`
	}
	if f.Retries > 0 {
		and(`retries >= $%d`, f.Retries)
	}
	if f.LongRunning > 0 {
		and(`state = 'in_progress' AND lease_us IS NOT NULL AND started_us < $%d`, q.cfg.Storage.Now().Add(-f.LongRunning).UnixMicro())
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	order := `updated_us DESC, id`
	if f.Oldest {
		order = `updated_us, id`
	}
	args = append(args, f.Limit)
	where += fmt.Sprintf(` ORDER BY `+order+` LIMIT $%d`, len(args))
	err = q.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) {
		all, err = items(tx, where, args...)
		return err
	})
	return all, err
}

// Release queues an item that was held; see [task.Operator].
func (q *Queue) Release(ctx context.Context, store gateway.StoreID, id task.ID) error {
	return q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		item, found, err := lock(tx, store, id)
		switch {
		case err != nil:
			return err
		case !found:
			return notFound(id)
		case item.State != task.Created:
			return task.Illegal(id, item.State, task.Queued)
		}
		_, err = exec(tx, `UPDATE job SET state = 'queued', queued_us = $1 WHERE store = $2 AND id = $3`, tx.Now().UnixMicro(), store, id)
		return err
	})
}

// Retry queues a failed item again; see [task.Operator].
func (q *Queue) Retry(ctx context.Context, store gateway.StoreID, id task.ID) (retried bool, err error) {
	err = q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		retried = false
		item, found, err := lock(tx, store, id)
		if err != nil || !found || item.State != task.Failed {
			return err
		}
		if item.Parent != "" {
			parent, found, err := lock(tx, store, item.Parent)
			if err != nil {
				return err
			}
			if found && parent.State.Ended() {
				return gateway.Errorf(gateway.CodeConflict, "task %s belongs to %s, which is %s: retry that one", id, parent.ID, parent.State)
			}
		}
		retried = true
		return again(tx, item)
	})
	return retried && err == nil, err
}

func again(tx *storage.Tx, item task.Item) error {
	now := tx.Now().UnixMicro()
	if item.Key != "" { // two open items must not share a key
		others, err := items(tx, `WHERE store = $1 AND dedupe = $2 AND dedupe <> '' AND state IN ('created', 'queued', 'in_progress')`, item.Store, item.Key)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return gateway.Errorf(gateway.CodeConflict, "task %s has taken the place of %s (key %q)", others[0].ID, item.ID, item.Key)
		}
	}
	if _, err := exec(tx, `UPDATE job SET state = 'queued', retries = 0, earliest_us = $1, queued_us = $2, started_us = NULL, finished_us = NULL, updated_us = $3 WHERE store = $4 AND id = $5`,
		now, now, now, item.Store, item.ID); err != nil {
		return err
	}
	kids, err := children(tx, item)
	if err != nil {
		return err
	}
	for _, kid := range kids {
		if kid.State == task.Failed || kid.State == task.Aborted {
			if err := again(tx, kid); err != nil {
				return err
			}
		}
	}
	return nil
}

// Abort ends an item and its children; see [task.Operator].
func (q *Queue) Abort(ctx context.Context, store gateway.StoreID, id task.ID) error {
	err := q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		item, found, err := lock(tx, store, id)
		if err != nil {
			return err
		}
		if !found {
			return notFound(id)
		}
		return q.end(tx, item, task.Aborted, "")
	})
	if err == nil {
		q.cancel(key{store, id}) // others learn it at the next heartbeat
	}
	return err
}

func notFound(id task.ID) error {
	return gateway.Errorf(gateway.CodeNotFound, "there is no task %s in this store", id)
}

// Prune deletes what ended well long ago; see [task.Operator].
func (q *Queue) Prune(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		deleted, err := exec(tx, `DELETE FROM job WHERE (store, id) IN (SELECT j.store, j.id FROM job j WHERE j.state IN ('completed', 'aborted') AND j.finished_us < $1
			AND NOT EXISTS (SELECT 1 FROM job p WHERE p.store = j.store AND p.id = j.parent AND p.state NOT IN ('completed', 'aborted')) ORDER BY j.finished_us LIMIT $2)`,
			before.UnixMicro(), limit)
		n = int(deleted)
		return err
	})
	return n, err
}

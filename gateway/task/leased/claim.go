package leased

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// inKinds returns "kind IN ($from, …)" and its arguments.
func (q *Queue) inKinds(from int) (string, []any) {
	marks, args := make([]string, len(q.kinds)), make([]any, len(q.kinds))
	for i, k := range q.kinds {
		marks[i], args[i] = fmt.Sprintf("$%d", from+i), k
	}
	return "kind IN (" + strings.Join(marks, ", ") + ")", args
}

// claim takes at most limit items whose time has come, by priority and then the
// oldest, of the kinds that this process handles.
func (q *Queue) claim(ctx context.Context, limit int) (claimed []task.Item, err error) {
	if len(q.kinds) == 0 || limit <= 0 {
		return nil, nil
	}
	now := q.cfg.Storage.Now()
	kinds, names := q.inKinds(2)
	args := append(append([]any{now.UnixMicro()}, names...), now.UnixMicro(), limit)
	// Of a queue's serial items only the first is a candidate, and none while one runs.
	query := fmt.Sprintf(`WHERE state = 'queued' AND earliest_us <= $1 AND %s AND (serial = 0 OR NOT EXISTS (
		SELECT 1 FROM job o WHERE o.store = job.store AND o.queue = job.queue AND o.serial = 1 AND o.id <> job.id AND (
			(o.state = 'in_progress' AND o.lease_us IS NOT NULL) OR
			(o.state = 'queued' AND o.earliest_us <= $%d AND (o.priority > job.priority OR (o.priority = job.priority AND
				(o.queued_us < job.queued_us OR (o.queued_us = job.queued_us AND o.id < job.id))))))))
		ORDER BY priority DESC, queued_us, id LIMIT $%d`, kinds, len(names)+2, len(names)+3)
	var candidates []task.Item
	err = q.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) {
		candidates, err = items(tx, query, args...)
		return err
	})
	if err != nil || len(candidates) == 0 {
		return nil, err // an idle queue writes nothing
	}
	err = q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
		claimed = nil
		for _, c := range candidates {
			won, err := q.take(tx, &c)
			if err != nil {
				return err
			}
			if won {
				claimed = append(claimed, c)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// take claims one item, unless somebody else was faster.
func (q *Queue) take(tx *storage.Tx, c *task.Item) (bool, error) {
	free := ""
	if c.Serial {
		// The lane's row is locked first, so that the next statement sees what others committed.
		if _, err := exec(tx, `UPDATE job_lane SET claims = claims + 1 WHERE store = $1 AND queue = $2`, c.Store, c.Queue); err != nil {
			return false, err
		}
		free = ` AND NOT EXISTS (SELECT 1 FROM job o WHERE o.store = job.store AND o.queue = job.queue AND o.serial = 1 AND o.id <> job.id
			AND o.state = 'in_progress' AND o.lease_us IS NOT NULL)`
	}
	now := tx.Now()
	lease := now.Add(q.cfg.Lease)
	n, err := exec(tx, `UPDATE job SET state = 'in_progress', attempt = attempt + 1, started_us = $1, lease_us = $2, progress_at_start = progress, updated_us = $3
		WHERE store = $4 AND id = $5 AND attempt = $6 AND state = 'queued'`+free,
		now.UnixMicro(), lease.UnixMicro(), now.UnixMicro(), c.Store, c.ID, c.Attempt)
	if err != nil || n == 0 {
		return false, err
	}
	c.State, c.Started, c.Lease, c.Updated = task.InProgress, now, lease, now
	c.Attempt++
	return true, nil
}

// rescue ends the attempts of workers whose lease has passed: they died, or hang.
func (q *Queue) rescue(ctx context.Context) (failed error) {
	if len(q.kinds) == 0 {
		return nil
	}
	kinds, names := q.inKinds(2)
	var lapsed []row
	err := q.cfg.Storage.View(ctx, func(tx *storage.Tx) (err error) {
		lapsed, err = rows(tx, `WHERE lease_us IS NOT NULL AND lease_us < $1 AND `+kinds+` AND state = 'in_progress' ORDER BY lease_us LIMIT 100`,
			append([]any{q.cfg.Storage.Now().UnixMicro()}, names...)...)
		return err
	})
	if err != nil {
		return err
	}
	for _, item := range lapsed {
		err := q.cfg.Storage.Update(ctx, func(tx *storage.Tx) error {
			// A heartbeat that came meanwhile wins.
			n, err := exec(tx, `UPDATE job SET updated_us = $1 WHERE store = $2 AND id = $3 AND attempt = $4 AND state = 'in_progress' AND lease_us < $5`,
				tx.Now().UnixMicro(), item.Store, item.ID, item.Attempt, tx.Now().UnixMicro())
			if err != nil || n == 0 {
				return err
			}
			progressed := item.Progress > item.startedAt
			return q.finish(tx, item.Item, outcome{err: errDied, free: progressed, progressed: progressed})
		})
		if err != nil && !lost(err) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

var errDied = gateway.Errorf(gateway.CodeUnavailable, "the worker did not come back")

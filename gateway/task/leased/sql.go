package leased

import (
	"database/sql"
	"errors"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// row is an item with what only this engine knows of it.
type row struct {
	task.Item
	startedAt int64 // its progress when it was claimed
}

func exec(tx *storage.Tx, query string, args ...any) (int64, error) {
	ctx, q := tx.SQL()
	r, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// rows reads the jobs that fit what follows FROM job.
func rows(tx *storage.Tx, where string, args ...any) (all []row, err error) {
	ctx, q := tx.SQL()
	found, err := q.QueryContext(ctx, `SELECT store, id, kind, queue, context, payload, priority, state, dedupe, serial, parent, weight, progress, progress_at_start,
		attempt, retries, max_retries, failure, earliest_us, created_us, queued_us, started_us, finished_us, lease_us, updated_us FROM job `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var r row
		var serial, earliest, created, updated int64
		var queued, started, finished, lease sql.NullInt64
		if err := found.Scan(&r.Store, &r.ID, &r.Kind, &r.Queue, &r.Context, &r.Payload, &r.Priority, &r.State, &r.Key, &serial, &r.Parent, &r.Weight, &r.Progress, &r.startedAt,
			&r.Attempt, &r.Retries, &r.MaxRetries, &r.Failure, &earliest, &created, &queued, &started, &finished, &lease, &updated); err != nil {
			return nil, err
		}
		r.Serial = serial == 1
		r.Earliest, r.Created, r.Updated = at(earliest), at(created), at(updated)
		r.Queued, r.Started, r.Finished, r.Lease = orZero(queued), orZero(started), orZero(finished), orZero(lease)
		all = append(all, r)
	}
	return all, found.Err()
}

func items(tx *storage.Tx, where string, args ...any) ([]task.Item, error) {
	found, err := rows(tx, where, args...)
	all := make([]task.Item, len(found))
	for i, r := range found {
		all[i] = r.Item
	}
	return all, err
}

// find returns one item.
func find(tx *storage.Tx, store gateway.StoreID, id task.ID) (task.Item, bool, error) {
	found, err := items(tx, `WHERE store = $1 AND id = $2`, store, id)
	if err != nil || len(found) == 0 {
		return task.Item{}, false, err
	}
	return found[0], true, nil
}

// lock locks an item's row until the transaction ends and then reads it, so that
// what others committed is seen.
func lock(tx *storage.Tx, store gateway.StoreID, id task.ID) (task.Item, bool, error) {
	n, err := exec(tx, `UPDATE job SET updated_us = $1 WHERE store = $2 AND id = $3`, tx.Now().UnixMicro(), store, id)
	if err != nil || n == 0 {
		return task.Item{}, false, err
	}
	return find(tx, store, id)
}

func children(tx *storage.Tx, parent task.Item) ([]task.Item, error) {
	return items(tx, `WHERE store = $1 AND parent = $2 AND parent <> '' ORDER BY created_us, id`, parent.Store, parent.ID)
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func at(us int64) time.Time { return time.UnixMicro(us).UTC() }

func orZero(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return at(n.Int64)
}

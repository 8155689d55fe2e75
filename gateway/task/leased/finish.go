package leased

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// The most of one failure's text that is kept, and of all of an item's, in bytes.
const (
	oneFailure  = 500
	allFailures = 8000
)

// outcome is how an attempt ended.
type outcome struct {
	err        error // nil: well
	free       bool  // queue it again, whatever its retries
	stopped    bool  // because the worker stops: at once, and nothing is noted
	progressed bool
}

// finish records how a claimed item's attempt ended. It fails with
// [gateway.CodeConflict] when the claim is no longer the caller's.
func (q *Queue) finish(tx *storage.Tx, item task.Item, o outcome) error {
	now, have := tx.Now(), item.Attempt
	item, found, err := lock(tx, item.Store, item.ID)
	if err != nil {
		return err
	}
	if !found || item.Attempt != have || item.State != task.InProgress || item.Waiting() {
		return gateway.Errorf(gateway.CodeConflict, "task %s is no longer run by this worker", item.ID)
	}
	switch {
	case o.err == nil:
		return q.done(tx, item)
	case errors.Is(o.err, task.ErrAbort):
		return q.end(tx, item, task.Aborted, "")
	case o.stopped:
		return requeue(tx, item, now.UnixMicro())
	}
	if !o.free {
		item.Retries++
	}
	item.Failure = note(item, o.err)
	if task.Critical(o.err) || item.Retries > item.MaxRetries {
		return q.end(tx, item, task.Failed, item.Failure)
	}
	return requeue(tx, item, now.Add(q.cfg.Backoff.After(item.Retries, o.err)).UnixMicro())
}

// note adds one failure to an item's description; of too many the oldest go.
func note(item task.Item, err error) string {
	text := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\n", " "), "")
	text = strings.ToValidUTF8(strings.ReplaceAll(text[:min(len(text), oneFailure)], "\x00", ""), "")
	all := item.Failure + fmt.Sprintf("Attempt %d: %s\n", item.Attempt, text)
	for len(all) > allFailures {
		_, all, _ = strings.Cut(all, "\n")
	}
	return all
}

// requeue leaves the time of queuing as it is, so that an item keeps its place.
func requeue(tx *storage.Tx, item task.Item, earliest int64) error {
	_, err := exec(tx, `UPDATE job SET state = 'queued', retries = $1, failure = $2, earliest_us = $3, started_us = NULL, lease_us = NULL WHERE store = $4 AND id = $5`,
		item.Retries, item.Failure, earliest, item.Store, item.ID)
	return err
}

// done completes an item, or lets it wait for its children.
func (q *Queue) done(tx *storage.Tx, item task.Item) error {
	kids, err := children(tx, item)
	if err != nil {
		return err
	}
	open := false
	for _, kid := range kids {
		open = open || kid.State != task.Completed
	}
	if open {
		if _, err := exec(tx, `UPDATE job SET lease_us = NULL WHERE store = $1 AND id = $2`, item.Store, item.ID); err != nil {
			return err
		}
		return share(tx, item.Store, item.ID)
	}
	now := tx.Now().UnixMicro()
	if _, err := exec(tx, `UPDATE job SET state = 'completed', progress = 10000, lease_us = NULL, finished_us = $1 WHERE store = $2 AND id = $3`, now, item.Store, item.ID); err != nil {
		return err
	}
	if item.Parent == "" {
		return nil
	}
	parent, found, err := lock(tx, item.Store, item.Parent)
	if err != nil || !found {
		return err
	}
	if parent.Waiting() {
		if err := q.done(tx, parent); err != nil { // it is completed, or waits on
			return err
		}
	}
	return share(tx, item.Store, item.Parent)
}

// end fails or aborts an item that has not ended, aborts its children, and fails
// its parent. The caller holds the item's row.
func (q *Queue) end(tx *storage.Tx, item task.Item, to task.State, failure string) error {
	if err := q.stop(tx, item, to, failure); err != nil {
		return err
	}
	if item.Parent == "" {
		return nil
	}
	parent, found, err := lock(tx, item.Store, item.Parent)
	if err != nil || !found || parent.State.Ended() {
		return err
	}
	parent.Failure = note(parent, fmt.Errorf("its child %s (%s) has %s", item.ID, item.Kind, to))
	return q.end(tx, parent, task.Failed, parent.Failure)
}

// stop is end without the way up.
func (q *Queue) stop(tx *storage.Tx, item task.Item, to task.State, failure string) error {
	if !item.State.CanBecome(to) {
		return task.Illegal(item.ID, item.State, to)
	}
	if failure == "" {
		failure = item.Failure
	}
	if _, err := exec(tx, `UPDATE job SET state = $1, retries = $2, failure = $3, lease_us = NULL, finished_us = $4, updated_us = $5 WHERE store = $6 AND id = $7`,
		to, item.Retries, failure, tx.Now().UnixMicro(), tx.Now().UnixMicro(), item.Store, item.ID); err != nil {
		return err
	}
	item.State, item.Failure, item.Finished = to, failure, tx.Now()
	h := q.handlers[item.Kind]
	if to == task.Failed && h.OnFail != nil {
		if err := h.OnFail(tx, item); err != nil {
			return err
		}
	}
	if to == task.Aborted && h.OnAbort != nil {
		if err := h.OnAbort(tx, item); err != nil {
			return err
		}
	}
	kids, err := children(tx, item)
	if err != nil {
		return err
	}
	for _, kid := range kids {
		kid, found, err := lock(tx, kid.Store, kid.ID)
		if err != nil {
			return err
		}
		if found && !kid.State.Ended() {
			if err := q.stop(tx, kid, task.Aborted, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// share sets a parent's progress to its children's, by weight, and its parent's
// in turn. It never goes back.
func share(tx *storage.Tx, store gateway.StoreID, parent task.ID) error {
	for parent != "" {
		p, found, err := lock(tx, store, parent)
		if err != nil || !found || p.State.Ended() {
			return err
		}
		kids, err := children(tx, p)
		if err != nil {
			return err
		}
		var sum, of int64
		for _, kid := range kids {
			sum, of = sum+kid.Weight*kid.Progress, of+kid.Weight
		}
		if of > 0 && sum/of > p.Progress {
			if _, err := exec(tx, `UPDATE job SET progress = $1 WHERE store = $2 AND id = $3`, sum/of, store, parent); err != nil {
				return err
			}
		}
		parent = p.Parent
	}
	return nil
}

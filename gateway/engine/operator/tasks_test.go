package operator_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/operator"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/leased"
)

type letter struct{ To, Say string }

var letters = task.NewKind[letter]("shop.letter")

// tasks gives the world a queue whose letters fail for good while broken.
func (w *world) tasks(broken *bool) *leased.Queue {
	w.Helper()
	q, err := leased.New(task.Config{Storage: w.DB, Handlers: []task.Handler{letters.Handle(func(_ context.Context, _ *task.Run, l letter) error {
		if *broken {
			return task.Permanent(errors.New("the post office is closed"))
		}
		return nil
	})}})
	require.NoError(w, err)
	w.cfg.Tasks = q
	return q
}

func (w *world) enqueue(q *leased.Queue, change func(*task.New)) task.Item {
	w.Helper()
	var item task.Item
	require.NoError(w, w.DB.Update(w.Context(), func(tx *storage.Tx) (err error) {
		n := letters.Of(letter{To: enginetest.Canary, Say: "hello"})
		n.Store = enginetest.Store
		change(&n)
		item, _, err = q.Enqueue(w.Context(), tx, n)
		return err
	}))
	return item
}

func (w *world) work(q *leased.Queue) {
	w.Helper()
	_, err := q.Work(w.Context(), 100)
	require.NoError(w, err)
}

// S55: queries by state, queue and kind; the status of one by its id.
func TestTasksAreListedAndShownWithoutTheirPayload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := true
	q := w.tasks(&broken)
	failed := w.enqueue(q, func(n *task.New) { n.Queue, n.Context = task.QueueReporting, "report-m1" })
	w.work(q)
	waits := w.enqueue(q, func(n *task.New) { n.Parent = "" })
	for want, args := range map[string][]string{
		"2 tasks\n": {"tasks"}, string(failed.ID) + " failed shop.letter in reporting (report-m1)": {"tasks", "-state", "failed"},
		string(waits.ID) + " queued": {"tasks", "-queue", "shop.letter"}, "1 tasks\n": {"tasks", "-context", "report-m1"},
		"1 tasks": {"tasks", "-retryable"}, "0 tasks": {"tasks", "-long"}, "0 tasks\n": {"tasks", "-retries", "2"}, "Attempt 1: the post office is closed": {"tasks", "show", string(failed.ID)},
	} {
		out, code := w.run(args...)
		assert.Equal(t, operator.ExitOK, code, out)
		assert.Contains(t, out, want)
	}
	out, code := w.run("tasks", "-json", "-state", "failed")
	require.Equal(t, operator.ExitOK, code)
	var said struct {
		Tasks []struct {
			ID      task.ID
			State   task.State
			Failure string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	require.Len(t, said.Tasks, 1)
	assert.Equal(t, failed.ID, said.Tasks[0].ID)
	assert.Contains(t, said.Tasks[0].Failure, "closed")
}

// S55: only a failed task is retried, one by one, because somebody says so.
func TestAFailedTaskIsRetriedAndNothingElseIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := true
	q := w.tasks(&broken)
	item := w.enqueue(q, func(*task.New) {})
	out, code := w.run("tasks", "retry", string(item.ID))
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "is queued: only a failed one is retried")
	w.work(q)
	broken = false
	out, code = w.run("tasks", "retry", string(item.ID))
	require.Equal(t, operator.ExitOK, code, out)
	assert.Contains(t, out, "queued shop.letter")
	w.work(q)
	out, _ = w.run("tasks", "-json", "show", string(item.ID))
	assert.Contains(t, out, `"state": "completed"`)
}

func TestATaskIsAbortedWithItsChildren(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := false
	q := w.tasks(&broken)
	parent := w.enqueue(q, func(n *task.New) { n.Hold = true })
	child := w.enqueue(q, func(n *task.New) { n.Parent = parent.ID })
	out, code := w.run("tasks", "abort", string(parent.ID))
	require.Equal(t, operator.ExitOK, code, out)
	assert.Contains(t, out, string(parent.ID)+" aborted")
	assert.Contains(t, out, "child "+string(child.ID)+" aborted")
	out, code = w.run("tasks", "abort", string(parent.ID))
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "illegal state transition")
}

// S56: more than ten failed tasks are a WARNING, which is something found.
func TestTasksHealthExitsWithOneWhenSomebodyShouldLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := true
	q := w.tasks(&broken)
	for range 10 {
		w.enqueue(q, func(*task.New) {})
	}
	w.work(q)
	out, code := w.run("tasks", "health")
	assert.Equal(t, operator.ExitOK, code)
	assert.Contains(t, out, "HEALTHY\n")
	for range 101 {
		w.enqueue(q, func(n *task.New) { n.Delay = time.Hour })
	}
	out, code = w.run("tasks", "health")
	assert.Equal(t, operator.ExitOK, code, "a busy queue helps itself")
	assert.Contains(t, out, "BUSY\n")
	w.enqueue(q, func(n *task.New) { n.Priority = task.High })
	w.work(q)
	out, code = w.run("tasks", "health")
	assert.Equal(t, operator.ExitFound, code)
	assert.Contains(t, out, "WARNING\n")
	assert.Contains(t, out, "11 failed: shop.letter")
	assert.Contains(t, out, "11 with 1 failed attempts")
	out, code = w.run("tasks", "-json", "health")
	assert.Equal(t, operator.ExitFound, code)
	assert.Contains(t, out, `"health": "WARNING"`)
	out, code = w.run("doctor")
	assert.Equal(t, operator.ExitFound, code)
	assert.Contains(t, out, "FAIL tasks: WARNING: 11 failed")
}

// stuck is a queue with six tasks that run for too long.
type stuck struct{ task.Operator }

func (stuck) Health(context.Context, gateway.StoreID) (task.Health, error) {
	return task.Health{LongRunning: 6}.Judge(), nil
}

// S56: more than five long-running tasks are CRITICAL.
func TestTasksThatHangAreCritical(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Tasks = stuck{}
	for _, args := range [][]string{{"tasks", "health"}, {"tasks", "-json", "health"}, {"doctor"}} {
		out, code := w.run(args...)
		assert.Equal(t, operator.ExitFound, code)
		assert.Contains(t, out, "CRITICAL")
	}
}

func TestAHeldTaskIsReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := false
	q := w.tasks(&broken)
	held := w.enqueue(q, func(n *task.New) { n.Hold = true })
	out, code := w.run("tasks", "release", string(held.ID))
	require.Equal(t, operator.ExitOK, code, out)
	assert.Contains(t, out, "queued shop.letter")
	out, code = w.run("tasks", "release", string(held.ID))
	assert.Equal(t, operator.ExitFailed, code, out)
}

func TestTasksSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, code := w.run("tasks")
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "set operator.Config.Tasks")
	broken := false
	item := w.enqueue(w.tasks(&broken), func(*task.New) {})
	for want, args := range map[string][]string{
		"is no state of a task": {"-state", "lost"}, "say which task": {"retry"}, "nothing that can be done": {"delete", string(item.ID)},
		"one argument too many": {"health", "x"}, "there is no task task_none": {"show", "task_none"}, "not_found": {"abort", "task_none"},
		"in store fr": {"-store", "fr", "show", string(item.ID)},
	} {
		out, code := w.run(append([]string{"tasks"}, args...)...)
		assert.Equal(t, operator.ExitFailed, code, want)
		assert.Contains(t, out, want)
	}
}

func TestADiscrepancyIsListedUntilSomebodyResolvesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	require.NoError(t, w.Engine.Record(t.Context(), contradiction(p)))
	out, code := w.run("discrepancies", "-json")
	require.Equal(t, operator.ExitOK, code)
	var said struct {
		Discrepancies []struct {
			ID      string
			Payment gateway.PaymentID
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	require.Len(t, said.Discrepancies, 1)
	assert.Equal(t, p.ID, said.Discrepancies[0].Payment)
	id := said.Discrepancies[0].ID
	for want, args := range map[string][]string{
		"resolved by somebody": {"resolve", id}, "-by and -note belong": {"-by", "ada"}, "nothing that can be done": {"forget", id},
		"say which": {"resolve"}, "there is no discrepancy": {"-by", "ada", "-note", "x", "resolve", "none"},
	} {
		out, code := w.run(append([]string{"discrepancies"}, args...)...)
		assert.Equal(t, operator.ExitFailed, code, want)
		assert.Contains(t, out, want)
	}
	out, code = w.run("discrepancies", "-by", "ada", "-note", "their report was wrong", "resolve", id)
	require.Equal(t, operator.ExitOK, code, out)
	assert.Contains(t, out, "resolved by ada: their report was wrong")
	out, code = w.run("discrepancies", "-by", "grace", "-note", "x", "resolve", id)
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "resolved by ada already")
	out, _ = w.run("discrepancies")
	assert.Equal(t, "0 open discrepancies\n", out)
	assert.Equal(t, p.Balances, w.Payment(p.ID).Balances, "no money was changed")
	out, _ = w.run("payment", string(p.ID))
	assert.Contains(t, out, "resolved by ada")
}

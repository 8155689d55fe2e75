package leased_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/leased"
)

const victimFile = "TASK_VICTIM_FILE"

var killKind = task.NewKind[string]("test.kill")

func killQueue(db *storage.DB, f func(ctx context.Context, run *task.Run, p string) error) (*leased.Queue, error) {
	return leased.New(task.Config{Storage: db, Handlers: []task.Handler{killKind.Handle(f)}, Backoff: task.Backoff{}})
}

// victim is the process that TestAKilledProcessLosesNoTask kills: TestMain runs it
// instead of the tests. It ends by itself only when something is wrong.
func victim(file string) error {
	db, err := sqlite.Open(context.Background(), file, sqlite.Options{})
	if err != nil {
		return err
	}
	q, err := killQueue(db, func(context.Context, *task.Run, string) error {
		_, _ = os.Stdout.WriteString("running\n")
		select {} // until it is killed
	})
	if err != nil {
		return err
	}
	_, err = q.Work(context.Background(), 1)
	return errors.Join(errors.New("the victim was not killed"), err)
}

func TestAKilledProcessLosesNoTask(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	minutes := 0
	now := func() time.Time { return time.Now().Add(time.Duration(minutes) * time.Minute) }
	db, err := sqlite.Open(t.Context(), file, sqlite.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	q, err := killQueue(db, func(_ context.Context, run *task.Run, p string) error {
		assert.Equal(t, int64(2), run.Item().Attempt)
		assert.Equal(t, "kept", p)
		return nil
	})
	require.NoError(t, err)
	n := killKind.Of("kept")
	n.Store = "es"
	var item task.Item
	require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) (err error) {
		item, _, err = q.Enqueue(t.Context(), tx, n)
		return err
	}))
	victim := exec.CommandContext(t.Context(), os.Args[0])
	victim.Env = append(os.Environ(), victimFile+"="+file)
	out, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	line := ""
	for lines := bufio.NewScanner(out); line != "running" && lines.Scan(); {
		line = lines.Text()
	}
	require.Equal(t, "running", line)
	require.NoError(t, victim.Process.Kill())
	require.Error(t, victim.Wait())

	count, err := q.Work(t.Context(), 1)
	require.NoError(t, err)
	assert.Zero(t, count, "its lease has not passed")
	minutes = 1
	count, err = q.Work(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, 1, count)
	item, _, err = q.Find(t.Context(), "es", item.ID)
	require.NoError(t, err)
	assert.Equal(t, task.Completed, item.State)
}

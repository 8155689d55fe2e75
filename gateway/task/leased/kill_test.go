package leased_test

import (
	"bufio"
	"context"
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

func killQueue(t *testing.T, file string, now func() time.Time, f func(ctx context.Context, run *task.Run, p string) error) (*storage.DB, *leased.Queue) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), file, sqlite.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	q, err := leased.New(task.Config{Storage: db, Handlers: []task.Handler{killKind.Handle(f)}, Backoff: task.Backoff{}})
	require.NoError(t, err)
	return db, q
}

// TestVictim is the process that TestAKilledProcessLosesNoTask kills.
func TestVictim(t *testing.T) {
	t.Parallel()
	file := os.Getenv(victimFile)
	if file == "" {
		t.Skip("it is run by TestAKilledProcessLosesNoTask")
	}
	_, q := killQueue(t, file, nil, func(context.Context, *task.Run, string) error {
		_, _ = os.Stdout.WriteString("running\n")
		select {} // until it is killed
	})
	_, _ = q.Work(t.Context(), 1)
}

func TestAKilledProcessLosesNoTask(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	minutes := 0
	db, q := killQueue(t, file, func() time.Time { return time.Now().Add(time.Duration(minutes) * time.Minute) }, func(_ context.Context, run *task.Run, p string) error {
		assert.Equal(t, int64(2), run.Item().Attempt)
		assert.Equal(t, "kept", p)
		return nil
	})
	n := killKind.Of("kept")
	n.Store = "es"
	var item task.Item
	require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) (err error) {
		item, _, err = q.Enqueue(t.Context(), tx, n)
		return err
	}))
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
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

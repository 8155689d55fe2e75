package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/storagetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func open(t *testing.T) *storage.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// The rows S58, S59, S60, S61 and S62, on SQLite.
func TestStorage(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, open)
}

func insert(db *storage.DB, key string) error {
	return db.Update(context.Background(), func(tx *storage.Tx) error {
		_, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: gateway.PaymentID(key), Key: key, Due: gateway.Minor(1, "EUR")})
		return err
	})
}

func TestWhatWasAcknowledgedIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a shop's data?.db")
	db, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	require.NoError(t, insert(db, "a"))
	require.NoError(t, db.Close())
	require.ErrorIs(t, insert(db, "b"), gateway.CodeUnavailable, "a closed database writes nothing")
	db, err = sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Payment("es", "a"); return err }))
}

func TestErasedDataLeavesTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	canary := "canary-of-a-person"
	require.NoError(t, insert(db, "a"))
	require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.SetDetail("es", "a", "order", canary) }))
	require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) error { _, err := tx.Erase("es", "a"); return err }))
	require.NoError(t, db.Close()) // the last connection writes the log back and truncates it
	files, err := filepath.Glob(file + "*")
	require.NoError(t, err)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.NotContains(t, string(raw), canary, f)
	}
}

func TestADatabaseThatIsInTheWayIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := sqlite.Open(t.Context(), filepath.Join(dir, "no", "such", "folder.db"))
	require.ErrorIs(t, err, gateway.CodeUnavailable)
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("not a database ", 100)), 0o600))
	_, err = sqlite.Open(t.Context(), text)
	require.Error(t, err)
}

// Group commit: what was acknowledged is there, and nothing else.
func TestManyWritersAreAcknowledgedExactlyWhenTheyAreWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	defer db.Close()
	raw, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer raw.Close()
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	for i := range 200 {
		wg.Go(func() {
			key := strings.Repeat("k", i+1)
			if insert(db, key) == nil {
				mu.Lock()
				acknowledged[key] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	rows, err := raw.QueryContext(t.Context(), "SELECT id FROM payment")
	require.NoError(t, err)
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		there[id] = true
	}
	require.NoError(t, rows.Err())
	assert.Equal(t, there, acknowledged)
}

func BenchmarkOneWriteEach(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(map[int]string{1: "1 caller", 64: "64 callers"}[callers], func(b *testing.B) {
			db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "shop.db"))
			require.NoError(b, err)
			defer db.Close()
			b.SetParallelism(max(callers/2, 1))
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := insert(db, storage.NewID("k")); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

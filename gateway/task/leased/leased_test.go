package leased_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/leased"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/tasktest"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(victimFile); file != "" {
		println(victim(file).Error())
		os.Exit(1)
	}
	code := postgrestest.Main(m)
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

func open(t *testing.T, now func() time.Time) *storage.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"), sqlite.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func newQueue(c task.Config) (task.Queue, error) { return leased.New(c) }

// The rows S50 to S57, on SQLite.
func TestQueueOnSQLite(t *testing.T) {
	t.Parallel()
	tasktest.Run(t, tasktest.Harness{Open: open, New: newQueue})
}

// The rows S50 to S57, on PostgreSQL.
func TestQueueOnPostgreSQL(t *testing.T) {
	t.Parallel()
	tasktest.Run(t, tasktest.Harness{New: newQueue, Open: func(t *testing.T, now func() time.Time) *storage.DB {
		t.Helper()
		db, err := postgres.Open(t.Context(), postgrestest.Database(t), postgres.Options{Now: now, MaxConns: 6})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		return db
	}})
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, nil)
	kind := task.NewKind[string]("test.text")
	for _, cfg := range []task.Config{
		{},
		{Storage: db, Heartbeat: time.Minute, Lease: time.Second},
		{Storage: db, Workers: -1},
		{Storage: db, Handlers: []task.Handler{{Kind: "test.text"}}},
		{Storage: db, Handlers: []task.Handler{kind.Handle(nil), kind.Handle(nil)}},
		{Storage: db, Periodic: []task.Periodic{{Name: "daily", Every: time.Hour, Item: kind.Of("")}}},
	} {
		_, err := leased.New(cfg)
		assert.ErrorIs(t, err, gateway.CodeInternal)
	}
}

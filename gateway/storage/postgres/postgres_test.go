package postgres_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// The rows S58, S59, S60, S61 and S62, on PostgreSQL.
func TestStorage(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) *storage.DB {
		db, err := postgres.Open(t.Context(), postgrestest.Database(t))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		return db
	})
}

func TestADatabaseThatLosesAcknowledgedWritesIsRefused(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t)
	_, err := postgres.Open(t.Context(), url+"&synchronous_commit=off")
	require.ErrorIs(t, err, gateway.CodeInternal)
	require.ErrorContains(t, err, "synchronous_commit=off")
	db, err := postgres.Open(t.Context(), url, postgres.Options{MaxConns: 2})
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestAnErrorQuotesNoPassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"postgres://shop:canary@127.0.0.1:1/shop?connect_timeout=1", "postgres://shop:canary@[bad", "host=127.0.0.1 port=1 password=canary connect_timeout=1"} {
		_, err := postgres.Open(t.Context(), dsn)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "canary")
	}
}

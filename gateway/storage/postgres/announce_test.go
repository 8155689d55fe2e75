package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/storagetest"
)

func open(t *testing.T, url string, options ...postgres.Options) *storage.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, options...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func insert(t *testing.T, db *storage.DB, ids ...gateway.PaymentID) {
	t.Helper()
	require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) error {
		for _, id := range ids {
			if _, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: id, Key: string(id), Due: gateway.Minor(1000, "EUR")}); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestOtherProcessesHearWhatChangedOnceItIsCommitted(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t)
	here, there := open(t, url), open(t, url)
	heard := storagetest.Heard(t, there)
	insert(t, here, "pay_1")
	assert.Equal(t, []storage.PaymentKey{{Store: "es", Payment: "pay_1"}}, storagetest.Next(t, heard))
	var found gateway.Payment
	require.NoError(t, there.View(t.Context(), func(tx *storage.Tx) (err error) { found, err = tx.Payment("es", "pay_1"); return err }))
	assert.Equal(t, gateway.PaymentID("pay_1"), found.ID, "what is told can be read")

	insert(t, there, "pay_2")
	assert.Equal(t, []storage.PaymentKey{{Store: "es", Payment: "pay_2"}}, storagetest.Next(t, heard))
	insert(t, here, "pay_3")
	assert.Equal(t, []storage.PaymentKey{{Store: "es", Payment: "pay_3"}}, storagetest.Next(t, heard), "a process does not hear itself twice")
}

func TestManyChangesAtOnceAreAllHeard(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t)
	here, there := open(t, url), open(t, url)
	heard := storagetest.Heard(t, there)
	var ids []gateway.PaymentID
	for i := range 300 {
		ids = append(ids, gateway.PaymentID(fmt.Sprintf("pay_%s_%d", strings.Repeat("x", 60), i)))
	}
	insert(t, here, ids...)
	found := map[gateway.PaymentID]bool{}
	for len(found) < len(ids) {
		for _, k := range storagetest.Next(t, heard) {
			found[k.Payment] = true
		}
	}
	insert(t, here, gateway.PaymentID(strings.Repeat("x", 8000)))
	assert.Nil(t, storagetest.Next(t, heard), "a name that is too long to be told means that anything may have changed")
}

func TestAFollowerThatWasCutOffListensAgainAndLooksAtEverything(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t)
	here, there := open(t, url), open(t, url)
	heard := storagetest.Heard(t, there)
	admin, err := sql.Open("pgx", url)
	require.NoError(t, err)
	defer admin.Close()
	var cut int
	require.NoError(t, admin.QueryRowContext(t.Context(),
		`SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`).Scan(&cut))
	require.Equal(t, 1, cut, "there is one connection that listens")
	assert.Nil(t, storagetest.Next(t, heard), "word may have been missed")
	insert(t, here, "pay_1")
	assert.Equal(t, []storage.PaymentKey{{Store: "es", Payment: "pay_1"}}, storagetest.Next(t, heard))
}

func TestAQuietProcessTellsNobodyAndHears(t *testing.T) {
	t.Parallel()
	url := postgrestest.Database(t)
	quiet, loud := open(t, url, postgres.Options{Quiet: true}), open(t, url)
	fromQuiet, fromLoud := storagetest.Heard(t, loud), storagetest.Heard(t, quiet)
	insert(t, quiet, "pay_1")
	assert.Equal(t, gateway.PaymentID("pay_1"), storagetest.Next(t, fromLoud)[0].Payment, "its own")
	insert(t, loud, "pay_2")
	assert.Equal(t, gateway.PaymentID("pay_2"), storagetest.Next(t, fromLoud)[0].Payment)
	assert.Equal(t, gateway.PaymentID("pay_2"), storagetest.Next(t, fromQuiet)[0].Payment)
}

func TestFollowingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := open(t, postgrestest.Database(t))
	ctx, stop := context.WithCancel(t.Context())
	require.NoError(t, db.Follow(ctx, func([]storage.PaymentKey) { stop() }))
}

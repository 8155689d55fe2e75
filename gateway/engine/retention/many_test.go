package retention_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/retention"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

func databases(t *testing.T, now func() time.Time) map[string]*storage.DB {
	t.Helper()
	file, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"), sqlite.Options{Now: now})
	require.NoError(t, err)
	server, err := postgres.Open(t.Context(), postgrestest.Database(t), postgres.Options{Now: now})
	require.NoError(t, err)
	all := map[string]*storage.DB{"SQLite": file, "PostgreSQL": server}
	t.Cleanup(func() {
		for _, db := range all {
			assert.NoError(t, db.Close())
		}
	})
	return all
}

// Several processes clean up at once while the shop goes on: everything that ended
// is erased, nothing that is under way is, and nobody fails.
func TestSeveralRunsAtOnceDoNoHarm(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	clock.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMicro())
	for name, db := range databases(t, func() time.Time { return time.UnixMicro(clock.Add(1)).UTC() }) {
		const payments, busy = 60, 10 // the first of them get an operation meanwhile
		id := func(i int) gateway.PaymentID { return gateway.PaymentID(fmt.Sprintf("pay_%02d", i)) }
		require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) error {
			for i := range payments {
				if _, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: id(i), Key: string(id(i)), Due: gateway.Minor(1000, "EUR")}); err != nil {
					return err
				}
				if err := tx.SetDetail("es", id(i), "order", "Ada"); err != nil {
					return err
				}
			}
			return nil
		}))
		clock.Add((31 * day).Microseconds())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				_, err := retention.Run(context.Background(), retention.Options{DB: db, Store: "es", Policy: retention.Policy{Personal: 30 * day}, Batch: 7})
				assert.NoError(t, err, name)
			})
		}
		for i := range busy {
			wg.Go(func() {
				assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error {
					if _, err := tx.LockPayment("es", id(i)); err != nil {
						return err
					}
					o := storage.Operation{Store: "es", ID: gateway.OperationID(fmt.Sprint("op_", i)), Payment: id(i), Kind: gateway.OpPurchase, Key: fmt.Sprint("k", i), State: gateway.StateUnknown}
					if _, _, err := tx.InsertOperation(o); err != nil {
						return err
					}
					return tx.SetDetail("es", id(i), "request/"+string(o.ID), "Ada")
				}), name)
			})
		}
		wg.Wait()
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
			for i := range payments {
				var who string
				order, err := tx.Detail("es", id(i), "order", &who)
				require.NoError(t, err)
				request, err := tx.Detail("es", id(i), fmt.Sprint("request/op_", i), &who)
				require.NoError(t, err)
				assert.Equal(t, i < busy, request, "%s: what is under way keeps what it was asked with", name)
				assert.False(t, i >= busy && order, "%s: payment %d ended and is not erased", name, i)
			}
			return nil
		}))
	}
}

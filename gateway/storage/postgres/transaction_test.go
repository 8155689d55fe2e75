package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/storagetest"
)

// Behind a pooler that shares connections between clients, statements are not kept
// prepared. What travels together then travels otherwise, and means the same.
func TestStorageWithoutPreparedStatements(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) *storage.DB {
		return open(t, postgrestest.Database(t)+"&default_query_exec_mode=exec")
	})
}

// PostgreSQL ends a transaction in which a statement failed, and answers COMMIT as
// if all were well. Whoever swallows the error is told.
func TestATransactionInWhichAStatementFailedIsNotCommitted(t *testing.T) {
	t.Parallel()
	modes(t, func(t *testing.T, db *storage.DB) {
		for name, bad := range map[string]string{"cannot be prepared": `SELECT nothing FROM nowhere`, "fails": `SELECT 1/0`} {
			err := db.Update(t.Context(), func(tx *storage.Tx) error {
				_, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: "pay_1", Key: "one", Due: gateway.Minor(1000, "EUR")})
				ctx, q := tx.SQL()
				_, swallowed := q.ExecContext(ctx, bad)
				assert.Error(t, swallowed, name)
				return err
			})
			require.ErrorIs(t, err, gateway.CodeUnavailable, name)
			require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
				_, err := tx.Payment("es", "pay_1")
				assert.ErrorIs(t, err, gateway.CodeNotFound, name)
				return nil
			}))
		}
	})
}

// A statement that cannot be prepared may keep the one before it, which begins the
// transaction, from being run: what follows is in a transaction all the same.
func TestNothingRunsOutsideOfATransaction(t *testing.T) {
	t.Parallel()
	modes(t, func(t *testing.T, db *storage.DB) {
		nothing := gateway.Errorf(gateway.CodeConflict, "nothing is to be written")
		for name, write := range map[string]func(tx *storage.Tx) error{
			"with others": func(tx *storage.Tx) error {
				_, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: "pay_1", Key: "one", Due: gateway.Minor(1000, "EUR")})
				return err
			},
			"alone": func(tx *storage.Tx) error {
				ctx, q := tx.SQL()
				rows, err := q.QueryContext(ctx, `INSERT INTO order_lane (store, order_ref, begun) VALUES ('es', '17', 1) RETURNING begun`)
				if err == nil {
					for rows.Next() {
						continue
					}
					err = rows.Close()
				}
				return err
			},
			"one row": func(tx *storage.Tx) error {
				ctx, q := tx.SQL()
				var n int
				return q.QueryRowContext(ctx, `INSERT INTO order_lane (store, order_ref, begun) VALUES ('es', '18', 1) RETURNING begun`).Scan(&n)
			},
		} {
			err := db.Update(t.Context(), func(tx *storage.Tx) error {
				ctx, q := tx.SQL()
				_, swallowed := q.ExecContext(ctx, `SELECT nothing FROM nowhere`)
				assert.Error(t, swallowed)
				_ = write(tx)
				return nothing
			})
			require.ErrorIs(t, err, gateway.CodeConflict, name)
		}
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
			ctx, q := tx.SQL()
			var n int
			err := q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM order_lane) + (SELECT COUNT(*) FROM payment)`).Scan(&n)
			assert.Zero(t, n)
			return err
		}))
	})
}

// modes runs a test in each way in which a connection may send its statements.
func modes(t *testing.T, run func(t *testing.T, db *storage.DB)) {
	t.Helper()
	for _, mode := range []string{"cache_statement", "cache_describe", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			run(t, open(t, postgrestest.Database(t)+"&default_query_exec_mode="+mode, postgres.Options{MaxConns: 1}))
		})
	}
}

package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

// Statements are kept prepared. Nobody may notice, but by the time it takes.
func TestNobodyNoticesThatStatementsAreKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sqlite.Open(t.Context(), file, sqlite.Options{Readers: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	do := func(query string, args ...any) error {
		return db.Update(t.Context(), func(tx *storage.Tx) error {
			ctx, q := tx.SQL()
			_, err := q.ExecContext(ctx, query, args...)
			return err
		})
	}
	const insert = `INSERT INTO n (v) VALUES ($1)`
	values := func() (all []int64) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
			ctx, q := tx.SQL()
			rows, err := q.QueryContext(ctx, `SELECT v FROM n ORDER BY v`)
			require.NoError(t, err)
			defer rows.Close()
			for rows.Next() {
				var v int64
				require.NoError(t, rows.Scan(&v))
				all = append(all, v)
			}
			return rows.Err()
		}))
		return all
	}
	require.NoError(t, do(`CREATE TABLE n (v BIGINT PRIMARY KEY)`))

	t.Run("after a failure", func(t *testing.T) {
		require.NoError(t, do(insert, 1))
		require.Error(t, do(insert, 1), "it is there")
		require.Error(t, do(insert), "an argument is missing")
		require.NoError(t, do(insert, 2))
		assert.Equal(t, []int64{1, 2}, values())
	})

	t.Run("while its rows are read, and those of very many others", func(t *testing.T) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
			ctx, q := tx.SQL()
			for range 2 { // the second time the statement is a new one
				outer, err := q.QueryContext(ctx, `SELECT v FROM n ORDER BY v`)
				require.NoError(t, err)
				var pairs []string
				for outer.Next() {
					var a, b int64
					require.NoError(t, outer.Scan(&a))
					inner, err := q.QueryContext(ctx, `SELECT v FROM n ORDER BY v`)
					require.NoError(t, err)
					for inner.Next() {
						require.NoError(t, inner.Scan(&b))
						pairs = append(pairs, fmt.Sprint(a, b))
					}
					require.NoError(t, inner.Close())
					for i := range 150 {
						require.NoError(t, q.QueryRowContext(ctx, fmt.Sprintf(`SELECT v FROM n WHERE v = $1 AND v < %d`, 1000*a+int64(i)), a).Scan(&b))
						require.Equal(t, a, b)
					}
				}
				require.NoError(t, outer.Close())
				assert.Equal(t, []string{"1 1", "1 2", "2 1", "2 2"}, pairs)
			}
			return nil
		}))
	})

	t.Run("when the schema changes", func(t *testing.T) {
		other, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
		require.NoError(t, err)
		defer other.Close()
		_, err = other.ExecContext(t.Context(), `DROP TABLE n`)
		require.NoError(t, err)
		require.Error(t, do(insert, 3))
		_, err = other.ExecContext(t.Context(), `CREATE TABLE n (w TEXT, v BIGINT)`)
		require.NoError(t, err)
		require.NoError(t, do(insert, 3))
		assert.Equal(t, []int64{3}, values())
	})

	t.Run("when a transaction is rolled back with rows open", func(t *testing.T) {
		err := db.Update(t.Context(), func(tx *storage.Tx) error {
			ctx, q := tx.SQL()
			_, err := q.ExecContext(ctx, insert, 4)
			require.NoError(t, err)
			rows, err := q.QueryContext(ctx, `SELECT v FROM n ORDER BY v`)
			require.NoError(t, err)
			require.True(t, rows.Next())
			t.Cleanup(func() { assert.NoError(t, rows.Close()) })
			return assert.AnError
		})
		require.ErrorIs(t, err, assert.AnError)
		require.NoError(t, do(insert, 5))
		assert.Equal(t, []int64{3, 5}, values())
	})
}

package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// naiveJob is the race of E8 on a table of its own.
type naiveJob struct{ Round int }

// raceNaively looks whether there is enough and then takes it: the same storage
// as the engine's, the same durable transactions, and no condition in the update.
func (s *site) raceNaively(job naiveJob) (taken int64, err error) {
	var sum atomic.Int64
	errs := make([]error, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			var left int64
			errs[i] = s.db.View(context.Background(), func(tx *storage.Tx) error {
				ctx, q := tx.SQL()
				return q.QueryRowContext(ctx, `SELECT held - taken FROM naive WHERE round = $1`, job.Round).Scan(&left)
			})
			if errs[i] != nil || left < 300 {
				return
			}
			errs[i] = s.db.Update(context.Background(), func(tx *storage.Tx) error {
				ctx, q := tx.SQL()
				_, err := q.ExecContext(ctx, `UPDATE naive SET taken = taken + 300 WHERE round = $1`, job.Round)
				return err
			})
			if errs[i] == nil {
				sum.Add(300)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return sum.Load(), nil
}

// What the test above would say of an engine that checks and then updates: the
// same two processes take too much in most rounds, so the race is real.
func TestCheckingBeforeTakingWouldTakeTooMuch(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, at place) {
		times := rounds(t, 60)
		db, err := at.open(t.Context(), nil, 4)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		at.Server = "http://127.0.0.1:1" // nobody asks it
		exec := func(statement string, args ...any) {
			require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) error {
				ctx, q := tx.SQL()
				_, err := q.ExecContext(ctx, statement, args...)
				return err
			}), statement)
		}
		exec(`CREATE TABLE naive (round BIGINT PRIMARY KEY, held BIGINT NOT NULL, taken BIGINT NOT NULL)`)
		all := processes(t, 2, "naive", at)
		over := 0
		for round := range times {
			exec(`INSERT INTO naive (round, held, taken) VALUES ($1, 1000, 0)`, round)
			told := int64(0)
			for _, got := range together[int64](t, all, func(int) any { return naiveJob{round} }) {
				told += got
			}
			var taken int64
			require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
				ctx, q := tx.SQL()
				return q.QueryRowContext(ctx, `SELECT taken FROM naive WHERE round = $1`, round).Scan(&taken)
			}))
			require.Equal(t, told, taken, fmt.Sprint("round ", round))
			if taken > 1000 {
				over++
			}
		}
		t.Logf("naive: rounds: %d, over: %d", times, over)
		assert.Greater(t, over*2, times, "in more than half of the rounds")
	})
}

package leased

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
)

// Health counts a store's items and judges them; see [task.Operator].
func (q *Queue) Health(ctx context.Context, store gateway.StoreID) (task.Health, error) {
	h := task.Health{Count: map[task.State]int64{}, FailedKinds: map[string]int64{}, Retries: map[int64]int64{}}
	for _, s := range task.States() {
		h.Count[s] = 0
	}
	err := q.cfg.Storage.View(ctx, func(tx *storage.Tx) error {
		ctx, sql := tx.SQL()
		rows, err := sql.QueryContext(ctx, `SELECT state, kind, retries, COUNT(*), COALESCE(SUM(CASE WHEN state = 'in_progress' AND lease_us IS NOT NULL AND started_us < $1 THEN 1 ELSE 0 END), 0)
			FROM job WHERE store = $2 GROUP BY state, kind, retries`, q.cfg.Storage.Now().Add(-task.LongRunning).UnixMicro(), store)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var state task.State
			var kind string
			var retries, n, long int64
			if err := rows.Scan(&state, &kind, &retries, &n, &long); err != nil {
				return err
			}
			h.Count[state] += n
			h.LongRunning += long
			h.Retries[retries] += n
			if state == task.Failed {
				h.FailedKinds[kind] += n
			}
		}
		return rows.Err()
	})
	return h.Judge(), err
}

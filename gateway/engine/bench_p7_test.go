package engine_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/internal/measure"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
)

// sizes are how many payments the compared databases hold: the last number is
// ENGINE_PAYMENTS (up to 1000000, which takes minutes and gigabytes), or few.
func sizes(tb testing.TB) []int {
	tb.Helper()
	most := 10_000
	if text := os.Getenv("ENGINE_PAYMENTS"); text != "" {
		var err error
		most, err = strconv.Atoi(text)
		require.NoError(tb, err)
	}
	var all []int
	for n := 1000; n < most; n *= 10 {
		all = append(all, n)
	}
	return append(all, most)
}

// stock statements fill a database with payments that are over: authorized,
// captured, told. $1 and $2 are the first and the last one's number. Numbers are
// scattered over the keys, as random ones would be.
var stock = []string{
	`INSERT INTO payment (store, id, command_key, fingerprint, order_ref, currency, due, phase, authorized, captured, status, version, created_us, updated_us)
		SELECT 'es', 'pay_' || k, 'key_' || k, 'f', 'order_' || k, 'EUR', 1000, '', 1000, 1000, 'captured', 5, us, us FROM n`,
	`INSERT INTO detail (store, payment, name, body) SELECT 'es', 'pay_' || k, 'request/op_a' || k, '{}' FROM n`,
	`INSERT INTO operation (store, id, payment, kind, provider, command_key, fingerprint, amount, target, state, created_us, updated_us)
		SELECT 'es', 'op_a' || k, 'pay_' || k, 'authorize', 'null', 'auth_' || k, 'f', 1000, '', 'succeeded', us, us FROM n`,
	`INSERT INTO operation (store, id, payment, kind, provider, command_key, fingerprint, amount, target, state, created_us, updated_us)
		SELECT 'es', 'op_c' || k, 'pay_' || k, 'capture', 'null', 'ship_' || k, 'f', 1000, '', 'succeeded', us, us FROM n`,
	`INSERT INTO step (store, operation, number, name, provider_key, effect, state) SELECT 'es', 'op_a' || k, 1, 'authorize', 'a' || k, 'hold', 'answered' FROM n`,
	`INSERT INTO step (store, operation, number, name, provider_key, effect, state) SELECT 'es', 'op_c' || k, 1, 'capture', 'c' || k, 'move', 'answered' FROM n`,
	`INSERT INTO attempt (store, operation, number, n, command, code, detail, request_id, started_us, duration_us) SELECT 'es', 'op_a' || k, 1, 1, 'authorize', '', '', 'r', us, 9 FROM n`,
	`INSERT INTO attempt (store, operation, number, n, command, code, detail, request_id, started_us, duration_us) SELECT 'es', 'op_c' || k, 1, 1, 'capture', '', '', 'r', us, 9 FROM n`,
	`INSERT INTO movement (store, provider, account, kind, reverses, fact, sequence, payment, amount, parent, operation, source, recorded_us)
		SELECT 'es', 'null', '', 'hold', '', 'a' || k, 0, 'pay_' || k, 1000, '', 'op_a' || k, 'answer', us FROM n`,
	`INSERT INTO movement (store, provider, account, kind, reverses, fact, sequence, payment, amount, parent, operation, source, recorded_us)
		SELECT 'es', 'null', '', 'capture', '', 'c' || k, 0, 'pay_' || k, 1000, '', 'op_c' || k, 'answer', us FROM n`,
	`INSERT INTO ref (store, owner, name, value, payment, added_us) SELECT 'es', 'null', 'capture', 'c' || k, 'pay_' || k, us FROM n`,
	`INSERT INTO outbox (id, store, payment, kind, body, created_us, delivered_us) SELECT 'a' || k, 'es', 'pay_' || k, 'money.hold', '{}', us, us FROM n`,
	`INSERT INTO outbox (id, store, payment, kind, body, created_us, delivered_us) SELECT 'c' || k, 'es', 'pay_' || k, 'money.capture', '{}', us, us FROM n`,
}

const numbers = `WITH RECURSIVE i(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM i WHERE i < $2),
	n AS (SELECT (i * 2654435761) % 4294967296 AS k, 1700000000000000 + i * 1000000 AS us FROM i) `

// unsettled is how many operations wait for somebody, whatever the size is.
const unsettled = 20

// fill stores so many payments, of which a few are not settled.
func (c till) fill(tb testing.TB, n int, postgres bool) {
	tb.Helper()
	exec := func(tx *storage.Tx, statement string, args ...any) error {
		ctx, q := tx.SQL()
		_, err := q.ExecContext(ctx, statement, args...)
		return err
	}
	for from := 1; from <= n; from += 10_000 {
		require.NoError(tb, c.db.Update(context.Background(), func(tx *storage.Tx) error {
			for _, s := range stock {
				into, rest, _ := strings.Cut(s, "SELECT")
				if err := exec(tx, into+numbers+"SELECT"+rest, from, min(from+9_999, n)); err != nil {
					return fmt.Errorf("%s: %w", s, err)
				}
			}
			return nil
		}))
	}
	require.NoError(tb, c.db.Update(context.Background(), func(tx *storage.Tx) error {
		if postgres { // does so by itself, after a while
			if err := exec(tx, `ANALYZE`); err != nil {
				return err
			}
		}
		if err := exec(tx, `UPDATE operation SET state = 'parked' WHERE store = 'es' AND id IN (SELECT o.id FROM operation o ORDER BY o.id LIMIT $1)`, unsettled); err != nil {
			return err
		}
		// Due, and terminal, so that looking at it changes nothing and may be measured again and again.
		if err := exec(tx, `UPDATE operation SET next_check_us = 1 WHERE store = 'es' AND id IN (SELECT o.id FROM operation o ORDER BY o.id DESC LIMIT $1)`, unsettled); err != nil {
			return err
		}
		if err := exec(tx, `UPDATE payment SET status = 'refunded' WHERE store = 'es' AND id IN (SELECT p.id FROM payment p ORDER BY p.id DESC LIMIT $1)`, unsettled); err != nil {
			return err
		}
		for i := range unsettled {
			if err := tx.AppendDiscrepancy("es", "pay_1", "contradiction", i); err != nil {
				return err
			}
		}
		return nil
	}))
}

// question is one thing that is asked of a database, or done with it.
type question struct {
	name string
	most float64 // how much dearer it may be in the largest than in the smallest
	ask  func(c till, key string) error
}

func view(f func(tx *storage.Tx) (int, error), want int) func(till, string) error {
	return func(c till, _ string) error {
		return c.db.View(context.Background(), func(tx *storage.Tx) error {
			n, err := f(tx)
			if err == nil && n != want {
				err = fmt.Errorf("%d rows, not %d", n, want)
			}
			return err
		})
	}
}

// anyKey is what every stock holds: the five hundredth payment.
const anyKey = (500 * 2654435761) % 4294967296

var questions = []question{
	{"create, authorize, capture", 1.5, func(c till, key string) error {
		p, err := c.create(key)
		if err != nil {
			return err
		}
		return c.pay(p.ID)
	}},
	{"the same command again", 1.5, func(c till, _ string) error {
		_, err := c.create("again")
		return err
	}},
	{"resolve what is due", 1.5, func(c till, _ string) error {
		n, err := c.eng.Resolve(context.Background(), 100)
		if err == nil && n != unsettled {
			err = fmt.Errorf("%d were due, not %d", n, unsettled)
		}
		return err
	}},
	{"due operations", 1.5, view(func(tx *storage.Tx) (int, error) { d, err := tx.DueOperations(time.Now(), 100); return len(d), err }, unsettled)},
	{"parked operations", 1.5, view(func(tx *storage.Tx) (int, error) {
		o, err := tx.OperationsWhere("es", storage.OperationQuery{States: []gateway.OperationState{gateway.StateParked}})
		return len(o), err
	}, unsettled)},
	{"overdue operations", 1.5, view(func(tx *storage.Tx) (int, error) {
		o, err := tx.OperationsWhere("es", storage.OperationQuery{Due: time.Now(), Limit: 100})
		return len(o), err
	}, unsettled)},
	{"discrepancies", 1.5, view(func(tx *storage.Tx) (int, error) { d, err := tx.OpenDiscrepancies("es", 100); return len(d), err }, unsettled)},
	{"events to tell", 1.5, view(func(tx *storage.Tx) (int, error) { e, err := tx.OpenEvents(1); return len(e), err }, 1)},
	{"a payment's history", 1.5, view(func(tx *storage.Tx) (int, error) {
		o, err := tx.Operations("es", gateway.PaymentID("pay_"+strconv.Itoa(anyKey)))
		return len(o), err
	}, 2)},
	{"payments by reference", 1.5, view(func(tx *storage.Tx) (int, error) {
		p, err := tx.Payments("es", storage.PaymentQuery{Ref: "c" + strconv.Itoa(anyKey)})
		return len(p), err
	}, 1)},
	{"payments by order", 1.5, view(func(tx *storage.Tx) (int, error) {
		p, err := tx.Payments("es", storage.PaymentQuery{Order: "order_" + strconv.Itoa(anyKey)})
		return len(p), err
	}, 1)},
	{"a page of payments by status", 1.5, view(func(tx *storage.Tx) (int, error) {
		p, err := tx.Payments("es", storage.PaymentQuery{Statuses: []gateway.PaymentStatus{gateway.PaymentCaptured}, Limit: 50})
		return len(p), err
	}, 50)},
	{"payments of a rare status", 1.5, view(func(tx *storage.Tx) (int, error) {
		p, err := tx.Payments("es", storage.PaymentQuery{Statuses: []gateway.PaymentStatus{gateway.PaymentRefunded}, Limit: 50})
		return len(p), err
	}, unsettled)},
	{"a later page of payments", 1.5, view(func(tx *storage.Tx) (int, error) {
		p, err := tx.Payments("es", storage.PaymentQuery{After: gateway.PaymentID("pay_" + strconv.Itoa(anyKey)), Limit: 50})
		return len(p), err
	}, 50)},
	{"movements of some minutes", 1.5, view(func(tx *storage.Tx) (int, error) {
		from := time.UnixMicro(1700000000000000 + 200*1000000)
		m, err := tx.MovementsBetween("es", "null", from, from.Add(100*time.Second), 0, 1000)
		return len(m), err
	}, 200)},
}

// BenchmarkP7Engine shows what a command and an operator's question cost when a
// database holds ever more payments: the figure is the cost in the largest against
// the cost in the smallest. Sums over a whole store (storage.Statistics) are not
// here: they grow with it, by what they are.
func BenchmarkP7Engine(b *testing.B) {
	for _, store := range []string{"sqlite", "postgres"} {
		var tills []till // made when the first of them is asked, and shared by all
		n, whole := 0, b
		for i, q := range questions {
			var each strings.Builder
			var growth measure.Spread
			all := sizes(b)
			b.Run(store+"/"+strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(q.name), func(b *testing.B) {
				if tills == nil {
					tills = stocked(whole, store, all)
				}
				var list []measure.Contender
				for k, c := range tills {
					list = append(list, measure.Contender{Name: fmt.Sprint(all[k]), Callers: 1, Calls: 50, Call: func(int) error { n++; return q.ask(c, fmt.Sprint("new-", i, "-", n)) }})
				}
				times := measure.Race(b, list...)
				for k := range tills {
					cost := measure.Of(times[k].Wall).Median * 1e6
					b.ReportMetric(cost, fmt.Sprintf("us/%d", all[k]))
					fmt.Fprintf(&each, " %d: %.0f us", all[k], cost)
				}
				growth = measure.Ratio(times[len(times)-1].Wall, times[0].Wall)
				b.ReportMetric(growth.Median, "ratio/op")
			})
			if growth.Median > 0 {
				measure.AtMost("P7", store+": "+q.name+":"+each.String(), growth, q.most)
			}
		}
	}
}

// stocked makes one database of each size.
func stocked(b *testing.B, store string, sizes []int) (tills []till) {
	b.Helper()
	for _, n := range sizes {
		at := place{SQLite: b.TempDir() + "/shop.db"}
		if store == "postgres" {
			at = place{Postgres: postgrestest.Database(b)}
		}
		c := newTill(b, at)
		c.fill(b, n, store == "postgres")
		tills = append(tills, c)
	}
	return tills
}

func TestAStockedDatabaseAnswersAsItShould(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, at place) {
		c := newTill(t, at)
		c.fill(t, 1000, at.Postgres != "")
		for i, q := range questions {
			assert.NoError(t, q.ask(c, fmt.Sprint("new-", i)), q.name)
		}
		p, err := c.eng.Payment(t.Context(), "es", gateway.PaymentID("pay_"+strconv.Itoa(anyKey)))
		require.NoError(t, err)
		folded, err := gateway.Fold("EUR", p.Movements)
		require.NoError(t, err)
		assert.Equal(t, p.Balances, folded, "the stock is sound")
	})
}

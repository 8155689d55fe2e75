package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/leased"
)

// planned is a driver that asks SQLite, before every statement, how it will be run.
type planned struct {
	db *sql.DB

	mu    sync.Mutex
	asked int
	plans map[string][]string // statement → how it is run
}

func (p *planned) Update(ctx context.Context, f func(storage.Queries) error) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := f(explained{tx, p}); err != nil {
		return err
	}
	return tx.Commit()
}

func (p *planned) View(ctx context.Context, f func(storage.Queries) error) error {
	return p.Update(ctx, f)
}

func (p *planned) Close() error { return p.db.Close() }

type explained struct {
	*sql.Tx
	p *planned
}

func (e explained) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	e.explain(ctx, query, args)
	return e.Tx.ExecContext(ctx, query, args...)
}

func (e explained) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	e.explain(ctx, query, args)
	return e.Tx.QueryContext(ctx, query, args...)
}

func (e explained) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	e.explain(ctx, query, args)
	return e.Tx.QueryRowContext(ctx, query, args...)
}

func (e explained) explain(ctx context.Context, query string, args []any) {
	rows, err := e.Tx.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return // the statement itself will say why
	}
	defer rows.Close()
	e.p.mu.Lock()
	defer e.p.mu.Unlock()
	e.p.asked++
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if rows.Scan(&id, &parent, &unused, &detail) == nil {
			plan = append(plan, detail)
		}
	}
	e.p.plans[strings.Join(strings.Fields(query), " ")] = plan
}

// wide is a step of a plan that reads all that a store has, or had with one provider.
var wide = regexp.MustCompile(`\(store=\?( AND (provider|owner)=\?)?\)$`)

// offence returns the step of a plan that reads more and more as a shop grows.
func offence(query string, plan []string) string {
	sorts := slices.Contains(plan, "USE TEMP B-TREE FOR ORDER BY")
	for _, step := range plan {
		switch {
		case strings.HasPrefix(step, "SCAN CONSTANT"), strings.HasPrefix(step, "SCAN s"): // s0 and its like are what an index has found
		case strings.HasPrefix(step, "SCAN "):
			return step
		case strings.HasPrefix(step, "SEARCH ") && wide.MatchString(step) && (sorts || !strings.Contains(query, " LIMIT ")):
			return step // with a limit and no sorting it stops early
		}
	}
	return ""
}

// S62: no statement reads a table from end to end, nor all of a store, however
// much is in it.
func TestEveryStatementIsAnsweredByAnIndex(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	migrated, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	require.NoError(t, migrated.Close())
	raw, err := sql.Open("sqlite", "file:"+file+"?_pragma=foreign_keys(1)")
	require.NoError(t, err)
	raw.SetMaxOpenConns(1)
	p := &planned{db: raw, plans: map[string][]string{}}
	db := storage.New(p, nil)
	defer db.Close()

	require.NoError(t, insert(db, "a"))
	require.NoError(t, db.Update(t.Context(), everyStatement))
	tasks(t, db)
	assert.Greater(t, p.asked, 60)
	for query, plan := range p.plans {
		if strings.Contains(query, "p.status = ") {
			assert.Equal(t, strings.Count(query, "p.status = "), strings.Count(strings.Join(plan, " "), "INDEX payment_listed (store=? AND status=?"), "a rare status is found without reading what is common\n%s\n%s", query, strings.Join(plan, "\n"))
		}
		scan := offence(query, plan)
		switch {
		case scan == "":
		case strings.Contains(query, " GROUP BY "): // counts all of a store, because it is asked to
		case strings.Contains(query, "goose_db_version"): // a row for each migration
		case strings.HasSuffix(scan, " USING INDEX outbox_open"), strings.HasSuffix(scan, " USING INDEX job_ready"), strings.Contains(scan, " INDEX discrepancy_open "): // partial: it holds what is open
		case strings.Contains(query, ") AS due "): // what two indexes found, together
			assert.Equal(t, "SCAN due", scan)
		default:
			assert.Fail(t, "no index answers this", "%s\n%s\n%s", scan, query, strings.Join(plan, "\n"))
		}
	}
}

// everyStatement calls all that reads, and what writes by more than a key.
func everyStatement(tx *storage.Tx) error {
	const es, a = gateway.StoreID("es"), gateway.PaymentID("a")
	now, eur := tx.Now(), gateway.Minor(1, "EUR")
	o, _, err := tx.InsertOperation(storage.Operation{Store: es, ID: "op", Payment: a, Kind: gateway.OpCapture, Provider: "acme", Key: "k", State: gateway.StateOpen})
	if err != nil {
		return err
	}
	step := storage.Step{Store: es, Operation: "op", Number: 1, Name: gateway.OpCapture, Key: "k", State: gateway.StepPrepared}
	err = tx.InsertStep(step)
	err = errors.Join(err, tx.ClaimStep(step, "digest", now), tx.AppendAttempt(storage.Attempt{Store: es, Operation: "op", Number: 1, Started: now}),
		tx.SetDetail(es, a, "order", "x"), tx.AddRefs(es, a, gateway.Refs{{Owner: "acme", Name: "payment", Value: "x"}}), tx.AppendEvent(es, a, "e", "x"),
		tx.AppendDiscrepancy(es, a, "d", "x"))
	if err != nil {
		return err
	}
	var text string
	q := storage.PaymentQuery{
		Statuses: []gateway.PaymentStatus{gateway.PaymentNew}, From: now, To: now, Provider: "acme", Ref: "x", Order: "x", After: a,
	}
	newest, byRef, byOrder := storage.PaymentQuery{Newest: true}, storage.PaymentQuery{Ref: "x"}, storage.PaymentQuery{Order: "x"}
	rare := storage.PaymentQuery{Statuses: []gateway.PaymentStatus{gateway.PaymentRefunded, gateway.PaymentChargedBack}, Limit: 50}
	for _, ask := range []func() error{
		func() error { _, err := tx.LockPayment(es, a); return err },
		func() error { _, err := tx.Payment(es, a); return err },
		func() error { _, err := tx.Detail(es, a, "order", &text); return err },
		func() error { _, _, err := tx.PaymentByRef(es, "acme", "x"); return err },
		func() error { _, err := tx.PaymentsNamed(es, "acme", "x"); return err },
		func() error {
			_, err := tx.InsertMovement(es, a, gateway.Movement{Kind: gateway.MoveHold, Amount: eur, Provider: "acme", Reference: "x"})
			return err
		},
		func() error { _, err := tx.OperationByKey(es, "k"); return err },
		func() error { _, err := tx.Operations(es, a); return err },
		func() error { _, err := tx.OpenOperations(es, a); return err },
		func() error { _, err := tx.LastStep(es, "op"); return err },
		func() error { _, err := tx.Attempts(es, "op"); return err },
		func() error { _, err := tx.DueOperations(now, 10); return err },
		func() error { _, err := tx.DueOperations(now, 10, "a", "b"); return err },
		func() error { _, err := tx.Payments(es, q); return err },
		func() error { _, err := tx.Payments(es, newest); return err },
		func() error { _, err := tx.Payments(es, rare); return err },
		func() error { _, err := tx.Payments(es, byRef); return err },
		func() error { _, err := tx.Payments(es, byOrder); return err },
		func() error { _, err := tx.OperationsWhere(es, storage.OperationQuery{Due: now}); return err },
		func() error {
			_, err := tx.OperationsWhere(es, storage.OperationQuery{States: []gateway.OperationState{gateway.StateOpen}, Provider: "acme", Before: now})
			return err
		},
		func() error { _, err := tx.MovementsBetween(es, "acme", now, now, 0, 0); return err },
		func() error { _, err := tx.Statistics(es); return err },
		func() error { _, err := tx.OpenEvents(10); return err },
		func() error { _, err := tx.Events(es, a); return err },
		func() error { _, err := tx.Discrepancies(es, a); return err },
		func() error { _, err := tx.OpenDiscrepancies(es, 0); return err },
		func() error { _, err := tx.Erasable(es, storage.ErasableQuery{Before: now, Held: now}); return err },
		func() error { _, err := tx.PruneAttempts(es, now, 10); return err },
		func() error { _, err := tx.PruneDiscrepancies(es, now, 10); return err },
		func() error { _, err := tx.Steps(es, "op"); return err },
		func() error { _, err := tx.Instruments(es, "acme", "x"); return err },
		func() error { return tx.ForgetInstrument(es, "x") },
		func() error { _, err := tx.ForgetInstruments(es, a); return err },
		func() error { _, err := tx.Disputes(es, a); return err },
		func() error { _, err := tx.Plans(es, a); return err },
		func() error { _, err := tx.DuePlans(now, 10); return err },
		func() error { _, _, err := tx.LockOrder(es, "x", a); return err },
		func() error { o.State = gateway.StateFailed; return tx.UpdateOperation(&o, gateway.StateOpen) },
		func() error { return inbox(tx) },
		func() error { _, err := tx.Erase(es, a); return err },
		func() error { _, _, err := tx.SchemaVersion(); return err },
	} {
		if err := ask(); err != nil {
			return err
		}
	}
	return nil
}

// tasks asks the task queue all that it can be asked.
func tasks(t *testing.T, db *storage.DB) {
	t.Helper()
	kind := task.NewKind[string]("test.text")
	periodic := kind.Of("")
	periodic.Store = "es"
	q, err := leased.New(task.Config{
		Storage: db, Handlers: []task.Handler{kind.Handle(func(context.Context, *task.Run, string) error { return task.Permanent(errors.New("no")) })},
		Periodic: []task.Periodic{{Name: "p", Every: time.Hour, Item: periodic}},
	})
	require.NoError(t, err)
	var item task.Item
	for _, change := range []func(*task.New){
		func(n *task.New) { n.Key = "k" },
		func(n *task.New) { n.Key = "k" },
		func(n *task.New) { n.Parent, n.Key = item.ID, "c" },
		func(n *task.New) { n.Serial = true },
	} {
		require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) (err error) {
			n := kind.Of("")
			n.Store = "es"
			change(&n)
			item, _, err = q.Enqueue(t.Context(), tx, n)
			return err
		}))
	}
	_, err = q.Work(t.Context(), 1)
	require.NoError(t, err)
	for _, f := range []task.Filter{
		{}, {Oldest: true}, {State: task.Failed, Oldest: true}, {Kind: "test.text"}, {Queue: "test.text"}, {Context: "x"}, {Parent: item.ID}, {Retryable: true}, {Retries: 1}, {LongRunning: time.Second},
	} {
		_, err := q.List(t.Context(), "es", f)
		require.NoError(t, err)
	}
	_, err = q.Health(t.Context(), "es")
	require.NoError(t, err)
	failed, err := q.List(t.Context(), "es", task.Filter{State: task.Failed})
	require.NoError(t, err)
	require.NotEmpty(t, failed)
	_, err = q.Retry(t.Context(), "es", failed[0].ID)
	require.NoError(t, err)
	require.NoError(t, q.Abort(t.Context(), "es", failed[0].ID))
	_, err = q.Prune(t.Context(), db.Now().Add(time.Hour), 10)
	require.NoError(t, err)
}

// inbox calls all that reads and writes what providers told us.
func inbox(tx *storage.Tx) error {
	items, _, err := tx.InsertInbox(storage.Told{Item: storage.InboxItem{Store: "es", Provider: "acme", Event: "e", State: storage.InboxReceived, Due: tx.Now()}, Lease: tx.Now()})
	if err != nil {
		return err
	}
	i := items[0]
	_, err = tx.ClaimInbox(&i, tx.Now())
	i.State = storage.InboxDone
	err = errors.Join(err, tx.MoveInbox(&i, true), tx.MoveInbox(&i, false), tx.ReopenInbox("es", "acme", "e"))
	for _, q := range []storage.InboxQuery{{State: storage.InboxWaiting}, {Payment: "a"}} {
		_, qerr := tx.Inbox("es", q)
		err = errors.Join(err, qerr)
	}
	_, derr := tx.DueInbox(tx.Now(), 10)
	_, perr := tx.PruneInbox(tx.Now(), 10)
	return errors.Join(err, derr, perr)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// seed makes a shop that has had a bad afternoon: it begins three hours ago.
func seed(ctx context.Context, dir string) (err error) {
	if err := os.RemoveAll(dir); err != nil { // what an interrupted start left
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var clock atomic.Int64
	clock.Store(time.Now().Add(-3 * time.Hour).UnixMicro())
	now := func() time.Time { return time.UnixMicro(clock.Add(1)).UTC() }
	s, err := open(ctx, dir, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()

	paid, err := s.pay(ctx, "1001")
	if err != nil {
		return err
	}
	// Somebody refunds in the provider's dashboard, and nothing tells us.
	if _, err := s.provider.RefundInDashboard(paid.Refs.Get("payment"), 250); err != nil {
		return err
	}
	// Somebody takes a payment past the engine: at the provider it is an orphan.
	_, err = s.pools.For("sandbox").Get(gateway.OpPurchase).Execute(ctx, gateway.Subject{
		Store: "es", Operation: "by-telephone", IdempotencyKey: "by-telephone", Amount: gateway.Minor(700, "EUR"), Instrument: card(),
	})
	if err != nil {
		return err
	}
	// A report states another amount for a capture than we know.
	odd := paid.Movements[1]
	odd.Amount, odd.Operation = gateway.Minor(601, "EUR"), ""
	err = s.engine.Record(ctx, engine.Evidence{Store: "es", Payment: paid.ID, Source: gateway.SourceReport, Outcome: gateway.Outcome{Movements: []gateway.Movement{odd}}})
	if err != nil {
		return err
	}
	// A call is lost, and with it the shopper's card: nobody can find out or try again.
	lost, err := s.create(ctx, "1002")
	if err != nil {
		return err
	}
	s.provider.Next(simulator.OpCreatePayment, simulator.ResetBefore)
	if _, err := s.engine.Authorize(ctx, authorization(lost, "1002")); gateway.CodeOf(err) != gateway.CodeIndeterminate {
		return fmt.Errorf("a lost answer was expected: %w", err)
	}
	for range 8 {
		clock.Add((10 * time.Minute).Microseconds())
		if _, err := s.engine.Resolve(ctx, 100); err != nil {
			return err
		}
	}
	// The mail server refuses a letter; a task fails for good.
	s.mail = task.Permanent(errors.New("the mail server refused it"))
	if err := s.send(ctx, letter{Order: "1001"}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "ready"), nil, 0o600)
}

func card() *gateway.Instrument {
	return &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
}

func (s *shop) create(ctx context.Context, order string) (gateway.Payment, error) {
	return s.engine.Create(ctx, engine.NewPayment{
		Store: "es", Key: "order-" + order, Amount: gateway.Minor(1000, "EUR"), Order: &gateway.Order{Number: order, Description: "Two books"},
	})
}

func authorization(p gateway.Payment, order string) engine.Request {
	return engine.Request{Store: "es", Payment: p.ID, Provider: "sandbox", Key: "order-" + order + "-auth", All: true, Instrument: card()}
}

// pay takes 6.00 of 10.00 EUR.
func (s *shop) pay(ctx context.Context, order string) (gateway.Payment, error) {
	p, err := s.create(ctx, order)
	if err != nil {
		return p, err
	}
	if _, err := s.engine.Authorize(ctx, authorization(p, order)); err != nil {
		return p, err
	}
	r, err := s.engine.Capture(ctx, engine.Request{Store: "es", Payment: p.ID, Key: "order-" + order + "-ship", Amount: gateway.Minor(600, "EUR"), Final: true})
	return r.Payment, err
}

func (s *shop) send(ctx context.Context, l letter) error {
	err := s.db.Update(ctx, func(tx *storage.Tx) error {
		n := letters.Of(l)
		n.Store = "es"
		_, _, err := s.tasks.Enqueue(ctx, tx, n)
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.tasks.Work(ctx, 10)
	return err
}

// howToGoOn says what there is to find, with the ids that are needed.
func (s *shop) howToGoOn(ctx context.Context, w io.Writer, dir string) error {
	parked, odd := "op_…", "…"
	err := s.db.View(ctx, func(tx *storage.Tx) error {
		ops, err := tx.OperationsWhere("es", storage.OperationQuery{States: []gateway.OperationState{gateway.StateParked}})
		if len(ops) > 0 {
			parked = string(ops[0].ID)
		}
		all, derr := tx.OpenDiscrepancies("es", 1)
		if len(all) > 0 {
			odd = all[0].ID
		}
		return errors.Join(err, derr)
	})
	if err != nil {
		return err
	}
	failed := "task_…"
	items, err := s.tasks.List(ctx, "es", task.Filter{State: task.Failed})
	if len(items) > 0 {
		failed = string(items[0].ID)
	}
	fmt.Fprintf(w, `There is a shop in %s, and something is wrong in it. Each of these follows
go run ./examples/operations

doctor               everything that is wrong, in short
payment -order 1001  one payment's whole history
stats                counts and sums

reconcile            the provider shows a refund that we lack, and a payment that nobody here made
reconcile -apply     books the refund; the payment stays an orphan: there is none of ours that it belongs to

parked               an authorization of which nobody knows what became: the provider shows none
settle -failed -by you -note "the provider shows none" -operation %s

discrepancies        a report stated another amount than is recorded
discrepancies -by you -note "the report was corrected" resolve %s

tasks                a letter that could not be sent; the mail server works again
tasks retry %s
tasks health         counts, and a verdict

erase -order 1001    what is personal of a payment goes, its ledger stays
help                 all commands; each explains itself with -h, and writes JSON with -json
reset                forgets the shop
`, dir, parked, odd, failed)
	return err
}

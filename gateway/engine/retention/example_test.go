package retention_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway/engine/retention"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/leased"
)

// Retention is the shop's daily clean-up; its payload says how long what is kept.
var Retention = task.NewKind[retention.Policy]("shop.retention")

// The clean-up is a periodic task like any other: one process runs it, whichever
// comes first, and an operator sees whether it failed.
func Example() {
	ctx, now := context.Background(), time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC)
	dir, _ := os.MkdirTemp("", "retention-")
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"), sqlite.Options{Now: func() time.Time { return now }})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	var q *leased.Queue
	clean := func(ctx context.Context, run *task.Run, p retention.Policy) error {
		r, err := retention.Run(ctx, retention.Options{DB: db, Store: run.Item().Store, Policy: p, Alive: run.Alive})
		if err != nil {
			return err
		}
		ended, err := q.Prune(ctx, db.Now().Add(-30*24*time.Hour), 1000) // tasks that ended well
		fmt.Println("erased:", r.Payments, "attempts:", r.Attempts, "tasks:", ended)
		return err
	}
	daily := Retention.Of(retention.Policy{Personal: 180 * 24 * time.Hour, Attempts: 400 * 24 * time.Hour})
	daily.Store, daily.Priority = "es", task.Low
	q, err = leased.New(task.Config{
		Storage:  db,
		Handlers: []task.Handler{Retention.Handle(clean)},
		Periodic: []task.Periodic{{Name: "retention", Every: 24 * time.Hour, Item: daily}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pass := func() { // q.Run(ctx) does so for ever
		ran, err := q.Work(ctx, 10)
		fmt.Println("ran:", ran, err)
	}
	pass()
	now = now.Add(24 * time.Hour)
	pass()
	var last []task.Item
	last, err = q.List(ctx, "es", task.Filter{Kind: Retention.Name()})
	fmt.Println(last[0].State, err)
	// Output:
	// ran: 0 <nil>
	// erased: 0 attempts: 0 tasks: 0
	// ran: 1 <nil>
	// completed <nil>
}

package leased_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/leased"
)

// SyncOrders is what the example's task needs to know.
type SyncOrders struct{ Orders []string }

// Sync is the example's kind of task.
var Sync = task.NewKind[SyncOrders]("example.sync")

func Example() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "tasks-")
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	q, err := leased.New(task.Config{Storage: db, Handlers: []task.Handler{
		Sync.Handle(func(ctx context.Context, run *task.Run, p SyncOrders) error {
			_, err := task.Each(ctx, run, p.Orders, func(_ context.Context, order string) error {
				fmt.Println(run.Item().Store, order)
				return nil
			})
			return err
		}),
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var item task.Item
	err = db.Update(ctx, func(tx *storage.Tx) error {
		n := Sync.Of(SyncOrders{Orders: []string{"order-17", "order-18"}})
		n.Store, n.Queue, n.Context = "es", task.QueueOrderSync, "bulk-operation"
		item, _, err = q.Enqueue(ctx, tx, n)
		return err
	})
	fmt.Println(item.State, err)
	_, err = q.Work(ctx, 10) // q.Run(ctx) does so for ever
	item, _, _ = q.Find(ctx, "es", item.ID)
	fmt.Println(item.State, item.Progress, err)
	// Output:
	// queued <nil>
	// es order-17
	// es order-18
	// completed 10000 <nil>
}

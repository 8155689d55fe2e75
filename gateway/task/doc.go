// Package task is background work: what must be done later, again, or in pieces,
// and must not be forgotten when a process dies.
//
//	var Sync = task.NewKind[SyncOrders]("order.sync")
//
//	q, err := leased.New(task.Config{Storage: db, Handlers: []task.Handler{
//		Sync.Handle(func(ctx context.Context, run *task.Run, p SyncOrders) error { ... }),
//	}})
//	err = db.Update(ctx, func(tx *storage.Tx) error { // with what it belongs to, or not at all
//		item := Sync.Of(SyncOrders{Since: since})
//		item.Store = "es"
//		_, _, err := q.Enqueue(ctx, tx, item)
//		return err
//	})
//	err = q.Run(ctx) // in one process or in many
//
// [Queue] is the port. Package task/leased is the engine that works in the
// application's own storage, SQLite or PostgreSQL; package task/tasktest holds
// engines to the promises below. There is one engine for both databases on
// purpose. A task is enqueued in the transaction of the payment that it belongs to,
// and what is promised of it, progress, families with weights, one running item of a
// queue, signs of life, the operator's retry, is state in tables of our own, which a
// queue such as River does not have: with it, every item would have two lives, one
// in each, and a dead worker would be noticed by two clocks (River's, by default,
// after an hour). Operations whose answer was lost are not tasks:
// the payment engine finds them in its own table.
//
// # The states
//
//	created ──► queued ──► in_progress ──► completed
//	   │         ▲  │        │  │  │
//	   │         │  │        │  │  └─────► failed ──(Retry, by an operator)──► queued
//	   │         └──│────────┘  │            ▲
//	   │    retry, rescue       │            │ permanent, or retries exhausted, or a child failed
//	   └────────────┴───────────┴──────────► aborted
//
// An item that fails is queued again after a back-off until its retries are
// exhausted; then it is failed, stays to be seen, and waits for an operator.
//
// # Every task may run twice
//
// One claim is one run, and a worker that lost its claim can no longer record
// anything ([Run.Progress] tells it so). But a worker that dies after its work
// and before it recorded it leaves the work to another: handlers must bear being
// run again.
package task

// Package retention removes what a shop no longer needs, and never what its
// ledger needs: the personal data of payments that ended long ago, the attempts
// of operations that ended, and discrepancies that were resolved.
//
//	report, err := retention.Run(ctx, retention.Options{
//		DB: db, Store: "es",
//		Policy: retention.Policy{Personal: 180 * 24 * time.Hour, Attempts: 400 * 24 * time.Hour, Discrepancies: 400 * 24 * time.Hour},
//	})
//
// What is personal is the order, what callers asked with (reasons, URLs, the
// encrypted instrument), and what shoppers were asked to do. What stays is money:
// amounts, movements, operations with how they ended, events, and the ids by which
// shop and provider name a payment, without which it could not be refunded. What a
// shop writes into events of its own is its own to keep free of persons. An
// instrument that was stored to pay again outlives its payment; [Erase] forgets it
// when that is asked. A payment with an operation under way is left alone, however
// old it is: settle it.
//
// It works in batches, each its own transaction, so that it never holds the
// database for long; stopped in the middle, it goes on the next time. Run it
// daily, as a periodic task (the example shows it):
//
//	var Retention = task.NewKind[retention.Policy]("shop.retention")
//
//	handler := Retention.Handle(func(ctx context.Context, run *task.Run, p retention.Policy) error {
//		_, err := retention.Run(ctx, retention.Options{DB: db, Store: run.Item().Store, Policy: p, Alive: run.Alive})
//		return err
//	})
//	daily := task.Periodic{Name: "retention", Every: 24 * time.Hour, Item: Retention.Of(policy)} // with its Store
//
// Background tasks that ended are pruned by their own queue
// ([github.com/gatewaycommand/gatewaycommand/gateway/task.Operator]). One
// person's request is served at once by [Erase], or by the operator's command erase.
package retention

// Package reconcile compares a provider's books with ours, payment by payment
// and in money, and brings what we lack to the engine's one door.
//
//	report, err := reconcile.Reconcile(ctx, reconcile.Options{
//		Engine: eng, DB: db, Store: "es", Provider: "stripe", Source: source,
//		Since: yesterday, Until: today,
//	})
//	if err != nil {
//		return err
//	}
//	report.WriteText(os.Stdout)
//	os.Exit(report.ExitCode())
//
// It is mandatory after a restore or a failover, and worth running daily. First
// it lets the engine look after what is due, so that a lost answer is not taken
// for a difference. Then it reads the provider's side from a [Source]: the list
// command of a pool ([Listing]) or a report ([CSV]). It matches by the provider's
// ids, of the payment and of what moved, and by our operation id, and reports
//
//	orphan    a payment of theirs that we do not know
//	missing   money of ours that they do not show, older than their lookup lag
//	mismatch  a payment both know, with other movements or amounts
//
// With [Options].Apply, what is missing on our side goes to
// [engine.Engine.Record]: a line that names a payment of ours by any of these ids
// is booked there. What names no payment of ours stays an orphan, for somebody to
// look at; what names two, or another merchant account, is applied to neither.
// Nothing here writes a balance, and nothing of ours is ever taken back because a
// provider does not show it.
package reconcile

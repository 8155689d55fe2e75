// Package outbox tells others what happened to payments: it delivers every event
// that the engine wrote, at least once, to each subscriber.
//
//	d, err := outbox.New(outbox.Config{Storage: db, Subscribers: []outbox.Subscriber{
//		{Name: "mail", Kinds: []string{"operation.failed"}, Handler: outbox.Func(func(ctx context.Context, e outbox.Event) error { ... })},
//		{Name: "erp", Kinds: []string{"money.*"}, Stores: []gateway.StoreID{"es"}, Handler: webhook},
//	}})
//	err = d.Run(ctx) // in one process or in many
//
// The engine writes events in the transaction that moves the money
// ([storage.Tx.AppendEvent]); nobody calls a subscriber from there. Applications
// implement [Handler] or use a [Webhook]; [Dispatcher] calls them, from
// goroutines of its own.
//
// # What is promised
//
//   - At least once: an event that committed reaches every subscriber that asks
//     for its kind and store, whatever dies in between. Normally once: a delivery
//     is claimed with a lease by one dispatcher of all processes. Handlers
//     bear being called twice; [Event].Delivery is the same every time.
//   - In order: of one payment's events a subscriber gets one at a time, as they
//     were written. One that fails holds back the later ones of that payment for
//     that subscriber, until it is delivered, or an operator skips it; nothing
//     else waits for it. Events of different payments have no order.
//   - Apart: every subscriber has its own progress and its own workers. One that
//     fails or hangs holds up no other.
//   - Never dropped: what fails is tried again after a back-off, and after
//     Config.MaxTries or Config.MaxAge it is parked, stays to be seen
//     ([Dispatcher.Deliveries]), and waits for [Dispatcher.Retry] or
//     [Dispatcher.Skip].
//   - From its registration: a new name gets the events that are created from
//     then on (by the writers' clocks), or from the beginning when it says so.
//     The name is the identity: kinds, stores and handler may change behind it.
//
// The clocks of processes may differ by a few seconds, but by much less than the
// lease. Events are kept until [Dispatcher.Prune] or Config.Retention removes
// those that everybody was told.
package outbox

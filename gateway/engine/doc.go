// Package engine makes payments that survive: it writes down what it is about to
// do, runs one gateway command, and records what is then known, so that a crash,
// a lost answer or a lying provider never loses a charge, never makes a second
// one, and never turns "nobody knows" into a guess.
//
//	eng, err := engine.New(engine.Config{Pools: pools, Storage: db})
//	...
//	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "order-17", Order: order, Amount: total})
//	r, err := eng.Authorize(ctx, engine.Request{Store: "es", Payment: p.ID, Provider: "stripe", Key: "order-17-auth", Amount: total, Instrument: card})
//	switch gateway.CodeOf(err) {
//	case "": // r.Operation.State says how it ended; r.Payment what the ledger now says
//	case gateway.CodeDeclined: // tell the shopper
//	case gateway.CodeIndeterminate: // the engine finds out by itself; show "we are asking your bank"
//	}
//
// # One operation
//
// A caller's command is an operation; the provider call that it intends is a
// step. In one transaction the engine inserts both and reserves the money. Right
// before the first byte leaves, in [gateway.Subject].BeforeSend, it claims the
// step in a second one: from then on a crash means "unknown", not "try again".
// The call runs outside any transaction, under a time limit of its own that does
// not depend on the caller. A third transaction records what was learned:
// movements, balances, references, the operation's state, and the events that
// tell others.
//
// The same key and parameters return the current answer, however often and from
// wherever they come; the same key with other parameters is refused.
//
// Where a provider needs several calls, they are the steps of one operation
// ([github.com/gatewaycommand/gatewaycommand/command.Flow]): the transaction that
// records one writes the next down. A refund that a provider takes from captures
// is spread over them in the same way.
//
// An adjustment to the amount that is held already renews the hold, where the
// provider's endpoint Renews. The balances are the same before and after: what tells
// that it happened is a hold, or an expiry, that was not known when it began. What
// acts on the hold waits meanwhile, and then names the newest one.
//
// # What applications have to say
//
// [Hook] is called before and after every call: it may decide what runs, permit,
// adjust or refuse; what comes after the answer cannot change what is recorded.
// [Limits] say what a shop allows of what a provider can do; [Policy] what the
// engine does by itself, later: capture, void, release, give back. What happened
// is told by events, which are written with the money (package outbox delivers
// them); their bodies are the types that end in Told.
//
// # One door
//
// Answers, lookups, webhooks, reports and operators all hand their evidence to
// [Engine.Record]. Operations that ended stay as they are; money stays the
// provider's: a reversal after success is a new movement and an event. The names
// that a lost answer would have told may come from elsewhere, see [Engine.Learn].
//
// # What nobody knows
//
// [Engine.Run] looks after operations whose answer was lost, by what the
// provider promises of the endpoint ([gateway.Endpoint]): it asks by our own
// reference, waits until no late effect can come any more, and sends again only
// under the same key and with the same bytes. Where a provider can only cancel
// what a key has caused, it does that, and then it is certain that nothing is held.
// What cannot be settled that way is parked, never failed; [Engine.Settle] is how an operator ends it, with evidence.
package engine

// Package gateway holds the words that every other package speaks: what a
// command acts on ([Subject]), what it learned ([Outcome]), why it failed
// ([Error], [Code]), amounts ([Money]), facts about money ([Movement]) and what
// they add up to ([Payment], [Balances]), what a provider promises of an
// endpoint ([Endpoint]), and values that print masked ([Secret]).
//
// It holds types and pure functions: no storage, no network, no goroutine. It
// imports the standard library and its own leaf gateway/decline, and nothing
// else. Providers implement nothing from here; they fill an Outcome and return
// an Error. Applications make a Subject, run a command, and read the two:
//
//	amount, err := gateway.Major("10.00", "EUR")
//	if err != nil {
//		return err
//	}
//	out, err := pool.Get(gateway.OpCapture).Execute(ctx, gateway.Subject{
//		Store: "es", Target: authorization, Amount: amount, IdempotencyKey: "order-17-ship-1",
//	})
//	switch gateway.CodeOf(err) {
//	case "": // nobody failed; out.Moved() says whether money moved
//	case gateway.CodeDeclined: // tell the shopper
//	case gateway.CodeIndeterminate: // money may have moved: ask before trying again
//	}
package gateway

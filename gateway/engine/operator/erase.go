package operator

import (
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/retention"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

var eraseCommand = subcommand{
	name:  "erase",
	args:  " [payment]",
	short: "erase what is personal of one payment, and say what that was",
	long: `Erases what is personal of a payment for ever: the order, what its operations were
asked with, and what the shopper was asked to do. Its ledger stays: amounts,
movements, references, operations. Name it by its id, or by -ref or -order. A
payment with an operation under way is refused, and one that still holds money
unless -held is said. With -instruments, what it stored to pay again is forgotten,
too, and pays no more. It serves a person's request; what is old is better left to
the retention task. Backups, the provider and the shop's own tables keep theirs.`,
	run: runErase,
}

func runErase(c *call) error {
	var q storage.PaymentQuery
	c.flags.StringVar(&q.Ref, "ref", "", "an id that the provider gave it")
	c.flags.StringVar(&q.Order, "order", "", "the shop's order")
	instruments := c.flags.Bool("instruments", false, "forget what it stored to pay again, too")
	held := c.flags.Bool("held", false, "erase it although it still holds money: a capture will find no order")
	if err := c.parse(1); err != nil {
		return err
	}
	id, err := c.which(q)
	if err != nil {
		return err
	}
	gone, err := retention.Erase(c, c.DB, retention.Request{Store: c.Store, Payment: id, Held: *held, Instruments: *instruments})
	if err != nil {
		return err
	}
	if c.json {
		details := gone.Details
		if details == nil {
			details = []string{}
		}
		return c.write(map[string]any{"payment": id, "erased": details, "actions": gone.Actions, "instruments": gone.Instruments})
	}
	for _, name := range gone.Details {
		c.say("erased %s\n", name)
	}
	c.say("payment %s: %d details, %d actions and %d instruments erased; its ledger stays\n", id, len(gone.Details), gone.Actions, gone.Instruments)
	return nil
}

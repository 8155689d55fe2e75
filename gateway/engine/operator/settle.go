package operator

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

var settleCommand = subcommand{
	name:  "settle",
	short: "end a parked operation with what you saw at the provider",
	long: `Ends a parked operation for ever. Say -happened when the provider shows it, with
its -reference there and the -amount if it is another than was asked for, or
-failed when you are certain that it did not happen and cannot happen any more.
-by and -note are kept: who decided, and on what evidence.`,
	run: runSettle,
}

// moves is what an operation that happened has moved.
var moves = map[gateway.Operation]gateway.MovementKind{
	gateway.OpAuthorize: gateway.MoveHold, gateway.OpPurchase: gateway.MoveCapture, gateway.OpCapture: gateway.MoveCapture,
	gateway.OpVoid: gateway.MoveRelease, gateway.OpRefund: gateway.MoveRefund,
}

func runSettle(c *call) error {
	var s engine.Settlement
	var id, amount, reference, parent string
	var failed bool
	c.flags.StringVar(&id, "operation", "", "the operation's id (see parked)")
	c.flags.BoolVar(&s.Happened, "happened", false, "the provider did it")
	c.flags.BoolVar(&failed, "failed", false, "it certainly did not happen")
	c.flags.StringVar(&reference, "reference", "", "the provider's id of what moved, with -happened")
	c.flags.StringVar(&parent, "parent", "", "the provider's id of what it belongs to: the hold captured, the capture refunded")
	c.flags.StringVar(&amount, "amount", "", "what moved, like 10.00; without it what was asked for")
	c.flags.StringVar(&s.By, "by", "", "who decides")
	c.flags.StringVar(&s.Note, "note", "", "on what evidence")
	if err := c.parse(0); err != nil {
		return err
	}
	switch {
	case id == "":
		return gateway.Invalid("say which with -operation")
	case s.Happened == failed:
		return gateway.Invalid("say -happened or -failed, and not both")
	case s.Happened && reference == "":
		return gateway.Invalid("say the provider's -reference, so that the same money is not counted again when the provider tells of it")
	case failed && amount+reference+parent != "":
		return gateway.Invalid("what failed has no -amount, -reference or -parent")
	}
	s.Store, s.Operation = c.Store, gateway.OperationID(id)
	o, currency, err := c.operation(s.Operation)
	if err != nil {
		return err
	}
	switch {
	case o.State.Terminal():
		return gateway.Errorf(gateway.CodeConflict, "operation %s is %s already, and stays so", id, o.State)
	case o.State != gateway.StateParked:
		return gateway.Errorf(gateway.CodeConflict, "operation %s is %s: the engine is still at it; only what is parked is settled by hand", id, o.State)
	}
	if s.Happened {
		m := gateway.Movement{Kind: moves[o.Kind], Provider: o.Provider, Reference: reference, Parent: parent}
		if m.Kind == "" {
			return gateway.Errorf(gateway.CodeUnsupported, "a %s moves nothing that could be stated here", o.Kind)
		}
		if m.Amount, err = moved(o, currency, amount); err != nil {
			return err
		}
		s.Movements = []gateway.Movement{m}
	}
	if err := c.Engine.Settle(c, s); err != nil {
		return err
	}
	if o, _, err = c.operation(s.Operation); err != nil {
		return err
	}
	if !o.State.Terminal() { // the door takes evidence, and judges it
		return gateway.Errorf(gateway.CodeConflict, "operation %s is still %s: the evidence contradicts what is recorded; see the payment's discrepancies", id, o.State)
	}
	if c.json {
		return c.write(map[string]any{"operation": viewOperation(o)})
	}
	c.sayOperation(viewOperation(o))
	return nil
}

func (c *call) operation(id gateway.OperationID) (o storage.Operation, currency string, err error) {
	err = c.view(func(tx *storage.Tx) error {
		if o, err = tx.Operation(c.Store, id); err != nil {
			return err
		}
		p, err := tx.Payment(c.Store, o.Payment)
		currency = p.Due.Currency()
		return err
	})
	return o, currency, err
}

// moved is what was stated, else what was asked for: a void asked for all that was held.
func moved(o storage.Operation, currency, amount string) (gateway.Money, error) {
	var m gateway.Money
	var err error
	switch {
	case amount != "":
		m, err = gateway.Major(amount, currency)
	case o.Amount.IsSet():
		m = o.Amount
	default:
		m = gateway.Minor(o.Reserved, currency)
	}
	if err == nil && !m.IsPositive() {
		err = gateway.Invalid("say with -amount what moved: it must be more than nothing")
	}
	return m, err
}

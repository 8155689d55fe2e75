package engine

import (
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// rule is what the engine knows of a kind of operation.
type rule struct {
	// amount says whether the operation takes one, and what All means.
	amount func(p gateway.Payment) gateway.Money
	// reserves is what the operation holds back of the payment until it settles.
	reserves storage.Reservation
	// moves is the movement that says that it happened.
	moves gateway.MovementKind
	// begins says that the operation begins a payment: there may be one at a time.
	begins bool
}

var rules = map[gateway.Operation]rule{
	gateway.OpAuthorize: {amount: dueLeft, moves: gateway.MoveHold, begins: true},
	gateway.OpPurchase:  {amount: dueLeft, moves: gateway.MoveCapture, begins: true},
	gateway.OpCapture:   {amount: gateway.Payment.Capturable, reserves: storage.Capturing, moves: gateway.MoveCapture},
	gateway.OpVoid:      {reserves: storage.Releasing, moves: gateway.MoveRelease},
	gateway.OpRefund:    {amount: gateway.Payment.Refundable, reserves: storage.Refunding, moves: gateway.MoveRefund},
	gateway.OpContinue:  {},
}

func dueLeft(p gateway.Payment) gateway.Money { return p.Due }

// amountOf returns the amount that a request is for, and what it reserves.
func (r rule) amountOf(p gateway.Payment, req Request) (amount gateway.Money, err error) {
	if r.amount == nil {
		if req.Amount.IsSet() || req.All {
			return amount, gateway.Invalid("this operation takes no amount: it acts on all that is left")
		}
		return gateway.Money{}, nil
	}
	switch {
	case req.All == req.Amount.IsSet():
		return amount, gateway.Invalid("say Amount or All, and not both")
	case req.All:
		amount = r.amount(p)
	default:
		amount = req.Amount
	}
	if err := amount.Err(); err != nil {
		return amount, err
	}
	if amount.Currency() != p.Due.Currency() {
		return amount, gateway.Invalid("the payment is in %s, and %s was asked for", p.Due.Currency(), amount)
	}
	if !amount.IsPositive() {
		return amount, gateway.Invalid("the amount is %s: it must be more than nothing; to store an instrument without paying, use Verify", amount)
	}
	return amount, nil
}

// allow says whether a payment may have such an operation now.
func (r rule) allow(kind gateway.Operation, p gateway.Payment, open []storage.Operation) error {
	busy := slices.IndexFunc(open, func(o storage.Operation) bool {
		return r.begins && rules[o.Kind].begins
	})
	switch {
	case busy >= 0:
		return gateway.Errorf(gateway.CodeConflict, "the payment is being paid already (operation %s is %s): two at once could pay twice", open[busy].ID, open[busy].State)
	case r.begins && (p.Releasable().IsPositive() || p.Balances.Captured.IsPositive()):
		return gateway.Errorf(gateway.CodeConflict, "the payment is %s already", p.Status())
	case kind == gateway.OpCapture && p.Closed:
		return gateway.Errorf(gateway.CodeConflict, "the payment takes no more captures: the last one was final, or the rest was released")
	case kind == gateway.OpVoid && !p.Releasable().IsPositive():
		return gateway.Errorf(gateway.CodeConflict, "nothing is held that could be released: the payment is %s", p.Status())
	}
	return nil
}

// providerOf returns the provider of a payment's money, "" when none has any.
func providerOf(p gateway.Payment) string {
	for _, m := range slices.Backward(p.Movements) {
		if m.Kind == gateway.MoveHold || m.Kind == gateway.MoveCapture {
			return m.Provider
		}
	}
	if len(p.Refs) > 0 {
		return p.Refs[len(p.Refs)-1].Owner
	}
	return ""
}

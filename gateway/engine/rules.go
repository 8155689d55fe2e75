package engine

import (
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// rule is what the engine knows of a kind of operation.
type rule struct {
	// amount says whether the operation takes one, and what All means: of a capture
	// what is held, not what may be captured beyond it.
	amount func(p gateway.Payment) gateway.Money
	// reserves is what the operation holds back of the payment until it settles.
	reserves storage.Reservation
	// moves is the movement that says that it happened.
	moves gateway.MovementKind
	// begins says that the operation begins a payment: there may be one at a time.
	begins bool
	// about says that the operation is about one that waits: for the shopper, for
	// a result, for a review.
	about bool
	// ends says that, when it succeeds, what waited is cancelled.
	ends bool
}

var rules = map[gateway.Operation]rule{
	gateway.OpAuthorize: {amount: dueLeft, moves: gateway.MoveHold, begins: true},
	gateway.OpPurchase:  {amount: dueLeft, moves: gateway.MoveCapture, begins: true},
	gateway.OpCapture:   {amount: gateway.Payment.Releasable, reserves: storage.Capturing, moves: gateway.MoveCapture},
	gateway.OpVoid:      {reserves: storage.Releasing, moves: gateway.MoveRelease},
	gateway.OpRefund:    {amount: gateway.Payment.Refundable, reserves: storage.Refunding, moves: gateway.MoveRefund},
	gateway.OpAdjust:    {amount: noAll, reserves: storage.Releasing, moves: gateway.MoveAdjust},
	gateway.OpContinue:  {about: true},
	gateway.OpCancel:    {about: true, ends: true},
	gateway.OpAccept:    {about: true},
	gateway.OpDeny:      {about: true, ends: true},
	gateway.OpVerify:    {},
	gateway.OpForget:    {},
	gateway.OpImport:    {begins: true},
}

func dueLeft(p gateway.Payment) gateway.Money { return p.Due }

// noAll is for operations whose amount is a new total: all of nothing.
func noAll(gateway.Payment) gateway.Money { return gateway.Money{} }

// amountOf returns the amount that a request is for.
func (r rule) amountOf(kind gateway.Operation, p gateway.Payment, req Request) (amount gateway.Money, err error) {
	if r.amount == nil {
		if req.Amount.IsPositive() || req.All {
			return amount, gateway.Invalid("%s takes no amount: it acts on all that is left", kind)
		}
		return gateway.Money{}, nil
	}
	switch {
	case req.All && kind == gateway.OpAdjust:
		return amount, gateway.Invalid("say the Amount that is to be held in all")
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
func (r rule) allow(kind gateway.Operation, p gateway.Payment, open []storage.Operation, amount gateway.Money) error {
	conflict := func(format string, args ...any) error { return gateway.Errorf(gateway.CodeConflict, format, args...) }
	busy := slices.IndexFunc(open, func(o storage.Operation) bool { return rules[o.Kind].begins })
	capturing := slices.IndexFunc(open, func(o storage.Operation) bool { return o.Kind == gateway.OpCapture })
	same := slices.IndexFunc(open, func(o storage.Operation) bool { return o.Kind == kind })
	switch {
	case r.begins && busy >= 0:
		return conflict("the payment is being paid already (operation %s is %s): two at once could pay twice", open[busy].ID, open[busy].State)
	case r.begins && kind != gateway.OpImport && !p.Due.IsPositive():
		return conflict("nothing is due: the payment stands for an instrument")
	case r.begins && (p.Releasable().IsPositive() || p.Balances.Captured.IsPositive()):
		return conflict("the payment is %s already", p.Status())
	case r.about && busy < 0:
		return conflict("nothing of the payment waits: it is %s", p.Status())
	case r.about && same >= 0 && kind != gateway.OpContinue:
		return conflict("the payment has a %s already (operation %s is %s)", kind, open[same].ID, open[same].State)
	case r.about && (open[busy].State == gateway.StateUnknown || open[busy].State == gateway.StateParked):
		return conflict("nobody knows yet what became of operation %s: it is being found out", open[busy].ID)
	case kind == gateway.OpCapture && p.Closed:
		return conflict("the payment takes no more captures: the last one was final, or the rest was released")
	case kind == gateway.OpVoid && capturing >= 0:
		// A provider releases whatever is not captured yet, also what this one is about to take.
		return conflict("operation %s captures, and is %s: wait for it, or what it takes would be released", open[capturing].ID, open[capturing].State)
	case kind == gateway.OpVoid && !p.Releasable().IsPositive():
		return conflict("nothing is held that could be released: the payment is %s", p.Status())
	case kind == gateway.OpAdjust && (p.Closed || !p.Balances.Authorized.IsPositive()):
		return conflict("nothing is held that could be adjusted: the payment is %s", p.Status())
	case kind == gateway.OpAdjust && same >= 0:
		return conflict("the payment is being adjusted already (operation %s is %s)", open[same].ID, open[same].State)
	case kind == gateway.OpAdjust && amount == p.Adjustable():
		return conflict("%s are held already", amount)
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

// providerFor returns the provider of an operation whose caller named none: the
// one of what waits, where it is about that, else the one of the payment's money.
func (r rule) providerFor(p gateway.Payment, open []storage.Operation) string {
	if r.about {
		for _, o := range open {
			if rules[o.Kind].begins {
				return o.Provider
			}
		}
	}
	return providerOf(p)
}

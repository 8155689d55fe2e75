package gateway

import "time"

// Payment is a snapshot of one payment: what is due, what has moved, and the
// names that providers gave. A command reads it and never changes it. It
// belongs to no provider: movements and references do.
type Payment struct {
	ID           PaymentID
	Store        StoreID
	Order        string // the shop's order reference
	Due          Money
	Phase        string // a free name for where the flow stands, such as "prepare.pending"
	Balances     Balances
	Reserved     Reservations
	CaptureLimit Money // the most that may be captured in all; the zero Money means what is held
	Closed       bool  // no further capture: the last one was final, or the rest was released
	Refs         Refs
	Movements    []Movement
	Version      int64
}

// Reservations are what operations under way will move, so that two of them
// cannot take the same money. A Money that is not set is nothing.
type Reservations struct {
	Capturing Money
	Releasing Money
	Refunding Money
}

// PaymentStatus is a payment's headline: one word, which cannot say everything.
// The balances can.
type PaymentStatus string

// The headlines, in the order in which a payment usually meets them.
const (
	PaymentNew               PaymentStatus = "new" // nothing has moved
	PaymentAuthorized        PaymentStatus = "authorized"
	PaymentVoided            PaymentStatus = "voided" // everything held was released, nothing captured
	PaymentPartiallyCaptured PaymentStatus = "partially_captured"
	PaymentCaptured          PaymentStatus = "captured"
	PaymentPartiallyRefunded PaymentStatus = "partially_refunded"
	PaymentRefunded          PaymentStatus = "refunded"
	PaymentChargedBack       PaymentStatus = "charged_back" // all that was captured and not refunded was taken back
)

// Status derives the headline from the balances.
func (p Payment) Status() PaymentStatus {
	b := p.Balances
	held := b.Authorized.minor - b.Released.minor // open and captured holds
	back := b.Refunded.minor
	switch {
	case b.Captured.IsPositive() && b.ChargedBack.IsPositive() && b.ChargedBack.minor >= b.Captured.minor-back:
		return PaymentChargedBack
	case b.Captured.IsPositive() && back >= b.Captured.minor:
		return PaymentRefunded
	case back > 0:
		return PaymentPartiallyRefunded
	case b.Captured.IsPositive() && (p.Closed || b.Captured.minor >= held):
		return PaymentCaptured
	case b.Captured.IsPositive():
		return PaymentPartiallyCaptured
	case held > 0:
		return PaymentAuthorized
	case b.Authorized.IsPositive():
		return PaymentVoided
	}
	return PaymentNew
}

// Capturable returns how much may still be captured: the limit, or what is
// held and not released, less what was captured and what is being captured or
// released. It is nothing for a closed payment.
func (p Payment) Capturable() Money {
	limit := p.CaptureLimit.minor - p.Balances.Released.minor
	if !p.CaptureLimit.IsSet() {
		limit = p.Balances.Authorized.minor - p.Balances.Released.minor
	}
	if p.Closed {
		limit = 0
	}
	return p.rest(limit, p.Balances.Captured, p.Reserved.Capturing, p.Reserved.Releasing)
}

// Refundable returns how much may still be refunded: what was captured, less
// what was refunded, is being refunded, or was charged back.
func (p Payment) Refundable() Money {
	return p.rest(p.Balances.Captured.minor, p.Balances.Refunded, p.Reserved.Refunding, p.Balances.ChargedBack)
}

// Releasable returns how much is held, not captured, and not yet being captured or released.
func (p Payment) Releasable() Money {
	held := p.Balances.Authorized.minor - p.Balances.Released.minor
	return p.rest(held, p.Balances.Captured, p.Reserved.Capturing, p.Reserved.Releasing)
}

// RefundableOf returns how much of one capture may still be refunded, judging
// by the movements whose parent it is, and by what undid those.
func (p Payment) RefundableOf(capture string) Money {
	rest := p.nothing()
	back := map[MovementKind]map[string]bool{MoveRefund: {}, MoveChargeback: {}} // what was given or taken back of it
	for _, m := range p.Movements {
		switch {
		case m.Kind == MoveCapture && m.Reference == capture:
			rest.minor += m.Amount.minor
		case m.Parent == capture && back[m.Kind] != nil:
			rest.minor -= m.Amount.minor
			back[m.Kind][m.Reference] = true
		case m.Parent == capture && m.Kind == MoveReversal && m.Reverses == MoveCapture:
			rest.minor -= m.Amount.minor
		}
	}
	for _, m := range p.Movements {
		if m.Kind == MoveReversal && m.Parent != "" && back[m.Reverses][m.Parent] {
			rest.minor += m.Amount.minor // a refund that failed, a dispute that was won
		}
	}
	return p.rest(rest.minor)
}

// Adjustable returns the total that an adjustment changes: what is held, before
// anything was captured or released of it. Of several holds those that were let go
// as a whole do not count; when all were, the last one does.
func (p Payment) Adjustable() Money {
	total, gone := p.nothing(), p.letGo()
	total.minor = p.Balances.Authorized.minor
	for _, amount := range gone {
		total.minor -= amount
	}
	return total
}

// letGo returns the holds that were released as a whole, by their keys, with
// what they were; when all were, all but the last one.
func (p Payment) letGo() map[string]int64 {
	adjusted, released := newestAdjustments(p.Movements, everyOne), map[string]int64{}
	for _, m := range p.Movements {
		if m.Kind == MoveRelease {
			released[m.Parent] += m.Amount.minor
		}
	}
	gone, last, stands := map[string]int64{}, Movement{}, false
	for _, m := range p.Movements {
		if m.Kind != MoveHold {
			continue
		}
		hold, let := m.Key(), released[m.Reference]
		if now, ok := adjusted[m.Reference]; ok {
			m.Amount = now.Amount
			if now.Reference != m.Reference { // it has a name of its own
				let += released[now.Reference]
			}
		}
		if let < m.Amount.minor {
			stands = true
			continue
		}
		gone[hold] = m.Amount.minor
		if !m.At.Before(last.At) {
			last = m
		}
	}
	if !stands {
		delete(gone, last.Key())
	}
	return gone
}

// HoldExpires returns the time at which the first hold that says so expires,
// and whether one does. Of a hold that was renewed or superseded, the newest time
// that was told counts; one that was let go does not, where another one stands.
func (p Payment) HoldExpires() (first time.Time, known bool) {
	adjusted, gone := newestAdjustments(p.Movements, func(m Movement) bool { return !m.Expires.IsZero() }), p.letGo()
	for _, m := range p.Movements {
		if _, let := gone[m.Key()]; m.Kind != MoveHold || let {
			continue
		}
		expires := m.Expires
		if now, ok := adjusted[m.Reference]; ok {
			expires = now.Expires
		}
		if !expires.IsZero() && (!known || expires.Before(first)) {
			first, known = expires, true
		}
	}
	return first, known
}

func (p Payment) rest(of int64, less ...Money) Money {
	rest := p.nothing()
	rest.minor = of
	for _, m := range less {
		rest.minor -= m.minor
	}
	rest.minor = max(rest.minor, 0)
	return rest
}

func (p Payment) nothing() Money {
	for _, m := range []Money{p.Due, p.Balances.Authorized, p.Balances.Captured} {
		if m.IsSet() {
			return Money{0, m.currency}
		}
	}
	return Money{}
}

// Dispute is a shopper's or issuer's complaint about a captured payment.
type Dispute struct {
	Reference string
	Capture   string // the provider's id of the capture
	Reason    string
	Amount    Money
	Deadline  time.Time // until when evidence may be handed in
	State     DisputeState
}

// DisputeState is how a dispute stands.
type DisputeState string

// The states of a dispute.
const (
	DisputeOpen DisputeState = "open"
	DisputeWon  DisputeState = "won"
	DisputeLost DisputeState = "lost"
)

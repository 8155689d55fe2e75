package simulator

import (
	"slices"
	"time"
)

// Kind is the kind of a ledger entry.
type Kind string

const (
	// KindHold holds money; its reference is the authorization.
	KindHold Kind = "hold"
	// KindAdjust changes a hold by a signed difference; its parent is the authorization.
	// Its reference is the new authorization, where there is one ([Rules].Reauthorize).
	KindAdjust Kind = "adjust"
	// KindRelease gives held money back; its parent is the authorization, or the
	// capture whose finality caused it.
	KindRelease Kind = "release"
	// KindCapture takes money; its reference is the capture.
	KindCapture Kind = "capture"
	// KindRefund pays money back; its reference is the refund.
	KindRefund Kind = "refund"
	// KindChargeback is money taken back by the bank; its reference is the dispute.
	KindChargeback Kind = "chargeback"
	// KindReversal undoes the entry of the capture, refund or dispute that is its
	// parent and its reference.
	KindReversal Kind = "reversal"
)

// Entry is one fact about money: append-only, never changed. Amount is in minor
// units and signed only for [KindAdjust]. Captured money is the sum of captures
// minus the reversals whose parent is a capture; refunds and chargebacks likewise.
type Entry struct {
	Sequence          int64     `json:"sequence"` // 1, 2, 3 … over all accounts
	ID                string    `json:"id"`
	Time              time.Time `json:"time"`
	Account           string    `json:"account"`
	Payment           string    `json:"payment"`
	Kind              Kind      `json:"kind"`
	Amount            int64     `json:"amount"`
	Currency          string    `json:"currency"`
	Reference         string    `json:"reference"`
	Parent            string    `json:"parent,omitempty"`
	ParentKind        Kind      `json:"parent_kind,omitempty"` // what a reversal undoes
	MerchantReference string    `json:"merchant_reference,omitempty"`
	Key               string    `json:"key,omitempty"` // idempotency key of the call; empty when it was not a call
}

// Ledger returns every entry of every account, oldest first.
func (s *Server) Ledger() []Entry {
	s.lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ledger)
}

// posting is an entry about to be booked.
type posting struct {
	kind      Kind
	amount    int64
	reference string
	parent    string
	undoes    Kind
	merchant  string
}

// book adds an entry to the ledger and moves the balances of p with it. There is
// no other way to change a balance, so the two cannot differ.
func (c *change) book(p *payment, b posting) (Movement, error) {
	balance := &p.Amounts
	target, delta := balanceOf(balance, b.kind), b.amount
	if b.kind == KindReversal {
		target, delta = balanceOf(balance, b.undoes), -b.amount
	}
	total, ok := add(*target, delta)
	if !ok {
		return Movement{}, errOverflow()
	}
	*target = total
	e := Entry{
		Sequence: int64(len(c.s.ledger) + len(c.rec.Entries) + 1), ID: c.id("mov"), Time: c.now,
		Account: p.Account, Payment: p.ID, Kind: b.kind, Amount: b.amount, Currency: p.Amount.Currency,
		Reference: b.reference, Parent: b.parent, ParentKind: b.undoes, MerchantReference: b.merchant, Key: c.key,
	}
	c.rec.Entries = append(c.rec.Entries, e)
	m := Movement{
		ID: e.ID, Kind: e.Kind, Amount: Amount{e.Amount, e.Currency}, Reference: e.Reference,
		Parent: e.Parent, MerchantReference: e.MerchantReference, Created: e.Time,
	}
	p.Movements = append(p.Movements, m)
	p.refresh()
	return m, nil
}

func balanceOf(a *Amounts, k Kind) *int64 {
	switch k {
	case KindRelease:
		return &a.Released
	case KindCapture:
		return &a.Captured
	case KindRefund:
		return &a.Refunded
	case KindChargeback:
		return &a.ChargedBack
	default: // hold, adjust
		return &a.Authorized
	}
}

package sequra

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

type updatePart struct {
	Unshipped Cart `json:"unshipped_cart" request:"protected"`
	Shipped   Cart `json:"shipped_cart" request:"protected"`
}

// update returns the parts that say what is shipped and what is not, in all, after
// an operation. The totals come from the ledger and not from the caller.
func (a *API) update(op gateway.Operation) request.Part {
	return request.Named("order", request.In("order", request.Compose(
		request.Named("merchant", request.Typed(a.merchant)),
		request.Named("reference", request.Typed(reference)),
		request.Named("carts", request.Typed(func(_ context.Context, s gateway.Subject) (updatePart, error) { return after(op, s) })),
		request.Named("delivery", request.Typed(delivery)),
		request.Named("customer", request.Typed(customer)),
		request.Named("platform", request.Typed(a.platform)),
	)))
}

// totals are what a payment's carts add up to after an operation, in cents.
type totals struct{ shipped, unshipped int64 }

func totalsAfter(op gateway.Operation, s gateway.Subject) totals {
	b := s.Payment.Balances
	t := totals{b.Captured.Minor() - b.Refunded.Minor(), b.Authorized.Minor() - b.Released.Minor() - b.Captured.Minor()}
	switch op {
	case gateway.OpCapture:
		t.shipped += s.Amount.Minor()
		t.unshipped -= s.Amount.Minor()
		if s.Final {
			t.unshipped = 0
		}
	case gateway.OpVoid:
		t.unshipped = 0
	case gateway.OpRefund:
		t.shipped -= s.Amount.Minor()
	}
	return t
}

// after returns the carts as they are to be. They are absolute, so that a call
// made twice changes nothing, and so that two calls made at once would undo one
// another: while another one is under way nothing is sent.
func after(op gateway.Operation, s gateway.Subject) (part updatePart, err error) {
	r := s.Payment.Reserved
	busy := map[gateway.Operation]bool{
		gateway.OpCapture: r.Refunding.IsPositive() || r.Releasing.IsPositive(),
		gateway.OpVoid:    r.Refunding.IsPositive() || r.Capturing.IsPositive(),
		gateway.OpRefund:  r.Capturing.IsPositive() || r.Releasing.IsPositive(),
	}
	if busy[op] {
		return part, gateway.Errorf(gateway.CodeConflict, "another update of the order is under way, and each tells all that is shipped: wait for it")
	}
	t := totalsAfter(op, s)
	if t.shipped < 0 || t.unshipped < 0 {
		return part, gateway.Invalid("the order would have %d cents shipped and %d unshipped: that is more than there is", t.shipped, t.unshipped)
	}
	carts, err := parcels(op, s, t)
	if err != nil {
		return part, err
	}
	more := detailsOf(s)
	if part.Shipped, err = cart(carts.Shipped, more, gateway.Minor(t.shipped, currency)); err != nil {
		return part, gateway.Errorf(gateway.CodeInvalid, "shipped: %w", err)
	}
	if part.Unshipped, err = cart(carts.Unshipped, more, gateway.Minor(t.unshipped, currency)); err != nil {
		return part, gateway.Errorf(gateway.CodeInvalid, "unshipped: %w", err)
	}
	return part, nil
}

// parcels returns the lines of both carts: as the caller gives them, or as they
// follow from the order where only one thing can be meant.
func parcels(op gateway.Operation, s gateway.Subject, t totals) (Carts, error) {
	if c, given := Parcels.From(s.Extras); given {
		return c, nil
	}
	if s.Payment.Due.Currency() != currency {
		return Carts{}, gateway.Errorf(gateway.CodeUnsupported, "SeQura takes %s only, and the payment is in %s", currency, s.Payment.Due.Currency())
	}
	all, due, b := linesOf(s), s.Payment.Due.Minor(), s.Payment.Balances
	switch {
	case t == totals{}:
		return Carts{}, nil
	case len(s.Lines) > 0 && op == gateway.OpCapture && b.Captured.IsZero():
		rest, err := less(all, s.Lines)
		if t.unshipped == 0 {
			rest = nil
		}
		return Carts{Shipped: s.Lines, Unshipped: rest}, err
	case t == totals{shipped: due} && len(all) > 0:
		return Carts{Shipped: all}, nil
	case t == totals{unshipped: due} && len(all) > 0:
		return Carts{Unshipped: all}, nil
	case len(s.Lines) > 0 && op == gateway.OpRefund && b.Captured.Minor() == due && b.Refunded.IsZero():
		rest, err := less(all, s.Lines)
		return Carts{Shipped: rest}, err
	}
	return Carts{}, gateway.Invalid("SeQura wants to know which items are shipped and which are not, and that does not follow from the order: give the extra sequra.Parcels")
}

// less returns the lines without others, which are told by SKU and price.
func less(all, without []gateway.Line) ([]gateway.Line, error) {
	type name struct {
		sku   string
		price gateway.Money
	}
	taken := map[name]int64{}
	for _, l := range without {
		taken[name{l.SKU, l.Price}] += l.Quantity
	}
	var rest []gateway.Line
	for _, l := range all {
		n := name{l.SKU, l.Price}
		take := min(taken[n], l.Quantity)
		taken[n] -= take
		if l.Quantity -= take; l.Quantity > 0 {
			rest = append(rest, l)
		}
	}
	for n, left := range taken {
		if left > 0 {
			return nil, gateway.Invalid("%d of %q at %s are not in the order", left, n.sku, n.price)
		}
	}
	return rest, nil
}

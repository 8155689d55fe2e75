package stripe

import (
	"math"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// The rules by which one fact has one key, whether an answer, a lookup or a
// notification tells it:
//
//	hold     reference: the PaymentIntent. It is authorized at most once.
//	adjust   reference: the PaymentIntent. Totals only grow, so the new total is the sequence.
//	capture  reference: the charge. What that charge had captured before is the
//	         sequence: 0 for the first or only one, 400 for what follows a capture of 4.00.
//	release  reference: the PaymentIntent. It ends what may be captured, so there is one.
//	refund   reference: the refund; parent: the charge.
//	reversal reference and parent: the refund that came back.

// history returns all that ever moved in a payment. The API states totals, not
// single captures and increments: known, what the payment's movements say so
// far, tells how a total came about, and what nobody knew yet is one movement.
func (i Intent) history(known []gateway.Movement) ([]gateway.Movement, error) {
	all, err := i.hold(known)
	if err != nil {
		return nil, err
	}
	captures, err := i.captures(known)
	if err != nil {
		return nil, err
	}
	all = append(all, captures...)
	if m, ok, err := i.release(); err != nil {
		return nil, err
	} else if ok {
		all = append(all, m)
	}
	refunds, err := i.refunds()
	return append(all, refunds...), err
}

// held reports whether the payment was authorized and not captured at once. A
// charge that waits for its capture has succeeded
// (https://docs.stripe.com/api/charges/object#charge_object-captured).
func (i Intent) held() (bool, error) {
	if i.CaptureMethod != "manual" {
		return false, nil
	}
	switch i.Status {
	case "requires_capture", "succeeded":
		return true, nil
	case "canceled":
		if i.LatestCharge.ID != "" && i.LatestCharge.Object == nil {
			return false, gateway.Errorf(gateway.CodeIndeterminate, "the charge of the cancelled payment is not expanded, so nobody knows whether it was authorized: fetch it")
		}
		c := i.LatestCharge.Object
		return c != nil && c.Status == "succeeded", nil
	}
	return false, nil
}

func (i Intent) hold(known []gateway.Movement) ([]gateway.Movement, error) {
	if held, err := i.held(); !held || err != nil {
		return nil, err
	}
	total, err := money(i.Amount, i.Currency)
	if err != nil {
		return nil, err
	}
	m := gateway.Movement{Kind: gateway.MoveHold, Amount: total, Reference: i.ID, Operation: i.operation(metaOperation), At: at(i.Created)}
	if c := i.LatestCharge.Object; c != nil {
		m.At = at(c.Created)
		if c.Details != nil && c.Details.Card != nil {
			m.Expires = at(c.Details.Card.CaptureBefore)
		}
	}
	all := []gateway.Movement{m}
	for _, k := range known {
		if k.Kind == gateway.MoveHold && k.Reference == i.ID && k.Amount != total {
			all[0].Amount = k.Amount
			return append(all, i.adjustment(total, i.operation(metaAdjust))), nil
		}
	}
	return all, nil
}

func (i Intent) adjustment(total gateway.Money, op gateway.OperationID) gateway.Movement {
	return gateway.Movement{Kind: gateway.MoveAdjust, Amount: total, Reference: i.ID, Parent: i.ID, Sequence: sequence(total), Operation: op}
}

// captures returns the captures that are known, and one more for what the
// payment received beyond them.
func (i Intent) captures(known []gateway.Movement) ([]gateway.Movement, error) {
	total, err := money(i.Received, i.Currency)
	if err != nil || !total.IsPositive() {
		return nil, err
	}
	if i.LatestCharge.ID == "" {
		return nil, gateway.Errorf(gateway.CodeIndeterminate, "the payment received %s and names no charge", total)
	}
	sum, all := gateway.Minor(0, total.Currency()), []gateway.Movement(nil)
	for _, k := range known {
		if k.Kind != gateway.MoveCapture || k.Reference != i.LatestCharge.ID {
			continue
		}
		if sum, err = sum.Add(k.Amount); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	rest, err := total.Sub(sum)
	switch {
	case err != nil:
		return nil, err
	case rest.IsNegative():
		return nil, gateway.Errorf(gateway.CodeIndeterminate, "the payment received %s, and captures of %s are known", total, sum)
	case rest.IsZero():
		return all, nil
	}
	m := i.capture(rest, sum)
	m.Operation = i.operation(metaOperation)
	if i.CaptureMethod == "manual" {
		m.Operation = i.operation(metaCapture)
	}
	return append(all, m), nil
}

// capture is the capture of an amount after as much had been captured before.
func (i Intent) capture(amount, before gateway.Money) gateway.Movement {
	m := gateway.Movement{Kind: gateway.MoveCapture, Amount: amount, Reference: i.LatestCharge.ID, Sequence: sequence(before)}
	c := i.LatestCharge.Object
	if i.CaptureMethod == "manual" {
		m.Parent = i.ID // the API does not say when
	} else if c != nil {
		m.At = at(c.Created)
	}
	// A charge names one balance transaction: with several captures it is not
	// said whose.
	if c != nil && c.BalanceTransaction.Object != nil && before.IsZero() && i.Capturable == 0 {
		m.Settled = c.BalanceTransaction.Object.settlement()
	}
	return m
}

// settlement is what reached the merchant's balance. A currency that this
// program does not know leaves it out: it changes no balance of the payment.
func (b BalanceTransaction) settlement() *gateway.Settlement {
	net, err := money(b.Net, b.Currency)
	if err != nil {
		return nil
	}
	fee, err := money(b.Fee, b.Currency)
	if err != nil {
		return nil
	}
	return &gateway.Settlement{Amount: net, Fee: fee}
}

// release returns what was held and is free again, when nothing can be captured any more.
func (i Intent) release() (m gateway.Movement, ok bool, err error) {
	held, err := i.held()
	if err != nil || !held || i.Status == "requires_capture" || i.Received >= i.Amount {
		return m, false, err
	}
	rest, err := money(i.Amount-i.Received, i.Currency)
	m = gateway.Movement{Kind: gateway.MoveRelease, Amount: rest, Reference: i.ID, Parent: i.ID, At: at(i.CanceledAt)}
	if i.Status == "succeeded" {
		m.Operation = i.operation(metaCapture) // released because a capture was final
	}
	return m, err == nil, err
}

// refunds returns what was given back, as far as the charge is expanded: the ten
// newest (see [OpListRefunds] for all).
func (i Intent) refunds() ([]gateway.Movement, error) {
	c := i.LatestCharge.Object
	if c == nil || c.Refunds == nil {
		return nil, nil
	}
	var all []gateway.Movement
	freed := int64(0)
	for _, r := range c.Refunds.Data {
		moves, err := r.movements()
		if err != nil {
			return nil, err
		}
		all = append(all, moves...)
		if r.released() && r.Status == "succeeded" {
			freed += r.Amount
		}
	}
	if freed > i.Amount-i.Received {
		return nil, gateway.Errorf(gateway.CodeIndeterminate, "refunds that touch no balance give back more than was released: ask for each with %s", OpFetchRefund)
	}
	return all, nil
}

// released reports whether the API calls a refund what released held money. Such
// a one touches no balance.
func (r Refund) released() bool {
	return r.BalanceTransaction.ID == "" || r.Reason == "expired_uncaptured_charge"
}

// movements returns what a refund moved: nothing yet, the refund, or the refund
// and its coming back (https://docs.stripe.com/refunds#failed-refunds).
//
// The API also calls it a refund when it releases what was held and never
// captured: the rest after a partial capture, or everything when a payment is
// cancelled or expires. That is told as the release that it is.
func (r Refund) movements() ([]gateway.Movement, error) {
	if r.released() {
		return nil, nil
	}
	amount, err := money(r.Amount, r.Currency)
	if err != nil {
		return nil, err
	}
	m := gateway.Movement{
		Kind: gateway.MoveRefund, Amount: amount, Reference: r.ID, Parent: r.Charge.ID, At: at(r.Created),
		Operation: gateway.OperationID(r.Metadata[metaOperation]),
	}
	switch status, known := refundStatuses[r.Status]; {
	case !known:
		return nil, gateway.Errorf(gateway.CodeIndeterminate, "refund status %.40q is not known", r.Status)
	case status == gateway.StatusAwaiting:
		return nil, nil
	case status == gateway.StatusFailed:
		back := gateway.Movement{Kind: gateway.MoveReversal, Reverses: gateway.MoveRefund, Amount: amount, Reference: r.ID, Parent: r.ID}
		return []gateway.Movement{m, back}, nil
	}
	return []gateway.Movement{m}, nil
}

func (i Intent) operation(key string) gateway.OperationID {
	return gateway.OperationID(i.Metadata[key])
}

// sequence numbers a movement by an amount.
func sequence(m gateway.Money) int { return int(min(m.Minor(), math.MaxInt)) }

package simulator

import "time"

// ReverseCapture undoes a capture that had succeeded. id is a capture, or a payment
// and then means its latest succeeded capture. Captured money that was refunded or
// charged back cannot be reversed.
func (s *Server) ReverseCapture(id string) error {
	return occur(s, id, func(c *change, p *payment) error { return c.reverseCapture(p, id) })
}

// ReverseRefund undoes a refund that had succeeded. id is a refund, or a payment
// and then means its latest succeeded refund.
func (s *Server) ReverseRefund(id string) error {
	return occur(s, id, func(c *change, p *payment) error { return c.reverseRefund(p, id) })
}

// Recapture books a reversed capture again, under the same reference. id is a
// capture, or a payment and then means its latest reversed capture.
func (s *Server) Recapture(id string) error {
	return occur(s, id, func(c *change, p *payment) error {
		x := p.lastCapture(id, StatusReversed)
		if x == nil {
			return conflict("not_reversed", "%s has no reversed capture", id)
		}
		if err := p.mayCapture(x.Amount.Value); err != nil {
			return err.about(p.ID)
		}
		x.Status = StatusSucceeded
		m, err := c.book(p, posting{kind: KindCapture, amount: x.Amount.Value, reference: x.ID, parent: p.Authorization, merchant: x.Reference})
		if err != nil {
			return err
		}
		c.emit(p, "capture.succeeded", x.ID, &m)
		if x.Final {
			p.Closed = closedFinal
			return c.releaseRest(p, x.ID)
		}
		return nil
	})
}

// lastCapture finds the capture id, or the latest one of the payment id, in a state.
func (p *payment) lastCapture(id string, status Status) *Capture {
	for i := len(p.Captures) - 1; i >= 0; i-- {
		x := &p.Captures[i]
		if (x.ID == id || p.ID == id) && x.Status == status {
			return x
		}
	}
	return nil
}

func (c *change) reverseCapture(p *payment, id string) error {
	x := p.lastCapture(id, StatusSucceeded)
	if x == nil {
		return conflict("not_captured", "%s has no succeeded capture", id)
	}
	if x.Refunded > 0 || p.refundable() < x.Amount.Value {
		return conflict("already_refunded", "capture %s is refunded or charged back", x.ID)
	}
	x.Status, x.FailureCode = StatusReversed, "capture_reversed"
	m, err := c.book(p, posting{
		kind: KindReversal, amount: x.Amount.Value, reference: x.ID, parent: x.ID, undoes: KindCapture, merchant: x.Reference,
	})
	if err != nil {
		return err
	}
	if !p.profile().transfer {
		return c.captureUndone(p, x, "capture.reversed", &m)
	}
	c.emit(p, "capture.reversed", x.ID, &m)
	why := notClosed
	if p.Amounts.Captured == 0 {
		why = closedRelease
	}
	return c.release(p, why, x.ID, "payment.released")
}

func (c *change) reverseRefund(p *payment, id string) error {
	for i := len(p.Refunds) - 1; i >= 0; i-- {
		r := &p.Refunds[i]
		if (r.ID != id && p.ID != id) || r.Status != StatusSucceeded {
			continue
		}
		r.Status, r.FailureCode = StatusReversed, "refund_reversed"
		p.deallocate(r)
		m, err := c.book(p, posting{
			kind: KindReversal, amount: r.Amount.Value, reference: r.ID, parent: r.ID, undoes: KindRefund, merchant: r.Reference,
		})
		if err != nil {
			return err
		}
		c.emit(p, "refund.reversed", r.ID, &m)
		return nil
	}
	return conflict("not_refunded", "%s has no succeeded refund", id)
}

// reverse undoes a capture, a refund, or what a payment did: its latest capture,
// else its hold.
func (c *change) reverse(p *payment, id string) error {
	switch {
	case p.refundByID(id) != nil:
		return c.reverseRefund(p, id)
	case p.lastCapture(id, StatusSucceeded) != nil:
		return c.reverseCapture(p, id)
	case p.captureByID(id) != nil:
		return conflict("not_captured", "capture %s is not succeeded", id)
	default:
		return c.expire(p)
	}
}

// Chargeback lets the shopper's bank take back amount minor units of what was
// captured and is neither refunded nor charged back. One dispute may be open.
func (s *Server) Chargeback(id string, amount int64) (Dispute, error) {
	return happen(s, id, func(c *change, p *payment) (Dispute, error) {
		if err := c.chargeback(p, amount); err != nil {
			return Dispute{}, err
		}
		return p.Disputes[len(p.Disputes)-1], nil
	})
}

func (p *payment) openDispute() *Dispute {
	for i := range p.Disputes {
		if p.Disputes[i].Status == StatusOpen {
			return &p.Disputes[i]
		}
	}
	return nil
}

func (c *change) chargeback(p *payment, amount int64) error {
	switch {
	case amount <= 0:
		return badRequest("amount_invalid", "amount", "the amount must be above zero")
	case p.openDispute() != nil:
		return conflict("already_disputed", "payment %s has an open dispute", p.ID)
	case amount > p.refundable():
		return unprocessable("amount_too_large", "at most %d can be charged back of payment %s", p.refundable(), p.ID)
	}
	d := Dispute{
		ID: c.id("dis"), Payment: p.ID, Status: StatusOpen, Amount: Amount{amount, p.Amount.Currency},
		Reason: "fraudulent", RespondBy: c.now.Add(14 * 24 * time.Hour), Created: c.now,
	}
	p.Disputes = append(p.Disputes, d)
	m, err := c.book(p, posting{kind: KindChargeback, amount: amount, reference: d.ID, merchant: p.Reference})
	if err != nil {
		return err
	}
	c.emit(p, "dispute.opened", d.ID, &m)
	return nil
}

// ResolveDispute ends the open dispute of a payment. When the merchant won, the
// chargeback is reversed; when it lost, no more money moves.
func (s *Server) ResolveDispute(id string, won bool) error {
	return occur(s, id, func(c *change, p *payment) error {
		d := p.openDispute()
		if d == nil {
			return conflict("not_disputed", "payment %s has no open dispute", p.ID)
		}
		if !won {
			d.Status = StatusLost
			c.emit(p, "dispute.lost", d.ID, nil)
			return nil
		}
		d.Status = StatusWon
		m, err := c.book(p, posting{
			kind: KindReversal, amount: d.Amount.Value, reference: d.ID, parent: d.ID, undoes: KindChargeback, merchant: p.Reference,
		})
		if err != nil {
			return err
		}
		c.emit(p, "dispute.won", d.ID, &m)
		return nil
	})
}

package simulator

// awaitTransfer tells the shopper where to send the money.
func (c *change) awaitTransfer(p *payment) error {
	p.Authorization = c.id("auth")
	p.Action = &Action{
		Type: "display", ExpiresAt: c.now.Add(c.s.cfg.Rules.AuthorizationValidity),
		Data: map[string]string{"iban": "XX00SANDBOX0000000001", "transfer_reference": p.ID},
	}
	if percent := p.profile().arrives; percent > 0 {
		value, ok := share(p.Amount.Value, percent)
		if !ok {
			return errOverflow()
		}
		c.schedule(c.s.cfg.Rules.SettleAfter, task{Kind: taskTransfer, Subject: p.ID, Amount: max(value, 1)})
	}
	return c.turn(p, StatusPending)
}

// transferByItself is the money of tok_short_transfer and tok_over_transfer. It
// stays away when a test let some money arrive before.
func (c *change) transferByItself(p *payment, value int64) error {
	if p.Amounts.Captured > 0 || p.Phase != StatusPending {
		return conflict("not_pending", "payment %s waits for no transfer", p.ID)
	}
	return c.receive(p, value)
}

// receive books money that arrived, whatever was asked for and however late: as a
// hold and a capture, so that the sums mean the same as for a card.
func (c *change) receive(p *payment, value int64) error {
	if !p.profile().transfer {
		return unprocessable("not_a_transfer", "payment %s is not paid by bank transfer", p.ID)
	}
	if value <= 0 {
		return badRequest("amount_invalid", "amount", "the amount must be above zero")
	}
	p.Phase, p.Action = StatusActive, nil
	if p.Closed == closedRelease {
		p.Closed = notClosed // a transfer that was sent back came again
	}
	if _, err := c.book(p, posting{kind: KindHold, amount: value, reference: p.Authorization, merchant: p.Reference}); err != nil {
		return err
	}
	x := Capture{
		ID: c.id("cap"), Payment: p.ID, Status: StatusSucceeded, Amount: Amount{value, p.Amount.Currency},
		Reference: p.Reference, Created: c.now, Settlement: settlement(value, p),
	}
	p.Captures = append(p.Captures, x)
	m, err := c.book(p, posting{kind: KindCapture, amount: value, reference: x.ID, parent: p.Authorization, merchant: p.Reference})
	if err != nil {
		return err
	}
	c.subject = x.ID
	c.emit(p, "capture.succeeded", x.ID, &m)
	return nil
}

// ReceiveTransfer lets money arrive for a payment that waits for a bank transfer:
// any amount in minor units above zero, as often as wanted, also after the payment
// was canceled or is expired. It returns the capture that was booked.
func (s *Server) ReceiveTransfer(id string, amount int64) (Capture, error) {
	return happen(s, id, func(c *change, p *payment) (Capture, error) {
		if err := c.receive(p, amount); err != nil {
			return Capture{}, err
		}
		return p.captureView(c.subject), nil
	})
}

package simulator

// createRefund is POST /v1/payments/{id}/refunds.
func (s *Server) createRefund(c *change, q *request) (answer, error) {
	f := q.fields
	amount := f.amount("amount")
	target := f.text("capture", 64, false)
	reference := f.text("reference", 128, false)
	if err := f.done(); err != nil {
		return answer{}, err
	}
	p, err := c.own("payment", q.id)
	if err != nil {
		return answer{}, err
	}
	if err := p.sameCurrency(amount); err != nil {
		return answer{}, err
	}
	id, err := c.refund(p, amount.Value, target, reference)
	if err != nil {
		return answer{}, err
	}
	c.subject = id
	v := p.refundView(id)
	return jsonAnswer(statusOf(v.Status), v), nil
}

// mayRefund refuses a refund that the payment, or the capture it names, does not allow.
func (p *payment) mayRefund(value int64, target string) *Error {
	a := p.Amounts
	switch {
	case a.Captured == 0:
		return conflict("not_captured", "payment %s is %s", p.ID, p.Status)
	case p.refundable() == 0 && a.ChargedBack > 0:
		return conflict("already_charged_back", "payment %s was charged back", p.ID)
	case p.refundable() == 0:
		return conflict("already_refunded", "payment %s is refunded", p.ID)
	case value > p.refundable():
		return unprocessable("refund_too_large", "at most %d can be refunded of payment %s", p.refundable(), p.ID).at("amount.value")
	}
	if target == "" {
		return nil
	}
	x := p.captureByID(target)
	switch {
	case x == nil:
		return unprocessable("capture_unknown", "payment %s has no capture %q", p.ID, target).at("capture")
	case x.Status != StatusSucceeded:
		return unprocessable("capture_not_refundable", "capture %s is %s", target, x.Status).at("capture")
	case x.Refunded >= x.Amount.Value:
		return conflict("already_refunded", "capture %s is refunded", target).at("capture")
	case value > x.Amount.Value-x.Refunded:
		return unprocessable("refund_too_large", "at most %d can be refunded of capture %s", x.Amount.Value-x.Refunded, target).at("amount.value")
	}
	return nil
}

// refund adds a refund, which succeeds now or later. It returns its id.
func (c *change) refund(p *payment, value int64, target, reference string) (string, error) {
	if err := p.mayRefund(value, target); err != nil {
		return "", err.about(p.ID)
	}
	r := Refund{
		ID: c.id("ref"), Payment: p.ID, Capture: target, Status: StatusPending,
		Amount: Amount{value, p.Amount.Currency}, Reference: reference, Created: c.now,
		Allocations: p.allocate(value, target),
	}
	p.Refunds = append(p.Refunds, r)
	p.Amounts.Refunding += value // bounded by what was captured
	rules, prof := c.s.cfg.Rules, p.profile()
	if rules.AsyncRefund || prof.refund == settlesLater || prof.refund == failsLater {
		c.schedule(rules.SettleAfter, task{Kind: taskSettle, Subject: r.ID, Success: prof.refund != failsLater})
		c.emit(p, "refund.pending", r.ID, nil)
		return r.ID, nil
	}
	return r.ID, c.settleRefund(p, r.ID, true)
}

// allocate takes a refund from the capture it names, else from the oldest ones, so
// that a later refund of one capture is bounded by what is really left of it.
func (p *payment) allocate(value int64, target string) []Allocation {
	var parts []Allocation
	for i := range p.Captures {
		x := &p.Captures[i]
		if value == 0 || x.Status != StatusSucceeded || (target != "" && x.ID != target) {
			continue
		}
		part := min(value, x.Amount.Value-x.Refunded)
		if part <= 0 {
			continue
		}
		x.Refunded += part
		value -= part
		parts = append(parts, Allocation{x.ID, part})
	}
	return parts
}

// deallocate gives the captures back what a failed refund had taken.
func (p *payment) deallocate(r *Refund) {
	for _, part := range r.Allocations {
		p.captureByID(part.Capture).Refunded -= part.Value
	}
}

// settleRefund ends a pending refund.
func (c *change) settleRefund(p *payment, id string, success bool) error {
	r := p.refundByID(id)
	if r.Status != StatusPending {
		return conflict("not_pending", "refund %s is %s", id, r.Status)
	}
	p.Amounts.Refunding -= r.Amount.Value
	if !success {
		r.Status, r.FailureCode = StatusFailed, "refund_failed"
		p.deallocate(r)
		c.emit(p, "refund.failed", id, nil)
		return nil
	}
	r.Status = StatusSucceeded
	m, err := c.book(p, posting{kind: KindRefund, amount: r.Amount.Value, reference: id, parent: r.Capture, merchant: r.Reference})
	if err != nil {
		return err
	}
	c.emit(p, "refund.succeeded", id, &m)
	if p.profile().refund == reversedSoon {
		c.schedule(c.s.cfg.Rules.SettleAfter, task{Kind: taskReverse, Subject: id})
	}
	return nil
}

package simulator

import "net/http"

// createCapture is POST /v1/payments/{id}/captures.
func (s *Server) createCapture(c *change, q *request) (answer, error) {
	f := q.fields
	amount := f.amount("amount")
	final := f.flag("final")
	reference := f.text("reference", 128, false)
	if err := f.done(); err != nil {
		return answer{}, err
	}
	p, err := c.ownHold(q.id)
	if err != nil {
		return answer{}, err
	}
	if err := p.sameCurrency(amount); err != nil {
		return answer{}, err
	}
	id, err := c.capture(p, amount.Value, final, reference)
	if err != nil {
		return answer{}, err
	}
	c.subject = id
	v := p.captureView(id)
	return jsonAnswer(statusOf(v.Status), v), nil
}

// statusOf is 202 for what is only accepted.
func statusOf(s Status) int {
	if s == StatusPending {
		return http.StatusAccepted
	}
	return http.StatusCreated
}

func (p *payment) sameCurrency(a Amount) error {
	if a.Currency != p.Amount.Currency {
		return unprocessable("currency_mismatch", "payment %s is in %s", p.ID, p.Amount.Currency).
			at("amount.currency").about(p.ID)
	}
	return nil
}

// mayCapture refuses a capture that the payment does not allow.
func (p *payment) mayCapture(value int64) *Error {
	taken := p.Amounts.Captured + p.Amounts.Capturing
	switch {
	case p.Phase == StatusActive && p.Closed == closedExpired, p.Phase == StatusExpired:
		return unprocessable("authorization_expired", "the authorization of payment %s is expired", p.ID)
	case p.Phase == StatusCanceled:
		return conflict("already_canceled", "payment %s is canceled", p.ID)
	case p.Phase != StatusActive, p.profile().transfer:
		return conflict("not_authorized", "payment %s is %s", p.ID, p.Status)
	case p.Closed == closedRelease:
		return conflict("already_released", "payment %s was released", p.ID)
	case p.Closed == closedFinal, taken >= p.limit():
		return conflict("already_captured", "payment %s is captured", p.ID)
	case value > p.limit()-taken:
		return unprocessable("amount_too_large", "at most %d can be captured of payment %s", p.limit()-taken, p.ID).at("amount.value")
	}
	return nil
}

// capture adds a capture, which succeeds now or later. It returns its id.
func (c *change) capture(p *payment, value int64, final bool, reference string) (string, error) {
	if err := p.mayCapture(value); err != nil {
		return "", err.about(p.ID)
	}
	rules, prof := c.s.cfg.Rules, p.profile()
	if rules.SingleCapture || prof.autoRelease || rules.RemainderAfterPartial == RemainderReleased {
		final = true
	}
	x := Capture{
		ID: c.id("cap"), Payment: p.ID, Status: StatusPending, Amount: Amount{value, p.Amount.Currency},
		Final: final, Reference: reference, Created: c.now, Settlement: settlement(value, p),
	}
	p.Captures = append(p.Captures, x)
	p.Amounts.Capturing += value // bounded by the limit, which is an int64
	if final {
		p.Closed = closedFinal
	}
	p.refresh()
	if rules.AsyncCapture || prof.capture == settlesLater || prof.capture == failsLater {
		c.schedule(rules.SettleAfter, task{Kind: taskSettle, Subject: x.ID, Success: prof.capture != failsLater})
		c.emit(p, "capture.pending", x.ID, nil)
		return x.ID, nil
	}
	return x.ID, c.settleCapture(p, x.ID, true)
}

// settleCapture ends a pending capture. A final one releases the rest only when it
// succeeds.
func (c *change) settleCapture(p *payment, id string, success bool) error {
	x := p.captureByID(id)
	if x.Status != StatusPending {
		return conflict("not_pending", "capture %s is %s", id, x.Status)
	}
	p.Amounts.Capturing -= x.Amount.Value
	if !success {
		x.Status, x.FailureCode, x.Settlement = StatusFailed, "capture_failed", nil
		return c.captureUndone(p, x, "capture.failed", nil)
	}
	x.Status = StatusSucceeded
	m, err := c.book(p, posting{kind: KindCapture, amount: x.Amount.Value, reference: id, parent: p.Authorization, merchant: x.Reference})
	if err != nil {
		return err
	}
	c.emit(p, "capture.succeeded", id, &m)
	if x.Final {
		if err := c.releaseRest(p, id); err != nil {
			return err
		}
	}
	after, prof := c.s.cfg.Rules.SettleAfter, p.profile()
	if prof.capture == reversedSoon {
		c.schedule(after, task{Kind: taskReverse, Subject: id})
	}
	if prof.dispute {
		c.schedule(after, task{Kind: taskDispute, Subject: id, Amount: x.Amount.Value})
	}
	return nil
}

// captureUndone says what becomes of the hold of a failed or reversed capture.
// Without another final capture the payment is open again; otherwise, and when it
// was closed for another reason meanwhile, this share of the hold is released too.
func (c *change) captureUndone(p *payment, x *Capture, event string, m *Movement) error {
	final := p.finalCapture()
	reversed := m != nil
	if (p.Closed == closedFinal && final == "") || (p.Closed == closedRelease && reversed) {
		c.reopen(p)
	}
	p.refresh()
	c.emit(p, event, x.ID, m)
	if p.Closed == notClosed || final == StatusPending {
		return nil
	}
	return c.releaseRest(p, x.ID)
}

// finalCapture is the state of a final capture that still counts, "" without one.
func (p *payment) finalCapture() Status {
	for _, x := range p.Captures {
		if x.Final && (x.Status == StatusPending || x.Status == StatusSucceeded) {
			return x.Status
		}
	}
	return ""
}

// reopen makes a payment capturable again, unless its hold would be expired by now.
func (c *change) reopen(p *payment) {
	p.Closed = notClosed
	switch {
	case p.ExpiresAt == nil:
		c.setExpiry(p)
	case !p.ExpiresAt.Add(c.s.cfg.Rules.ExpiryGrace).After(c.now):
		p.Closed = closedExpired
	}
}

// settlement is what the merchant's bank account will see of a capture.
func settlement(value int64, p *payment) *Settlement {
	own := Amount{value, p.Amount.Currency}
	if !p.profile().foreign {
		return &Settlement{Amount: own}
	}
	other := Amount{value, "USD"}
	if own.Currency == "USD" {
		other.Currency = "EUR"
	}
	if converted, ok := share(value, 110); ok {
		other.Value = converted
	}
	fee := min(30, other.Value)
	other.Value -= fee
	return &Settlement{Amount: other, Fee: fee}
}

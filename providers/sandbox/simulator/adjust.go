package simulator

import "net/http"

// createAdjustment is POST /v1/payments/{id}/adjustments: amount is the new total.
func (s *Server) createAdjustment(c *change, q *request) (answer, error) {
	amount := q.fields.amount("amount")
	if err := q.fields.done(); err != nil {
		return answer{}, err
	}
	p, err := c.own("payment", q.id)
	if err != nil {
		return answer{}, err
	}
	if err := p.sameCurrency(amount); err != nil {
		return answer{}, err
	}
	if err := p.mayAdjust(amount.Value); err != nil {
		return answer{}, err.about(p.ID)
	}
	c.subject = p.ID
	m, err := c.book(p, posting{
		kind: KindAdjust, amount: amount.Value - p.Amounts.Authorized,
		reference: c.id("adj"), parent: p.Authorization, merchant: p.Reference,
	})
	if err != nil {
		return answer{}, err
	}
	c.emit(p, "payment.adjusted", m.Reference, &m)
	return jsonAnswer(http.StatusOK, p.snapshot()), nil
}

func (p *payment) mayAdjust(total int64) *Error {
	a := p.Amounts
	switch {
	case p.Phase == StatusActive && p.Closed == closedExpired, p.Phase == StatusExpired:
		return unprocessable("authorization_expired", "the authorization of payment %s is expired", p.ID)
	case p.Phase == StatusCanceled:
		return conflict("already_canceled", "payment %s is canceled", p.ID)
	case p.Phase != StatusActive, p.profile().transfer:
		return conflict("not_authorized", "payment %s is %s", p.ID, p.Status)
	case p.Closed == closedRelease:
		return conflict("already_released", "payment %s was released", p.ID)
	case p.Closed == closedFinal, p.limit() <= a.Captured+a.Capturing:
		return conflict("already_captured", "payment %s is captured", p.ID)
	case total == a.Authorized:
		return unprocessable("amount_unchanged", "payment %s is authorized over this amount already", p.ID).at("amount.value")
	case total-a.Released < a.Captured+a.Capturing:
		return unprocessable("amount_too_small", "payment %s is captured over more than this", p.ID).at("amount.value")
	}
	return nil
}

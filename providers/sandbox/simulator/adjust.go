package simulator

import (
	"cmp"
	"net/http"
	"slices"
)

// createAdjustment is POST /v1/payments/{id}/adjustments: amount is the new total,
// also of what another authorization held before (Rules.Reauthorize).
func (s *Server) createAdjustment(c *change, q *request) (answer, error) {
	amount := q.fields.amount("amount")
	reference := q.fields.text("reference", 128, false)
	if err := q.fields.done(); err != nil {
		return answer{}, err
	}
	p, err := c.ownHold(q.id)
	if err != nil {
		return answer{}, err
	}
	if err := p.sameCurrency(amount); err != nil {
		return answer{}, err
	}
	if err := c.adjust(p, amount.Value, reference); err != nil {
		return answer{}, err
	}
	c.subject = p.ID
	return jsonAnswer(http.StatusOK, p.snapshot()), nil
}

// adjust changes what is held in all, in place or by a new authorization.
func (c *change) adjust(p *payment, total int64, reference string) error {
	anew := c.s.cfg.Rules.Reauthorize
	if err := p.mayAdjust(total, anew); err != nil {
		return err.about(p.ID)
	}
	if p.profile().adjustDeclined {
		e := refuse(http.StatusPaymentRequired, "card_declined", "the adjustment was declined: do_not_honor")
		e.DeclineCode, e.Advice = "do_not_honor", adviceSoft
		return e.about(p.ID)
	}
	entry := posting{kind: KindAdjust, amount: total - p.Amounts.Authorized, parent: p.Authorization, merchant: cmp.Or(reference, p.Reference)}
	if anew {
		entry.reference = c.id("auth")
		c.name(p, entry.reference)
		c.setExpiry(p)
	} else {
		entry.reference = c.id("adj")
	}
	m, err := c.book(p, entry)
	if err != nil {
		return err
	}
	c.emit(p, "payment.adjusted", m.Reference, &m)
	return nil
}

// name gives what a payment holds its name, by which it is captured and released
// from now on where there may be several.
func (c *change) name(p *payment, authorization string) {
	p.Authorization = authorization
	if c.s.cfg.Rules.Reauthorize {
		p.Authorizations = append(slices.Clip(p.Authorizations), authorization)
	}
}

// ownHold is own for a call about what is held. It is refused under the name of an
// authorization that another one has superseded.
func (c *change) ownHold(id string) (*payment, error) {
	p, err := c.own("payment", id)
	if err != nil {
		return nil, err
	}
	if id != p.Authorization && slices.Contains(p.Authorizations, id) {
		return nil, conflict("authorization_superseded", "authorization %s was superseded by %s", id, p.Authorization).about(p.ID)
	}
	return p, nil
}

// mayAdjust refuses an adjustment that the payment does not allow. anew says that
// it makes a new authorization, which may hold the same amount.
func (p *payment) mayAdjust(total int64, anew bool) *Error {
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
	case total == a.Authorized && !anew:
		return unprocessable("amount_unchanged", "payment %s is authorized over this amount already", p.ID).at("amount.value")
	case total-a.Released < a.Captured+a.Capturing:
		return unprocessable("amount_too_small", "payment %s is captured over more than this", p.ID).at("amount.value")
	}
	return nil
}

package simulator

import "net/http"

// createRelease is POST /v1/payments/{id}/releases: it voids the uncaptured rest.
func (s *Server) createRelease(c *change, q *request) (answer, error) {
	if err := q.fields.done(); err != nil {
		return answer{}, err
	}
	p, err := c.ownHold(q.id)
	if err != nil {
		return answer{}, err
	}
	if err := p.mayRelease(); err != nil {
		return answer{}, err.about(p.ID)
	}
	c.subject = p.ID
	if err := c.release(p, closedRelease, p.Authorization, "payment.released"); err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, p.snapshot()), nil
}

func (p *payment) mayRelease() *Error {
	switch {
	case p.Phase == StatusActive && p.Closed == closedExpired, p.Phase == StatusExpired:
		return unprocessable("authorization_expired", "the authorization of payment %s is expired", p.ID)
	case p.Phase == StatusCanceled:
		return conflict("already_canceled", "payment %s is canceled", p.ID)
	case p.Phase != StatusActive, p.profile().transfer:
		return conflict("not_authorized", "payment %s is %s", p.ID, p.Status)
	case p.Closed == closedRelease:
		return conflict("already_released", "payment %s was released", p.ID)
	case p.Closed == closedFinal, p.open() == 0:
		return conflict("already_captured", "nothing is left to release of payment %s", p.ID)
	}
	return nil
}

// release closes the payment to captures and gives back what is open.
func (c *change) release(p *payment, why closed, parent, event string) error {
	p.Closed = why
	value := p.open()
	if value == 0 {
		p.refresh()
		c.emit(p, event, p.ID, nil)
		return nil
	}
	m, err := c.book(p, posting{kind: KindRelease, amount: value, reference: c.id("rel"), parent: parent, merchant: p.Reference})
	if err != nil {
		return err
	}
	c.emit(p, event, p.ID, &m)
	return nil
}

// releaseRest gives back what a final capture, or a capture that failed on a
// closed payment, leaves open.
func (c *change) releaseRest(p *payment, capture string) error {
	if p.open() == 0 {
		p.refresh()
		return nil
	}
	return c.release(p, p.Closed, capture, "payment.released")
}

// cancelPayment is POST /v1/payments/{id}/cancel: it ends a payment of which
// nothing was captured, whatever it waits for.
func (s *Server) cancelPayment(c *change, q *request) (answer, error) {
	if err := q.fields.done(); err != nil {
		return answer{}, err
	}
	p, err := c.ownHold(q.id)
	if err != nil {
		return answer{}, err
	}
	if err := c.cancel(p); err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, p.snapshot()), nil
}

// cancelByKey is POST /v1/payments/cancel_by_key: it ends whatever payment a key
// made, and lets the key make none any more, also where the call arrives later.
func (s *Server) cancelByKey(c *change, q *request) (answer, error) {
	key := q.fields.text("idempotency_key", 255, true)
	if err := q.fields.done(); err != nil {
		return answer{}, err
	}
	c.rec.Burned = append(c.rec.Burned, scope{q.account, key})
	made := []any{}
	for _, id := range s.order {
		p := s.payments[id]
		if p.Account != q.account || p.Key != key {
			continue
		}
		p = c.payment(id)
		if p.Status != StatusCanceled && p.Status != StatusExpired && p.Status != StatusDeclined { // else it holds nothing already
			if err := c.cancel(p); err != nil {
				return answer{}, err
			}
		}
		made = append(made, p.snapshot())
	}
	return jsonAnswer(http.StatusOK, map[string]any{"data": made}), nil
}

// cancel ends a payment of which nothing was captured.
func (c *change) cancel(p *payment) (err error) {
	c.subject = p.ID
	switch p.Phase {
	case StatusActive:
		if p.Amounts.Captured+p.Amounts.Capturing > 0 {
			return conflict("already_captured", "payment %s is captured", p.ID).about(p.ID)
		}
		if err := p.mayRelease(); err != nil {
			return err.about(p.ID)
		}
		err = c.release(p, closedRelease, p.Authorization, "payment.canceled")
	case StatusPending, StatusActionRequired, StatusHeld:
		p.Action = nil
		err = c.turn(p, StatusCanceled)
	case StatusCanceled:
		err = conflict("already_canceled", "payment %s is canceled", p.ID).about(p.ID)
	case StatusExpired:
		err = unprocessable("authorization_expired", "payment %s is expired", p.ID).about(p.ID)
	default:
		err = conflict("not_authorized", "payment %s is %s", p.ID, p.Status).about(p.ID)
	}
	return err
}

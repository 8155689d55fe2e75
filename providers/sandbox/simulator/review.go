package simulator

import "net/http"

// AcceptReview lets a held payment pass: it is authorized now.
func (s *Server) AcceptReview(id string) error {
	return occur(s, id, func(c *change, p *payment) error { return c.review(p, true) })
}

// DenyReview declines a held payment as fraudulent.
func (s *Server) DenyReview(id string) error {
	return occur(s, id, func(c *change, p *payment) error { return c.review(p, false) })
}

// review ends the review of a held payment.
func (c *change) review(p *payment, passes bool) error {
	switch {
	case p.Phase != StatusHeld:
		return conflict("not_held", "payment %s is %s", p.ID, p.Status).about(p.ID)
	case passes:
		return c.authorize(p)
	}
	return c.decline(p, Decline{"fraudulent", adviceNever, true})
}

// acceptPayment is POST /v1/payments/{id}/accept: the merchant lets a held payment pass.
func (s *Server) acceptPayment(c *change, q *request) (answer, error) { return c.answerReview(q, true) }

// denyPayment is POST /v1/payments/{id}/deny: the merchant declines a held payment.
func (s *Server) denyPayment(c *change, q *request) (answer, error) { return c.answerReview(q, false) }

func (c *change) answerReview(q *request, passes bool) (answer, error) {
	if err := q.fields.done(); err != nil {
		return answer{}, err
	}
	p, err := c.own("payment", q.id)
	if err != nil {
		return answer{}, err
	}
	c.subject = p.ID
	if err := c.review(p, passes); err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, p.snapshot()), nil
}

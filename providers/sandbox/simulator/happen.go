package simulator

// happen runs one thing that happens without a call of ours. id is a payment or
// one of its parts.
func happen[T any](s *Server, id string, do func(*change, *payment) (T, error)) (T, error) {
	var none T
	s.lock()
	defer s.mu.Unlock()
	if s.closed {
		return none, ErrClosed
	}
	c := s.begin(s.now(), "", "")
	p := c.payment(id)
	if p == nil {
		return none, notFound("payment", id)
	}
	c.account = p.Account
	v, err := do(c, p)
	if err != nil {
		return none, err
	}
	if err := s.commit(c); err != nil {
		return none, err
	}
	return v, nil
}

// occur is happen for what returns nothing.
func occur(s *Server, id string, do func(*change, *payment) error) error {
	_, err := happen(s, id, func(c *change, p *payment) (struct{}, error) { return struct{}{}, do(c, p) })
	return err
}

// CaptureInDashboard captures amount minor units without a call, as a merchant
// does in the provider's dashboard. The rules of the capture route apply.
func (s *Server) CaptureInDashboard(id string, amount int64, final bool) (Capture, error) {
	return happen(s, id, func(c *change, p *payment) (Capture, error) {
		if amount <= 0 {
			return Capture{}, badRequest("amount_invalid", "amount", "the amount must be above zero")
		}
		capture, err := c.capture(p, amount, final, "")
		if err != nil {
			return Capture{}, err
		}
		return p.captureView(capture), nil
	})
}

// AdjustInDashboard changes what is held in all, or holds it anew, without a call, as
// a merchant does in the provider's dashboard. The rules of the adjustment route apply.
func (s *Server) AdjustInDashboard(id string, total int64) error {
	return occur(s, id, func(c *change, p *payment) error {
		if total <= 0 {
			return badRequest("amount_invalid", "amount", "the amount must be above zero")
		}
		return c.adjust(p, total, "")
	})
}

// RefundInDashboard refunds amount minor units without a call, as a merchant does
// in the provider's dashboard. The rules of the refund route apply.
func (s *Server) RefundInDashboard(id string, amount int64) (Refund, error) {
	return happen(s, id, func(c *change, p *payment) (Refund, error) {
		if amount <= 0 {
			return Refund{}, badRequest("amount_invalid", "amount", "the amount must be above zero")
		}
		refund, err := c.refund(p, amount, "", "")
		if err != nil {
			return Refund{}, err
		}
		return p.refundView(refund), nil
	})
}

// ExpireAuthorization ends a hold now: what is open is released. A payment that
// waits for a challenge or a transfer expires likewise.
func (s *Server) ExpireAuthorization(id string) error {
	return occur(s, id, func(c *change, p *payment) error {
		if p.Phase == StatusActionRequired || p.Phase == StatusPending {
			p.Action = nil
			return c.turn(p, StatusExpired)
		}
		return c.expire(p)
	})
}

// SettlePending ends what is pending: id is a capture, a refund, or a payment and
// then means the payment itself or its latest pending capture.
func (s *Server) SettlePending(id string, success bool) error {
	return occur(s, id, func(c *change, p *payment) error { return c.settle(p, id, success) })
}

func (c *change) settle(p *payment, id string, success bool) error {
	switch {
	case p.captureByID(id) != nil:
		return c.settleCapture(p, id, success)
	case p.refundByID(id) != nil:
		return c.settleRefund(p, id, success)
	case p.Phase == StatusActive && p.lastCapture(id, StatusPending) != nil:
		return c.settleCapture(p, p.lastCapture(id, StatusPending).ID, success)
	case p.Phase != StatusPending || p.profile().transfer:
		return conflict("not_pending", "payment %s is %s", p.ID, p.Status)
	case success:
		return c.authorize(p)
	default:
		return c.decline(p, Decline{"generic_decline", adviceHard, true})
	}
}

// CompleteChallenge passes the challenge of a payment as the shopper would on the
// bank page. Unlike the page it also does so for a payment that was canceled or is
// expired meanwhile: this is the success that comes too late.
func (s *Server) CompleteChallenge(id string) error {
	return occur(s, id, func(c *change, p *payment) error {
		late := p.Challenge != "" && p.Authorization == "" && (p.Phase == StatusCanceled || p.Phase == StatusExpired)
		if p.Phase != StatusActionRequired && !late {
			return conflict("not_confirmable", "payment %s is %s", p.ID, p.Status)
		}
		return c.endChallenge(p, true)
	})
}

// FailChallenge fails the challenge of a payment, which declines it.
func (s *Server) FailChallenge(id string) error {
	return occur(s, id, func(c *change, p *payment) error {
		if p.Phase != StatusActionRequired {
			return conflict("not_confirmable", "payment %s is %s", p.ID, p.Status)
		}
		return c.endChallenge(p, false)
	})
}

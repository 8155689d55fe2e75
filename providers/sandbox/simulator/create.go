package simulator

import (
	"net/http"
	"time"
)

// createPayment is POST /v1/payments.
func (s *Server) createPayment(c *change, q *request) (answer, error) {
	f := q.fields
	p := &payment{OverCapture: s.cfg.Rules.OverCapture, Phase: StatusActive}
	p.Account, p.Created, p.Key = q.account, c.now, q.key
	p.Amount = f.amount("amount")
	p.Capture = f.flag("capture")
	p.Save = f.flag("save_instrument")
	p.OffSession = f.flag("off_session")
	p.Network = f.text("network_transaction_id", 64, false)
	p.Reference = f.text("reference", 128, false)
	p.Description = f.text("description", 500, false)
	p.ReturnURL = f.location("return_url")
	p.Metadata = f.labels("metadata")
	p.Customer = f.customer()
	f.lines()
	name := f.text("instrument", 64, true)
	if err := f.done(); err != nil {
		return answer{}, err
	}
	if s.burned[scope{q.account, q.key}] {
		return answer{}, conflict("key_canceled", "what this key would make was cancelled")
	}
	if err := c.use(p, name); err != nil {
		return answer{}, err
	}
	p.ID = c.id("pay")
	c.subject = p.ID
	c.add(p)
	if err := c.start(p); err != nil {
		return answer{}, err
	}
	return p.answer(http.StatusCreated), nil
}

// customer reads {"id","email"}; only the id is kept.
func (f *fields) customer() string {
	o := f.object("customer", false)
	if o == nil {
		return ""
	}
	id := o.text("id", 64, false)
	o.text("email", 254, false)
	_ = o.done() // kept in first
	return id
}

// lines reads the order lines, which are checked and then forgotten: no rule of
// this provider depends on them.
func (f *fields) lines() {
	f.each("lines", 200, func(o *fields) {
		o.text("sku", 64, false)
		o.text("name", 250, true)
		if o.integer("quantity", "invalid_field") <= 0 {
			o.fail("invalid_field", "quantity", "the quantity must be above zero")
		}
		if o.integer("unit_amount", "amount_invalid") < 0 {
			o.fail("amount_invalid", "unit_amount", "the unit amount must not be negative")
		}
	})
}

// answer shows the payment, or the decline that it ended in.
func (p *payment) answer(status int) answer {
	if p.Phase == StatusDeclined {
		e := refuse(http.StatusPaymentRequired, "card_declined", "the payment was declined: %s", p.Decline.Code)
		e.DeclineCode, e.Advice = p.Decline.Code, p.Decline.Advice
		return errorAnswer(e.about(p.ID))
	}
	return jsonAnswer(status, p.snapshot())
}

// start runs the token's profile from the beginning; confirm does so again.
func (c *change) start(p *payment) error {
	p.Tries++
	p.Phase, p.Decline, p.Action = StatusActive, nil, nil
	prof := p.profile()
	unattended := p.OffSession && prof.challenge && !c.s.knowsNetwork(p.Account, p.Network)
	switch {
	case prof.decline != "" && (p.Tries == 1 || !prof.once):
		return c.decline(p, Decline{prof.decline, prof.advice, !prof.once})
	case unattended:
		return c.decline(p, Decline{authenticationRequired, adviceSoft, false})
	case prof.challenge && !p.OffSession:
		return c.challenge(p)
	case prof.transfer:
		return c.awaitTransfer(p)
	case prof.start == StatusPending:
		c.schedule(c.s.cfg.Rules.SettleAfter, task{Kind: taskSettle, Subject: p.ID, Success: !prof.fails})
		return c.turn(p, StatusPending)
	case prof.start == StatusHeld:
		return c.turn(p, StatusHeld)
	default:
		return c.authorize(p)
	}
}

// turn moves a payment without money into a phase and tells so.
func (c *change) turn(p *payment, phase Status) error {
	p.Phase = phase
	p.refresh()
	c.emit(p, "payment."+string(phase), p.ID, nil)
	return nil
}

func (c *change) decline(p *payment, d Decline) error {
	p.Decline, p.Action = &d, nil
	return c.turn(p, StatusDeclined)
}

// authorize holds the money, and captures it when the payment is a purchase.
func (c *change) authorize(p *payment) error {
	prof, value := p.profile(), p.Amount.Value
	if prof.percent != 0 {
		part, ok := share(value, prof.percent)
		if !ok {
			return errOverflow()
		}
		value = max(part, 1)
	}
	p.Phase, p.Action, p.Decline = StatusActive, nil, nil
	c.name(p, c.id("auth"))
	p.NetworkTransactionID = c.id("ntx")
	m, err := c.book(p, posting{kind: KindHold, amount: value, reference: p.Authorization, merchant: p.Reference})
	if err != nil {
		return err
	}
	if p.Save && p.Instrument.ID == "" {
		p.Instrument.ID = c.store(p).ID
	}
	if !p.Capture {
		c.setExpiry(p)
	}
	c.emit(p, "payment.authorized", p.Authorization, &m)
	if p.Capture {
		_, err = c.capture(p, value, true, p.Reference)
	}
	return err
}

func (c *change) setExpiry(p *payment) {
	rules := c.s.cfg.Rules
	at := c.now.Add(rules.AuthorizationValidity)
	p.ExpiresAt = &at
	c.schedule(rules.AuthorizationValidity+max(0, rules.ExpiryGrace), task{Kind: taskExpire, Subject: p.ID})
}

// expire releases what is left of an authorization.
func (c *change) expire(p *payment) error {
	if p.Phase != StatusActive || p.Authorization == "" || p.profile().transfer {
		return conflict("not_authorized", "payment %s is %s", p.ID, p.Status)
	}
	if p.Closed != notClosed || p.limit() <= p.Amounts.Captured+p.Amounts.Capturing {
		return conflict("already_closed", "nothing of payment %s can expire", p.ID)
	}
	return c.release(p, closedExpired, p.Authorization, "payment.expired")
}

// abandon ends a challenge that nobody answered.
func (c *change) abandon(p *payment, due time.Time) error {
	if p.Phase != StatusActionRequired || p.ChallengePassed || p.Action == nil || p.Action.ExpiresAt.After(due) {
		return conflict("not_confirmable", "payment %s waits for no challenge", p.ID)
	}
	p.Action = nil
	return c.turn(p, StatusExpired)
}

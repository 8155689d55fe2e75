package simulator

import "net/http"

// confirmPayment is POST /v1/payments/{id}/confirm: it goes on with a payment that
// waits for the shopper or was declined for now. Where there is nothing to go on
// with, it answers the payment as it is: confirming twice is harmless.
func (s *Server) confirmPayment(c *change, q *request) (answer, error) {
	f := q.fields
	name := f.text("instrument", 64, false)
	returnURL := f.location("return_url")
	f.labels("data") // what the shopper's browser brought back; never trusted here
	if err := f.done(); err != nil {
		return answer{}, err
	}
	p, err := c.own("payment", q.id)
	if err != nil {
		return answer{}, err
	}
	c.subject = p.ID
	if returnURL != "" {
		p.ReturnURL = returnURL
	}
	switch {
	case p.Phase == StatusDeclined && !p.Decline.Final:
		if name != "" {
			if err := c.use(p, name); err != nil {
				return answer{}, err
			}
		}
		p.OffSession = false // the shopper is here now
		err = c.start(p)
	case p.Phase == StatusActionRequired && p.ChallengePassed:
		err = c.afterChallenge(p)
	case p.Phase == StatusDeclined, p.Phase == StatusCanceled, p.Phase == StatusExpired:
		err = conflict("not_confirmable", "payment %s is %s", p.ID, p.Status).about(p.ID)
	default:
		c.subject = "" // nothing to do
	}
	if err != nil {
		return answer{}, err
	}
	return p.answer(http.StatusOK), nil
}

// challenge asks the shopper to visit the bank page.
func (c *change) challenge(p *payment) error {
	rules := c.s.cfg.Rules
	p.Challenge, p.ChallengePassed = c.id("chal"), false
	p.Action = &Action{
		Type: rules.ChallengeAction, URL: c.s.url + "/bank/" + p.Challenge, ExpiresAt: c.now.Add(rules.ChallengeValidity),
	}
	c.schedule(rules.ChallengeValidity, task{Kind: taskAbandon, Subject: p.ID})
	return c.turn(p, StatusActionRequired)
}

// endChallenge records what the shopper did at the bank.
func (c *change) endChallenge(p *payment, passed bool) error {
	if !passed {
		return c.decline(p, Decline{"authentication_failed", adviceHard, true})
	}
	if c.s.cfg.Rules.ConfirmAfterChallenge && p.Phase == StatusActionRequired {
		p.ChallengePassed = true
		c.emit(p, "payment.challenge_passed", p.ID, nil)
		return nil
	}
	return c.afterChallenge(p)
}

func (c *change) afterChallenge(p *payment) error {
	if p.profile().thenDecline {
		return c.decline(p, Decline{"do_not_honor", adviceSoft, true})
	}
	return c.authorize(p)
}

package simulator

import (
	"maps"
	"slices"
)

// payment is a Payment with what the API does not show. Capturable, CaptureLimit
// and Status are derived: refresh writes them after every change.
type payment struct {
	Payment
	OverCapture     OverCapture `json:"_over_capture"`
	Token           string      `json:"_token"`
	Phase           Status      `json:"_phase"`  // pending, action_required, held, declined, canceled, expired or active
	Closed          closed      `json:"_closed"` // why nothing more can be captured
	OffSession      bool        `json:"_off_session,omitempty"`
	Save            bool        `json:"_save,omitempty"`
	Network         string      `json:"_network,omitempty"` // network transaction id of the request
	ReturnURL       string      `json:"_return_url,omitempty"`
	Challenge       string      `json:"_challenge,omitempty"`
	ChallengePassed bool        `json:"_challenge_passed,omitempty"`
	Tries           int         `json:"_tries"`
	Key             string      `json:"_key,omitempty"` // idempotency key of the call that made it
	// Authorizations are the names by which calls may have asked for what is held, the
	// last one the current one; none unless Rules.Reauthorize.
	Authorizations []string `json:"_authorizations,omitempty"`
}

// closed is why a payment takes no more captures.
type closed string

const (
	notClosed     closed = ""
	closedFinal   closed = "final"   // a final capture; a failure opens it again
	closedRelease closed = "release" // voided; a reversed capture opens it again
	closedExpired closed = "expired" // for good
)

func (p *payment) profile() profile { return profiles[p.Token] }

// open is the held money that is neither captured, nor about to be, nor released.
func (p *payment) open() int64 {
	return max(0, p.Amounts.Authorized-p.Amounts.Released-p.Amounts.Captured-p.Amounts.Capturing)
}

// limit is the most that may be captured in total.
func (p *payment) limit() int64 {
	return max(0, p.OverCapture.limit(p.Amounts.Authorized)-p.Amounts.Released)
}

// refundable is what a refund or a chargeback may still take.
func (p *payment) refundable() int64 {
	a := p.Amounts
	return max(0, a.Captured-a.Refunded-a.Refunding-a.ChargedBack)
}

// refresh derives what follows from the balances.
func (p *payment) refresh() {
	p.Amounts.CaptureLimit = p.limit()
	p.Amounts.Capturable = 0
	if p.Phase == StatusActive && p.Closed == notClosed {
		p.Amounts.Capturable = p.open()
	}
	p.Status = p.status()
}

func (p *payment) status() Status {
	a := p.Amounts
	switch {
	case a.Refunded > 0 && a.Refunded >= a.Captured:
		return StatusRefunded
	case a.Refunded > 0:
		return StatusPartiallyRefunded
	case a.Captured > 0 && p.profile().transfer && a.Captured < p.Amount.Value:
		return StatusPartiallyCaptured
	case a.Captured > 0 && p.Closed == notClosed && p.open()+a.Capturing > 0:
		return StatusPartiallyCaptured
	case a.Captured > 0:
		return StatusCaptured
	case p.Phase != StatusActive:
		return p.Phase
	case p.Capture && a.Capturing > 0:
		return StatusPending // a purchase whose money is still on its way
	case p.Closed == closedExpired:
		return StatusExpired
	case p.Closed == closedRelease:
		return StatusCanceled
	default:
		return StatusAuthorized
	}
}

// clone copies everything a change may write to.
func (p *payment) clone() *payment {
	q := *p
	q.Payment = p.snapshot()
	return &q
}

// snapshot returns the public picture, sharing nothing with p that can change.
func (p *payment) snapshot() Payment {
	v := p.Payment
	v.Metadata = maps.Clone(v.Metadata)
	v.Captures = append([]Capture{}, v.Captures...)
	v.Disputes = append([]Dispute{}, v.Disputes...)
	v.Movements = append([]Movement{}, v.Movements...)
	v.Refunds = append([]Refund{}, v.Refunds...)
	for i := range v.Refunds {
		v.Refunds[i].Allocations = slices.Clone(v.Refunds[i].Allocations)
	}
	return v
}

func (p *payment) captureByID(id string) *Capture {
	for i := range p.Captures {
		if p.Captures[i].ID == id {
			return &p.Captures[i]
		}
	}
	return nil
}

func (p *payment) refundByID(id string) *Refund {
	for i := range p.Refunds {
		if p.Refunds[i].ID == id {
			return &p.Refunds[i]
		}
	}
	return nil
}

// movementsOf returns the movements of one capture or refund, oldest first.
func (p *payment) movementsOf(id string) []Movement {
	var own []Movement
	for _, m := range p.Movements {
		if m.Reference == id || m.Parent == id {
			own = append(own, m)
		}
	}
	return own
}

// captureView and refundView are what the routes of one capture or refund answer.
func (p *payment) captureView(id string) Capture {
	v := *p.captureByID(id)
	v.Movements = p.movementsOf(id)
	return v
}

func (p *payment) refundView(id string) Refund {
	v := *p.refundByID(id)
	v.Movements = p.movementsOf(id)
	return v
}

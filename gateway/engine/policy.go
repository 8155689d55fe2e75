package engine

import (
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Timing says when what is held is captured.
type Timing string

// The timings. The zero value leaves it to the application, which calls
// [Engine.Capture] when it ships.
const (
	CaptureByCall       Timing = ""
	CaptureAtOnce       Timing = "at once"
	CaptureAfter        Timing = "after a delay"    // [Policy.Delay] after the hold
	CaptureBeforeExpiry Timing = "before it lapses" // [Policy.Delay] before the hold expires, where that is known
	CaptureOnApproval   Timing = "on approval"      // when [Engine.Approve] is called
)

// Decision is what becomes of money that nobody asked for any more: it came
// after its operation had failed or been cancelled.
type Decision string

// The decisions.
const (
	Keep     Decision = ""          // it stays where it is; the event tells of it
	GiveBack Decision = "give back" // a hold is voided, a capture refunded
)

// Policy is what the engine does to a payment by itself. The zero Policy does
// nothing. Whatever it does is written down as a plan when the money moves, in
// the same transaction, and carried out by [Engine.Resolve] as an operation of
// its own: a capture that fails never makes fail what it follows from.
type Policy struct {
	Capture Timing
	Delay   time.Duration
	// VoidAfter is when a hold is released of whose order nobody said that it was
	// completed ([Engine.Complete]), and of which nothing was captured; 0 never.
	VoidAfter time.Duration
	// ReleaseAfter is when, after a partial capture, the rest is released; 0 never.
	ReleaseAfter time.Duration
	// Late decides about late money where no hook does.
	Late Decision
}

// The names of plans.
const (
	planCapture = "capture"
	planVoid    = "void"
	planRelease = "release"
	planLate    = "late/"
)

// planFor writes down what policies make of money that has moved.
func (e *Engine) planFor(tx *storage.Tx, p *gateway.Payment, before gateway.Balances, late []gateway.Movement) error {
	if err := e.limitCapture(tx, p, before); err != nil {
		return err
	}
	if e.cfg.Policy == nil && !e.decidesLate() {
		return nil
	}
	policy := e.policy(*p)
	var plans []storage.Plan
	left := p.Balances.Authorized.Minor() - p.Balances.Released.Minor() - p.Balances.Captured.Minor()
	if p.Balances.Authorized != before.Authorized && left > 0 && len(late) == 0 {
		if due, timed := policy.due(*p, tx.Now()); timed {
			plans = append(plans, storage.Plan{Name: planCapture, Kind: gateway.OpCapture, Why: "capture " + string(policy.Capture), Due: due})
		}
		if policy.VoidAfter > 0 {
			plans = append(plans, storage.Plan{Name: planVoid, Kind: gateway.OpVoid, Why: "the order was not completed", Due: tx.Now().Add(policy.VoidAfter)})
		}
	}
	if p.Balances.Captured != before.Captured && left > 0 && policy.ReleaseAfter > 0 && !p.Closed {
		plans = append(plans, storage.Plan{Name: planRelease, Kind: gateway.OpVoid, Why: "the rest was not captured", Due: tx.Now().Add(policy.ReleaseAfter)})
	}
	for _, m := range late {
		plan := storage.Plan{Name: planLate + string(m.Kind) + "/" + m.Reference, Why: "it came after operation " + string(m.Operation) + " had ended", Amount: m.Amount, Target: m.Reference, Due: tx.Now()}
		switch m.Kind {
		case gateway.MoveHold:
			plan.Kind = gateway.OpVoid
		case gateway.MoveCapture:
			plan.Kind = gateway.OpRefund
		default:
			continue
		}
		plans = append(plans, plan)
	}
	if err := replanned(tx, p, policy); err != nil {
		return err
	}
	for _, plan := range plans {
		plan.Store, plan.Payment = p.Store, p.ID
		if _, err := tx.InsertPlan(plan); err != nil {
			return err
		}
	}
	return nil
}

// replanned moves the capture that waits for the end of the hold to the end of the
// one that has come in its place. What was tried already is not tried sooner.
func replanned(tx *storage.Tx, p *gateway.Payment, policy Policy) error {
	adjusted := slices.ContainsFunc(p.Movements, func(m gateway.Movement) bool { return m.Kind == gateway.MoveAdjust && !m.Expires.IsZero() })
	due, timed := policy.due(*p, tx.Now())
	if policy.Capture != CaptureBeforeExpiry || !timed || !adjusted {
		return nil
	}
	all, err := tx.Plans(p.Store, p.ID)
	for _, plan := range all {
		waits := plan.Name == planCapture && !plan.Due.IsZero() && !plan.Due.Equal(due)
		if waits && (plan.Tries == 0 || due.After(plan.Due)) {
			plan.Due = due
			return tx.UpdatePlan(plan)
		}
	}
	return err
}

// due returns when to capture; timed is false when the application decides. The
// zero time waits for approval.
func (y Policy) due(p gateway.Payment, now time.Time) (due time.Time, timed bool) {
	switch y.Capture {
	case CaptureAtOnce:
		return now, true
	case CaptureAfter:
		return now.Add(y.Delay), true
	case CaptureBeforeExpiry:
		expires, known := p.HoldExpires()
		return expires.Add(-y.Delay), known
	case CaptureOnApproval:
		return time.Time{}, true
	}
	return time.Time{}, false
}

func (e *Engine) policy(p gateway.Payment) Policy {
	if e.cfg.Policy == nil {
		return Policy{}
	}
	return e.cfg.Policy(p, providerOf(p))
}

func (e *Engine) decidesLate() bool {
	for _, h := range e.cfg.Hooks {
		if h.Late != nil {
			return true
		}
	}
	return false
}

package engine

import (
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// verdict is what a finding means for an operation.
type verdict struct {
	state     gateway.OperationState
	step      gateway.StepState
	code      gateway.Code
	reason    decline.Reason
	detail    string
	message   string
	reference string
	action    *gateway.Action
	next      time.Time // when to look again; zero: never
	deadline  time.Time
	checks    int64
}

// judge decides, from what is known and nothing else. It is a pure function of
// the rows, the promises and the finding, so that every case is a table's line.
func (e *Engine) judge(o storage.Operation, step storage.Step, endpoint gateway.Endpoint, p gateway.Payment, f finding, now time.Time) verdict {
	if revokes(o, step) && (!f.lookup || undecided(step, f)) {
		return judgeRevoked(o, step, p, f, now)
	}
	v := verdict{state: o.State, step: step.State, code: o.Code, reason: o.Reason, detail: o.Detail, message: o.Message, action: o.Action, next: o.NextCheck, checks: o.Checks}
	if f.err == nil {
		return e.judgeOutcome(v, o, step, endpoint, p, f, now)
	}
	ge := gateway.AsError(f.err, gateway.CodeInternal)
	if f.lookup {
		return e.judgeMissing(v, o, ge, now)
	}
	v.code, v.reason, v.detail, v.message, v.reference = ge.Code, ge.Reason, detailOfError(ge), ge.Message, ge.Reference
	refused := func() verdict {
		v.state, v.step = gateway.StateFailed, gateway.StepAnswered
		if !f.sent {
			v.step = step.State
		}
		return v
	}
	// Such a call is another one each time, and whatever an earlier one did is worth nothing.
	again := endpoint.Effect == gateway.EffectNone && endpoint.KeyTTL == 0
	unknown := func() verdict {
		v.state, v.step, v.checks = gateway.StateUnknown, gateway.StepUnknown, 0
		v.next = now.Add(schedule(0))
		if again { // it is sent again as often as it is looked at: ever more seldom
			v.next, v.checks = now.Add(schedule(o.Checks)), o.Checks+1
		}
		return v
	}
	switch {
	case ge.Code == gateway.CodeIndeterminate, f.sent && ge.Code == gateway.CodeInternal:
		return unknown()
	case step.Doubt && !again:
		if f.sent {
			// Whatever this try was told, an earlier one under the key may have been
			// executed: "already captured" may mean captured by us.
			v = unknown()
			v.next = now.Add(max(restOf(ge), schedule(0)))
			return v
		}
		// This try did not even leave; what became of the earlier one is as unknown as before.
		v.state, v.code, v.checks = gateway.StateUnknown, gateway.CodeIndeterminate, o.Checks+1
		v.next = now.Add(max(restOf(ge), schedule(o.Checks)))
		return v
	case ge.Code.Retryable():
		// It is proved that nothing was executed.
		v.state, v.step = gateway.StateOpen, gateway.StepPrepared
		if step.State == gateway.StepPrepared {
			v.step = step.State
		}
		v.next = now.Add(max(restOf(ge), outage(o, o.Checks, now)))
		v.checks = o.Checks + 1
		return v
	case ge.Code == gateway.CodeDeclined && f.sent && !endpoint.DeclineIsFinal:
		v.state, v.step = gateway.StateActionRequired, gateway.StepAnswered
		v.deadline = e.actionDeadline(o, nil, now)
		v.next = v.deadline
		return v
	default:
		return refused()
	}
}

// restOf returns how long the provider wants to be left alone: an hour at most, and
// a day or more is a mistake of its and means nothing.
func restOf(ge *gateway.Error) time.Duration {
	if ge.RetryAfter >= 24*time.Hour {
		return 0
	}
	return min(ge.RetryAfter, time.Hour)
}

func detailOfError(ge *gateway.Error) string {
	if ge.Detail == "" && ge.Err != nil {
		return ge.Err.Error()
	}
	return ge.Detail
}

// judgeOutcome decides from an outcome: of the call itself, or of a lookup.
func (e *Engine) judgeOutcome(v verdict, o storage.Operation, step storage.Step, endpoint gateway.Endpoint, p gateway.Payment, f finding, now time.Time) verdict {
	was := v.step
	v.step = gateway.StepAnswered
	done := happened(o, step, p) || ended(o, f) || f.lookup && e.stepDone(o, step, p, f)
	switch status := f.out.Status; {
	case f.lookup && !done && (rules[o.Kind].ends && status == gateway.StatusSucceeded || o.Kind == gateway.OpAccept && status == gateway.StatusFailed):
		v.state, v.code, v.detail = gateway.StateFailed, gateway.CodeConflict, "the payment ended otherwise: the provider shows it as "+string(status)
	case done, !f.lookup && status == gateway.StatusSucceeded:
		v.state, v.code, v.reason, v.detail, v.message, v.action = gateway.StateSucceeded, "", "", "", "", nil
		if len(f.out.Refs) > 0 {
			v.reference = f.out.Refs[0].Value
		}
	case (begins(o) || f.own) && status == gateway.StatusFailed:
		v.state, v.code, v.reason, v.message = gateway.StateFailed, gateway.CodeDeclined, f.out.Reason, f.out.Reason.Message()
		if v.reason == "" {
			v.reason = decline.Generic
		}
		v.detail = f.out.Phase
	// A lookup that still waits for the shopper shows that going on did not happen.
	case (rules[o.Kind].begins || !f.lookup) && status == gateway.StatusActionRequired:
		v.state, v.action = gateway.StateActionRequired, f.out.Action
		v.deadline = e.actionDeadline(o, f.out.Action, now)
		v.next = v.deadline
		if next := now.Add(schedule(o.Checks)); endpoint.Async > 0 && next.Before(v.deadline) {
			v.next, v.checks = next, o.Checks+1 // an event tells that the shopper acted, and may be lost
		}
	case (begins(o) || !f.lookup || f.own) && (status == gateway.StatusAwaiting || status == gateway.StatusHeld):
		v.state, v.action = gateway.StateAwaiting, f.out.Action
		patience := max(endpoint.Async, e.cfg.ActionTime)
		if status == gateway.StatusHeld {
			v.detail, patience = "the provider reviews the payment", max(patience, e.cfg.ReviewTime)
		}
		if o.Deadline.IsZero() || o.State == gateway.StateActionRequired && o.Deadline.Before(now.Add(patience)) {
			v.deadline = now.Add(patience) // the shopper has acted: what had to be done by the deadline is done
		}
		v.next = now.Add(schedule(o.Checks))
		v.checks = o.Checks + 1
	default:
		// A lookup that shows the payment and not what this operation wanted.
		v.step = was
		return e.judgeMissing(v, o, gateway.Errorf(gateway.CodeNotFound, "the provider shows no %s of this operation", rules[o.Kind].moves), now)
	}
	return v
}

// judgeMissing decides after a lookup that did not find the effect, or could not
// look. Whether it may be sent again is for the resolver: here it stays unknown.
func (e *Engine) judgeMissing(v verdict, o storage.Operation, ge *gateway.Error, now time.Time) verdict {
	if v.state == gateway.StateParked || v.state == gateway.StateOpen && v.step == gateway.StepPrepared {
		return v // looking again has found nothing new, or the call was never made
	}
	if v.step == gateway.StepSending {
		return v // it is being made: who looked before it was, or cannot see it yet, knows nothing of it
	}
	if v.step != gateway.StepPrepared {
		v.step = gateway.StepUnknown
	}
	v.code, v.detail = gateway.CodeIndeterminate, detailOfError(ge)
	if v.state == gateway.StateAwaiting || v.state == gateway.StateActionRequired {
		v.step = gateway.StepAnswered
	} else {
		v.state = gateway.StateUnknown
	}
	v.checks++
	v.next = now.Add(schedule(v.checks))
	if ge.Code != gateway.CodeNotFound { // it could not be looked
		v.next = now.Add(max(restOf(ge), outage(o, v.checks, now)))
	}
	return v
}

// ended reports whether a finding shows that what an operation is about stands
// as it wanted: denied or cancelled, or no longer held for review.
func ended(o storage.Operation, f finding) bool {
	switch status := f.out.Status; {
	case rules[o.Kind].ends:
		return f.lookup && status == gateway.StatusFailed
	case o.Kind == gateway.OpAccept:
		return status == gateway.StatusSucceeded || status == gateway.StatusAwaiting || status == gateway.StatusActionRequired
	}
	return false
}

func begins(o storage.Operation) bool { return rules[o.Kind].begins || o.Kind == gateway.OpContinue }

// happened reports whether the payment's movements show what the operation wanted.
func happened(o storage.Operation, step storage.Step, p gateway.Payment) bool {
	want := rules[o.Kind].moves
	if before, is := renews(o, step); is { // the balances were what they are before, too
		return renewed(o, before, p.Movements)
	}
	switch {
	case o.Kind == gateway.OpAdjust: // a state too: it was another total when this began
		return p.Adjustable() == o.Amount
	case step.Target != "" && o.Kind == gateway.OpRefund: // one call of several
		return refundedBy(p, o.ID, step.Target) >= step.Amount.Minor() || refundedBy(p, o.ID, "") >= o.Amount.Minor()
	}
	for _, m := range p.Movements {
		if m.Operation == o.ID && m.Kind == want {
			return true
		}
	}
	// What is continued is the payment's beginning: it has happened when money is held or taken.
	if o.Kind == gateway.OpContinue {
		return p.Balances.Authorized.IsPositive() || p.Balances.Captured.IsPositive()
	}
	// A void is a state: nothing is held any more, whoever let it go.
	open := p.Balances.Authorized.Minor() - p.Balances.Released.Minor() - p.Balances.Captured.Minor()
	return o.Kind == gateway.OpVoid && open <= 0 && p.Balances.Released.IsPositive()
}

func (e *Engine) actionDeadline(o storage.Operation, a *gateway.Action, now time.Time) time.Time {
	switch {
	case a != nil && !a.Expires.IsZero() && (o.Deadline.IsZero() || a.Expires.Before(o.Deadline)):
		return a.Expires
	case !o.Deadline.IsZero():
		return o.Deadline
	}
	return now.Add(e.cfg.ActionTime)
}

// waits between looks at an operation, the first soon, then ever longer.
var looks = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}

// outage returns how long to wait when a provider did not serve a try: most outages
// are short, and what waits is to be settled within minutes of their end.
func outage(o storage.Operation, n int64, now time.Time) time.Duration {
	if now.Sub(o.Created) < 6*time.Hour {
		return min(schedule(n), 5*time.Minute)
	}
	return schedule(n)
}

// schedule returns how long to wait after n looks.
func schedule(n int64) time.Duration { return looks[min(max(n, 0), int64(len(looks)-1))] }

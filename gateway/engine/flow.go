package engine

import (
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// following is the call that comes next in an operation; none when it has no command.
type following struct {
	command gateway.Operation
	part    part
}

// follows decides whether another call follows from what was found, and adjusts
// the verdict: the operation is then open again, and its next call written down.
func (e *Engine) follows(tx *storage.Tx, p gateway.Payment, o storage.Operation, step storage.Step, f finding, v *verdict) (following, error) {
	if v.state == gateway.StateFailed || v.state == gateway.StateCancelled {
		return following{}, partly(p, o, v)
	}
	goOn := func(next following) following {
		v.state, v.step, v.code, v.reason, v.detail, v.message, v.action = gateway.StateOpen, gateway.StepAnswered, "", "", "", "", nil
		v.checks, v.next = 0, tx.Now().Add(e.lease()) // should this process end before it sends
		return next
	}
	if o.Kind == gateway.OpRefund && v.state == gateway.StateSucceeded {
		shares, err := sharesOf(tx, o)
		if err == nil && step.Number < int64(len(shares)) {
			return goOn(following{step.Name, shares[step.Number].part(o)}), nil
		}
		return following{}, err
	}
	flow := e.cfg.Pools.For(o.Provider).Flow(o.Kind)
	if len(flow.Steps) < 2 || happened(o, step, p) {
		return following{}, nil
	}
	out := f.out
	if e.stepDone(o, step, p, f) {
		out.Status = gateway.StatusSucceeded // of this call, whatever the payment waits for
	}
	// An event that comes twice must not go on twice: without a Next of its own, a
	// flow goes on with an answer, or with what the call has moved.
	if flow.Next != nil || f.source == gateway.SourceAnswer || e.stepDone(o, step, p, f) {
		if next := flow.Follows(step.Name, p, out); next != "" && next != step.Name {
			return goOn(following{command: next}), nil
		}
	}
	if v.state == gateway.StateSucceeded && !flow.Ends(step.Name) {
		endpoint, err := e.endpoint(o.Provider, step.Name)
		if err != nil {
			return following{}, err
		}
		v.state, v.next, v.checks = gateway.StateAwaiting, tx.Now().Add(schedule(o.Checks)), o.Checks+1
		if o.Deadline.IsZero() {
			v.deadline = tx.Now().Add(max(endpoint.Async, e.cfg.ActionTime))
		}
	}
	return following{}, nil
}

// stepDone reports whether what is known shows that one call of a flow has been
// executed: its money moved, or a lookup by our own reference finds what the
// first call made.
func (e *Engine) stepDone(o storage.Operation, step storage.Step, p gateway.Payment, f finding) bool {
	if len(e.cfg.Pools.For(o.Provider).Flow(o.Kind).Steps) < 2 {
		return false
	}
	moves := rules[step.Name].moves
	for _, m := range p.Movements {
		if m.Operation == o.ID && m.Kind == moves && moves != "" {
			return true
		}
	}
	endpoint, err := e.endpoint(o.Provider, step.Name)
	return err == nil && moves == "" && step.Number == 1 && f.lookup && f.err == nil && endpoint.LookupByRef == gateway.OpFind && f.out.Status != gateway.StatusFailed
}

// partly says so where an operation of several calls fails after some of them moved money.
func partly(p gateway.Payment, o storage.Operation, v *verdict) error {
	if done := refundedBy(p, o.ID, ""); o.Kind == gateway.OpRefund && done > 0 {
		v.detail = fmt.Sprintf("%s of %s was refunded before this: %s", gateway.Minor(done, o.Amount.Currency()), o.Amount, v.detail)
	}
	return nil
}

// harmless reports whether no call of a flow that begins a payment has been made so
// far that can hold or move money: one of the calls still to come is to do that.
func (e *Engine) harmless(o storage.Operation, step storage.Step) bool {
	flow := e.cfg.Pools.For(o.Provider).Flow(o.Kind)
	if !rules[o.Kind].begins || len(flow.Steps) < 2 {
		return false
	}
	if last, err := e.endpoint(o.Provider, flow.Steps[len(flow.Steps)-1]); err != nil || last.Effect == gateway.EffectNone {
		return false // the money comes from elsewhere, and may have come
	}
	for _, name := range flow.Steps {
		endpoint, err := e.endpoint(o.Provider, name)
		if err != nil || endpoint.Effect != gateway.EffectNone {
			return false
		}
		if name == step.Name {
			return true
		}
	}
	return false
}

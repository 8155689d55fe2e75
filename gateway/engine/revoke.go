package engine

import (
	"context"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// parkOrRevoke gives a lost call up: where the provider cancels whatever a key has
// caused, that becomes the operation's next call, and then it is certain that
// nothing is held. Elsewhere a person has to find out.
func (e *Engine) parkOrRevoke(ctx context.Context, o storage.Operation, step storage.Step, endpoint gateway.Endpoint, why string) error {
	if endpoint.CancelByKey == "" || !rules[o.Kind].begins || revokes(o, step) || !e.runs(o.Provider, endpoint.CancelByKey) {
		return e.end(ctx, o, gateway.StateParked, gateway.CodeIndeterminate, why)
	}
	if e.db.Now().Sub(step.LastSent) <= endpoint.LateEffectMax { // it may not have arrived yet
		return e.lookAgain(ctx, o)
	}
	err := e.db.Update(ctx, func(tx *storage.Tx) error {
		if _, err := tx.LockPayment(o.Store, o.Payment); err != nil {
			return err
		}
		have, err := tx.Operation(o.Store, o.ID)
		if err != nil {
			return err
		}
		last, err := tx.LastStep(o.Store, o.ID)
		if err != nil {
			return err
		}
		if have.State != gateway.StateUnknown || last.Number != step.Number || e.alive(last, tx.Now()) {
			return gateway.Errorf(gateway.CodeConflict, "it moved on meanwhile")
		}
		_, err = e.insertStep(tx, o, step.Number+1, endpoint.CancelByKey, part{target: step.Key})
		return err
	})
	if gateway.CodeOf(err) == gateway.CodeConflict {
		return nil
	}
	if err != nil {
		return err
	}
	point("before cancelling by key")
	_, _ = e.drive(ctx, o, Request{}) // what came of it is recorded; the operation is unknown until then
	return nil
}

// runs reports whether the provider has a command that the engine can run.
func (e *Engine) runs(provider string, op gateway.Operation) bool {
	_, err := e.endpoint(provider, op)
	return err == nil
}

// revokes reports whether a step cancels, by its key, what an earlier one may have begun.
func revokes(o storage.Operation, step storage.Step) bool {
	return rules[o.Kind].begins && step.Number > 1 && step.Target != ""
}

// undecided reports whether evidence decides nothing, because the call that cancels
// by key has left and its answer is not known: money that was held may be free by
// now. An operator knows what they say.
func undecided(step storage.Step, f finding) bool {
	return step.Sends > 0 && step.State != gateway.StepAnswered && f.source != gateway.SourceOperator
}

// judgeRevoked decides after the call that cancels by key.
func judgeRevoked(o storage.Operation, step storage.Step, p gateway.Payment, f finding, now time.Time) verdict {
	v := verdict{state: o.State, step: step.State, code: gateway.CodeIndeterminate, detail: o.Detail, next: now.Add(schedule(o.Checks)), checks: o.Checks + 1}
	if f.lookup {
		return v
	}
	if f.err == nil {
		v.step, v.next = gateway.StepAnswered, time.Time{}
		if p.Releasable().IsPositive() || p.Balances.Captured.Minor() > p.Balances.Refunded.Minor() {
			v.state, v.detail = gateway.StateParked, "the call was lost, the provider says that it cancelled what it caused, and there is money of it"
			return v
		}
		v.state, v.code, v.detail = gateway.StateCancelled, gateway.CodeConflict, "the call was lost, and whatever it caused was cancelled by its key: nothing is held; pay again with a new key"
		return v
	}
	ge := gateway.AsError(f.err, gateway.CodeInternal)
	switch {
	case ge.Code.Retryable():
		v.step, v.next = gateway.StepPrepared, now.Add(max(restOf(ge), schedule(o.Checks)))
	case ge.Code == gateway.CodeIndeterminate || f.sent && ge.Code == gateway.CodeInternal:
		v.step = gateway.StepUnknown
	default:
		v.state, v.step, v.next = gateway.StateParked, gateway.StepAnswered, time.Time{}
		v.detail = "the call was lost, and what it caused could not be cancelled by its key: " + string(ge.Code) + " " + detailOfError(ge)
	}
	return v
}

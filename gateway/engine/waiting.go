package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// settleWaiting looks at the operations that waited: the call about them may have
// ended them.
func (e *Engine) settleWaiting(ctx context.Context, o storage.Operation) {
	var open []storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) { open, err = tx.OpenOperations(o.Store, o.Payment); return err })
	for _, w := range open {
		if waiting(w) {
			err = errors.Join(err, e.ResolveOne(ctx, w.Store, w.ID))
		}
	}
	if err != nil { // they are looked at again at their time
		e.log.ErrorContext(ctx, "an operation that waited could not be looked at", "payment", o.Payment, "err", err)
	}
}

// waiting reports whether an operation that begins a payment waits for something
// that is not an answer: for the shopper, a result, a review.
func waiting(o storage.Operation) bool {
	return rules[o.Kind].begins && (o.State == gateway.StateActionRequired || o.State == gateway.StateAwaiting)
}

// endWaiting cancels what waited when the operation that ends it has succeeded,
// in its transaction. Money that turns out to have moved all the same is booked
// when it is learned of.
func (e *Engine) endWaiting(tx *storage.Tx, p *gateway.Payment, by storage.Operation) error {
	if !rules[by.Kind].ends || by.State != gateway.StateSucceeded {
		return nil
	}
	open, err := tx.OpenOperations(by.Store, by.Payment)
	if err != nil {
		return err
	}
	for _, w := range open {
		if !waiting(w) || w.Provider != by.Provider {
			continue
		}
		step, err := tx.LastStep(w.Store, w.ID)
		if err != nil {
			return err
		}
		if happened(w, step, *p) {
			continue // it was paid just before: a lookup says so
		}
		if err := e.cancelled(tx, p, w, by); err != nil {
			return err
		}
	}
	return nil
}

// cancelled ends an operation that another one has cancelled.
func (e *Engine) cancelled(tx *storage.Tx, p *gateway.Payment, w, by storage.Operation) error {
	from := w.State
	w.State, w.Action = gateway.StateCancelled, nil
	if w.Code == "" { // a decline that was not overcome stays what it was
		w.Code, w.Reason, w.Message = gateway.CodeConflict, "", ""
	}
	w.Detail = "cancelled by operation " + string(by.ID)
	return e.conclusion(tx, p, &w, from)
}

// endedByUs makes of an operation that a lookup shows to have ended without
// money a cancelled one, when a call of ours has ended it.
func endedByUs(tx *storage.Tx, o storage.Operation, v *verdict) error {
	all, err := tx.Operations(o.Store, o.Payment)
	for _, by := range all {
		lost := by.State == gateway.StateFailed || by.State == gateway.StateCancelled
		if rules[by.Kind].ends && by.Provider == o.Provider && !lost && v.state == gateway.StateFailed && o.Code != gateway.CodeDeclined {
			v.state, v.code, v.reason, v.message, v.detail = gateway.StateCancelled, gateway.CodeConflict, "", "", "cancelled by operation "+string(by.ID)
		}
	}
	return err
}

// endUnsent cancels, with an operation that ends what waits, one that was never
// sent: nobody has to be asked. ended says that nothing is left to do.
func (e *Engine) endUnsent(tx *storage.Tx, rule rule, p *gateway.Payment, o *storage.Operation, open []storage.Operation) (ended bool, err error) {
	if !rule.ends {
		return false, nil
	}
	at := slices.IndexFunc(open, func(w storage.Operation) bool { return rules[w.Kind].begins && w.State == gateway.StateOpen })
	if at < 0 {
		return false, nil
	}
	step, err := tx.LastStep(o.Store, open[at].ID)
	if err != nil {
		return false, err
	}
	if step.State != gateway.StepPrepared || step.Doubt || step.Number > 1 {
		return false, gateway.Errorf(gateway.CodeConflict, "operation %s is being sent: wait for its answer", open[at].ID)
	}
	if err := tx.MoveStep(&step, gateway.StepParked); err != nil { // nobody can claim it any more
		return false, err
	}
	if err := e.cancelled(tx, p, open[at], *o); err != nil {
		return false, err
	}
	from := o.State
	o.State, o.Detail = gateway.StateSucceeded, "nothing had been sent"
	return true, e.conclusion(tx, p, o, from)
}

// conclusion stores an operation's new state, gives back what it held back when
// it has ended, and tells it.
func (e *Engine) conclusion(tx *storage.Tx, p *gateway.Payment, o *storage.Operation, from gateway.OperationState) error {
	if o.State.Terminal() {
		o.NextCheck = time.Time{}
		if err := e.release(tx, p, o); err != nil {
			return err
		}
	}
	if err := tx.UpdateOperation(o, from); err != nil {
		return err
	}
	if o.State == from {
		return nil
	}
	if err := tx.AppendEvent(o.Store, o.Payment, "operation."+string(o.State), toldOf(*o)); err != nil || !o.State.Terminal() {
		return err
	}
	return e.bookWaiting(tx, p)
}

// supersede makes room for another try to pay: one that was declined and could
// still be overcome is looked at and, if need be, cancelled at its provider first.
// It reports whether there may be room now.
func (e *Engine) supersede(ctx context.Context, r Request) bool {
	declined := func() (o storage.Operation, found bool) {
		var open []storage.Operation
		err := e.db.View(ctx, func(tx *storage.Tx) (err error) { open, err = tx.OpenOperations(r.Store, r.Payment); return err })
		at := slices.IndexFunc(open, func(o storage.Operation) bool {
			return rules[o.Kind].begins && o.State == gateway.StateActionRequired && o.Code == gateway.CodeDeclined && o.Key != r.Key
		})
		if err != nil || at < 0 {
			return o, false
		}
		return open[at], true
	}
	o, found := declined()
	if !found {
		return false
	}
	if err := e.ResolveOne(ctx, o.Store, o.ID); err != nil {
		return false
	}
	if _, still := declined(); !still {
		return true
	}
	_, err := e.Cancel(ctx, Request{Store: o.Store, Payment: o.Payment, Provider: o.Provider, Key: "superseded/" + string(o.ID)})
	return err == nil
}

// abandoned ends an operation whose shopper did not come back: it is cancelled at
// the provider first, by an operation of its own, so that it cannot be completed
// an hour later. Where that is not possible a person must see to it.
func (e *Engine) abandoned(ctx context.Context, o storage.Operation) error {
	var open []storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) { open, err = tx.OpenOperations(o.Store, o.Payment); return err })
	if err != nil {
		return err
	}
	if slices.ContainsFunc(open, func(by storage.Operation) bool { return rules[by.Kind].ends && by.State != gateway.StateParked }) {
		return e.lookAgain(ctx, o) // somebody is ending it
	}
	r := Request{Store: o.Store, Payment: o.Payment, Provider: o.Provider, Key: "abandoned/" + string(o.ID), Reason: string(decline.Expired)}
	result, err := e.perform(ctx, gateway.OpCancel, r)
	switch state := result.Operation.State; {
	case state == gateway.StateSucceeded:
		return nil
	case state != "" && !state.Terminal() && state != gateway.StateParked:
		return e.lookAgain(ctx, o) // it is under way
	case state == "" && gateway.CodeOf(err).Retryable():
		return e.lookAgain(ctx, o)
	}
	if o.Code == gateway.CodeDeclined {
		return e.end(ctx, o, gateway.StateFailed, gateway.CodeDeclined, o.Detail) // nobody went on with it
	}
	return e.end(ctx, o, gateway.StateParked, gateway.CodeIndeterminate, "the shopper did not act before the deadline, and the payment could not be cancelled at the provider")
}

// lookAgain sets when an operation that waits is looked at next.
func (e *Engine) lookAgain(ctx context.Context, o storage.Operation) error {
	return e.db.Update(ctx, func(tx *storage.Tx) error {
		have, err := tx.Operation(o.Store, o.ID)
		if err != nil || have.State != o.State || have.State.Terminal() || have.NextCheck.After(tx.Now()) {
			return err
		}
		have.NextCheck = tx.Now().Add(schedule(have.Checks))
		have.Checks++
		return tx.UpdateOperation(&have, have.State)
	})
}

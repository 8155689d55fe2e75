package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Resolve looks after operations whose time has come: calls that were never
// made, senders that are believed dead, answers that were lost, results that are
// awaited, shoppers who went away. It returns how many operations it looked at,
// at most limit, and carries out what policies have planned. [Engine.Run] does it
// all the time; call this one from a timer of your own. Looking twice changes
// nothing, and a call is made under a claim.
func (e *Engine) Resolve(ctx context.Context, limit int) (int, error) {
	var due []storage.Due
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) {
		due, err = tx.DueOperations(e.db.Now(), limit)
		return err
	})
	if err != nil {
		return 0, err
	}
	var errs []error
	for i, d := range due {
		if ctx.Err() != nil {
			return i, ctx.Err()
		}
		if err := e.ResolveOne(ctx, d.Store, d.Operation); err != nil {
			errs = append(errs, err)
		}
	}
	var plans []storage.Plan
	if left := limit - len(due); left > 0 {
		err := e.db.View(ctx, func(tx *storage.Tx) (err error) {
			plans, err = tx.DuePlans(e.db.Now(), left)
			return err
		})
		errs = append(errs, err)
	}
	for _, plan := range plans {
		if ctx.Err() != nil {
			break
		}
		errs = append(errs, e.carryOut(ctx, plan))
	}
	return len(due) + len(plans), errors.Join(errs...)
}

// ResolveOne looks after one operation, whether or not its time has come. An
// error means that looking itself failed; the operation is then looked at again later.
func (e *Engine) ResolveOne(ctx context.Context, store gateway.StoreID, id gateway.OperationID) error {
	var o storage.Operation
	var step storage.Step
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) {
		if o, err = tx.Operation(store, id); err != nil {
			return err
		}
		step, err = tx.LastStep(store, id)
		return err
	})
	if err != nil {
		return err
	}
	now := e.db.Now()
	switch {
	case e.alive(step, now):
		return nil // its sender is believed to be alive
	case step.State == gateway.StepSending:
		// The sender died after it claimed and before it recorded. The first byte may have left.
		_, err := e.settle(ctx, o, finding{err: gateway.Errorf(gateway.CodeIndeterminate, "the process that made the call did not come back"), sent: true})
		return err
	case o.State.Terminal(), o.State == gateway.StateParked:
		return nil
	case o.State == gateway.StateOpen:
		return e.again(ctx, o, step, now)
	default:
		return e.lookUp(ctx, o, step, now)
	}
}

// patience is how long the engine tries to reach a provider with what does not
// need the shopper, where the caller sets no deadline.
const patience = 72 * time.Hour

// again makes a call that is proved not to have been executed. One that needs
// its caller's instrument waits for the caller, and is cancelled at its deadline.
func (e *Engine) again(ctx context.Context, o storage.Operation, step storage.Step, now time.Time) error {
	deadline := o.Deadline
	switch {
	case step.Number > 1: // a part of it was executed: what follows is tried for longer than a shopper waits
		deadline = o.Created.Add(patience)
	case !deadline.IsZero():
	case begins(o): // the shopper stands by
		deadline = o.Created.Add(e.cfg.ActionTime)
	default:
		deadline = o.Created.Add(patience)
	}
	if !now.Before(deadline) && step.Number > 1 {
		return e.end(ctx, o, gateway.StateParked, gateway.CodeIndeterminate, "a part of it was executed, and its next call could not be made")
	}
	if !now.Before(deadline) {
		return e.end(ctx, o, gateway.StateCancelled, gateway.CodeUnavailable, "the call could not be made before its deadline; nothing was executed")
	}
	_, err := e.drive(ctx, o, Request{})
	if errors.Is(err, errInstrument) || gateway.CodeOf(err) == gateway.CodeUnavailable {
		return e.postpone(ctx, o, deadline)
	}
	return nil // what came of it is recorded; its error was the caller's
}

// postpone sets when an operation is looked at next, when nothing else did.
func (e *Engine) postpone(ctx context.Context, o storage.Operation, most time.Time) error {
	return e.db.Update(ctx, func(tx *storage.Tx) error {
		have, err := tx.Operation(o.Store, o.ID)
		if err != nil || have.State != gateway.StateOpen || have.NextCheck.After(tx.Now()) {
			return err
		}
		have.Checks++
		have.NextCheck = tx.Now().Add(schedule(have.Checks))
		if have.NextCheck.After(most) {
			have.NextCheck = most
		}
		return tx.UpdateOperation(&have, have.State)
	})
}

// lookUp asks the provider what became of an operation, and decides what the
// answer permits.
func (e *Engine) lookUp(ctx context.Context, o storage.Operation, step storage.Step, now time.Time) error {
	endpoint, err := e.endpoint(o.Provider, step.Name)
	if err != nil {
		return err
	}
	lookup := endpoint.LookupByRef
	if lookup == "" && step.Name == gateway.OpFetch {
		lookup = gateway.OpFetch
	}
	if lookup == "" {
		if ended, err := e.booked(ctx, o, step); ended || err != nil {
			return err
		}
		if o.State == gateway.StateUnknown {
			return e.without(ctx, o, step, endpoint, now)
		}
		return errors.Join(e.afterLookup(ctx, o, endpoint, now), e.lookAgain(ctx, o)) // nobody can be asked: an event tells
	}
	_, s, err := e.prepare(ctx, o, nil, nil)
	if err != nil && !errors.Is(err, errInstrument) {
		return err
	}
	s.Target = e.lookupTarget(s, o.Provider, lookup)
	s.IdempotencyKey, s.Amount = "", gateway.Money{}
	send, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.cfg.SendTimeout)
	defer cancel()
	started := e.db.Now()
	point("before the lookup")
	out, err := e.cfg.Pools.For(o.Provider).Get(lookup).Execute(send, s)
	point("after the lookup")
	try := attempt(o, step, started, e.db.Now(), err)
	try.Command = lookup
	for i := range out.Movements {
		out.Movements[i].Source = gateway.SourcePoll
	}
	// Not under the call's own limit: it may have taken all of it.
	recorded, serr := e.settle(context.WithoutCancel(ctx), o, finding{
		source: gateway.SourcePoll, out: out, err: err, lookup: true, own: lookup != gateway.OpFetch && lookup != gateway.OpFind, try: &try,
	})
	if serr != nil {
		return serr
	}
	if recorded.next {
		_, _ = e.drive(ctx, o, Request{}) // what comes of it is recorded
		return nil
	}
	if err != nil && gateway.CodeOf(err) != gateway.CodeNotFound || recorded.doubted {
		return nil // it could not be asked, or its word cannot be relied on; asked again later
	}
	return e.afterLookup(ctx, o, endpoint, e.db.Now())
}

// booked ends an operation that waits for something, or is unknown, of a provider that
// cannot be asked, when the books show what it wanted: another call has brought it.
func (e *Engine) booked(ctx context.Context, o storage.Operation, step storage.Step) (ended bool, err error) {
	p, err := e.Payment(ctx, o.Store, o.Payment)
	if err != nil || !happened(o, step, p) {
		return false, err
	}
	done, err := e.settle(ctx, o, finding{source: gateway.SourcePoll, lookup: true, out: gateway.Outcome{Status: gateway.StatusSucceeded}})
	return done.operation.State.Terminal(), err
}

// lookupTarget returns what a lookup is to look at. A refund may act on a
// capture, and is looked for in its payment.
func (e *Engine) lookupTarget(s gateway.Subject, provider string, lookup gateway.Operation) string {
	name := e.targetOf(provider, lookup)
	for _, r := range s.Payment.Refs {
		if name == "" && lookup != gateway.OpFind || r.Owner == provider && r.Name == name && r.Value == s.Target {
			return s.Target
		}
	}
	return refOf(s.Payment, provider, name)
}

func (e *Engine) targetOf(provider string, op gateway.Operation) string {
	endpoint, _ := e.cfg.Pools.For(provider).Endpoint(op)
	return endpoint.TargetRef
}

// afterLookup decides what follows when a lookup left the operation as unknown
// as it was, or as awaited.
func (e *Engine) afterLookup(ctx context.Context, was storage.Operation, endpoint gateway.Endpoint, now time.Time) error {
	var o storage.Operation
	var step storage.Step
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) {
		if o, err = tx.Operation(was.Store, was.ID); err != nil {
			return err
		}
		step, err = tx.LastStep(was.Store, was.ID)
		return err
	})
	if err != nil {
		return err
	}
	switch o.State {
	case gateway.StateUnknown:
		return e.without(ctx, o, step, endpoint, now)
	case gateway.StateAwaiting:
		switch {
		case o.Deadline.IsZero() || now.Before(o.Deadline):
		case e.harmless(o, step):
			return e.abandoned(ctx, o)
		default:
			return e.end(ctx, o, gateway.StateParked, gateway.CodeIndeterminate, "the result did not come before its deadline")
		}
	case gateway.StateActionRequired:
		if !o.Deadline.IsZero() && !now.Before(o.Deadline) {
			return e.abandoned(ctx, o)
		}
	}
	return nil
}

// without decides about an unknown operation that no lookup has found. What is
// not found before the horizon proves nothing: the call may still take effect.
func (e *Engine) without(ctx context.Context, o storage.Operation, step storage.Step, endpoint gateway.Endpoint, now time.Time) error {
	if o.State != gateway.StateUnknown {
		return nil
	}
	age, since := now.Sub(step.FirstSent), now.Sub(step.LastSent)
	horizon := endpoint.LateEffectMax + endpoint.LookupLag
	keyHolds := endpoint.KeyTTL > 0 && age < endpoint.KeyTTL/2
	looked := endpoint.LookupByRef != ""
	past := endpoint.LateEffectMax > 0 && since > horizon
	deadline := o.Deadline
	if deadline.IsZero() {
		deadline = o.Created.Add(e.cfg.ActionTime)
	}
	refusal, refused := storage.Attempt{}, false
	if looked && past && endpoint.Effect != gateway.EffectNone {
		var err error
		if refusal, refused, err = e.refusal(ctx, o, step); err != nil {
			return err
		}
	}
	switch {
	case refused:
		return e.refusedAgain(ctx, o, refusal)
	case !now.Before(deadline) && e.harmless(o, step):
		return e.end(ctx, o, gateway.StateCancelled, gateway.CodeUnavailable, "the provider did not answer before its deadline; what was called moves no money")
	case endpoint.Effect == gateway.EffectNone,
		step.Sends == 0 && step.State == gateway.StepPrepared, // what was to follow a lost call: the process ended before it left
		keyHolds && endpoint.Replays5xx,                       // the provider answers what it did the first time, whatever that was
		keyHolds && (!looked || past),
		endpoint.Natural && keyHolds,
		// A PUT: nothing but the call itself can tell. Once it was refused ("already
		// done"), it has told what it can.
		endpoint.Natural && endpoint.KeyTTL == 0 && !looked && (o.Code == gateway.CodeIndeterminate || o.Code.Retryable()),
		looked && past:
		return e.resend(ctx, o, step)
	case looked && endpoint.LateEffectMax > 0:
		return nil // the horizon is not reached; it is looked at again
	case endpoint.KeyTTL > 0 && keyHolds && looked:
		return nil
	case since < min(endpoint.Async, e.cfg.ActionTime):
		return e.lookAgain(ctx, o) // an event is still to come, and tells
	}
	return e.parkOrRevoke(ctx, o, step, endpoint, "the provider promises no way to find out or to try again safely")
}

// refusal returns what the call was told when it was sent again, where that refused it
// for good.
func (e *Engine) refusal(ctx context.Context, o storage.Operation, step storage.Step) (last storage.Attempt, refused bool, err error) {
	if step.Sends < 2 {
		return last, false, nil
	}
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		tries, err := tx.Attempts(o.Store, o.ID)
		for _, a := range tries {
			// A send whose process ended has no attempt: the one before says nothing of it.
			if a.Number == step.Number && a.Command == step.Name && !a.Started.After(step.LastSent) && !a.Started.Add(a.Took).Before(step.LastSent) {
				last, refused = a, a.Code != "" && a.Code != gateway.CodeIndeterminate && a.Code != gateway.CodeInternal && !a.Code.Retryable()
			}
		}
		return err
	})
	return last, refused, err
}

// refusedAgain ends an operation of which nothing was found when all that was sent
// before would have shown, and whose last try was refused: it is not sent for ever. A
// decline says how it ended. Whatever else it was told may mean "done already".
func (e *Engine) refusedAgain(ctx context.Context, o storage.Operation, told storage.Attempt) error {
	if told.Code == gateway.CodeDeclined {
		return e.end(ctx, o, gateway.StateFailed, told.Code, told.Detail)
	}
	return e.end(ctx, o, gateway.StateParked, gateway.CodeIndeterminate, "nothing is found of it, and it was refused when it was sent again: "+told.Detail)
}

// resend sends the same bytes under the same key once more.
func (e *Engine) resend(ctx context.Context, o storage.Operation, step storage.Step) error {
	_, _, err := e.prepare(ctx, o, nil, nil)
	if errors.Is(err, errInstrument) {
		endpoint, eerr := e.endpoint(o.Provider, step.Name)
		if eerr != nil {
			return eerr
		}
		return e.parkOrRevoke(ctx, o, step, endpoint, "it may not have happened, and cannot be sent again without the shopper's instrument")
	}
	if err != nil {
		return err
	}
	err = e.db.Update(ctx, func(tx *storage.Tx) error {
		have, err := tx.Operation(o.Store, o.ID)
		if err != nil {
			return err
		}
		if have.State != gateway.StateUnknown {
			return gateway.Errorf(gateway.CodeConflict, "it was settled meanwhile")
		}
		if step.State != gateway.StepPrepared { // else the process ended right here the last time
			return tx.MoveStep(&step, gateway.StepPrepared)
		}
		return nil
	})
	if gateway.CodeOf(err) == gateway.CodeConflict {
		return nil
	}
	if err != nil {
		return err
	}
	point("before sending again")
	_, _ = e.drive(ctx, o, Request{}) // what came of it is recorded; the operation is unknown until then
	return nil
}

// end moves an operation to a state without evidence of its own: cancelled when
// nothing was executed, parked when nobody knows.
func (e *Engine) end(ctx context.Context, o storage.Operation, to gateway.OperationState, code gateway.Code, detail string) error {
	err := e.db.Update(ctx, func(tx *storage.Tx) error {
		locked, err := tx.Lock(o.Store, o.Payment, o.ID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(locked.Operations, func(have storage.Operation) bool { return have.ID == o.ID })
		if at < 0 || locked.Operations[at].State != o.State {
			return nil // it moved on meanwhile
		}
		p, have, step := locked.Payment, locked.Operations[at], locked.Last
		from := have.State
		have.State, have.Code, have.Detail, have.NextCheck = to, code, detail, time.Time{}
		if e.alive(step, tx.Now()) {
			return gateway.Errorf(gateway.CodeConflict, "its call is being made: wait for the answer")
		}
		if step.State == gateway.StepSending || step.State == gateway.StepUnknown && to == gateway.StateParked {
			if err := tx.MoveStep(&step, gateway.StepParked); err != nil {
				return err
			}
		}
		return e.conclusion(tx, &p, &have, from)
	})
	if gateway.CodeOf(err) == gateway.CodeConflict {
		return nil
	}
	return err
}

// Settlement is how an operator ends an operation that nobody else can.
type Settlement struct {
	Store     gateway.StoreID
	Operation gateway.OperationID
	Happened  bool               // whether the provider did it
	Movements []gateway.Movement // what moved, when it did; from the provider's dashboard or report
	By        string             // who says so
	Note      string             // on what evidence
}

// Settle ends an operation with an operator's evidence. It fails with
// [gateway.CodeConflict] for one that has ended already.
func (e *Engine) Settle(ctx context.Context, s Settlement) error {
	if s.By == "" || s.Note == "" {
		return gateway.Invalid("a settlement says who decides (By) and on what evidence (Note)")
	}
	var o storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) { o, err = tx.Operation(s.Store, s.Operation); return err })
	if err != nil {
		return err
	}
	switch {
	case o.State.Terminal():
		return gateway.Errorf(gateway.CodeConflict, "the operation is %s already", o.State)
	case s.Happened && len(s.Movements) == 0:
		return gateway.Invalid("say what moved: the ledger cannot be right without it")
	case !s.Happened:
		if err := e.end(ctx, o, gateway.StateFailed, gateway.CodeConflict, "settled by "+s.By+": "+s.Note); err != nil {
			return err
		}
		return e.ended(ctx, s)
	}
	for i := range s.Movements {
		m := &s.Movements[i]
		m.Operation, m.Source = s.Operation, gateway.SourceOperator
		if m.Provider == "" {
			m.Provider = o.Provider
		}
	}
	recorded, err := e.settle(ctx, o, finding{source: gateway.SourceOperator, lookup: true, out: gateway.Outcome{Status: gateway.StatusSucceeded, Movements: s.Movements}})
	if err != nil {
		return err
	}
	if recorded.next { // the evidence was for one call of several: the operation goes on
		return e.ResolveOne(ctx, s.Store, s.Operation)
	}
	return e.ended(ctx, s)
}

// ended says whether a settlement ended the operation: evidence that contradicts
// the ledger, or a call that is under way, does not.
func (e *Engine) ended(ctx context.Context, s Settlement) error {
	var o storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) { o, err = tx.Operation(s.Store, s.Operation); return err })
	if err == nil && !o.State.Terminal() {
		err = gateway.Errorf(gateway.CodeConflict, "the operation is still %s: its call is under way, or the evidence contradicts the ledger (see the payment's discrepancies)", o.State)
	}
	return err
}

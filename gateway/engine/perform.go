package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

func (e *Engine) lease() time.Duration { return e.cfg.SendTimeout + e.cfg.LeaseMargin }

// drive makes the operation's prepared call, and those that follow from its
// answer, and records what came of them. Whoever gets the claim makes a call;
// others return the current answer. r is the caller's request, the zero value
// when the engine goes on by itself.
func (e *Engine) drive(ctx context.Context, o storage.Operation, r Request) (Result, error) {
	return e.driveFrom(ctx, o, r, nil)
}

// driveFrom is drive with what the first call needs; nil: it is loaded.
func (e *Engine) driveFrom(ctx context.Context, o storage.Operation, r Request, first *need) (Result, error) {
	for {
		next, result, err := e.call(ctx, o, r, first)
		if !next {
			return result, err
		}
		first = nil
		point("between two calls")
	}
}

// call makes one call; next says that its answer led to another one, which is written down.
func (e *Engine) call(ctx context.Context, o storage.Operation, r Request, first *need) (next bool, _ Result, _ error) {
	done := func(result Result, err error) (bool, Result, error) { return false, result, err }
	step, subject, err := e.prepare(ctx, o, r.Instrument, first)
	if err != nil {
		return done(e.report(ctx, o, gateway.Outcome{}, err))
	}
	if step.State != gateway.StepPrepared {
		return done(e.await(ctx, o))
	}
	hooked := Call{Kind: o.Kind, Payment: subject.Payment, Operation: o, Step: step, Request: r}
	claimed, another := false, false
	subject.BeforeSend = func(ctx context.Context, digest string) error {
		if err := e.built(ctx, hooked, digest); err != nil {
			return err
		}
		point("before the claim")
		err := e.db.Update(ctx, func(tx *storage.Tx) error {
			return tx.ClaimStep(step, digest, tx.Now().Add(e.lease()))
		})
		claimed, another = err == nil, errors.Is(err, storage.ErrAnotherRequest)
		point("after the claim")
		return err
	}
	// The caller may give up; the call must not become an unknown because of that.
	send, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.cfg.SendTimeout)
	defer cancel()
	started := e.db.Now()
	out, err := e.cfg.Pools.For(o.Provider).Get(step.Name).Execute(send, subject)
	point("after the call")
	if another && o.State == gateway.StateUnknown {
		// What it is about has another name by now, such as a hold that was renewed elsewhere.
		perr := e.end(context.WithoutCancel(ctx), o, gateway.StateParked, gateway.CodeIndeterminate, "it may not have happened, and what would be sent again is not what was sent before")
		return done(e.report(ctx, o, gateway.Outcome{}, perr))
	}
	if err != nil && !claimed && gateway.CodeOf(err) == gateway.CodeConflict && gateway.AsError(err, "").Stage == "before send" {
		return done(e.await(ctx, o)) // somebody else has it
	}
	odd := err == nil && !revokes(o, step) && (differs(o, step, subject.Payment.Due.Currency(), out) || renewsNothing(o, step, subject.Payment, out) || rules[o.Kind].about && e.misstates(context.WithoutCancel(ctx), o, out))
	if odd {
		// Another amount than was asked for may be true (a partial authorization) or
		// a lie: it is not booked on this answer's word, but looked up at once.
		out.Movements = nil
		err = gateway.Errorf(gateway.CodeIndeterminate, "the answer states another amount than was asked for, or shows nothing new")
	}
	shown, notes := out, map[string]map[string]string(nil)
	if code := gateway.CodeOf(err); code == "" || code == gateway.CodeDeclined && claimed {
		shown, notes = e.answered(context.WithoutCancel(ctx), hooked, out, err)
	}
	try := attempt(o, step, started, e.db.Now(), err)
	after := context.WithoutCancel(ctx) // the call may have taken all its time; what came of it is recorded all the same
	recorded, rerr := e.settle(after, o, finding{
		source: gateway.SourceAnswer, out: out, err: err, sent: claimed, try: &try, notes: notes,
	})
	if rerr != nil {
		// What the provider said is not recorded: the lease ends, and then it is looked up.
		e.log.ErrorContext(ctx, "an answer could not be recorded", "operation", o.ID, "err", rerr)
		return done(e.report(ctx, o, shown, gateway.Errorf(gateway.CodeIndeterminate, "the answer could not be recorded: %w", rerr)))
	}
	if recorded.next {
		return true, Result{}, nil
	}
	if rules[o.Kind].about {
		e.settleWaiting(after, o)
	}
	if odd {
		if lerr := e.ResolveOne(after, o.Store, o.ID); lerr == nil {
			return done(e.answer(ctx, o))
		}
	}
	if err == nil && recorded.whole && !rules[o.Kind].about {
		now := recorded.operation
		return done(Result{Operation: now, Payment: recorded.payment, Outcome: shown}, errorOf(now))
	}
	return done(e.report(ctx, o, shown, err))
}

// differs reports whether an answer states another amount for what the operation
// wanted than was asked for.
func differs(o storage.Operation, step storage.Step, currency string, out gateway.Outcome) bool {
	asked := o.Amount
	if step.Amount.IsSet() && o.Kind != gateway.OpAdjust { // one call of several; an adjustment states the new total
		asked = step.Amount
	}
	if !asked.IsSet() && o.Reserved > 0 { // a void: all that was held
		asked = gateway.Minor(o.Reserved, currency)
	}
	return asked.IsSet() && slices.ContainsFunc(out.Movements, func(m gateway.Movement) bool {
		return states(o.Kind, m.Kind) && m.Operation == o.ID && (step.Target == "" || o.Kind == gateway.OpAdjust || m.Parent == step.Target) && m.Amount != asked
	})
}

// states reports whether the amount of a movement is the one that such an
// operation asks for. What begins a payment may hold and take at once.
func states(kind gateway.Operation, moved gateway.MovementKind) bool {
	r := rules[kind]
	return moved == r.moves || r.begins && (moved == gateway.MoveHold || moved == gateway.MoveCapture)
}

// othersDiffer is [differs] for what an answer states of other operations that
// are open: to go on with a payment, or to accept it, ends the one that waited.
func othersDiffer(own storage.Operation, open []storage.Operation, out gateway.Outcome) bool {
	return slices.ContainsFunc(open, func(o storage.Operation) bool {
		return o.ID != own.ID && rules[o.Kind].begins && differs(o, storage.Step{}, "", out)
	})
}

// misstates reports whether the answer to a call about an operation that waits
// states another amount than that one asked for. When it cannot be told, it does.
func (e *Engine) misstates(ctx context.Context, o storage.Operation, out gateway.Outcome) bool {
	var open []storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) { open, err = tx.OpenOperations(o.Store, o.Payment); return err })
	return err != nil || othersDiffer(o, open, out)
}

// need is what a call needs of what is stored.
type need struct {
	step    storage.Step
	payment gateway.Payment
	order   *gateway.Order
	keep    stored
	secret  []byte
	saved   storage.Instrument
}

// need loads what the operation's next call needs.
func (e *Engine) need(tx *storage.Tx, o storage.Operation, i *gateway.Instrument) (n need, err error) {
	if n.step, err = tx.LastStep(o.Store, o.ID); err != nil {
		return n, err
	}
	if n.payment, err = tx.Payment(o.Store, o.Payment); err != nil {
		return n, err
	}
	if _, err = tx.Detail(o.Store, o.Payment, detailOf(o.ID), &n.keep); err != nil {
		return n, err
	}
	if endpoint, known := e.cfg.Pools.For(o.Provider).Endpoint(n.step.Name); known && endpoint.Restates {
		if err = begunWith(tx, o, &n.keep); err != nil {
			return n, err
		}
	}
	if n.keep.Instrument && i == nil {
		if _, err = tx.Detail(o.Store, o.Payment, sealedDetail(o.ID), &n.secret); err != nil {
			return n, err
		}
	}
	if n.keep.Saved != "" {
		if n.saved, err = tx.Instrument(o.Store, n.keep.Saved); err != nil {
			return n, err
		}
	}
	n.order, err = orderOf(tx, o)
	return n, err
}

// begunWith fills in, of what a call is given, what its own request does not say
// and the one that began the payment did.
func begunWith(tx *storage.Tx, o storage.Operation, keep *stored) error {
	all, err := tx.Operations(o.Store, o.Payment)
	if err != nil {
		return err
	}
	var first stored
	for _, b := range slices.Backward(all) {
		if rules[b.Kind].begins && b.Provider == o.Provider && b.ID != o.ID {
			if _, err := tx.Detail(o.Store, o.Payment, detailOf(b.ID), &first); err != nil {
				return err
			}
			break
		}
	}
	keep.ReturnURL, keep.CancelURL, keep.NotifyURL = cmp.Or(keep.ReturnURL, first.ReturnURL), cmp.Or(keep.CancelURL, first.CancelURL), cmp.Or(keep.NotifyURL, first.NotifyURL)
	for name, value := range first.Extras {
		if _, own := keep.Extras[name]; !own {
			if keep.Extras == nil {
				keep.Extras = map[string]json.RawMessage{}
			}
			keep.Extras[name] = value
		}
	}
	return nil
}

func orderOf(tx *storage.Tx, o storage.Operation) (*gateway.Order, error) {
	var order gateway.Order
	found, err := tx.Detail(o.Store, o.Payment, "order", &order)
	if err != nil || !found {
		return nil, err
	}
	return &order, nil
}

// prepare makes the call's subject of what it needs, which is loaded where it is
// not at hand. The subject is a function of what is stored, and of the instrument,
// so that a call made again has the same bytes.
func (e *Engine) prepare(ctx context.Context, o storage.Operation, i *gateway.Instrument, n *need) (step storage.Step, s gateway.Subject, err error) {
	if n == nil || n.keep.Instrument && i == nil {
		n = &need{}
		if err = e.db.View(ctx, func(tx *storage.Tx) (err error) { *n, err = e.need(tx, o, i); return err }); err != nil {
			return n.step, s, err
		}
	}
	step, s.Payment, s.Order = n.step, n.payment, n.order
	keep, secret, saved := n.keep, n.secret, n.saved
	keep.apply(&s)
	s.Store, s.Operation, s.Amount, s.Target, s.Final = o.Store, o.ID, o.Amount, o.Target, o.Final
	if step.Amount.IsSet() {
		s.Amount = step.Amount
	}
	if _, is := renews(o, step); step.Target != "" && !is {
		s.Target = step.Target
	}
	s.IdempotencyKey = step.Key
	endpoint, err := e.endpoint(o.Provider, step.Name)
	if err != nil {
		return step, s, err
	}
	if s.Target == "" && endpoint.TargetRef != "" {
		s.Target = refOf(s.Payment, o.Provider, endpoint.TargetRef)
	}
	switch {
	case i != nil:
		s.Instrument = i
	case keep.Saved != "":
		s.Instrument, err = e.openSaved(saved)
	case keep.Instrument:
		if s.Instrument, err = e.unseal(secret, o.Store, string(o.ID)); err == nil && s.Instrument == nil && step.Number == 1 {
			err = errInstrument
		}
	}
	if o.Kind == gateway.OpForget && s.Instrument != nil {
		s.Target = s.Instrument.Token.Reveal() // never stored in the clear
	}
	return step, s, err
}

// errInstrument says that a call cannot be made again without its caller.
var errInstrument = gateway.Errorf(gateway.CodeUnavailable, "the request had an instrument, which is not stored: call again with the same key and the instrument")

// refOf returns the provider's newest name of a kind for a payment.
func refOf(p gateway.Payment, owner, name string) string {
	value := ""
	for _, r := range p.Refs {
		if r.Owner == owner && r.Name == name && !supersedes(p, owner, value, r.Value) {
			value = r.Value
		}
	}
	return value
}

func attempt(o storage.Operation, s storage.Step, from, to time.Time, err error) storage.Attempt {
	a := storage.Attempt{Store: o.Store, Operation: o.ID, Number: s.Number, Command: s.Name, Started: from, Took: to.Sub(from)}
	if err != nil {
		ge := gateway.AsError(err, gateway.CodeInternal)
		a.Code, a.Detail, a.RequestID = ge.Code, ge.Detail, ge.RequestID
	}
	return a
}

// answer returns the current answer of an operation.
func (e *Engine) answer(ctx context.Context, o storage.Operation) (Result, error) {
	return e.report(ctx, o, gateway.Outcome{}, nil)
}

// alive reports whether a step's sender is believed to be at work. A lease that
// lies much further ahead than a lease can was given by a clock that has been moved;
// one that lies a little further ahead, by a process whose clock is a little ahead.
func (e *Engine) alive(s storage.Step, now time.Time) bool {
	return s.State == gateway.StepSending && now.Before(s.Lease) && s.Lease.Sub(now) <= 2*e.lease()
}

// await waits for whoever makes the operation's call, so that callers of one
// command get one answer, and gives up with the caller's context or the lease.
func (e *Engine) await(ctx context.Context, o storage.Operation) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, e.lease()+5*time.Second)
	defer cancel()
	wait := time.NewTicker(20 * time.Millisecond)
	defer wait.Stop()
	for {
		var step storage.Step
		err := e.db.View(ctx, func(tx *storage.Tx) (err error) { step, err = tx.LastStep(o.Store, o.ID); return err })
		if err == nil && !e.alive(step, e.db.Now()) {
			if step.State == gateway.StepSending { // it died, and the call may have been executed
				err = e.ResolveOne(ctx, o.Store, o.ID)
			}
			return e.report(ctx, o, gateway.Outcome{}, err)
		}
		select {
		case <-wait.C:
		case <-ctx.Done():
			return e.report(ctx, o, gateway.Outcome{}, gateway.Errorf(gateway.CodeIndeterminate, "another caller makes the call: %w", ctx.Err()))
		}
	}
}

// report loads what is recorded now. When the call itself failed, its error is
// returned; otherwise the operation's state says what to return.
func (e *Engine) report(ctx context.Context, o storage.Operation, out gateway.Outcome, err error) (Result, error) {
	r := Result{Operation: o, Outcome: out}
	lerr := e.db.View(context.WithoutCancel(ctx), func(tx *storage.Tx) (err error) {
		if r.Operation, err = tx.Operation(o.Store, o.ID); err != nil {
			return err
		}
		if r.Payment, err = tx.Payment(o.Store, o.Payment); err != nil || r.Operation.State != gateway.StateSucceeded || rules[o.Kind].amount != nil && rules[o.Kind].reserves != "" {
			return err
		}
		if _, err := tx.Instrument(o.Store, instrumentOf(o.ID)); err == nil {
			r.Instrument = instrumentOf(o.ID)
		}
		return nil
	})
	if err == nil {
		err = lerr
	}
	if err == nil {
		err = errorOf(r.Operation)
	}
	return r, err
}

// errorOf is the error that an operation's state means to its caller.
func errorOf(o storage.Operation) error {
	fail := func(code gateway.Code, detail string) error {
		return &gateway.Error{
			Code: code, Reason: o.Reason, Provider: o.Provider, Operation: o.Kind, Stage: "engine", Reference: o.Reference, Detail: detail, Message: o.Message,
		}
	}
	switch o.State {
	case gateway.StateFailed, gateway.StateCancelled:
		code := o.Code
		if code == "" {
			code = gateway.CodeConflict
		}
		return fail(code, o.Detail)
	case gateway.StateUnknown:
		return fail(gateway.CodeIndeterminate, "the answer was lost; the engine is finding out: "+o.Detail)
	case gateway.StateParked:
		return fail(gateway.CodeIndeterminate, "nobody knows; an operator must settle it: "+o.Detail)
	case gateway.StateOpen:
		return fail(gateway.CodeUnavailable, "the call was not made yet: "+o.Detail)
	case gateway.StateActionRequired:
		if o.Code == gateway.CodeDeclined {
			return fail(gateway.CodeDeclined, o.Detail)
		}
	}
	return nil
}

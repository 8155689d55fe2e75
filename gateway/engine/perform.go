package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// perform writes an operation down and drives it as far as it goes now.
func (e *Engine) perform(ctx context.Context, kind gateway.Operation, r Request) (Result, error) {
	if err := checkKey(r.Store, r.Key); err != nil {
		return Result{}, err
	}
	o, created, err := e.begin(ctx, kind, r)
	if err != nil {
		return Result{}, err
	}
	if !created && o.State != gateway.StateOpen {
		return e.answer(ctx, o)
	}
	return e.drive(ctx, o, r.Instrument)
}

// begin inserts the operation with its first step and reserves the money, in one
// transaction. An operation that is there already is returned as it is.
func (e *Engine) begin(ctx context.Context, kind gateway.Operation, r Request) (o storage.Operation, created bool, err error) {
	rule, known := rules[kind]
	if !known {
		return o, false, gateway.Errorf(gateway.CodeUnsupported, "the engine does not run %q", kind)
	}
	keep, err := r.stored()
	if err != nil {
		return o, false, err
	}
	point("before writing down")
	err = e.db.Update(ctx, func(tx *storage.Tx) error {
		if have, err := tx.OperationByKey(r.Store, r.Key); err == nil {
			o = have
			if have.Fingerprint != r.fingerprint(kind) {
				return gateway.Errorf(gateway.CodeConflict, "key %q was used for another command (%s of payment %s): every command needs its own", r.Key, have.Kind, have.Payment)
			}
			return nil
		}
		p, err := tx.LockPayment(r.Store, r.Payment)
		if err != nil {
			return err
		}
		amount, err := rule.amountOf(p, r)
		if err != nil {
			return err
		}
		open, err := tx.OpenOperations(r.Store, r.Payment)
		if err != nil {
			return err
		}
		if err := rule.allow(kind, p, open); err != nil {
			return err
		}
		o = storage.Operation{
			Store: r.Store, ID: gateway.OperationID(e.cfg.NewID("op")), Payment: r.Payment, Kind: kind, Provider: r.Provider, Key: r.Key,
			Fingerprint: r.fingerprint(kind), Amount: amount, Target: r.Target, Final: r.Final, State: gateway.StateOpen, Deadline: r.Deadline,
			NextCheck: tx.Now().Add(e.lease()), // should this process end before it sends
		}
		if o.Provider == "" {
			o.Provider = providerOf(p)
		}
		endpoint, err := e.endpoint(o.Provider, kind)
		if err != nil {
			return err
		}
		if err := e.reserve(tx, rule, p, &o); err != nil {
			return err
		}
		if o, created, err = tx.InsertOperation(o); err != nil {
			return err
		}
		if err := e.seal(&keep, r.Instrument, o.Store, o.ID); err != nil {
			return err
		}
		if err := tx.SetDetail(o.Store, o.Payment, detailOf(o.ID), keep); err != nil {
			return err
		}
		point("while writing down")
		_, err = tx.InsertStep(storage.Step{
			Store: o.Store, Operation: o.ID, Number: 1, Name: kind, Key: e.providerKey(o, kind, 1), Effect: endpoint.Effect, State: gateway.StepPrepared,
		})
		return err
	})
	point("after writing down")
	return o, created, err
}

// reserve holds back what the operation is about to move.
func (e *Engine) reserve(tx *storage.Tx, rule rule, p gateway.Payment, o *storage.Operation) error {
	if rule.reserves == "" {
		return nil
	}
	amount := o.Amount
	if !amount.IsSet() { // a void: all that is left
		amount = p.Releasable()
	}
	if err := tx.Reserve(rule.reserves, o.Store, o.Payment, amount); err != nil {
		return err
	}
	o.Reserved = amount.Minor()
	return nil
}

func (e *Engine) endpoint(provider string, op gateway.Operation) (gateway.Endpoint, error) {
	pool := e.cfg.Pools.For(provider)
	if _, err := pool.Lookup(op); err != nil {
		return gateway.Endpoint{}, err
	}
	endpoint, ok := pool.Endpoint(op)
	if !ok {
		return endpoint, gateway.Errorf(gateway.CodeUnsupported, "%s.%s is written by hand and promises nothing: the engine cannot tell what a lost answer would mean", provider, op)
	}
	return endpoint, nil
}

func (e *Engine) lease() time.Duration { return e.cfg.SendTimeout + e.cfg.LeaseMargin }

// drive makes the operation's prepared call and records what came of it. Whoever
// gets the claim makes it; others return the current answer.
func (e *Engine) drive(ctx context.Context, o storage.Operation, i *gateway.Instrument) (Result, error) {
	step, subject, err := e.prepare(ctx, o, i)
	if err != nil {
		return e.report(ctx, o, gateway.Outcome{}, err)
	}
	if step.State != gateway.StepPrepared {
		return e.await(ctx, o)
	}
	claimed := false
	subject.BeforeSend = func(ctx context.Context, digest string) error {
		point("before the claim")
		err := e.db.Update(ctx, func(tx *storage.Tx) error {
			return tx.ClaimStep(step, digest, tx.Now().Add(e.lease()))
		})
		claimed = err == nil
		point("after the claim")
		return err
	}
	// The caller may give up; the call must not become an unknown because of that.
	send, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.cfg.SendTimeout)
	defer cancel()
	started := e.db.Now()
	out, err := e.cfg.Pools.For(o.Provider).Get(step.Name).Execute(send, subject)
	point("after the call")
	if err != nil && !claimed && gateway.CodeOf(err) == gateway.CodeConflict && gateway.AsError(err, "").Stage == "before send" {
		return e.await(ctx, o) // somebody else has it
	}
	odd := err == nil && differs(o, subject.Payment.Due.Currency(), out)
	if odd {
		// Another amount than was asked for may be true (a partial authorization) or
		// a lie: it is not booked on this answer's word, but looked up at once.
		out.Movements = nil
		err = gateway.Errorf(gateway.CodeIndeterminate, "the answer states another amount than was asked for")
	}
	try := attempt(o, step, started, e.db.Now(), err)
	rerr := e.settle(send, o.Store, o.ID, finding{
		source: gateway.SourceAnswer, out: out, err: err, sent: claimed, try: &try,
	})
	if rerr != nil {
		// What the provider said is not recorded: the lease ends, and then it is looked up.
		e.log.ErrorContext(ctx, "an answer could not be recorded", "operation", o.ID, "err", rerr)
		return e.report(ctx, o, out, gateway.Errorf(gateway.CodeIndeterminate, "the answer could not be recorded: %w", rerr))
	}
	if o.Kind == gateway.OpContinue {
		e.settleContinued(send, o)
	}
	if odd {
		if lerr := e.ResolveOne(send, o.Store, o.ID); lerr == nil {
			return e.answer(ctx, o)
		}
	}
	return e.report(ctx, o, out, err)
}

// settleContinued looks at the operations that waited for the shopper: the call
// that went on with the payment may have ended them.
func (e *Engine) settleContinued(ctx context.Context, o storage.Operation) {
	var open []storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) { open, err = tx.OpenOperations(o.Store, o.Payment); return err })
	for _, waiting := range open {
		if waiting.State == gateway.StateActionRequired || waiting.State == gateway.StateAwaiting {
			err = errors.Join(err, e.ResolveOne(ctx, waiting.Store, waiting.ID))
		}
	}
	if err != nil { // they are looked at again at their time
		e.log.ErrorContext(ctx, "an operation that was continued could not be looked at", "payment", o.Payment, "err", err)
	}
}

// differs reports whether an answer states another amount for what the operation
// wanted than was asked for.
func differs(o storage.Operation, currency string, out gateway.Outcome) bool {
	asked := o.Amount
	if !asked.IsSet() && o.Reserved > 0 { // a void: all that was held
		asked = gateway.Minor(o.Reserved, currency)
	}
	return asked.IsSet() && slices.ContainsFunc(out.Movements, func(m gateway.Movement) bool {
		return m.Kind == rules[o.Kind].moves && m.Operation == o.ID && m.Amount != asked
	})
}

// prepare loads what the call needs. The subject is a function of what is
// stored, and of the instrument, so that a call made again has the same bytes.
func (e *Engine) prepare(ctx context.Context, o storage.Operation, i *gateway.Instrument) (step storage.Step, s gateway.Subject, err error) {
	var keep stored
	var order gateway.Order
	hasOrder := false
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		if step, err = tx.LastStep(o.Store, o.ID); err != nil {
			return err
		}
		if s.Payment, err = tx.Payment(o.Store, o.Payment); err != nil {
			return err
		}
		if _, err = tx.Detail(o.Store, o.Payment, detailOf(o.ID), &keep); err != nil {
			return err
		}
		hasOrder, err = tx.Detail(o.Store, o.Payment, "order", &order)
		return err
	})
	if err != nil {
		return step, s, err
	}
	if hasOrder {
		s.Order = &order
	}
	keep.apply(&s)
	s.Store, s.Operation, s.Amount, s.Target, s.Final = o.Store, o.ID, o.Amount, o.Target, o.Final
	s.IdempotencyKey, s.Instrument = step.Key, i
	endpoint, err := e.endpoint(o.Provider, step.Name)
	if err == nil && s.Target == "" && endpoint.TargetRef != "" {
		s.Target = refOf(s.Payment, o.Provider, endpoint.TargetRef)
	}
	if err == nil && i == nil && keep.Instrument {
		if s.Instrument, err = e.unseal(keep, o.Store, o.ID); err == nil && s.Instrument == nil {
			err = errInstrument
		}
	}
	return step, s, err
}

// errInstrument says that a call cannot be made again without its caller.
var errInstrument = gateway.Errorf(gateway.CodeUnavailable, "the request had an instrument, which is not stored: call again with the same key and the instrument")

func refOf(p gateway.Payment, owner, name string) string {
	value := ""
	for _, r := range p.Refs {
		if r.Owner == owner && r.Name == name {
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
// lies further ahead than a lease can was given by a clock that has been moved.
func (e *Engine) alive(s storage.Step, now time.Time) bool {
	return s.State == gateway.StepSending && now.Before(s.Lease) && s.Lease.Sub(now) <= e.lease()
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
		r.Payment, err = tx.Payment(o.Store, o.Payment)
		return err
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

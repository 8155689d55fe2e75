package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// perform writes an operation down and drives it as far as it goes now.
func (e *Engine) perform(ctx context.Context, kind gateway.Operation, r Request) (Result, error) {
	if err := checkKey(r.Store, r.Key); err != nil {
		return Result{}, err
	}
	parameters := r.fingerprint(kind) // of what the caller asked for, whatever hooks make of it
	asked := r
	kind, err := e.intend(ctx, kind, &r, parameters)
	if err != nil {
		return Result{}, err
	}
	o, created, first, err := e.begin(ctx, kind, r, parameters)
	if err != nil && rules[kind].begins && e.supersede(ctx, r) {
		o, created, first, err = e.begin(ctx, kind, r, parameters)
	}
	if err != nil {
		return Result{}, err
	}
	if !created && o.State != gateway.StateOpen || o.State.Terminal() {
		return e.answer(ctx, o)
	}
	return e.driveFrom(ctx, o, asked, first)
}

// intend lets the hooks decide about a command that is new: what runs, whether
// it may, and with what.
func (e *Engine) intend(ctx context.Context, kind gateway.Operation, r *Request, parameters string) (gateway.Operation, error) {
	if len(e.cfg.Hooks) == 0 {
		return e.paying(kind), nil
	}
	c := Call{Kind: kind, Request: *r}
	old := false
	err := e.db.View(ctx, func(tx *storage.Tx) error {
		have, err := tx.OperationByKey(r.Store, r.Key)
		if err == nil {
			old, kind = true, have.Kind
			return reused(have, parameters)
		}
		if gateway.CodeOf(err) != gateway.CodeNotFound {
			return err
		}
		c.Payment, err = tx.Payment(r.Store, r.Payment)
		return err
	})
	if err != nil || old {
		return kind, err
	}
	if kind, err = e.overridden(ctx, c); err != nil {
		return kind, err
	}
	c.Kind = kind
	return kind, e.ask(ctx, c, r)
}

// paying decides what to pay means where no hook does.
func (e *Engine) paying(kind gateway.Operation) gateway.Operation {
	if kind == OpPay {
		return e.cfg.Pay
	}
	return kind
}

// reused refuses a key that was used for another command.
func reused(have storage.Operation, parameters string) error {
	if have.Fingerprint == parameters {
		return nil
	}
	return gateway.Errorf(gateway.CodeConflict, "key %q was used for another command (%s of payment %s): every command needs its own", have.Key, have.Kind, have.Payment)
}

// check says whether an operation may be done to a payment as it stands, and with which amount.
func (e *Engine) check(rule rule, kind gateway.Operation, p gateway.Payment, open []storage.Operation, r Request) (amount gateway.Money, err error) {
	if amount, err = rule.amountOf(kind, p, r); err != nil {
		return amount, err
	}
	if err = rule.allow(kind, p, open); err != nil {
		return amount, err
	}
	provider := r.Provider
	if provider == "" {
		provider = rule.providerFor(p, open)
	}
	endpoint, err := e.endpoint(provider, e.command(provider, kind))
	if err != nil {
		return amount, err
	}
	if err := e.mayHold(kind, provider, endpoint, p, open, amount); err != nil {
		return amount, err
	}
	for _, o := range open {
		if !endpoint.OneAtATime || o.Provider != provider {
			continue
		}
		// Two kinds of calls that each tell all of an order contradict one another as two of one kind do.
		if other, err := e.endpoint(provider, e.command(provider, o.Kind)); o.Kind == kind || err == nil && other.OneAtATime {
			return amount, gateway.Errorf(gateway.CodeConflict, "%s takes one such call of a payment at a time: operation %s, %s, is %s", provider, o.ID, o.Kind, o.State)
		}
	}
	return amount, e.cfg.Limits(p.Store, provider).allow(kind, p, amount)
}

// command returns the command of an operation's first step.
func (e *Engine) command(provider string, kind gateway.Operation) gateway.Operation {
	if kind == gateway.OpImport {
		return gateway.OpFetch
	}
	return e.cfg.Pools.For(provider).Flow(kind).Steps[0]
}

// begin inserts the operation with its first step and reserves the money, in one
// transaction. An operation that is there already is returned as it is. first is
// what its call needs, or nil where that is to be loaded.
func (e *Engine) begin(ctx context.Context, kind gateway.Operation, r Request, parameters string) (o storage.Operation, created bool, first *need, err error) {
	rule, known := rules[kind]
	if !known {
		return o, false, nil, gateway.Errorf(gateway.CodeUnsupported, "the engine does not run %q", kind)
	}
	keep, err := r.stored()
	if err != nil {
		return o, false, nil, err
	}
	point("before writing down")
	err = e.db.Update(ctx, func(tx *storage.Tx) error {
		created, first = false, nil
		if found, err := recall(tx, r, parameters, &o); found || err != nil {
			return err
		}
		locked, err := tx.Lock(r.Store, r.Payment, "")
		if err != nil {
			return err
		}
		p, all := locked.Payment, locked.Operations
		if at := slices.IndexFunc(all, func(o storage.Operation) bool { return o.Key == r.Key }); at >= 0 {
			o = all[at]
			return cmp.Or[error](reused(o, parameters), errTwin)
		}
		open := unsettled(all)
		amount, err := e.check(rule, kind, p, open, r)
		if err != nil {
			return err
		}
		if err := alone(tx, rule, p); err != nil {
			return err
		}
		o = storage.Operation{
			Store: r.Store, ID: gateway.OperationID(e.cfg.NewID("op")), Payment: r.Payment, Kind: kind, Provider: r.Provider, Key: r.Key,
			Fingerprint: parameters, Amount: amount, Target: r.Target, Final: r.Final, State: gateway.StateOpen, Deadline: r.Deadline,
			NextCheck: tx.Now().Add(e.lease()), // should this process end before it sends
		}
		if o.Provider == "" {
			o.Provider = rule.providerFor(p, open)
		}
		o.Final = o.Final || e.endsHold(p, o)
		if err := e.reserve(tx, rule, &p, &o); err != nil {
			return err
		}
		if o, created, err = tx.InsertOperation(o); err != nil || !created {
			return cmp.Or[error](err, errTwin)
		}
		if err := e.writeRequest(tx, o, keep, r.Instrument); err != nil {
			return err
		}
		point("while writing down")
		if ended, err := e.endUnsent(tx, rule, &p, &o, open); ended || err != nil {
			return err
		}
		part, err := e.allocate(tx, p, o, open)
		if err != nil {
			return err
		}
		if kind == gateway.OpAdjust {
			part = e.adjustment(p, o)
		}
		step, err := e.insertStep(tx, o, 1, e.command(o.Provider, kind), part)
		if endpoint, _ := e.endpoint(o.Provider, step.Name); err != nil || keep.Saved != "" || endpoint.Restates { // what else it needs is loaded
			return err
		}
		order, err := orderOf(tx, o)
		first = &need{step: step, payment: p, order: order, keep: keep}
		return err
	})
	point("after writing down")
	if errors.Is(err, errTwin) {
		err = nil
	}
	return o, created, first, err
}

// errTwin rolls back a transaction that found the same command written down when
// it had waited for the payment's lock: the twin's answer is the answer.
var errTwin = gateway.Errorf(gateway.CodeConflict, "the same command was written down meanwhile")

// recall finds the operation that a command's key was used for before.
func recall(tx *storage.Tx, r Request, parameters string, o *storage.Operation) (found bool, err error) {
	have, err := tx.OperationByKey(r.Store, r.Key)
	if gateway.CodeOf(err) == gateway.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	*o = have
	return true, reused(have, parameters)
}

// part is what one call of several is for; the zero value is all of the operation.
type part struct {
	amount gateway.Money
	target string
}

// insertStep writes one intended call down.
func (e *Engine) insertStep(tx *storage.Tx, o storage.Operation, number int64, command gateway.Operation, of part) (storage.Step, error) {
	endpoint, err := e.endpoint(o.Provider, command)
	if err != nil {
		return storage.Step{}, err
	}
	step := storage.Step{
		Store: o.Store, Operation: o.ID, Number: number, Name: command, Key: e.providerKey(o, command, number), Effect: endpoint.Effect,
		State: gateway.StepPrepared, Amount: of.amount, Target: of.target,
	}
	return step, tx.InsertStep(step)
}

// writeRequest stores what the operation's calls need, the instrument encrypted or not at all.
func (e *Engine) writeRequest(tx *storage.Tx, o storage.Operation, keep stored, i *gateway.Instrument) error {
	if err := tx.SetDetail(o.Store, o.Payment, detailOf(o.ID), keep); err != nil {
		return err
	}
	secret, err := e.seal(i, o.Store, string(o.ID))
	if err != nil || secret == nil {
		return err
	}
	return tx.SetDetail(o.Store, o.Payment, sealedDetail(o.ID), secret)
}

// alone refuses to begin to pay an order that another payment pays: two tabs must not pay twice.
func alone(tx *storage.Tx, rule rule, p gateway.Payment) error {
	if !rule.begins || p.Order == "" {
		return nil
	}
	other, found, err := tx.LockOrder(p.Store, p.Order, p.ID)
	if err == nil && found {
		err = gateway.Errorf(gateway.CodeConflict, "order %s is being paid, or is paid, by payment %s: cancel or void that one first, or create both with Split", p.Order, other)
	}
	return err
}

// reserve holds back what the operation is about to move.
func (e *Engine) reserve(tx *storage.Tx, rule rule, p *gateway.Payment, o *storage.Operation) error {
	if rule.reserves == "" {
		return nil
	}
	amount := o.Amount
	switch o.Kind {
	case gateway.OpVoid: // all that is left
		amount = p.Releasable()
	case gateway.OpCapture:
		// The rest of the hold goes with a final capture: nobody else may take it meanwhile.
		if rest := p.Releasable(); o.Final && rest.Minor() > amount.Minor() {
			amount = rest
		}
	case gateway.OpAdjust: // what is let go, when less is to be held
		amount = gateway.Minor(max(0, p.Adjustable().Minor()-o.Amount.Minor()), o.Amount.Currency())
	}
	if amount.IsZero() {
		return nil
	}
	if err := tx.Reserve(rule.reserves, o.Store, o.Payment, amount); err != nil {
		return err
	}
	o.Reserved = amount.Minor()
	addReserved(p, rule.reserves, o.Reserved)
	return nil
}

// addReserved makes a payment that was loaded what it is after a reservation.
func addReserved(p *gateway.Payment, r storage.Reservation, minor int64) {
	of := map[storage.Reservation]*gateway.Money{
		storage.Capturing: &p.Reserved.Capturing, storage.Releasing: &p.Reserved.Releasing, storage.Refunding: &p.Reserved.Refunding,
	}[r]
	*of = gateway.Minor(of.Minor()+minor, p.Due.Currency())
}

// endsHold reports whether a capture takes the rest of the hold with it because
// the provider releases what a partial one leaves.
func (e *Engine) endsHold(p gateway.Payment, o storage.Operation) bool {
	if o.Kind != gateway.OpCapture || o.Amount.Minor() >= p.Releasable().Minor() {
		return false
	}
	endpoint, err := e.endpoint(o.Provider, e.command(o.Provider, o.Kind))
	return err == nil && endpoint.RemainderAfterPartial == gateway.RemainderReleased
}

// adjustment returns what an adjustment says to the provider: the new total, or
// how much more, for those who want to be told that.
func (e *Engine) adjustment(p gateway.Payment, o storage.Operation) part {
	if o.Amount == p.Adjustable() {
		return renewal(p, o)
	}
	if endpoint, err := e.endpoint(o.Provider, gateway.OpAdjust); err != nil || endpoint.AmountMode != gateway.AmountDelta {
		return part{}
	}
	return part{amount: gateway.Minor(o.Amount.Minor()-p.Adjustable().Minor(), o.Amount.Currency())}
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

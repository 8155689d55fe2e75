package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// finding is what one call, or one look at what became of it, brought.
type finding struct {
	source gateway.Source
	out    gateway.Outcome
	err    error
	sent   bool // the operation's own call was claimed: it may have left
	lookup bool // out is what a lookup found, not the answer to the call
	try    *storage.Attempt
	notes  map[string]map[string]string // by hook: what it noted about a part
}

// settle records a finding: movements, balances, references, the operation's
// state, its reservation and the events, in one transaction. It is the only place
// where any of them changes. next says that another call follows, which is written down.
func (e *Engine) settle(ctx context.Context, store gateway.StoreID, id gateway.OperationID, f finding) (next bool, err error) {
	point("before recording")
	err = e.db.Update(ctx, func(tx *storage.Tx) error {
		next = false
		o, err := tx.Operation(store, id)
		if err != nil {
			return err
		}
		p, err := tx.LockPayment(store, o.Payment)
		if err != nil {
			return err
		}
		if o, err = tx.Operation(store, id); err != nil { // as it is under the lock
			return err
		}
		step, err := tx.LastStep(store, id)
		if err != nil && (!o.State.Terminal() || gateway.CodeOf(err) != gateway.CodeNotFound) { // one that never had to be sent has none
			return err
		}
		if f.try != nil {
			if err := tx.AppendAttempt(*f.try); err != nil {
				return err
			}
		}
		open, err := tx.OpenOperations(store, o.Payment)
		if err != nil {
			return err
		}
		if err := e.identify(tx, p, o, &f); err != nil {
			return err
		}
		if f.lookup && f.err == nil && contradicts(p, f.out) {
			f.out, f.err = gateway.Outcome{}, gateway.Errorf(gateway.CodeIndeterminate, "what the provider shows contradicts what it stated before; it is asked again")
		}
		if f.lookup && f.source == gateway.SourcePoll && !o.State.Terminal() && (differs(o, step, p.Due.Currency(), f.out) || othersDiffer(o, open, f.out)) {
			if f, err = confirm(tx, o, f); err != nil {
				return err
			}
		}
		if err := e.book(tx, &p, &o, open, f); err != nil {
			return err
		}
		for hook, note := range f.notes {
			if err := tx.SetDetail(o.Store, o.Payment, noteOf(o.ID, hook), note); err != nil {
				return err
			}
		}
		point("between the money and the operation")
		if f.try != nil && f.try.Number != step.Number {
			return nil // what an earlier call brought: another one has followed it already
		}
		next, err = e.conclude(tx, &p, o, step, f)
		return err
	})
	point("after recording")
	return next, err
}

// contradicts reports whether a lookup cannot be about this payment as it is
// known: another currency, or another amount for a fact that is recorded. What
// such a lookup does not show proves nothing.
func contradicts(p gateway.Payment, out gateway.Outcome) bool {
	known := make(map[string]gateway.Money, len(p.Movements))
	for _, m := range p.Movements {
		known[m.Key()] = m.Amount
	}
	return slices.ContainsFunc(out.Movements, func(m gateway.Movement) bool {
		have, recorded := known[m.Key()]
		return m.Amount.Currency() != p.Due.Currency() || recorded && have != m.Amount
	})
}

// confirmations is how many lookups in a row must state the same amount before
// one is booked that differs from what was asked for.
const confirmations = 3

// statement is what lookups said of an operation whose amount is not the one asked for.
type statement struct {
	Amounts string `json:"amounts"`
	Times   int    `json:"times"`
}

// confirm keeps a lookup's word back until enough lookups agree: the true amount
// may differ (a partial authorization), and an answer may be wrong once.
func confirm(tx *storage.Tx, o storage.Operation, f finding) (finding, error) {
	name, now := "stated/"+string(o.ID), statement{Times: 1}
	for _, m := range f.out.Movements {
		if m.Operation != "" {
			now.Amounts += string(m.Kind) + " " + m.Reference + " " + m.Amount.String() + "; "
		}
	}
	var before statement
	if _, err := tx.Detail(o.Store, o.Payment, name, &before); err != nil {
		return f, err
	}
	if before.Amounts == now.Amounts {
		now.Times = before.Times + 1
	}
	if now.Times < confirmations {
		f.out, f.err = gateway.Outcome{}, gateway.Errorf(gateway.CodeIndeterminate, "the provider states another amount than was asked for; it is asked again")
	}
	return f, tx.SetDetail(o.Store, o.Payment, name, now)
}

// book appends the movements that a finding states and sets the balances.
func (e *Engine) book(tx *storage.Tx, p *gateway.Payment, o *storage.Operation, open []storage.Operation, f finding) error {
	before := p.Balances
	var late, waiting []gateway.Movement
	held := false // something of this finding waits
	ours, err := ownOperations(tx, p)
	if err != nil {
		return err
	}
	for _, m := range f.out.Movements {
		if _, known := ours[m.Operation]; !known {
			m.Operation = "" // another system's reference: nobody's command here
		}
		if waits(m, o, open) || held && tooEarly(p, m) {
			held = true
			if f.source != gateway.SourceAnswer && f.source != gateway.SourcePoll { // those are had again by asking
				waiting = append(waiting, m)
			}
			continue // booked when it is known whose it is
		}
		// What cannot be true beside what is recorded is evidence, not money.
		if _, err := gateway.Fold(p.Due.Currency(), append(slices.Clip(p.Movements), m)); err != nil {
			if err := tx.AppendDiscrepancy(p.Store, p.ID, "contradiction", contradiction{m, err.Error()}); err != nil {
				return err
			}
			continue
		}
		added, err := tx.InsertMovement(p.Store, p.ID, m)
		if gateway.CodeOf(err) == gateway.CodeConflict {
			err = tx.AppendDiscrepancy(p.Store, p.ID, "contradiction", contradiction{m, err.Error()})
		}
		if err != nil {
			return err
		}
		if added {
			p.Movements = append(p.Movements, m)
			if err := tx.AppendEvent(p.Store, p.ID, eventOf(m), m); err != nil {
				return err
			}
			if s := ours[m.Operation]; s == gateway.StateFailed || s == gateway.StateCancelled {
				late = append(late, m)
			}
		}
	}
	if err := keepWaiting(tx, p, waiting); err != nil {
		return err
	}
	if err := tx.AddRefs(p.Store, p.ID, f.out.Refs); err != nil {
		return err
	}
	p.Refs = p.Refs.Add(f.out.Refs...)
	folded, err := gateway.Fold(p.Due.Currency(), p.Movements)
	if err != nil {
		return err
	}
	p.Balances = folded
	if f.out.Phase != "" {
		p.Phase = f.out.Phase
	}
	if d := f.out.Dispute; d != nil {
		if err := e.bookDispute(tx, p, o.Provider, *d); err != nil {
			return err
		}
	}
	if before != p.Balances || f.out.Phase != "" {
		if err := tx.SetBalances(*p); err != nil {
			return err
		}
	}
	return e.planFor(tx, p, before, late)
}

// tooEarly reports whether a movement cannot be true without one that waits: the
// reversal of a capture of nobody's.
func tooEarly(p *gateway.Payment, m gateway.Movement) bool {
	_, err := gateway.Fold(p.Due.Currency(), append(slices.Clip(p.Movements), m))
	return err != nil
}

// bookDispute stores how a dispute stands. What was taken back because of it
// is a movement.
func (e *Engine) bookDispute(tx *storage.Tx, p *gateway.Payment, provider string, d gateway.Dispute) error {
	if provider == "" {
		provider = providerOf(*p)
	}
	if d.Reference == "" || d.Amount.IsSet() && d.Amount.Currency() != p.Due.Currency() {
		return tx.AppendDiscrepancy(p.Store, p.ID, "dispute", d)
	}
	news, err := tx.SetDispute(p.Store, provider, p.ID, d)
	if err != nil || !news {
		return err
	}
	return tx.AppendEvent(p.Store, p.ID, "dispute."+string(d.State), d)
}

// ownOperations returns the states of a payment's operations.
func ownOperations(tx *storage.Tx, p *gateway.Payment) (map[gateway.OperationID]gateway.OperationState, error) {
	all, err := tx.Operations(p.Store, p.ID)
	ours := make(map[gateway.OperationID]gateway.OperationState, len(all))
	for _, o := range all {
		ours[o.ID] = o.State
	}
	return ours, err
}

// contradiction is a movement that cannot be true beside what is recorded.
type contradiction struct {
	Movement gateway.Movement `json:"movement"`
	Problem  string           `json:"problem"`
}

// waits reports whether a movement of nobody's command must not be booked yet:
// while one of our own operations of its kind is open, it may be that one's.
func waits(m gateway.Movement, own *storage.Operation, open []storage.Operation) bool {
	if own.ID != "" && m.Operation == own.ID {
		return false
	}
	// The newest total of a hold is a state: it may be booked as nobody's, and an
	// adjustment of ours that wanted it has happened.
	if m.Operation != "" || m.Kind == gateway.MoveReversal || m.Kind == gateway.MoveChargeback || m.Kind == gateway.MoveAdjust {
		return false
	}
	for _, o := range open {
		if rules[o.Kind].moves == m.Kind {
			return true
		}
	}
	return false
}

// conclude decides what the finding means for the operation and its step. next
// says that another call follows.
func (e *Engine) conclude(tx *storage.Tx, p *gateway.Payment, o storage.Operation, step storage.Step, f finding) (next bool, err error) {
	if o.State.Terminal() {
		return false, nil // the money is booked; the operation stays as it ended
	}
	endpoint, err := e.endpoint(o.Provider, step.Name)
	if err != nil {
		return false, err
	}
	v := e.judge(o, step, endpoint, *p, f, tx.Now())
	follow := following{}
	if f.err == nil {
		if follow, err = e.follows(tx, *p, o, step, f, &v); err != nil {
			return false, err
		}
	}
	if v.state == gateway.StateFailed && f.lookup && rules[o.Kind].begins {
		if err := endedByUs(tx, o, &v); err != nil {
			return false, err
		}
	}
	from := o.State
	o.State, o.Code, o.Reason, o.Detail, o.Message = v.state, v.code, v.reason, v.detail, v.message
	if v.reference != "" {
		o.Reference = v.reference
	}
	o.Action, o.NextCheck, o.Checks = v.action, v.next, v.checks
	if !v.deadline.IsZero() {
		o.Deadline = v.deadline
	}
	if step.State != v.step {
		if err := tx.MoveStep(&step, v.step); err != nil {
			return false, err
		}
	}
	if follow.command != "" {
		if err := e.insertStep(tx, o, step.Number+1, follow.command, follow.part); err != nil {
			return false, err
		}
	}
	if err := e.conclusion(tx, p, &o, from); err != nil {
		return false, err
	}
	if o.State == gateway.StateSucceeded {
		if err := e.succeeded(tx, p, o, f.out); err != nil {
			return false, err
		}
	}
	return follow.command != "", nil
}

// succeeded does what follows from an operation's success in its transaction.
func (e *Engine) succeeded(tx *storage.Tx, p *gateway.Payment, o storage.Operation, out gateway.Outcome) error {
	if o.Kind == gateway.OpForget {
		var keep stored
		if _, err := tx.Detail(o.Store, o.Payment, detailOf(o.ID), &keep); err != nil {
			return err
		}
		return tx.ForgetInstrument(o.Store, keep.Saved)
	}
	if err := e.keepInstrument(tx, o, out); err != nil {
		return err
	}
	return e.endWaiting(tx, p, o)
}

// told is the body of an operation's event.
type told struct {
	Operation gateway.OperationID `json:"operation"`
	Kind      gateway.Operation   `json:"kind"`
	Code      gateway.Code        `json:"code,omitempty"`
	Reason    string              `json:"reason,omitempty"`
	Amount    int64               `json:"amount,omitempty"` // minor units
	Currency  string              `json:"currency,omitempty"`
	Provider  string              `json:"provider,omitempty"`
	Detail    string              `json:"detail,omitempty"`
}

func toldOf(o storage.Operation) told {
	t := told{Operation: o.ID, Kind: o.Kind, Code: o.Code, Reason: string(o.Reason), Provider: o.Provider, Detail: o.Detail}
	if o.Amount.IsSet() {
		t.Amount, t.Currency = o.Amount.Minor(), o.Amount.Currency()
	}
	return t
}

// release gives back what an operation that has ended held back, and closes the
// payment after a final capture or a void.
func (e *Engine) release(tx *storage.Tx, p *gateway.Payment, o *storage.Operation) error {
	if r := rules[o.Kind].reserves; r != "" && o.Reserved > 0 {
		if err := tx.Unreserve(r, o.Store, o.Payment, o.Reserved); err != nil {
			return err
		}
		o.Reserved = 0
	}
	if rules[o.Kind].begins || rules[o.Kind].about || o.Kind == gateway.OpVerify {
		if err := tx.DropDetail(o.Store, o.Payment, sealedDetail(o.ID)); err != nil { // nobody needs it any more
			return err
		}
	}
	closes := o.Kind == gateway.OpVoid || o.Kind == gateway.OpCapture && o.Final
	if o.State == gateway.StateSucceeded && closes && !p.Closed {
		p.Closed = true
		return tx.SetBalances(*p)
	}
	return nil
}

// eventOf names the event that tells a movement.
func eventOf(m gateway.Movement) string {
	if m.Kind == gateway.MoveReversal {
		return string(m.Reverses) + ".reversed"
	}
	return "money." + string(m.Kind)
}

// Evidence is what somebody else learned of a payment: a webhook, the shopper's
// return, a line of a report, an operator.
type Evidence struct {
	Store     gateway.StoreID
	Payment   gateway.PaymentID
	Operation gateway.OperationID // that it is about, when it says so
	Source    gateway.Source
	Outcome   gateway.Outcome // movements name their provider
}

// Record is the door for evidence that is not the answer to a call of ours.
// Evidence that is recorded already changes nothing. It settles the operation that
// it names, or those that its movements name.
func (e *Engine) Record(ctx context.Context, ev Evidence) error {
	for i := range ev.Outcome.Movements {
		m := &ev.Outcome.Movements[i]
		if m.Provider == "" {
			return gateway.Invalid("movement %d of the evidence does not name its provider", i+1)
		}
		m.Source = ev.Source
	}
	ids := map[gateway.OperationID]bool{}
	if ev.Operation != "" {
		ids[ev.Operation] = true
	}
	for _, m := range ev.Outcome.Movements {
		if m.Operation != "" {
			ids[m.Operation] = true
		}
	}
	var errs []error
	settled := false
	for id := range ids {
		ours, err := e.owns(ctx, ev, id)
		if err != nil {
			return err
		}
		if ours {
			settled = true
			next, err := e.settle(ctx, ev.Store, id, finding{source: ev.Source, out: ev.Outcome, lookup: true})
			if next { // should that fail, it is made when its time has come
				_ = e.ResolveOne(ctx, ev.Store, id)
			}
			errs = append(errs, err)
		}
	}
	if settled {
		return errors.Join(errs...)
	}
	return e.db.Update(ctx, func(tx *storage.Tx) error {
		p, err := tx.LockPayment(ev.Store, ev.Payment)
		if err != nil {
			return err
		}
		open, err := tx.OpenOperations(ev.Store, ev.Payment)
		if err != nil {
			return err
		}
		return e.book(tx, &p, &storage.Operation{}, open, finding{source: ev.Source, out: ev.Outcome})
	})
}

// owns reports whether an operation that evidence names is one of the payment's.
// One of another payment is a wrong identity: nothing of it is applied.
func (e *Engine) owns(ctx context.Context, ev Evidence, id gateway.OperationID) (bool, error) {
	var o storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) { o, err = tx.Operation(ev.Store, id); return err })
	switch {
	case gateway.CodeOf(err) == gateway.CodeNotFound:
		return false, nil // another system's reference
	case err != nil || o.Payment == ev.Payment:
		return err == nil, err
	}
	err = e.db.Update(ctx, func(tx *storage.Tx) error {
		return tx.AppendDiscrepancy(ev.Store, ev.Payment, "wrong identity", wrongIdentity{id, o.Payment})
	})
	if err != nil {
		return false, err
	}
	return false, gateway.Errorf(gateway.CodeConflict, "the evidence is for payment %s and names operation %s of payment %s: nothing of it was applied", ev.Payment, id, o.Payment)
}

// wrongIdentity is evidence for one payment that names another one's operation.
type wrongIdentity struct {
	Operation gateway.OperationID `json:"operation"`
	Payment   gateway.PaymentID   `json:"payment"`
}

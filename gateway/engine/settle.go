package engine

import (
	"cmp"
	"context"
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
	own    bool // the lookup was for this very call, and not for the payment
	try    *storage.Attempt
	notes  map[string]map[string]string // by hook: what it noted about a part
}

// settle records a finding: movements, balances, references, the operation's
// state, its reservation and the events, in one transaction. It is the only place
// where any of them changes. Of the operation only what never changes is believed: its names.
func (e *Engine) settle(ctx context.Context, of storage.Operation, found finding) (done settled, err error) {
	point("before recording")
	err = e.db.Update(ctx, func(tx *storage.Tx) error {
		done = settled{}
		f := found
		defer func() { done.doubted = found.err == nil && f.err != nil }()
		locked, err := tx.Lock(of.Store, of.Payment, of.ID)
		if err != nil {
			return err
		}
		p, all := locked.Payment, locked.Operations // as they are under the lock
		at := slices.IndexFunc(all, func(o storage.Operation) bool { return o.ID == of.ID })
		if at < 0 {
			return gateway.Errorf(gateway.CodeNotFound, "payment %s has no operation %s", of.Payment, of.ID)
		}
		o, open, known := all[at], unsettled(all), len(p.Movements)
		step := locked.Last
		if step.Number == 0 && !o.State.Terminal() { // one that never had to be sent has none
			return gateway.Errorf(gateway.CodeNotFound, "operation %s has no step", o.ID)
		}
		if f.try != nil {
			if err := tx.AppendAttempt(*f.try); err != nil {
				return err
			}
		}
		e.nameDeclined(o, &f)
		if err := e.identify(tx, p, o, &f); err != nil {
			return err
		}
		if f.lookup && f.err == nil && contradicts(p, f.out) {
			f.out, f.err = gateway.Outcome{}, gateway.Errorf(gateway.CodeIndeterminate, "what the provider shows contradicts what it stated before; it is asked again")
		}
		if !o.State.Terminal() && f.doubtful(o, step, p, open) {
			if f, err = confirm(tx, o, f); err != nil {
				return err
			}
		}
		if err := e.book(tx, &p, &o, all, f); err != nil {
			return err
		}
		if f.lookup && f.err == nil && rules[o.Kind].begins && o.Kind != gateway.OpImport && step.Number == 1 && f.out.Status == gateway.StatusSucceeded && !happened(o, step, p) && !e.stepDone(o, step, p, f) {
			// It was found by our own reference: whatever is odd about it, it was made, and is not made again.
			f.out, f.err = gateway.Outcome{}, gateway.Errorf(gateway.CodeIndeterminate, "the provider has it and shows no money of this operation; it is asked again")
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
		ended := o.State.Terminal()
		if done.next, err = e.conclude(tx, &p, &o, step, f); err != nil {
			return err
		}
		done.payment, done.operation = p, o
		done.whole = !ended && o.Action == nil && f.out.Instrument == nil && len(p.Movements) <= known+1
		return nil
	})
	point("after recording")
	return done, err
}

// doubtful reports whether the provider states another amount than was asked for,
// where it is asked again until it has said the same a few times.
func (f finding) doubtful(o storage.Operation, step storage.Step, p gateway.Payment, open []storage.Operation) bool {
	if revokes(o, step) && !f.lookup { // the answer to a cancellation by key tells what it has ended
		return f.err == nil && differs(o, storage.Step{}, p.Due.Currency(), f.out)
	}
	return f.lookup && f.source == gateway.SourcePoll && (differs(o, step, p.Due.Currency(), f.out) || othersDiffer(o, open, f.out))
}

// settled is what came of a finding.
type settled struct {
	payment   gateway.Payment
	operation storage.Operation
	whole     bool // payment and operation are what one would read now

	next    bool // another call follows, which is written down
	doubted bool // its word was not relied on: it contradicts what is known, or is not confirmed yet
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

// book appends the movements that a finding states and sets the balances. all are
// the payment's operations.
func (e *Engine) book(tx *storage.Tx, p *gateway.Payment, o *storage.Operation, all []storage.Operation, f finding) error {
	before := p.Balances
	var late, waiting []gateway.Movement
	held := false // something of this finding waits
	open, ours := unsettled(all), make(map[gateway.OperationID]gateway.OperationState, len(all))
	for _, o := range all {
		ours[o.ID] = o.State
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
		m.At, m.Expires = storage.Micro(m.At), storage.Micro(m.Expires)
		added, err := tx.InsertMovement(p.Store, p.ID, m)
		if gateway.CodeOf(err) == gateway.CodeConflict {
			err = tx.AppendDiscrepancy(p.Store, p.ID, "contradiction", contradiction{m, err.Error()})
		}
		if err != nil {
			return err
		}
		if added {
			p.Movements = append(p.Movements, m)
			if err := tx.AppendEvent(p.Store, p.ID, eventOf(m), toldMoney(*p, m)); err != nil {
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
	refs := slices.SortedStableFunc(slices.Values(f.out.Refs), func(a, b gateway.Ref) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	if err := tx.AddRefs(p.Store, p.ID, refs); err != nil {
		return err
	}
	p.Refs = p.Refs.Add(refs...)
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
	return tx.AppendEvent(p.Store, p.ID, "dispute."+string(d.State), toldDispute(provider, d))
}

// unsettled returns the operations that have not ended.
func unsettled(all []storage.Operation) (open []storage.Operation) {
	for _, o := range all {
		if !o.State.Terminal() {
			open = append(open, o)
		}
	}
	return open
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
func (e *Engine) conclude(tx *storage.Tx, p *gateway.Payment, of *storage.Operation, step storage.Step, f finding) (next bool, err error) {
	o := *of
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
		if _, err := e.insertStep(tx, o, step.Number+1, follow.command, follow.part); err != nil {
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
	*of = o
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

// release gives back what an operation that has ended held back, and closes the
// payment after a final capture or a void.
func (e *Engine) release(tx *storage.Tx, p *gateway.Payment, o *storage.Operation) error {
	if r := rules[o.Kind].reserves; r != "" && o.Reserved > 0 {
		if err := tx.Unreserve(r, o.Store, o.Payment, o.Reserved); err != nil {
			return err
		}
		addReserved(p, r, -o.Reserved)
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

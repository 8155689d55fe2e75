package inbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// apply records what an event is evidence of, and stores how far it came.
func (i *Inbox) apply(ctx context.Context, item *storage.InboxItem, ev evidence) error {
	var err error
	if i.eng.CanLook(item.Provider) {
		err = i.ask(ctx, item, ev)
	} else {
		err = i.believe(ctx, item, ev)
	}
	switch gateway.CodeOf(err) {
	case "":
		return i.end(ctx, item, storage.InboxDone)
	case gateway.CodeNotFound: // not here, or not there: it may come
		item.State = storage.InboxWaiting
		return errors.Join(err, i.waitOrGiveUp(ctx, item, err))
	case codeUnderWay:
		item.State = storage.InboxWaiting
	default:
		item.State = storage.InboxReceived
	}
	return errors.Join(err, i.later(ctx, item, err))
}

// codeUnderWay says that an operation of ours, which the event may be about, is
// under way: what it brings comes first.
const codeUnderWay = gateway.CodeConflict

// ask asks the provider how the payment stands, and holds the event against what
// is recorded then.
func (i *Inbox) ask(ctx context.Context, item *storage.InboxItem, ev evidence) error {
	if ev.Vouched {
		if err := i.eng.Learn(ctx, item.Store, item.Payment, ev.Operation, ev.Refs); err != nil && gateway.CodeOf(err) != gateway.CodeConflict {
			return err
		}
	}
	open, err := i.ready(ctx, item)
	if err != nil {
		return err
	}
	for _, o := range open {
		if o.State == gateway.StateOpen || o.State == gateway.StateParked || o.Provider != item.Provider {
			continue // it is being sent, or only evidence helps
		}
		if err := i.eng.ResolveOne(ctx, item.Store, o.ID); err != nil {
			return err
		}
	}
	out, err := i.eng.Look(ctx, item.Store, item.Payment, item.Provider, ev.Refs)
	code := gateway.CodeOf(err)
	if code != "" && code != gateway.CodeInvalid && code != gateway.CodeConflict {
		return err
	}
	// What the engine did not book waits while an operation of ours is under way.
	p, perr := i.eng.Payment(ctx, item.Store, item.Payment)
	open, oerr := i.open(ctx, item)
	if err := errors.Join(perr, oerr); err != nil {
		return err
	}
	missing := slices.ContainsFunc(out.Movements, func(m gateway.Movement) bool { return !has(p, m) })
	switch {
	case len(open) > 0 && (missing || code != ""):
		return gateway.Errorf(codeUnderWay, "operation %s is %s: what it brings comes first", open[0].ID, open[0].State)
	case code == gateway.CodeConflict && item.Attempt < 3:
		return err // somebody else may have recorded something at the same moment
	case code == gateway.CodeConflict:
		return i.discrepancy(ctx, item, "it gives the payment a name that is another's, or that nothing shows to be its")
	case code != "":
		return gateway.Errorf(gateway.CodeNotFound, "event %s says nothing by which the provider can be asked", item.Event)
	}
	return i.compare(ctx, item, ev, p)
}

// ready returns the open operations, when no call of a flow is being made: what
// the event tells may be what its next call waits for, and an event that comes
// before the answer would tell it to nobody. Such a call is waited for a moment;
// then the event waits, and is applied later.
func (i *Inbox) ready(ctx context.Context, item *storage.InboxItem) ([]storage.Operation, error) {
	wait := time.NewTicker(20 * time.Millisecond)
	defer wait.Stop()
	for range 50 {
		open, err := i.open(ctx, item)
		if err != nil {
			return nil, err
		}
		busy, err := i.calling(ctx, item, open)
		if err != nil || !busy {
			return open, err
		}
		select {
		case <-wait.C:
		case <-ctx.Done():
			return nil, gateway.Errorf(codeUnderWay, "event %s comes while a call that it may be about is being made", item.Event)
		}
	}
	return nil, gateway.Errorf(codeUnderWay, "event %s comes while a call that it may be about is being made", item.Event)
}

// calling reports whether a call of a flow is being made, or was when its process died.
func (i *Inbox) calling(ctx context.Context, item *storage.InboxItem, open []storage.Operation) (busy bool, err error) {
	err = i.db.View(ctx, func(tx *storage.Tx) error {
		busy = false
		for _, o := range open {
			if o.State != gateway.StateOpen || o.Provider != item.Provider || !i.eng.Flows(o.Provider, o.Kind) {
				continue
			}
			step, err := tx.LastStep(o.Store, o.ID)
			if err != nil {
				return err
			}
			busy = busy || step.State == gateway.StepSending
		}
		return nil
	})
	return busy, err
}

// compare records it when an event states another amount than what is recorded.
func (i *Inbox) compare(ctx context.Context, item *storage.InboxItem, ev evidence, p gateway.Payment) error {
	known := map[string]gateway.Money{}
	for _, m := range p.Movements {
		known[m.Key()] = m.Amount
	}
	for _, m := range ev.Movements {
		if have, recorded := known[m.Key()]; recorded && have != m.Amount || m.Amount.Currency() != p.Due.Currency() {
			return i.discrepancy(ctx, item, "it states another amount than the provider shows")
		}
	}
	return nil
}

func has(p gateway.Payment, m gateway.Movement) bool {
	return slices.ContainsFunc(p.Movements, func(have gateway.Movement) bool { return have.Key() == m.Key() })
}

// believe records what an event states, of a provider that cannot be asked.
func (i *Inbox) believe(ctx context.Context, item *storage.InboxItem, ev evidence) error {
	if ev.Hint != "" || ev.Fetch {
		return i.hint(ctx, item)
	}
	p, err := i.eng.Payment(ctx, item.Store, item.Payment)
	if err != nil {
		return err
	}
	ops, _, err := i.eng.History(ctx, item.Store, item.Payment)
	if err != nil {
		return err
	}
	for _, m := range ev.Movements {
		wrong := m.Amount.Currency() != p.Due.Currency()
		for _, have := range p.Movements {
			wrong = wrong || have.Key() == m.Key() && have.Amount != m.Amount
		}
		for _, o := range ops {
			wrong = wrong || o.ID == m.Operation && moves[o.Kind] == m.Kind && o.Amount.IsSet() && o.Amount != m.Amount
		}
		if wrong { // nobody can be asked: a person decides
			return i.discrepancy(ctx, item, "it states another amount than was asked for, and the provider cannot be asked")
		}
	}
	if tooEarly(p, ev.Movements) && i.db.Now().Before(item.Received.Add(i.cfg.Horizon)) {
		return gateway.Errorf(codeUnderWay, "event %s tells of what follows something that is not known yet", item.Event)
	}
	err = i.eng.Record(ctx, engine.Evidence{Store: item.Store, Payment: item.Payment, Operation: ev.Operation, Source: gateway.SourceWebhook, Outcome: ev.outcome()})
	if gateway.CodeOf(err) == gateway.CodeConflict { // another payment's operation: the engine has recorded it
		return nil
	}
	return err
}

// tooEarly reports whether what is stated cannot be true beside what is recorded,
// and may be when more is known: a refund before its capture.
func tooEarly(p gateway.Payment, stated []gateway.Movement) bool {
	all := slices.Clone(p.Movements)
	for _, m := range stated {
		if !has(p, m) {
			all = append(all, m)
		}
	}
	_, err := gateway.Fold(p.Due.Currency(), all)
	return err != nil
}

// moves says what an operation with an amount moves when it succeeds.
var moves = map[gateway.Operation]gateway.MovementKind{
	gateway.OpAuthorize: gateway.MoveHold, gateway.OpPurchase: gateway.MoveCapture, gateway.OpCapture: gateway.MoveCapture, gateway.OpRefund: gateway.MoveRefund,
}

// hint has the engine look at what is open by its own means: by our reference.
func (i *Inbox) hint(ctx context.Context, item *storage.InboxItem) error {
	open, err := i.open(ctx, item)
	if err != nil {
		return err
	}
	for _, o := range open {
		if o.State != gateway.StateOpen && o.State != gateway.StateParked {
			if err := i.eng.ResolveOne(ctx, item.Store, o.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// open returns the operations of the item's payment that have not ended.
func (i *Inbox) open(ctx context.Context, item *storage.InboxItem) (open []storage.Operation, err error) {
	err = i.db.View(ctx, func(tx *storage.Tx) error {
		open, err = tx.OpenOperations(item.Store, item.Payment)
		return err
	})
	return open, err
}

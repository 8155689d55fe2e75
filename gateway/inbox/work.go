package inbox

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// work does what an event asks for, and stores how far it came. The event is
// claimed. It returns the error of the gate, or why the event could not be
// applied now; it does not panic.
func (i *Inbox) work(ctx context.Context, item *storage.InboxItem) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = gateway.Errorf(gateway.CodeInternal, "working on event %s panicked", item.Event)
			i.log.ErrorContext(ctx, "working on an event panicked", "provider", item.Provider, "store", item.Store, "event", item.Event,
				"panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			if item.State != storage.InboxGating {
				item.State = storage.InboxReceived
			}
			err = errors.Join(err, i.later(ctx, item, err))
		}
	}()
	ev, err := evidenceOf(*item)
	if err != nil {
		return errors.Join(err, i.later(ctx, item, err))
	}
	if ev.Foreign != "" {
		return i.end(ctx, item, storage.InboxForeign)
	}
	who, err := i.find(ctx, item, ev)
	switch {
	case gateway.CodeOf(err) == gateway.CodeConflict: // it names two payments
		return i.end(ctx, item, storage.InboxDone)
	case gateway.CodeOf(err) == gateway.CodeNotFound:
		item.State = storage.InboxWaiting
		return errors.Join(err, i.waitOrGiveUp(ctx, item, err))
	case err != nil:
		return errors.Join(err, i.later(ctx, item, err))
	}
	item.Payment = who
	if item.Gate == storage.GateNeeded {
		if err := i.pass(ctx, item, ev); err != nil {
			return err
		}
	}
	return i.apply(ctx, item, ev)
}

// pass does the duty that comes before the acknowledgement.
func (i *Inbox) pass(ctx context.Context, item *storage.InboxItem, ev evidence) error {
	gate := i.cfg.Gates[item.Provider]
	if gate == nil {
		err := gateway.Errorf(gateway.CodeInternal, "event %s has a duty, and Config.Gates has none for %q", item.Event, item.Provider)
		return errors.Join(err, i.later(ctx, item, err))
	}
	p, err := i.eng.Payment(ctx, item.Store, item.Payment)
	if err != nil {
		return errors.Join(err, i.later(ctx, item, err))
	}
	resumed := item.State == storage.InboxGating
	item.State = storage.InboxGating
	if err := i.move(ctx, item, true); err != nil {
		return err
	}
	point("inside the gate")
	duty, cancel := context.WithTimeout(ctx, i.cfg.Patience)
	defer cancel()
	if err := gate.Pass(duty, Duty{item.Store, item.Provider, p, ev.event(*item), resumed}); err != nil {
		if stored := i.later(ctx, item, err); stored != nil {
			i.log.ErrorContext(ctx, "an event's failure could not be stored", "provider", item.Provider, "event", item.Event, "code", gateway.CodeOf(stored), "detail", detail(stored))
		}
		return err
	}
	point("after the gate")
	item.Gate, item.State = storage.GatePassed, storage.InboxReceived
	item.Due = i.lease(*item, i.db.Now())
	return i.move(ctx, item, true)
}

// later stores why it could not be done now, and when it is tried again: a duty
// when the provider comes again, everything else by itself.
func (i *Inbox) later(ctx context.Context, item *storage.InboxItem, why error) error {
	item.Failure, item.Due = failure(why), time.Time{}
	if item.Gate != storage.GateNeeded {
		item.Due = i.db.Now().Add(pause(item.Attempt))
	}
	return i.move(ctx, item, false)
}

// waitOrGiveUp keeps an event waiting until the horizon; then it is foreign.
func (i *Inbox) waitOrGiveUp(ctx context.Context, item *storage.InboxItem, why error) error {
	item.Failure = failure(why)
	end := item.Received.Add(i.cfg.Horizon)
	if now := i.db.Now(); now.Before(end) {
		item.Due = now.Add(pause(item.Attempt))
		if item.Gate == storage.GateNeeded || item.Due.After(end) {
			item.Due = end
		}
		return i.move(ctx, item, false)
	}
	if item.Payment != "" { // the provider does not know what it told us of
		if err := i.discrepancy(ctx, item, "it tells of what the provider does not know"); err != nil {
			return err
		}
	}
	return i.end(ctx, item, storage.InboxForeign)
}

func (i *Inbox) end(ctx context.Context, item *storage.InboxItem, state storage.InboxState) error {
	if item.State = state; state == storage.InboxDone {
		item.Failure = ""
	}
	point("between the record and done")
	return i.move(ctx, item, false)
}

func (i *Inbox) move(ctx context.Context, item *storage.InboxItem, keep bool) error {
	return i.db.Update(context.WithoutCancel(ctx), func(tx *storage.Tx) error { return tx.MoveInbox(item, keep) })
}

// failure returns what of an error is stored with the event: its code, and whose
// call it was. More of it stands in the log, which is not kept for as long.
func failure(err error) string {
	e := gateway.AsError(err, gateway.CodeInternal)
	text := string(e.Code)
	if e.Provider != "" {
		text += " " + e.Provider + "." + string(e.Operation)
	}
	return text
}

// pause is how long an event is left alone after so many tries: a second, twice
// that, and so on to a quarter of an hour.
func pause(tries int64) time.Duration {
	return min(time.Second<<min(max(tries-1, 0), 20), 15*time.Minute)
}

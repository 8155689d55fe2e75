package inbox

import (
	"context"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// taken is an event as it is stored.
type taken struct {
	item storage.InboxItem
	mine bool // to be worked on by this call
	err  error
}

// receive stores the events of one notification, in one transaction, and works on them.
func (i *Inbox) receive(ctx context.Context, provider string, store gateway.StoreID, events []webhook.Event, trust webhook.Trust) (webhook.Case, error) {
	var all []taken
	err := i.db.Update(ctx, func(tx *storage.Tx) error {
		all = all[:0]
		for _, e := range events {
			one, err := i.keep(tx, provider, store, e, trust)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	if gateway.CodeOf(err) == gateway.CodeInvalid {
		return webhook.CaseMalformed, err
	}
	if err != nil {
		return webhook.CaseAgain, err
	}
	point("after the inbox row")
	return answerTo(i.workOn(ctx, all))
}

// workOn works on the events that are this call's until the provider's patience
// ends, and returns how far they came. What is not done by then goes on.
func (i *Inbox) workOn(ctx context.Context, all []taken) []taken {
	if !slices.ContainsFunc(all, func(one taken) bool { return one.mine }) {
		return all
	}
	worked := slices.Clone(all)
	done := make(chan struct{})
	i.running.Go(func() {
		defer close(done)
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), i.cfg.Patience+alive)
		defer cancel()
		for n := range worked {
			if worked[n].mine {
				worked[n].err = i.work(own, &worked[n].item)
			}
		}
	})
	select {
	case <-done:
		return worked
	case <-ctx.Done():
		return all // stored: it is ours
	}
}

// keep stores one event and claims it, unless it has ended or somebody works on it.
func (i *Inbox) keep(tx *storage.Tx, provider string, store gateway.StoreID, e webhook.Event, trust webhook.Trust) (one taken, err error) {
	row, err := itemOf(provider, store, e, trust, tx.Now())
	if err != nil {
		return one, err
	}
	created := false
	if one.item, created, err = tx.InsertInbox(row); err != nil || created && one.item.State.Ended() {
		return one, err
	}
	if !created && one.item.Digest != row.Digest && one.item.Payment != "" && trust == webhook.Proved {
		// The same id, and another story: what came first counts.
		if err := tx.AppendDiscrepancy(store, one.item.Payment, "webhook", changed{one.item.Event, one.item.Kind, row.Body}); err != nil {
			return one, err
		}
	}
	if one.item.State == storage.InboxDone && trust == webhook.Hint && one.item.Gate == "" {
		// A hint has no identity of its own: each one is worth a look.
		if err := tx.ReopenInbox(store, provider, row.Event); err != nil {
			return one, err
		}
	}
	one.mine, err = tx.ClaimInbox(&one.item, i.lease(one.item, tx.Now()))
	return one, err
}

// changed is an event that came again with another content.
type changed struct {
	Event string `json:"event"`
	Kind  string `json:"kind"`
	Now   any    `json:"now"`
}

// answerTo returns the case of a whole notification: the worst of its events'.
func answerTo(all []taken) (webhook.Case, error) {
	worst, about := webhook.CaseDone, error(nil)
	if len(all) > 0 {
		worst = webhook.CaseDuplicate
	}
	for _, one := range all {
		if c := caseOf(one); rank[c] > rank[worst] {
			worst, about = c, one.err
		}
	}
	return worst, about
}

// rank orders the cases, the good ones first.
var rank = map[webhook.Case]int{
	webhook.CaseDuplicate: 0, webhook.CaseForeign: 1, webhook.CaseDone: 2, webhook.CaseWaiting: 3,
	webhook.CaseUnknown: 4, webhook.CaseMalformed: 5, webhook.CaseGone: 6, webhook.CaseNotFound: 7, webhook.CaseConflict: 8, webhook.CaseAgain: 9,
}

func caseOf(one taken) webhook.Case {
	switch {
	case one.item.Gate == storage.GateNeeded && one.err != nil:
		if c := webhook.CaseOf(one.err); c != webhook.CaseRefused { // of the gate's own call, and not of the notification
			return c
		}
		return webhook.CaseAgain
	case one.item.State == storage.InboxForeign:
		return webhook.CaseForeign
	case one.item.Gate == storage.GateNeeded && one.item.State == storage.InboxDone:
		return webhook.CaseConflict // it contradicts itself: its duty was never done, and never will be
	case one.item.Gate == storage.GateNeeded: // somebody else does the duty at this moment
		return webhook.CaseAgain
	case one.item.State == storage.InboxDone && one.mine:
		return webhook.CaseDone
	case one.item.State == storage.InboxDone:
		return webhook.CaseDuplicate
	}
	return webhook.CaseWaiting // stored: it is ours
}

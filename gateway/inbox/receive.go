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

	later bool // to be worked on by Run
}

// receive stores the events of one notification, in one transaction, and works on them.
func (i *Inbox) receive(ctx context.Context, provider string, store gateway.StoreID, events []webhook.Event, trust webhook.Trust) (webhook.Case, error) {
	n := &notification{trust: trust}
	for _, e := range events {
		row, err := itemOf(provider, store, e, trust, i.db.Now())
		if err != nil {
			return failed(err), err
		}
		n.rows = append(n.rows, row)
	}
	all, err := i.store(ctx, n)
	if err != nil {
		return webhook.CaseAgain, err
	}
	point("after the inbox row")
	if slices.ContainsFunc(all, func(one taken) bool { return one.later }) {
		select {
		case i.stored <- struct{}{}:
		default: // it is told already
		}
	}
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

package operator

import (
	"context"
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Replayer works on one stored notification now, whatever its state, and returns
// it as it is then; the inbox of an application is one.
type Replayer interface {
	Replay(ctx context.Context, store gateway.StoreID, provider, event string) (storage.InboxItem, error)
}

var inboxCommand = subcommand{
	name:  "inbox",
	args:  " [show provider event | replay provider event]",
	short: "list what providers told us, work on one of it again",
	long: `Lists the store's notifications that have not ended, or those of one state or
payment, in the order of their coming; what they said is not shown. With a word more:
  show provider event    one of them
  replay provider event  works on it now, whatever its state: also one that is done or
                         foreign, and one whose duty was begun and never ended
Flags stand before the word.`,
	run: runInbox,
}

// unended are the states of a notification that somebody may have to look at.
var unended = []storage.InboxState{storage.InboxReceived, storage.InboxWaiting, storage.InboxGating}

func runInbox(c *call) error {
	var q storage.InboxQuery
	var state string
	c.flags.StringVar(&state, "state", "", "only in this state: received, waiting, gating, done or foreign")
	c.flags.Func("payment", "only those of one payment", func(v string) error { q.Payment = gateway.PaymentID(v); return nil })
	c.flags.IntVar(&q.Limit, "limit", 50, "how many at most")
	if err := c.parse(3); err != nil {
		return err
	}
	word, provider, event := c.flags.Arg(0), c.flags.Arg(1), c.flags.Arg(2)
	if word != "" && event == "" {
		return gateway.Invalid("say which notification: %s provider event", word)
	}
	switch word {
	case "":
		return c.listInbox(q, storage.InboxState(state))
	case "show":
		var item storage.InboxItem
		if err := c.view(func(tx *storage.Tx) (err error) { item, err = tx.InboxItem(c.Store, provider, event); return err }); err != nil {
			return err
		}
		return c.showInbox(item)
	case "replay":
		if c.Inbox == nil {
			return gateway.Errorf(gateway.CodeUnsupported, "the application gave no Inbox: set operator.Config.Inbox to its inbox")
		}
		item, err := c.Inbox.Replay(c, c.Store, provider, event)
		if err != nil {
			return err
		}
		c.found = !item.State.Ended()
		return c.showInbox(item)
	}
	return gateway.Invalid("%q is nothing that can be done with notifications: show or replay", word)
}

func (c *call) listInbox(q storage.InboxQuery, state storage.InboxState) error {
	states := unended
	if state != "" || q.Payment != "" {
		states = []storage.InboxState{state}
	}
	if known := append(slices.Clone(unended), storage.InboxDone, storage.InboxForeign); state != "" && !slices.Contains(known, state) {
		return gateway.Invalid("%q is no state of a notification; there are %v", state, known)
	}
	var items []storage.InboxItem
	err := c.view(func(tx *storage.Tx) error {
		for _, q.State = range states {
			some, err := tx.Inbox(c.Store, q)
			if err != nil {
				return err
			}
			items = append(items, some...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if q.Payment != "" && state != "" {
		items = slices.DeleteFunc(items, func(i storage.InboxItem) bool { return i.State != state })
	}
	slices.SortStableFunc(items, func(a, b storage.InboxItem) int { return a.Received.Compare(b.Received) })
	items = items[:min(len(items), max(q.Limit, 0))]
	all := make([]inboxView, len(items))
	for n, i := range items {
		all[n] = viewInbox(i)
	}
	if c.json {
		return c.write(map[string]any{"notifications": all})
	}
	for _, v := range all {
		c.sayInbox(v)
	}
	c.say("%d notifications\n", len(all))
	return nil
}

// inboxView is what is shown of a notification: not what it said.
type inboxView struct {
	Provider string             `json:"provider"`
	Event    string             `json:"event"`
	Kind     string             `json:"kind"`
	State    storage.InboxState `json:"state"`
	Gate     string             `json:"gate,omitempty"`
	Payment  gateway.PaymentID  `json:"payment,omitempty"`
	Failure  string             `json:"failure,omitempty"`
	Attempt  int64              `json:"attempt"`
	Received time.Time          `json:"received"`
	Due      time.Time          `json:"due,omitzero"`
	Ended    time.Time          `json:"ended,omitzero"`
}

func viewInbox(i storage.InboxItem) inboxView {
	return inboxView{i.Provider, i.Event, i.Kind, i.State, i.Gate, i.Payment, i.Failure, i.Attempt, i.Received, i.Due, i.Ended}
}

func (c *call) sayInbox(v inboxView) {
	c.say("%s %s %s %s", v.Received.Format(time.RFC3339), v.Provider, v.Event, v.State)
	if v.Gate != "" {
		c.say(", its duty %s", v.Gate)
	}
	c.say(": %s", v.Kind)
	if v.Payment != "" {
		c.say(" of %s", v.Payment)
	}
	if v.Failure != "" {
		c.say("; %s after %d tries", v.Failure, v.Attempt)
	}
	c.say("\n")
}

func (c *call) showInbox(i storage.InboxItem) error {
	v := viewInbox(i)
	if c.json {
		return c.write(v)
	}
	c.sayInbox(v)
	if !v.Due.IsZero() {
		c.say("  looked at again %s\n", v.Due.Format(time.RFC3339))
	}
	if v.State == storage.InboxGating {
		c.say("  its duty was begun, and how far it came is not known: it is taken up when %s sends it again, or by replay\n", v.Provider)
	}
	return nil
}

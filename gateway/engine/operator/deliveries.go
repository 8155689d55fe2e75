package operator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

var deliveriesCommand = subcommand{
	name:  "deliveries",
	args:  " [retry subscriber [event] | skip subscriber event | park subscriber | resume subscriber]",
	short: "list who was not told of what happened, tell them again",
	long: `Lists the subscribers of events with what each has not been told yet, and the
deliveries that were given up (parked); or, with -state, -payment or -subscriber, the
deliveries that match. With a word more:
  retry subscriber        tries all that were given up again; with an event only that one
  skip subscriber event   gives one up for good, so that the payment's later events arrive
  park subscriber         tells it nothing more until resume; what happens is kept for it
  resume subscriber       tells it again, from where it stopped
Flags stand before the word. Exits with 1 when a delivery or a subscriber is parked.`,
	run: runDeliveries,
}

func runDeliveries(c *call) error {
	q := storage.DeliveryQuery{}
	var state string
	c.flags.StringVar(&state, "state", "", "only in this state: pending, parked, delivered or skipped")
	c.flags.StringVar(&q.Subscriber, "subscriber", "", "only to this subscriber")
	c.flags.Func("payment", "only those of one payment", func(v string) error { q.Payment = gateway.PaymentID(v); return nil })
	c.flags.IntVar(&q.Limit, "limit", 50, "how many at most")
	why := c.flags.String("why", "parked by an operator", "why it is parked")
	if err := c.parse(3); err != nil {
		return err
	}
	word, subscriber, event := c.flags.Arg(0), c.flags.Arg(1), c.flags.Arg(2)
	if word != "" && subscriber == "" {
		return gateway.Invalid("say which subscriber: %s name", word)
	}
	if event != "" && (word == "park" || word == "resume") {
		return gateway.Invalid("%q is one argument too many", event)
	}
	var do func(tx *storage.Tx) error
	switch word {
	case "":
		return c.listDeliveries(q, storage.DeliveryState(state))
	case "retry":
		var events []string
		if event != "" {
			events = []string{event}
		}
		do = func(tx *storage.Tx) error {
			n, err := tx.RetryDeliveries(subscriber, events...)
			if err == nil && n == 0 {
				err = gateway.Errorf(gateway.CodeNotFound, "subscriber %q has no such parked delivery: there is nothing to retry", subscriber)
			}
			return err
		}
	case "skip":
		if event == "" {
			return gateway.Invalid("say which event: skip subscriber event")
		}
		do = func(tx *storage.Tx) error {
			skipped, err := tx.SkipDelivery(subscriber, event)
			if err == nil && !skipped {
				err = gateway.Errorf(gateway.CodeNotFound, "subscriber %q has no open delivery of event %s: there is nothing to skip", subscriber, event)
			}
			return err
		}
	case "park":
		do = func(tx *storage.Tx) error { return tx.ParkSubscription(subscriber, *why) }
	case "resume":
		do = func(tx *storage.Tx) error { return tx.ResumeSubscription(subscriber) }
	default:
		return gateway.Invalid("%q is nothing that can be done with deliveries: retry, skip, park or resume", word)
	}
	if err := c.DB.Update(c, do); err != nil {
		return err
	}
	return c.listDeliveries(storage.DeliveryQuery{Subscriber: subscriber, Limit: q.Limit}, storage.DeliveryParked)
}

// backlogView is what a subscriber has not been told.
type backlogView struct {
	Subscriber string    `json:"subscriber"`
	Pending    int64     `json:"pending"`
	Parked     int64     `json:"parked"`
	Oldest     time.Time `json:"oldest,omitzero"`
	Since      time.Time `json:"told_nothing_since,omitzero"`
	Failure    string    `json:"failure,omitempty"`
}

// deliveryView is what is shown of a delivery: not what the event says.
type deliveryView struct {
	Subscriber string                `json:"subscriber"`
	Event      string                `json:"event"`
	Kind       string                `json:"kind"`
	Payment    gateway.PaymentID     `json:"payment,omitempty"`
	State      storage.DeliveryState `json:"state"`
	Tries      int64                 `json:"tries"`
	Failure    string                `json:"failure,omitempty"`
	Created    time.Time             `json:"created"`
	Due        time.Time             `json:"due,omitzero"`
}

func (c *call) listDeliveries(q storage.DeliveryQuery, state storage.DeliveryState) error {
	states := []storage.DeliveryState{storage.DeliveryPending, storage.DeliveryParked, storage.DeliveryDelivered, storage.DeliverySkipped}
	switch {
	case state != "" && !slices.Contains(states, state):
		return gateway.Invalid("%q is no state of a delivery; there are %v", state, states)
	case state != "":
		q.States = []storage.DeliveryState{state}
	case q.Subscriber == "" && q.Payment == "":
		q.States = []storage.DeliveryState{storage.DeliveryParked}
	}
	q.Store = c.Store
	var backlogs []storage.Backlog
	var found []storage.Delivery
	err := c.view(func(tx *storage.Tx) (err error) {
		if backlogs, err = tx.Backlogs(); err != nil {
			return err
		}
		found, err = tx.Deliveries(q)
		return err
	})
	if err != nil {
		return err
	}
	subscribers, deliveries := []backlogView{}, []deliveryView{}
	for _, b := range backlogs {
		if q.Subscriber == "" || b.Name == q.Subscriber {
			subscribers = append(subscribers, backlogView{b.Name, b.Pending, b.Parked, b.Oldest, b.Subscription.Parked, b.Failure})
			c.found = c.found || unheard(b)
		}
	}
	for _, d := range found {
		v := deliveryView{d.Subscriber, d.Event.ID, d.Event.Kind, d.Event.Payment, d.State, d.Tries, d.Failure, d.Event.Created, time.Time{}}
		if d.State == storage.DeliveryPending {
			v.Due = d.Due
		}
		deliveries = append(deliveries, v)
	}
	if c.json {
		return c.write(map[string]any{"subscribers": subscribers, "deliveries": deliveries})
	}
	for _, v := range subscribers {
		c.say("%s\n", v)
	}
	for _, v := range deliveries {
		c.say("%s %s to %s: %s, %s of %s, %d tries", v.Created.Format(time.RFC3339), v.State, v.Subscriber, v.Event, v.Kind, v.Payment, v.Tries)
		if v.Failure != "" {
			c.say("; %s", v.Failure)
		}
		c.say("\n")
	}
	c.say("%d subscribers, %d deliveries\n", len(subscribers), len(deliveries))
	return nil
}

func (v backlogView) String() string {
	text := []string{fmt.Sprintf("%s: %d pending, %d parked", v.Subscriber, v.Pending, v.Parked)}
	if !v.Oldest.IsZero() {
		text = append(text, "the oldest of "+v.Oldest.Format(time.RFC3339))
	}
	if !v.Since.IsZero() {
		text = append(text, "told nothing since "+v.Since.Format(time.RFC3339)+" ("+v.Failure+")")
	}
	return strings.Join(text, ", ")
}

// unheard reports whether a subscriber needs somebody: it, or a delivery to it, is parked.
func unheard(b storage.Backlog) bool { return b.Parked > 0 || !b.Subscription.Parked.IsZero() }

package inbox

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// evidence is what is stored of an event: names and money. What was sent is not,
// nor anything that lets its bearer act (actions, instruments), nor extras.
type evidence struct {
	Refs      gateway.Refs        `json:"refs,omitempty"`
	Payment   gateway.PaymentID   `json:"payment,omitempty"`
	Operation gateway.OperationID `json:"operation,omitempty"`
	Status    gateway.Status      `json:"status,omitempty"`
	Reason    decline.Reason      `json:"reason,omitempty"`
	Phase     string              `json:"phase,omitempty"`
	Movements []gateway.Movement  `json:"movements,omitempty"`
	Named     gateway.Refs        `json:"named,omitempty"`
	Dispute   *gateway.Dispute    `json:"dispute,omitempty"`
	Fetch     bool                `json:"fetch,omitempty"`
	Hint      string              `json:"hint,omitempty"` // the id of an event that was not proved
	Foreign   string              `json:"foreign,omitempty"`
	Vouched   bool                `json:"vouched,omitempty"`
	At        *time.Time          `json:"at,omitempty"`
}

// itemOf returns the row that an event becomes.
func itemOf(provider string, store gateway.StoreID, e webhook.Event, trust webhook.Trust, now time.Time) (storage.InboxItem, error) {
	ev := evidence{
		Refs: owned(e.Refs, provider), Payment: e.Payment, Operation: e.Operation, Status: e.Outcome.Status, Reason: e.Outcome.Reason,
		Phase: e.Outcome.Phase, Movements: e.Outcome.Movements, Named: owned(e.Outcome.Refs, provider), Dispute: e.Outcome.Dispute,
		Fetch: e.Fetch, Foreign: e.Foreign, Vouched: e.Vouched && trust == webhook.Proved,
	}
	if trust != webhook.Proved {
		ev.Hint = e.ID
	}
	if !e.At.IsZero() {
		at := e.At.UTC()
		ev.At = &at
	}
	for n := range ev.Movements {
		if ev.Movements[n].Provider == "" {
			ev.Movements[n].Provider = provider
		}
	}
	body, err := json.Marshal(ev)
	if err != nil {
		return storage.InboxItem{}, gateway.Invalid("event %s states what cannot be stored, such as an amount that is none", e.ID)
	}
	i := storage.InboxItem{
		Store: store, Provider: provider, Event: e.ID, Kind: e.Kind, State: storage.InboxReceived, Digest: digestOf(e.Kind, ev), Body: body, Due: now,
	}
	if ev.Hint != "" {
		// Anybody may have made up the id: it must not stand in the way of another's.
		i.Event += "#" + i.Digest[:16]
	}
	switch {
	case e.Foreign != "":
		i.State, i.Failure, i.Due, i.Ended = storage.InboxForeign, e.Foreign, time.Time{}, now
	case e.Gate:
		i.Gate, i.Due = storage.GateNeeded, time.Time{}
	}
	return i, nil
}

// digestOf identifies what an event says. It is made of words and not of the
// stored body, so that a later version of this library makes the same one.
func digestOf(kind string, ev evidence) string {
	words := []string{kind, string(ev.Payment), string(ev.Operation), string(ev.Status), string(ev.Reason)}
	for _, r := range ev.Refs {
		words = append(words, r.Owner, r.Name, r.Value)
	}
	for _, m := range ev.Movements {
		words = append(words, m.Key(), m.Amount.Currency(), strconv.FormatInt(m.Amount.Minor(), 10))
	}
	if d := ev.Dispute; d != nil {
		words = append(words, d.Reference, string(d.State), d.Amount.String())
	}
	return webhook.Identity(words...)
}

// owned returns references whose owner is the provider, where they do not say.
func owned(refs gateway.Refs, provider string) gateway.Refs {
	var all gateway.Refs
	for _, r := range refs {
		if r.Owner == "" {
			r.Owner = provider
		}
		all = all.Add(r)
	}
	return all
}

func evidenceOf(i storage.InboxItem) (ev evidence, err error) {
	if err := json.Unmarshal(i.Body, &ev); err != nil {
		return ev, gateway.Errorf(gateway.CodeInternal, "what is stored of event %s cannot be read", i.Event)
	}
	return ev, nil
}

func (ev evidence) outcome() gateway.Outcome {
	return gateway.Outcome{Status: ev.Status, Reason: ev.Reason, Phase: ev.Phase, Movements: ev.Movements, Refs: ev.Named.Add(ev.Refs...), Dispute: ev.Dispute}
}

func (ev evidence) event(i storage.InboxItem) webhook.Event {
	e := webhook.Event{
		ID: i.Event, Kind: i.Kind, Refs: ev.Refs, Payment: ev.Payment, Operation: ev.Operation, Outcome: ev.outcome(), Fetch: ev.Fetch, Gate: i.Gate != "", Foreign: ev.Foreign, Vouched: ev.Vouched,
	}
	if ev.At != nil {
		e.At = *ev.At
	}
	if ev.Hint != "" {
		e.ID = ev.Hint
	}
	return e
}

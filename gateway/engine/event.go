package engine

import (
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// The bodies of events. Outsiders read them (gateway/outbox): names are only added.

// OperationTold is the body of an event that tells how an operation stands: operation.succeeded and its like.
type OperationTold struct {
	Operation gateway.OperationID `json:"operation"`
	Kind      gateway.Operation   `json:"kind"`
	Code      gateway.Code        `json:"code,omitempty"`
	Reason    string              `json:"reason,omitempty"`
	Amount    gateway.Money       `json:"amount,omitzero"`
	Provider  string              `json:"provider,omitempty"`
	Detail    string              `json:"detail,omitempty"`
}

func toldOf(o storage.Operation) OperationTold {
	return OperationTold{
		Operation: o.ID, Kind: o.Kind, Code: o.Code, Reason: string(o.Reason), Amount: o.Amount, Provider: o.Provider, Detail: o.Detail,
	}
}

// MoneyTold is the body of an event that tells of money: money.hold, .adjust,
// .release, .capture, .refund, .chargeback, and capture.reversed and its like.
type MoneyTold struct {
	Kind      gateway.MovementKind `json:"kind"`
	Reverses  gateway.MovementKind `json:"reverses,omitempty"`
	Amount    gateway.Money        `json:"amount"`
	Partial   bool                 `json:"partial,omitempty"` // of a capture or refund: not all there was
	Provider  string               `json:"provider"`
	Reference string               `json:"reference,omitempty"`
	Parent    string               `json:"parent,omitempty"`
	Operation gateway.OperationID  `json:"operation,omitempty"` // ours; "" for what happened elsewhere
	At        *time.Time           `json:"at,omitempty"`        // the provider's time
	Source    gateway.Source       `json:"source"`
}

// toldMoney makes the body of a movement's event; p has the movement already, and
// the balances from before it.
func toldMoney(p gateway.Payment, m gateway.Movement) MoneyTold {
	t := MoneyTold{
		Kind: m.Kind, Reverses: m.Reverses, Amount: m.Amount, Partial: partial(p, m), Provider: m.Provider,
		Reference: m.Reference, Parent: m.Parent, Operation: m.Operation, Source: m.Source,
	}
	if !m.At.IsZero() {
		at := m.At
		t.At = &at
	}
	return t
}

// DisputeTold is the body of the events dispute.open, dispute.won and dispute.lost.
type DisputeTold struct {
	Provider  string               `json:"provider"`
	Reference string               `json:"reference"`
	Capture   string               `json:"capture,omitempty"`
	Reason    string               `json:"reason,omitempty"`
	Amount    gateway.Money        `json:"amount"`
	State     gateway.DisputeState `json:"state"`
	Deadline  *time.Time           `json:"deadline,omitempty"` // until when evidence may be handed in
}

func toldDispute(provider string, d gateway.Dispute) DisputeTold {
	t := DisputeTold{
		Provider: provider, Reference: d.Reference, Capture: d.Capture, Reason: d.Reason, Amount: d.Amount, State: d.State,
	}
	if !d.Deadline.IsZero() {
		t.Deadline = &d.Deadline
	}
	return t
}

// InstrumentTold is the body of the event instrument.stored.
type InstrumentTold struct {
	Instrument string              `json:"instrument"` // for [Request].Saved
	Operation  gateway.OperationID `json:"operation"`
	Provider   string              `json:"provider"`
	Brand      string              `json:"brand,omitempty"`
	Last4      string              `json:"last4,omitempty"`
}

// PlanTold is the body of the event plan.given_up: what a policy wanted could not be done.
type PlanTold struct {
	Plan   string            `json:"plan"`
	Kind   gateway.Operation `json:"kind"`
	Detail string            `json:"detail"`
}

// eventOf names the event that tells a movement.
func eventOf(m gateway.Movement) string {
	if m.Kind == gateway.MoveReversal {
		return string(m.Reverses) + ".reversed"
	}
	return "money." + string(m.Kind)
}

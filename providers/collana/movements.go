package collana

import (
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// The references that a payment keeps.
const (
	refTransaction = "transaction"
	// refInteraction begins the name of a reference that says which operation of
	// ours an interaction is: "interaction/op_1".
	refInteraction = "interaction/"
)

// interactionOf names the interactions of an operation.
func interactionOf(op gateway.OperationID) string { return refInteraction + string(op) }

// caller returns the operation of ours that made an interaction, "" when none is known to.
func caller(refs gateway.Refs, id string) gateway.OperationID {
	for _, r := range refs {
		if op, ok := strings.CutPrefix(r.Name, refInteraction); ok && r.Value == id {
			return gateway.OperationID(op)
		}
	}
	return ""
}

// moves is the money that an interaction moves once it is successful.
var moves = map[kind]gateway.MovementKind{
	kindReserve: gateway.MoveHold, kindImport: gateway.MoveHold, kindCapture: gateway.MoveCapture, kindRefund: gateway.MoveRefund, kindVoid: gateway.MoveRelease,
}

// facts are the movements that a transaction states, with the operations of ours
// that caused them. The reference of each is its interaction, in every answer.
func (a *API) facts(t Transaction, s gateway.Subject) ([]gateway.Movement, error) {
	due, err := t.money()
	if err != nil {
		return nil, err
	}
	method := t.PaymentMethodType
	if method == "" {
		method = a.method(s)
	}
	l := ledger{due: due, refs: s.Payment.Refs, auto: slices.Contains(a.cfg.AutoCapture, method)}
	for _, k := range []kind{kindCreate, kindPrepare, kindReserve, kindImport, kindCapture, kindVoid, kindRefund} { // what is released depends on what was taken
		for _, i := range t.Interactions {
			if i.kind() == k && i.state() == successful {
				if err := l.add(k, i); err != nil {
					return nil, err
				}
			}
		}
	}
	return l.all, nil
}

// ledger is the money of one transaction.
type ledger struct {
	due     gateway.Money
	refs    gateway.Refs
	auto    bool // the PSP captures with the reservation
	creator gateway.OperationID
	all     []gateway.Movement

	open     int64    // held, not taken and not released
	holds    []string // interactions
	captures []string
}

func (l *ledger) add(k kind, i Interaction) error {
	m := gateway.Movement{Kind: moves[k], Reference: i.InteractionID, Operation: caller(l.refs, i.InteractionID)}
	or := gateway.Money{}
	switch k {
	case kindCreate, kindPrepare:
		if l.creator == "" {
			l.creator = m.Operation
		}
		return nil
	case kindReserve, kindImport:
		or = l.due
		if m.Operation == "" {
			// A transaction is one payment: whoever created it has it reserved.
			m.Operation = l.creator
		}
	case kindVoid:
		if len(l.holds) == 0 {
			return nil // it ended before anything was held
		}
		or = gateway.Minor(max(l.open, 0), l.due.Currency())
	case kindCapture, kindRefund:
	}
	var err error
	if m.Amount, err = i.money(or, l.due); err != nil {
		return err
	}
	if !m.Amount.IsSet() || m.Amount.Err() != nil {
		return gateway.Errorf(gateway.CodeIndeterminate, "a successful interaction of kind %s states no amount", k)
	}
	l.note(k, m)
	return nil
}

// note appends a movement and what it belongs to.
func (l *ledger) note(k kind, m gateway.Movement) {
	switch k {
	case kindReserve, kindImport:
		l.open += m.Amount.Minor()
		l.holds = append(l.holds, m.Reference)
		l.all = append(l.all, m)
		if !l.auto || k == kindImport {
			return
		}
		m.Kind, m.Parent = gateway.MoveCapture, m.Reference
		l.open -= m.Amount.Minor()
		l.captures = append(l.captures, m.Reference)
	case kindCapture:
		m.Parent = only(l.holds)
		l.open -= m.Amount.Minor()
		l.captures = append(l.captures, m.Reference)
	case kindVoid:
		m.Parent = only(l.holds)
		l.open -= m.Amount.Minor()
	case kindRefund:
		m.Parent = only(l.captures)
	case kindCreate, kindPrepare:
	}
	l.all = append(l.all, m)
}

// only returns the one there is; of several, which one is not told.
func only(ids []string) string {
	if len(ids) == 1 {
		return ids[0]
	}
	return ""
}

package sandbox

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Facts returns everything that moved in a payment, in our words: what a listing
// is compared by. A kind of movement that is not known is [gateway.CodeIndeterminate].
func (p Payment) Facts() ([]gateway.Movement, error) {
	all, err := translate(p.Movements)
	if err != nil {
		return nil, err
	}
	for i := range all {
		holds := all[i].Kind == gateway.MoveHold || all[i].Kind == gateway.MoveAdjust
		if holds && all[i].Reference == p.Authorization && p.Expires != nil {
			all[i].Expires = *p.Expires // what was superseded no longer says its own
		}
	}
	return all, nil
}

// translate turns ledger entries into movements. An adjustment is a signed
// difference there and the hold's new total here, so totals are carried along. A
// reversal has the reference of what it undoes and may come several times, so
// repetitions of one fact are told apart by their sequence.
func translate(entries []Movement) ([]gateway.Movement, error) {
	all := make([]gateway.Movement, 0, len(entries))
	kinds, causes := map[string]gateway.MovementKind{}, map[string]gateway.OperationID{}
	times, total := map[string]int{}, int64(0)
	for _, e := range entries {
		m := gateway.Movement{
			Kind: gateway.MovementKind(e.Kind), Reference: e.Reference, Parent: e.Parent, At: e.Created,
			Sequence: times[e.Kind+e.Reference],
		}
		times[e.Kind+e.Reference]++
		m.Operation = gateway.OperationID(e.MerchantReference)
		if m.Kind == gateway.MoveRelease && causes[e.Parent] != "" {
			m.Operation = causes[e.Parent] // released because a capture was final
		}
		value := e.Amount.Value
		switch m.Kind {
		case gateway.MoveHold:
			total = value
		case gateway.MoveAdjust:
			total += value
			value = total
		case gateway.MoveReversal:
			m.Reverses, m.Operation = kinds[e.Parent], "" // no command of ours did that
			if m.Reverses == "" {
				return nil, gateway.Errorf(gateway.CodeIndeterminate, "a reversal names %.40q, which is not in the answer", e.Parent)
			}
		case gateway.MoveCapture:
			causes[e.Reference] = m.Operation
		case gateway.MoveChargeback:
			m.Operation = ""
		case gateway.MoveRelease, gateway.MoveRefund:
		default:
			return nil, gateway.Errorf(gateway.CodeIndeterminate, "movement kind %.40q is not known", e.Kind)
		}
		kinds[e.Reference] = m.Kind
		m.Amount = gateway.Minor(value, e.Amount.Currency)
		if err := m.Amount.Err(); err != nil {
			return nil, err
		}
		if m.Kind == gateway.MoveReversal {
			kinds[e.Reference] = m.Reverses // a recapture may be reversed again
		}
		all = append(all, m)
	}
	return all, nil
}

func (s *Settlement) settlement() (*gateway.Settlement, error) {
	if s == nil {
		return nil, nil
	}
	amount, fee := gateway.Minor(s.Value, s.Currency), gateway.Minor(s.Fee, s.Currency)
	if err := amount.Err(); err != nil {
		return nil, err
	}
	return &gateway.Settlement{Amount: amount, Fee: fee}, nil
}

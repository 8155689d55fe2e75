package engine

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// share is what one capture contributes to a refund.
type share struct {
	Capture string `json:"capture"`
	Minor   int64  `json:"minor"`
}

// allocationOf names the row that holds how a refund is spread over captures.
func allocationOf(id gateway.OperationID) string { return "allocation/" + string(id) }

// allocate spreads a refund over captures, oldest first, where the provider
// refunds captures and the caller names none, and returns the first call's part.
// One capture that the caller names must have enough left. What open refunds are
// about to take of a capture counts as taken: the payment is locked here.
func (e *Engine) allocate(tx *storage.Tx, p gateway.Payment, o storage.Operation, open []storage.Operation) (first part, err error) {
	if o.Kind != gateway.OpRefund {
		return part{}, nil
	}
	endpoint, err := e.endpoint(o.Provider, e.command(o.Provider, o.Kind))
	if err != nil {
		return part{}, err
	}
	taken, err := pending(tx, p, open)
	if err != nil {
		return part{}, err
	}
	left := func(capture string) int64 { return max(0, p.RefundableOf(capture).Minor()-taken[capture]) }
	if isCapture(p, o.Target) {
		if o.Amount.Minor() > left(o.Target) {
			return part{}, gateway.Errorf(gateway.CodeConflict, "%s is more than capture %s has left: reload it", o.Amount, o.Target)
		}
		return part{}, nil
	}
	if endpoint.RefundTarget != gateway.RefundCapture || o.Target != "" {
		return part{}, nil
	}
	var shares []share
	rest := o.Amount.Minor()
	for _, m := range p.Movements {
		if take := min(rest, left(m.Reference)); m.Kind == gateway.MoveCapture && m.Provider == o.Provider && take > 0 {
			shares = append(shares, share{m.Reference, take})
			taken[m.Reference] += take // a recapture has the same reference
			rest -= take
		}
	}
	if rest > 0 {
		return part{}, gateway.Errorf(gateway.CodeConflict, "%s is more than the captures have left: reload the payment", o.Amount)
	}
	if err := tx.SetDetail(o.Store, o.Payment, allocationOf(o.ID), shares); err != nil {
		return part{}, err
	}
	return shares[0].part(o), nil
}

func (s share) part(o storage.Operation) part {
	return part{gateway.Minor(s.Minor, o.Amount.Currency()), s.Capture}
}

func isCapture(p gateway.Payment, reference string) bool {
	for _, m := range p.Movements {
		if m.Kind == gateway.MoveCapture && m.Reference == reference && reference != "" {
			return true
		}
	}
	return false
}

// pending returns, by capture, what open refunds will still take of it.
func pending(tx *storage.Tx, p gateway.Payment, open []storage.Operation) (map[string]int64, error) {
	taken := map[string]int64{}
	for _, o := range open {
		if o.Kind != gateway.OpRefund {
			continue
		}
		shares, err := sharesOf(tx, o)
		if err != nil {
			return nil, err
		}
		if shares == nil && o.Target != "" {
			shares = []share{{o.Target, o.Amount.Minor()}}
		}
		for _, s := range shares {
			taken[s.Capture] += s.Minor - refundedBy(p, o.ID, s.Capture)
		}
	}
	return taken, nil
}

func sharesOf(tx *storage.Tx, o storage.Operation) (shares []share, err error) {
	_, err = tx.Detail(o.Store, o.Payment, allocationOf(o.ID), &shares)
	return shares, err
}

// refundedBy returns how much an operation has refunded of a capture; "" means of all.
func refundedBy(p gateway.Payment, id gateway.OperationID, capture string) (sum int64) {
	for _, m := range p.Movements {
		if m.Kind == gateway.MoveRefund && m.Operation == id && (capture == "" || m.Parent == capture) {
			sum += m.Amount.Minor()
		}
	}
	return sum
}

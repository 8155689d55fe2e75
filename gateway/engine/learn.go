package engine

import (
	"context"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Flows reports whether an operation takes several calls at a provider.
func (e *Engine) Flows(provider string, kind gateway.Operation) bool {
	return len(e.cfg.Pools.For(provider).Flow(kind).Steps) > 1
}

// Learn notes the names that a provider gave to what an operation of ours made,
// on the word of somebody who was proved to be the provider and who repeated the
// operation's name: the answer that would have told them may be lost. Nothing is
// said by it of what became of the operation. It fails with
//
//	CodeNotFound  there is no such operation, or it is another payment's
//	CodeConflict  a name is another payment's, or the payment has another of its kind
//	              and the operation does not wait for one: nothing was noted
func (e *Engine) Learn(ctx context.Context, store gateway.StoreID, id gateway.PaymentID, op gateway.OperationID, refs gateway.Refs) error {
	return e.db.Update(ctx, func(tx *storage.Tx) error {
		p, err := tx.LockPayment(store, id)
		if err != nil {
			return err
		}
		o, err := tx.Operation(store, op)
		if err != nil {
			return err
		}
		if o.Payment != id {
			return gateway.Errorf(gateway.CodeNotFound, "payment %s has no operation %s", id, op)
		}
		wanted, err := nameless(tx, o)
		if err != nil {
			return err
		}
		var news gateway.Refs
		for _, r := range refs {
			if r.Owner != o.Provider || r.Value == "" || slices.Contains(p.Refs, r) {
				continue
			}
			if err := e.mayBeNamed(tx, p, r, wanted); err != nil {
				return err
			}
			news = news.Add(r)
		}
		if len(news) == 0 {
			return nil
		}
		return tx.AddRefs(store, id, news)
	})
}

// nameless reports whether the answer to an operation's first call, which would have
// named what it made, was lost.
func nameless(tx *storage.Tx, o storage.Operation) (bool, error) {
	if o.State != gateway.StateUnknown && o.State != gateway.StateParked {
		return false, nil
	}
	step, err := tx.LastStep(o.Store, o.ID)
	return step.Number == 1, err
}

// mayBeNamed refuses a name that leads to another payment. A second name of a kind
// by which the payment is asked for is taken only where one is wanted: what an
// operation made once is looked at, whatever an earlier try of the same call may have
// made beside it.
func (e *Engine) mayBeNamed(tx *storage.Tx, p gateway.Payment, r gateway.Ref, wanted bool) error {
	if !e.identities[r.Owner][r.Name] {
		return nil
	}
	other, found, err := tx.PaymentByRef(p.Store, r.Owner, r.Value)
	if err != nil {
		return err
	}
	if found && other != p.ID {
		return gateway.Errorf(gateway.CodeConflict, "%s %q is payment %s already", r.Name, r.Value, other)
	}
	if have := refOf(p, r.Owner, r.Name); have != "" && !wanted && !e.renames(r.Owner, r.Name) {
		return gateway.Errorf(gateway.CodeConflict, "payment %s has a %s already, %q: %q is not looked at", p.ID, r.Name, have, r.Value)
	}
	return nil
}

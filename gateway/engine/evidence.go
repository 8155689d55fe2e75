package engine

import (
	"context"
	"errors"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Evidence is what somebody else learned of a payment: a webhook, the shopper's
// return, a line of a report, an operator.
type Evidence struct {
	Store     gateway.StoreID
	Payment   gateway.PaymentID
	Operation gateway.OperationID // that it is about, when it says so
	Source    gateway.Source
	Outcome   gateway.Outcome // movements name their provider
}

// Record is the door for evidence that is not the answer to a call of ours.
// Evidence that is recorded already changes nothing. It settles the operation that
// it names, or those that its movements name.
func (e *Engine) Record(ctx context.Context, ev Evidence) error {
	for i := range ev.Outcome.Movements {
		m := &ev.Outcome.Movements[i]
		if m.Provider == "" {
			return gateway.Invalid("movement %d of the evidence does not name its provider", i+1)
		}
		m.Source = ev.Source
	}
	ids := map[gateway.OperationID]bool{}
	if ev.Operation != "" {
		ids[ev.Operation] = true
	}
	for _, m := range ev.Outcome.Movements {
		if m.Operation != "" {
			ids[m.Operation] = true
		}
	}
	var errs []error
	settled := false
	for id := range ids {
		ours, err := e.owns(ctx, ev, id)
		if err != nil {
			return err
		}
		if ours {
			settled = true
			done, err := e.settle(ctx, storage.Operation{Store: ev.Store, ID: id, Payment: ev.Payment}, finding{source: ev.Source, out: ev.Outcome, lookup: true})
			if done.next { // should that fail, it is made when its time has come
				_ = e.ResolveOne(ctx, ev.Store, id)
			}
			errs = append(errs, err)
		}
	}
	if settled {
		return errors.Join(errs...)
	}
	return e.db.Update(ctx, func(tx *storage.Tx) error {
		locked, err := tx.Lock(ev.Store, ev.Payment, "")
		if err != nil {
			return err
		}
		return e.book(tx, &locked.Payment, &storage.Operation{}, locked.Operations, finding{source: ev.Source, out: ev.Outcome})
	})
}

// owns reports whether an operation that evidence names is one of the payment's.
// One of another payment is a wrong identity: nothing of it is applied.
func (e *Engine) owns(ctx context.Context, ev Evidence, id gateway.OperationID) (bool, error) {
	var o storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) { o, err = tx.Operation(ev.Store, id); return err })
	switch {
	case gateway.CodeOf(err) == gateway.CodeNotFound:
		return false, nil // another system's reference
	case err != nil || o.Payment == ev.Payment:
		return err == nil, err
	}
	err = e.db.Update(ctx, func(tx *storage.Tx) error {
		return tx.AppendDiscrepancy(ev.Store, ev.Payment, "wrong identity", wrongIdentity{id, o.Payment})
	})
	if err != nil {
		return false, err
	}
	return false, gateway.Errorf(gateway.CodeConflict, "the evidence is for payment %s and names operation %s of payment %s: nothing of it was applied", ev.Payment, id, o.Payment)
}

// wrongIdentity is evidence for one payment that names another one's operation.
type wrongIdentity struct {
	Operation gateway.OperationID `json:"operation"`
	Payment   gateway.PaymentID   `json:"payment"`
}

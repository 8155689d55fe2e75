package engine

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Adoption is a payment that was begun elsewhere: by another program, before a shop moved here.
type Adoption struct {
	Store    gateway.StoreID
	Key      string // the caller's command key: adopting twice adopts once
	Provider string
	Amount   gateway.Money  // that was due
	Order    *gateway.Order // may be nil
	// Refs are the names that the provider knows the payment by; at least the one
	// that its lookup takes (Endpoint.TargetRef of fetch).
	Refs gateway.Refs
	// Movements are what moved, for a provider that cannot be asked; they are
	// believed on the caller's word. Leave them out for one that can.
	Movements []gateway.Movement
}

// Adopt takes a payment over, so that it can be captured, refunded and followed
// here. The provider is asked how it stands, and what it says is booked.
func (e *Engine) Adopt(ctx context.Context, a Adoption) (Result, error) {
	if a.Provider == "" || len(a.Refs) == 0 {
		return Result{}, gateway.Invalid("an adoption needs its Provider and at least one of the provider's Refs")
	}
	p, err := e.Create(ctx, NewPayment{Store: a.Store, Key: a.Key, Amount: a.Amount, Order: a.Order})
	if err != nil {
		return Result{}, err
	}
	refs := gateway.Refs{}
	for _, r := range a.Refs {
		if r.Owner == "" {
			r.Owner = a.Provider
		}
		refs = append(refs, r)
	}
	err = e.db.Update(ctx, func(tx *storage.Tx) error {
		for _, r := range refs {
			other, found, err := tx.PaymentByRef(a.Store, r.Owner, r.Value)
			if err != nil {
				return err
			}
			if found && other != p.ID {
				return gateway.Errorf(gateway.CodeConflict, "%s %q is payment %s already", r.Name, r.Value, other)
			}
		}
		return tx.AddRefs(a.Store, p.ID, refs)
	})
	if err != nil {
		return Result{Payment: p}, err
	}
	if len(a.Movements) > 0 {
		for i := range a.Movements {
			a.Movements[i].Provider = a.Provider
		}
		if err := e.Record(ctx, Evidence{Store: a.Store, Payment: p.ID, Source: gateway.SourceOperator, Outcome: gateway.Outcome{Movements: a.Movements}}); err != nil {
			return Result{Payment: p}, err
		}
		p, err = e.Payment(ctx, a.Store, p.ID)
		return Result{Payment: p}, err
	}
	return e.perform(ctx, gateway.OpImport, Request{Store: a.Store, Payment: p.ID, Provider: a.Provider, Key: "adopt/" + a.Key})
}

package enginetest

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
)

// Listing reads the provider's payments, at most limit on a page; 0 leaves the
// size to the provider.
func (s *Shop) Listing(limit int64) reconcile.Listing {
	return reconcile.Listing{
		Pool: s.Pools.For("sandbox"),
		Ask: func(w reconcile.Window, after string) (gateway.Subject, error) {
			return gateway.Subject{Extras: gateway.With(sandbox.ListPage.Of(sandbox.Page{From: w.Since, To: w.Until, After: after, Limit: limit}))}, nil
		},
		Read: func(out gateway.Outcome) (all []reconcile.Record, next string, err error) {
			page, _ := sandbox.PaymentsAnswer.From(out.Extras)
			for _, p := range page.Data {
				moved, err := p.Facts()
				if err != nil {
					return nil, "", err
				}
				all = append(all, reconcile.Record{
					Refs: gateway.Refs{{Name: "payment", Value: p.ID}}, Operations: []gateway.OperationID{gateway.OperationID(p.Reference)}, Movements: moved,
				})
			}
			return all, page.Next, nil
		},
	}
}

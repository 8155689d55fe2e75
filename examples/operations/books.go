package main

import (
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
)

// books reads what the provider has, through its list command. This is all that
// reconciliation needs of a provider.
func books(pool *command.Pool) reconcile.Source {
	return reconcile.Listing{
		Pool: pool,
		Ask: func(w reconcile.Window, after string) (gateway.Subject, error) {
			return gateway.Subject{Extras: gateway.With(sandbox.ListPage.Of(sandbox.Page{From: w.Since, To: w.Until, After: after}))}, nil
		},
		Read: func(out gateway.Outcome) (all []reconcile.Record, next string, err error) {
			page, _ := sandbox.PaymentsAnswer.From(out.Extras)
			for _, p := range page.Data {
				moved, err := p.Facts()
				if err != nil {
					return nil, "", err
				}
				all = append(all, reconcile.Record{
					Refs:       gateway.Refs{{Name: "payment", Value: p.ID}},
					Operations: []gateway.OperationID{gateway.OperationID(p.Reference)}, // what we told it
					Movements:  moved,
				})
			}
			return all, page.Next, nil
		},
	}
}

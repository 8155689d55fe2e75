package operator

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

var statsCommand = subcommand{
	name:  "stats",
	short: "count a store's payments and operations, and sum their money",
	long: `Counts payments by status and currency with their balances, operations by
provider, kind and state, open discrepancies, and events that were not told yet.`,
	run: runStats,
}

type paymentStats struct {
	Status      gateway.PaymentStatus `json:"status"`
	Count       int64                 `json:"count"`
	Due         gateway.Money         `json:"due"`
	Authorized  gateway.Money         `json:"authorized"`
	Released    gateway.Money         `json:"released"`
	Captured    gateway.Money         `json:"captured"`
	Refunded    gateway.Money         `json:"refunded"`
	ChargedBack gateway.Money         `json:"charged_back"`
}

type operationStats struct {
	Provider string                 `json:"provider"`
	Kind     gateway.Operation      `json:"kind"`
	State    gateway.OperationState `json:"state"`
	Count    int64                  `json:"count"`
}

func runStats(c *call) error {
	if err := c.parse(0); err != nil {
		return err
	}
	var s storage.Statistics
	err := c.view(func(tx *storage.Tx) (err error) { s, err = tx.Statistics(c.Store); return err })
	if err != nil {
		return err
	}
	if c.json {
		payments, operations := []paymentStats{}, []operationStats{}
		for _, p := range s.Payments {
			b := p.Balances
			payments = append(payments, paymentStats{p.Status, p.Count, p.Due, b.Authorized, b.Released, b.Captured, b.Refunded, b.ChargedBack})
		}
		for _, o := range s.Operations {
			operations = append(operations, operationStats(o))
		}
		return c.write(map[string]any{"payments": payments, "operations": operations, "open_discrepancies": s.Discrepancies, "untold_events": s.Events})
	}
	for _, p := range s.Payments {
		b := p.Balances
		c.say("%6d payments %-18s due %s, authorized %s, released %s, captured %s, refunded %s, charged back %s\n",
			p.Count, p.Status, p.Due, b.Authorized, b.Released, b.Captured, b.Refunded, b.ChargedBack)
	}
	for _, o := range s.Operations {
		c.say("%6d operations %s %s %s\n", o.Count, o.Provider, o.Kind, o.State)
	}
	c.say("%6d open discrepancies\n%6d events not told yet\n", s.Discrepancies, s.Events)
	return nil
}

package reconcile

import (
	"context"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// apply hands the movements that we lack to the engine's door, and says which of
// them are recorded then. An orphan has no payment that it could be booked to, and
// what may be another payment's has no lacking movements. The door may refuse: what contradicts what is recorded,
// and what may belong to an operation that is still open.
func (r *run) apply(ctx context.Context) error {
	source := gateway.SourceReport
	if r.whole {
		source = gateway.SourcePoll
	}
	for _, d := range r.found {
		if d.Kind != Mismatch || len(d.lacking) == 0 {
			continue
		}
		err := r.Engine.Record(ctx, engine.Evidence{
			Store: r.Store, Payment: d.Payment, Source: source, Outcome: gateway.Outcome{Movements: slices.Clone(d.lacking), Refs: d.refs},
		})
		if err != nil {
			d.Problems = append(d.Problems, "it could not be recorded: "+err.Error())
			r.incomplete("payment %s could not be brought up to date", d.Payment)
		}
		var p gateway.Payment
		err = r.DB.View(ctx, func(tx *storage.Tx) (err error) { p, err = tx.Payment(r.Store, d.Payment); return err })
		if err != nil {
			return err
		}
		for _, m := range d.lacking {
			if slices.ContainsFunc(p.Movements, func(have gateway.Movement) bool { return have.Key() == m.Key() && have.Amount == m.Amount }) {
				d.Applied = append(d.Applied, LineOf(m))
			}
		}
		if n := len(d.lacking) - len(d.Applied); n > 0 {
			d.Problems = append(d.Problems, "not everything was recorded: it waits for an operation under way, or contradicts what is recorded (see the payment's discrepancies)")
		}
	}
	return nil
}

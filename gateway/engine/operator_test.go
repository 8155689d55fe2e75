package engine_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
)

// operator is the person who finds out where the provider cannot be asked what
// became of a call: they look at its dashboard, and say what is there.
type operator struct {
	eng       *engine.Engine
	db        *storage.DB
	dashboard *command.Pool
}

// unnamed is what the provider does not say whose it is: an operator sees that
// nobody else asked for it.
var unnamed = map[gateway.Operation]gateway.MovementKind{gateway.OpVoid: gateway.MoveRelease, gateway.OpAdjust: gateway.MoveAdjust, gateway.OpAccept: gateway.MoveHold}

// settle ends everything that is parked, and reports whether there was any.
func (p operator) settle(ctx context.Context) (some bool, err error) {
	var parked []storage.Operation
	err = p.db.View(ctx, func(tx *storage.Tx) (err error) {
		parked, err = tx.OperationsWhere("es", storage.OperationQuery{States: []gateway.OperationState{gateway.StateParked}})
		return err
	})
	if err != nil || len(parked) == 0 {
		return false, err
	}
	list, err := p.dashboard.Get(gateway.OpList).Execute(ctx, gateway.Subject{Store: "es", Extras: gateway.With(sandbox.ListPage.Of(sandbox.Page{Limit: 100}))})
	if err != nil {
		return false, err
	}
	theirs, _ := sandbox.PaymentsAnswer.From(list.Extras)
	for _, o := range parked {
		if err := p.settleOne(ctx, o, theirs.Data); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (p operator) settleOne(ctx context.Context, o storage.Operation, theirs []sandbox.Payment) error {
	ours, err := p.eng.Payment(ctx, "es", o.Payment)
	if err != nil {
		return err
	}
	known := map[string]bool{} // of an operation of several calls a part may be recorded
	for _, m := range ours.Movements {
		known[m.Key()] = true
	}
	evidence := engine.Settlement{Store: "es", Operation: o.ID, By: "ops", Note: "dashboard"}
	for _, one := range theirs {
		out, err := p.dashboard.Get(gateway.OpFetch).Execute(ctx, gateway.Subject{Store: "es", Target: one.ID})
		if err != nil {
			return err
		}
		for _, m := range out.Movements {
			ofOurs := m.Kind == unnamed[o.Kind] && one.ID == ours.Refs.Get("payment")
			// What was accepted is held, also when that was recorded and then the process was killed.
			if (!known[m.Key()] || o.Kind == gateway.OpAccept) && (m.Operation == o.ID || ofOurs) {
				evidence.Happened, evidence.Movements = true, append(evidence.Movements, m)
			}
		}
		if evidence.Happened {
			seen := engine.Evidence{Store: "es", Payment: o.Payment, Source: gateway.SourceOperator, Outcome: gateway.Outcome{Refs: out.Refs}}
			if o.Kind == gateway.OpAccept { // the money is that of the call that waited for it
				seen.Outcome.Movements = evidence.Movements
			}
			if err := p.eng.Record(ctx, seen); err != nil {
				return err
			}
			break
		}
	}
	if err := p.eng.Settle(ctx, evidence); err != nil {
		return fmt.Errorf("operation %s (%s): %w", o.ID, o.Kind, err)
	}
	return nil
}

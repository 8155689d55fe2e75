package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// planTries is how often a plan is tried that cannot be carried out, before it
// is given up and told.
const planTries = 5

// Plans returns what the engine will do, or has done, to a payment by itself.
func (e *Engine) Plans(ctx context.Context, store gateway.StoreID, id gateway.PaymentID) (all []storage.Plan, err error) {
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		all, err = tx.Plans(store, id)
		return err
	})
	return all, err
}

// Approve says that what is held may be captured, where [Policy] waits for that.
// It fails with [gateway.CodeConflict] when nothing waits to be approved.
func (e *Engine) Approve(ctx context.Context, store gateway.StoreID, id gateway.PaymentID) error {
	return e.replan(ctx, store, id, planCapture, func(plan *storage.Plan, now time.Time) bool {
		waits := plan.Due.IsZero() && plan.Result == ""
		plan.Due = now
		return waits
	})
}

// Complete says that the order of a payment was completed, so that [Policy] does
// not void it. It fails with [gateway.CodeConflict] when there is no such plan any more.
func (e *Engine) Complete(ctx context.Context, store gateway.StoreID, id gateway.PaymentID) error {
	return e.replan(ctx, store, id, planVoid, func(plan *storage.Plan, _ time.Time) bool {
		waits := !plan.Due.IsZero()
		plan.Due, plan.Result = time.Time{}, "the order was completed"
		return waits
	})
}

// replan changes a plan that still waits.
func (e *Engine) replan(ctx context.Context, store gateway.StoreID, id gateway.PaymentID, name string, change func(plan *storage.Plan, now time.Time) bool) error {
	return e.db.Update(ctx, func(tx *storage.Tx) error {
		if _, err := tx.LockPayment(store, id); err != nil {
			return err
		}
		all, err := tx.Plans(store, id)
		if err != nil {
			return err
		}
		for _, plan := range all {
			if plan.Name == name && change(&plan, tx.Now()) {
				return tx.UpdatePlan(plan)
			}
		}
		return gateway.Errorf(gateway.CodeConflict, "the payment has no %s that waits for this", name)
	})
}

// carryOut does what a plan says, as an operation with a key of its own: doing it
// twice does it once.
func (e *Engine) carryOut(ctx context.Context, plan storage.Plan) error {
	p, err := e.Payment(ctx, plan.Store, plan.Payment)
	if err != nil {
		return err
	}
	r := Request{
		Store: plan.Store, Payment: plan.Payment, Key: "plan/" + string(plan.Payment) + "/" + plan.Name, Reason: plan.Why, Provider: providerOf(p),
	}
	done := func(result string) error {
		plan.Due, plan.Result = time.Time{}, result
		return e.db.Update(ctx, func(tx *storage.Tx) error { return tx.UpdatePlan(plan) })
	}
	switch {
	case strings.HasPrefix(plan.Name, planLate):
		m, found := movementOf(p, plan.Target)
		if !found || e.late(ctx, p, m) != GiveBack {
			return done("it was kept")
		}
		if p.Balances.Authorized.Minor() != plan.Amount.Minor() {
			return e.giveUp(ctx, plan, "other money is held or taken too: give this back at the provider, by "+m.Reference)
		}
		r.Provider = m.Provider
		if plan.Kind == gateway.OpRefund {
			r.Amount = plan.Amount
		}
	case plan.Name == planVoid && p.Balances.Captured.IsPositive():
		return done("it was captured")
	case plan.Kind == gateway.OpVoid && !p.Releasable().IsPositive():
		return done("nothing is held any more")
	case plan.Kind == gateway.OpCapture:
		if !p.Releasable().IsPositive() {
			return done("nothing is left to capture")
		}
		r.All = true
	}
	point("before carrying a plan out")
	result, err := e.perform(ctx, plan.Kind, r)
	if result.Operation.ID != "" {
		return done(string(result.Operation.ID)) // how it ends is the operation's
	}
	if gateway.CodeOf(err) != gateway.CodeConflict || !e.underWay(ctx, plan) { // what waits for another operation has not been tried
		plan.Tries++
	}
	if plan.Tries < planTries {
		plan.Due, plan.Result = e.db.Now().Add(schedule(max(plan.Tries, 1))), err.Error()
		return e.db.Update(ctx, func(tx *storage.Tx) error { return tx.UpdatePlan(plan) })
	}
	return e.giveUp(ctx, plan, err.Error())
}

// underWay reports whether some operation of the plan's payment will settle by itself.
func (e *Engine) underWay(ctx context.Context, plan storage.Plan) bool {
	var open []storage.Operation
	err := e.db.View(ctx, func(tx *storage.Tx) (err error) {
		open, err = tx.OpenOperations(plan.Store, plan.Payment)
		return err
	})
	return err != nil || slices.ContainsFunc(open, func(o storage.Operation) bool { return o.State != gateway.StateParked })
}

// giveUp ends a plan that cannot be carried out, and tells it.
func (e *Engine) giveUp(ctx context.Context, plan storage.Plan, why string) error {
	plan.Due, plan.Result = time.Time{}, "given up: "+why
	return e.db.Update(ctx, func(tx *storage.Tx) error {
		if err := tx.UpdatePlan(plan); err != nil {
			return err
		}
		return tx.AppendEvent(plan.Store, plan.Payment, "plan.given_up", PlanTold{plan.Name, plan.Kind, plan.Result})
	})
}

func movementOf(p gateway.Payment, reference string) (gateway.Movement, bool) {
	for _, m := range p.Movements {
		if m.Reference == reference && (m.Kind == gateway.MoveHold || m.Kind == gateway.MoveCapture) {
			return m, true
		}
	}
	return gateway.Movement{}, false
}

// late decides about money that came too late: the first hook that has an
// opinion, else the policy. A hook that panics keeps it.
func (e *Engine) late(ctx context.Context, p gateway.Payment, m gateway.Movement) Decision {
	for _, h := range e.cfg.Hooks {
		if h.Late == nil {
			continue
		}
		d := Keep
		e.tell(ctx, "Late", func(hook Hook) {
			if hook.Name == h.Name {
				d = hook.Late(ctx, p, m)
			}
		})
		return d
	}
	return e.policy(p).Late
}

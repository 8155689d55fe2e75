package engine

import (
	"context"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// CanLook reports whether [Engine.Look] can ask a provider.
func (e *Engine) CanLook(provider string) bool {
	_, err := e.cfg.Pools.For(provider).Lookup(gateway.OpFetch)
	return err == nil
}

// Look asks a provider how one of its payments stands, and records what it says of
// a payment of ours. It is for news, such as a notification, that names both: refs
// are the provider's names that came with it. Names that are not known here yet
// are believed only when what the provider shows names an operation of this
// payment. It returns what the provider said, and fails with
//
//	CodeUnsupported  the provider cannot be asked
//	CodeInvalid      there is no name yet by which to ask: wait for one
//	CodeConflict     the name is another payment's, or nothing shows that it is this one's
//	CodeNotFound     there is no such payment, here or there
//
// and any other code when asking or recording failed: try again. Nothing is
// recorded then.
func (e *Engine) Look(ctx context.Context, store gateway.StoreID, id gateway.PaymentID, provider string, refs gateway.Refs) (gateway.Outcome, error) {
	if !e.CanLook(provider) {
		return gateway.Outcome{}, gateway.Errorf(gateway.CodeUnsupported, "provider %q cannot be asked how a payment stands", provider)
	}
	p, err := e.Payment(ctx, store, id)
	if err != nil {
		return gateway.Outcome{}, err
	}
	name := e.targetOf(provider, gateway.OpFetch)
	target := refOf(p, provider, name)
	for _, r := range refs {
		if r.Name == name && (r.Owner == provider || r.Owner == "") {
			target = r.Value
		}
	}
	if target == "" {
		return gateway.Outcome{}, gateway.Invalid("provider %q is asked by its %q, and payment %s has none yet", provider, name, id)
	}
	known := slices.ContainsFunc(p.Refs, func(r gateway.Ref) bool { return r.Owner == provider && r.Value == target })
	ours, err := e.claimants(ctx, p, provider, target, known)
	if err != nil {
		return gateway.Outcome{}, err
	}
	send, cancel := context.WithTimeout(ctx, e.cfg.SendTimeout)
	defer cancel()
	out, err := e.cfg.Pools.For(provider).Get(gateway.OpFetch).Execute(send, gateway.Subject{Store: store, Payment: p, Target: target})
	if err != nil {
		return out, err
	}
	named := slices.ContainsFunc(out.Movements, func(m gateway.Movement) bool { _, found := ours[m.Operation]; return found })
	if !known && !named {
		return out, gateway.Errorf(gateway.CodeConflict, "what the provider shows of %q names no operation of payment %s: nothing was recorded", target, id)
	}
	return out, e.Record(ctx, Evidence{Store: store, Payment: id, Source: gateway.SourcePoll, Outcome: out})
}

// claimants returns the operations of a payment, unless a name that it does not
// have is another one's.
func (e *Engine) claimants(ctx context.Context, p gateway.Payment, provider, target string, known bool) (ours map[gateway.OperationID]gateway.OperationState, err error) {
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		other, found, err := tx.PaymentByRef(p.Store, provider, target)
		if err != nil {
			return err
		}
		if found && !known && other != p.ID {
			return gateway.Errorf(gateway.CodeConflict, "%q is payment %s, and not %s: nothing was recorded", target, other, p.ID)
		}
		all, err := tx.Operations(p.Store, p.ID)
		ours = make(map[gateway.OperationID]gateway.OperationState, len(all))
		for _, o := range all {
			ours[o.ID] = o.State
		}
		return err
	})
	return ours, err
}

package engine

import (
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// identities returns, by provider, the names of the references that its commands
// act on: two payments never share one.
func identities(pools *command.Pools) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, provider := range pools.Names() {
		all[provider] = map[string]bool{}
		pool := pools.For(provider)
		for _, op := range pool.Operations() {
			if e, ok := pool.Endpoint(op); ok && e.TargetRef != "" {
				all[provider][e.TargetRef] = true
			}
		}
	}
	return all
}

// identify takes nothing from a finding that gives this payment the name of
// another one of ours: whatever it says, it is not about this payment. It is
// recorded, and the provider is asked again.
func (e *Engine) identify(tx *storage.Tx, p gateway.Payment, o storage.Operation, f *finding) error {
	for _, r := range f.out.Refs {
		if !e.identities[r.Owner][r.Name] || r.Value == "" {
			continue
		}
		other, found, err := tx.PaymentByRef(p.Store, r.Owner, r.Value)
		if err != nil {
			return err
		}
		if !found || other == p.ID {
			continue
		}
		f.out, f.err = gateway.Outcome{}, gateway.Errorf(gateway.CodeIndeterminate, "the provider names %s %q, which is payment %s; it is asked again", r.Name, r.Value, other)
		return tx.AppendDiscrepancy(p.Store, p.ID, "wrong identity", wrongIdentity{o.ID, other})
	}
	return nil
}

// nameDeclined keeps the name of what a decline may be overcome on. A decline is
// an error, whose Reference is the object that the payment is at the provider.
func (e *Engine) nameDeclined(o storage.Operation, f *finding) {
	ge := gateway.AsError(f.err, "")
	if f.err == nil || ge.Code != gateway.CodeDeclined || ge.Reference == "" || !rules[o.Kind].begins {
		return
	}
	if name := e.targetOf(o.Provider, gateway.OpContinue); name != "" {
		f.out.Refs = f.out.Refs.Add(gateway.Ref{Owner: o.Provider, Name: name, Value: ge.Reference})
	}
}

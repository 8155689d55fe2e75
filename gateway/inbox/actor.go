package inbox

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
)

// Actor acts on payments for a [Gate] that a provider offers. It speaks package
// gateway's words only, so that a provider, which knows no engine, asks for its
// methods as an interface of its own. Each may be called again after a crash, and
// by many at once: it takes up where an earlier call ended, and does nothing twice.
type Actor struct{ Engine *engine.Engine }

// Begun returns the newest operation that begins a payment at a provider.
// [gateway.CodeNotFound] means that there is none.
func (a Actor) Begun(ctx context.Context, store gateway.StoreID, payment gateway.PaymentID, provider string) (gateway.OperationID, gateway.OperationState, error) {
	all, _, err := a.Engine.History(ctx, store, payment)
	if err != nil {
		return "", "", err
	}
	for _, o := range slices.Backward(all) {
		if o.Provider == provider && (o.Kind == gateway.OpAuthorize || o.Kind == gateway.OpPurchase) {
			return o.ID, o.State, nil
		}
	}
	return "", "", gateway.Errorf(gateway.CodeNotFound, "payment %s was not begun at %s", payment, provider)
}

// Payment returns what the ledger says of a payment now.
func (a Actor) Payment(ctx context.Context, store gateway.StoreID, payment gateway.PaymentID) (gateway.Payment, error) {
	return a.Engine.Payment(ctx, store, payment)
}

// Do continues, cancels or voids a payment; the subject says which one, and with
// what Input, Extras and Reason. key names the duty's step: what has succeeded
// under it is not done again, what nobody knows is looked after first, and what
// has certainly failed is tried anew, as an operation of its own.
func (a Actor) Do(ctx context.Context, kind gateway.Operation, provider, key string, s gateway.Subject) error {
	run := map[gateway.Operation]func(context.Context, engine.Request) (engine.Result, error){
		gateway.OpContinue: a.Engine.Continue, gateway.OpCancel: a.Engine.Cancel, gateway.OpVoid: a.Engine.Void,
	}[kind]
	if run == nil {
		return gateway.Errorf(gateway.CodeUnsupported, "a gate continues, cancels or voids, and does no %s", kind)
	}
	all, _, err := a.Engine.History(ctx, s.Store, s.Payment.ID)
	if err != nil {
		return err
	}
	tries := 0
	for _, o := range all {
		if at := strings.LastIndexByte(o.Key, '#'); at < 0 || o.Key[:at] != key {
			continue
		}
		switch {
		case o.State == gateway.StateSucceeded:
			return nil
		case o.State.Terminal():
			tries++
		case o.State != gateway.StateOpen:
			if err := a.Engine.ResolveOne(ctx, s.Store, o.ID); err != nil {
				return err
			}
		}
	}
	_, err = run(ctx, engine.Request{
		Store: s.Store, Payment: s.Payment.ID, Provider: provider, Key: key + "#" + strconv.Itoa(tries), Input: s.Input, Extras: s.Extras, Reason: s.Reason,
	})
	return err
}

// Tell records what was learned of an operation.
func (a Actor) Tell(ctx context.Context, store gateway.StoreID, payment gateway.PaymentID, id gateway.OperationID, out gateway.Outcome) error {
	return a.Engine.Record(ctx, engine.Evidence{Store: store, Payment: payment, Operation: id, Source: gateway.SourceWebhook, Outcome: out})
}

package returns

import (
	"context"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// find asks what is not known, for as long as the browser waits, and returns what
// the ledger says then. With an error it says what was known before.
func (r *Returns) find(ctx context.Context, q *http.Request, c Claim) (Result, error) {
	result, err := r.load(ctx, c)
	if err != nil || !asks(result.Operation) {
		return result, err
	}
	// The request is read here: it ends with the browser's connection, the asking does not.
	input, goesOn := map[string]string(nil), false
	if o := result.Operation; r.cfg.Input != nil && c.Kind == Return && o.State == gateway.StateActionRequired {
		input, goesOn = r.cfg.Input(q, o)
	}
	done := make(chan error, 1)
	r.running.Go(func() { done <- r.ask(context.WithoutCancel(ctx), result, input, goesOn) })
	asked := error(nil)
	select {
	case asked = <-done:
	case <-ctx.Done():
		asked = gateway.Errorf(gateway.CodeUnavailable, "the provider did not answer in time")
	}
	after, err := r.load(context.WithoutCancel(ctx), c)
	if err != nil {
		return result, err
	}
	if asked != nil && after.Operation.State == gateway.StateActionRequired && after.State != Paid {
		after.State = Pending // the shopper may have paid, also after a try that failed: nobody could say
	}
	return after, asked
}

// asks reports whether there is something to ask. What has ended is not asked
// again, however often a browser comes.
func asks(o storage.Operation) bool {
	return o.ID != "" && !o.State.Terminal() && o.State != gateway.StateOpen && o.State != gateway.StateParked
}

// ask finds out what became of the payment, or goes on with it, or ends it. It
// does not panic.
func (r *Returns) ask(ctx context.Context, result Result, input map[string]string, goesOn bool) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = gateway.Errorf(gateway.CodeInternal, "asking after a return panicked")
		}
	}()
	o := result.Operation
	again := engine.Request{Store: o.Store, Payment: o.Payment, Provider: o.Provider, Key: "returned/" + string(o.ID)}
	if goesOn {
		next := again
		next.Key, next.Input = again.Key+"/continue", input
		_, err := r.cfg.Engine.Continue(ctx, next)
		switch gateway.CodeOf(err) {
		case "", gateway.CodeDeclined:
			return nil
		case gateway.CodeConflict, gateway.CodeInvalid: // it was gone on with already, or differently: ask
		default:
			return err
		}
	}
	if err := r.cfg.Engine.ResolveOne(ctx, o.Store, o.ID); err != nil || result.Kind != Cancel || !r.cfg.CancelAtProvider {
		return err
	}
	now, err := r.load(ctx, Claim{Kind: result.Kind, Store: o.Store, Payment: o.Payment})
	if err != nil || now.Operation.State != gateway.StateActionRequired {
		return err
	}
	_, err = r.cfg.Engine.Cancel(ctx, again)
	return err
}

// load reads the ledger.
func (r *Returns) load(ctx context.Context, c Claim) (Result, error) {
	result := Result{Kind: c.Kind, Store: c.Store, State: Pending, Payment: gateway.Payment{Store: c.Store, ID: c.Payment}}
	err := r.cfg.Storage.View(ctx, func(tx *storage.Tx) error {
		p, err := tx.Payment(c.Store, c.Payment)
		if err != nil {
			return err
		}
		all, err := tx.Operations(c.Store, c.Payment)
		if err != nil {
			return err
		}
		result.Payment = p
		for _, o := range all {
			if !begins[o.Kind] {
				continue
			}
			if result.Operation = o; o.State == gateway.StateSucceeded {
				break
			}
		}
		result.State = stateOf(p, result.Operation)
		if result.Operation.State != gateway.StateActionRequired || result.State == Paid {
			return nil
		}
		tries, err := tx.Attempts(c.Store, result.Operation.ID)
		if n := len(tries); n > 0 && !told[tries[n-1].Code] {
			result.State = Pending // the provider was asked last in vain
		}
		return err
	})
	return result, err
}

// told are the codes of answers that say how it stands at the provider.
var told = map[gateway.Code]bool{"": true, gateway.CodeDeclined: true, gateway.CodeNotFound: true}

// begins are the operations that a shopper comes back from.
var begins = map[gateway.Operation]bool{gateway.OpAuthorize: true, gateway.OpPurchase: true, gateway.OpVerify: true}

// stateOf says what the shopper is told of a payment, and of the operation that
// began it.
func stateOf(p gateway.Payment, o storage.Operation) State {
	if o.State == "" || o.State.Terminal() {
		// Money says more than operations: it may come late, or from elsewhere.
		switch p.Status() {
		case gateway.PaymentNew:
		case gateway.PaymentVoided:
			return Failed
		default:
			return Paid
		}
	}
	switch o.State {
	case gateway.StateSucceeded:
		return Paid
	case gateway.StateFailed, gateway.StateCancelled:
		return Failed
	case gateway.StateActionRequired:
		if o.Code == gateway.CodeDeclined {
			return Failed // this try; another one may overcome it
		}
		return Unfinished
	case "":
		return Unfinished
	}
	return Pending
}

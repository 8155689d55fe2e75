package stripe

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// The names of the references.
const (
	refIntent   = "payment_intent"
	refCharge   = "charge"
	refCustomer = "customer"
	refMethod   = "payment_method"
	refRefund   = "refund"
	refSetup    = "setup_intent"
)

var (
	intentRefs       = handler.Named("refs", handler.Typed(keepIntentRefs))
	intentMoney      = handler.Named("money", handler.Typed(bookIntent))
	intentHistory    = handler.Named("money", handler.Typed(lookUpIntent))
	intentAction     = handler.Named("action", handler.Typed(askShopper))
	intentInstrument = handler.Named("instrument", handler.Typed(keepInstrument))
	intentAnswer     = handler.Named("answer", handler.Keep(IntentAnswer))
	captureMoney     = handler.Named("money", handler.Typed(bookCapture))
	releaseMoney     = handler.Named("money", handler.Typed(bookRelease))
	adjustMoney      = handler.Named("money", handler.Typed(bookAdjustment))
	foundIntent      = handler.Named("found", handler.Typed(takeFound))
)

// statuses are a PaymentIntent's states in our words
// (https://docs.stripe.com/payments/paymentintents/lifecycle). A state that is
// new is an error, never a guess. What waits for a payment method is awaited,
// and failed once an attempt failed: see [Intent.status].
var statuses = map[string]gateway.Status{
	"requires_payment_method": gateway.StatusAwaiting,
	"requires_confirmation":   gateway.StatusAwaiting,
	"requires_action":         gateway.StatusActionRequired,
	"processing":              gateway.StatusAwaiting,
	"requires_capture":        gateway.StatusSucceeded,
	"succeeded":               gateway.StatusSucceeded,
	"canceled":                gateway.StatusFailed,
}

func (i Intent) status() (gateway.Status, error) {
	s, ok := statuses[i.Status]
	switch {
	case !ok:
		return "", gateway.Errorf(gateway.CodeIndeterminate, "payment status %.40q is not known", i.Status)
	case i.declined():
		return gateway.StatusFailed, nil
	case i.Status == "canceled" && i.Received > 0:
		return gateway.StatusSucceeded, nil // the rest was given up, what was captured stays
	}
	return s, nil
}

// declined reports whether the last attempt failed; another one may succeed.
func (i Intent) declined() bool { return i.Status == "requires_payment_method" && i.LastError != nil }

func keepIntentRefs(_ context.Context, _ transfer.Exchange, i Intent, out *gateway.Outcome) error {
	out.Refs = out.Refs.Add(
		gateway.Ref{Name: refIntent, Value: i.ID}, gateway.Ref{Name: refCharge, Value: i.LatestCharge.ID},
		gateway.Ref{Name: refCustomer, Value: i.Customer.ID}, gateway.Ref{Name: refMethod, Value: i.PaymentMethod.ID},
	)
	return nil
}

// bookIntent says what a new or confirmed payment moved.
func bookIntent(_ context.Context, x transfer.Exchange, i Intent, out *gateway.Outcome) (err error) {
	if out.Status, err = i.status(); err != nil {
		return err
	}
	if out.Status == gateway.StatusFailed { // a decline ended at the validators; this is neither
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment is %.40q and the answer is no decline", i.Status)
	}
	out.Movements, err = i.history(x.Subject.Payment.Movements)
	return err
}

// lookUpIntent says how a payment stands, with all that ever moved.
func lookUpIntent(_ context.Context, x transfer.Exchange, i Intent, out *gateway.Outcome) (err error) {
	if out.Status, err = i.status(); err != nil {
		return err
	}
	out.Phase = i.Status
	if out.Status == gateway.StatusFailed {
		out.Reason = i.reason()
	}
	out.Movements, err = i.history(x.Subject.Payment.Movements)
	for n := range out.Movements {
		out.Movements[n].Source = gateway.SourcePoll
	}
	return err
}

// askShopper says what comes next where the shopper, or the shopper's page, has
// a part in it. A payment that has no payment method yet, or was not confirmed,
// goes on in Stripe's SDK.
func askShopper(_ context.Context, _ transfer.Exchange, i Intent, out *gateway.Outcome) (err error) {
	switch {
	case i.NextAction != nil && (out.Status == gateway.StatusActionRequired || out.Status == gateway.StatusAwaiting):
		out.Action, err = i.NextAction.action(i.ClientSecret)
	case out.Status == gateway.StatusActionRequired:
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment requires an action and names none")
	case i.Status == "requires_payment_method" && !i.declined(), i.Status == "requires_confirmation":
		out.Action = handOver(i.Status, i.ClientSecret)
	}
	return err
}

// bookCapture says what this capture took. The API answers totals: what was
// received before this call is the total less the amount, which is captured
// wholly or not at all; the validators saw that it is not less.
func bookCapture(_ context.Context, x transfer.Exchange, i Intent, out *gateway.Outcome) error {
	switch i.Status {
	case "succeeded", "requires_capture":
		out.Status = gateway.StatusSucceeded
	case "processing":
		out.Status = gateway.StatusAwaiting
		return nil
	default:
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment is %.40q after it was captured", i.Status)
	}
	total, err := money(i.Received, i.Currency)
	if err != nil {
		return err
	}
	before, err := total.Sub(x.Subject.Amount)
	switch {
	case err != nil:
		return err
	case i.LatestCharge.ID == "":
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment was captured and names no charge")
	case x.Subject.Amount.IsPositive():
		out.Movements = append(out.Movements, i.capture(x.Subject.Amount, before))
	}
	return appendRelease(x, i, out)
}

// bookRelease says that a payment ended, and that what it held is free again.
func bookRelease(_ context.Context, x transfer.Exchange, i Intent, out *gateway.Outcome) error {
	if i.Status != "canceled" && (i.Status != "succeeded" || i.Received == 0) {
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment is %.40q after it was cancelled", i.Status)
	}
	out.Status = gateway.StatusSucceeded
	return appendRelease(x, i, out)
}

func appendRelease(x transfer.Exchange, i Intent, out *gateway.Outcome) error {
	m, released, err := i.release()
	if err != nil {
		return err
	}
	if released {
		m.Operation = x.Subject.Operation
		out.Movements = append(out.Movements, m)
	}
	return nil
}

// bookAdjustment says what is held in all, now.
func bookAdjustment(_ context.Context, x transfer.Exchange, i Intent, out *gateway.Outcome) error {
	if i.Status != "requires_capture" {
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment is %.40q after its hold was adjusted", i.Status)
	}
	total, err := money(i.Amount, i.Currency)
	if err != nil {
		return err
	}
	out.Status = gateway.StatusSucceeded
	out.Movements = append(out.Movements, i.adjustment(total, x.Subject.Operation))
	return nil
}

func takeFound(ctx context.Context, x transfer.Exchange, found Intents, out *gateway.Outcome) error {
	i := found.Data[0] // the validator saw that there is exactly one
	for _, read := range []func(context.Context, transfer.Exchange, Intent, *gateway.Outcome) error{keepIntentRefs, lookUpIntent, askShopper, keepInstrument} {
		if err := read(ctx, x, i, out); err != nil {
			return err
		}
	}
	out.Extras = out.Extras.With(IntentAnswer.Of(i))
	return nil
}

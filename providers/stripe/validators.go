package stripe

import (
	"context"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// answers judges an answer: first the errors that it states, then its status,
// then the rules of its struct, and only if all is well what it says. Every
// success of this API is a 200 (https://docs.stripe.com/api/errors).
func answers[T any](more ...validator.Part) validator.Composite { return judged[T](refused{}, more) }

// pays judges the answer to a call that makes a payment.
func pays(more ...validator.Part) validator.Composite {
	return judged[Intent](refused{paying: true}, append(more, asked, attempt))
}

func judged[T any](errors refused, more []validator.Part) validator.Composite {
	return validator.Compose(append([]validator.Part{
		validator.Breaking("errors", errors),
		validator.Breaking("status", validator.Status(http.StatusOK)),
		validator.Breaking("rules", validator.Struct[T]()),
	}, more...)...)
}

var (
	sameAmount = validator.Breaking("echo", validator.Echo{Amount: "amount", Currency: "currency", Exponents: Exponents})
	sameOrder  = validator.Breaking("echo", validator.Echo{Amount: "amount", Currency: "currency", Reference: "metadata/" + metaOperation, Exponents: Exponents})
	sameIntent = validator.Breaking("object", validator.Typed(func(_ context.Context, x transfer.Exchange, i Intent) validator.Result {
		return same("payment", i.ID, intentOf(*x.Subject))
	}))
	sameRefund = validator.Breaking("object", validator.Typed(func(_ context.Context, x transfer.Exchange, r Refund) validator.Result {
		return same("refund", r.ID, x.Subject.Target)
	}))
	sameSetup = validator.Breaking("object", validator.Typed(func(_ context.Context, x transfer.Exchange, s Setup) validator.Result {
		return same("setup", s.ID, x.Subject.Target)
	}))
	sameMethod = validator.Breaking("object", validator.Typed(func(_ context.Context, x transfer.Exchange, m PaymentMethod) validator.Result {
		return same("payment method", m.ID, x.Subject.Target)
	}))
	ofPayment = validator.Breaking("object", validator.Typed(func(_ context.Context, x transfer.Exchange, r Refund) validator.Result {
		if sent := x.Transfer.Document.Value("charge").Text(); sent != "" {
			return same("refunded charge", r.Charge.ID, sent)
		}
		return same("refunded payment", r.Intent.ID, x.Transfer.Document.Value("payment_intent").Text())
	}))
	// asked sees that the money is taken now or later, as it was asked for.
	asked = validator.Breaking("capture", validator.Typed(func(_ context.Context, x transfer.Exchange, i Intent) validator.Result {
		if sent := x.Transfer.Document.Value("capture_method").Text(); sent != "" {
			return same("capture method", i.CaptureMethod, sent)
		}
		return validator.Result{}
	}))
	// attempt finds the decline in an answer that is no error: the payment waits
	// for another payment method, because this one failed.
	attempt = validator.Breaking("attempt", validator.Typed(func(ctx context.Context, x transfer.Exchange, i Intent) validator.Result {
		if !i.declined() {
			return validator.Result{}
		}
		return referring(i.LastError.declined(ctx, x), i.ID)
	}))
	stored = validator.Breaking("attempt", validator.Typed(func(ctx context.Context, x transfer.Exchange, s Setup) validator.Result {
		if !s.declined() {
			return validator.Result{}
		}
		return referring(s.LastError.declined(ctx, x), s.ID)
	}))
	given = validator.Breaking("attempt", validator.Typed(func(_ context.Context, _ transfer.Exchange, r Refund) validator.Result {
		if refundStatuses[r.Status] != gateway.StatusFailed {
			return validator.Result{}
		}
		reason := r.reason()
		return validator.Fail(validator.Failure{
			Code: gateway.CodeDeclined, Reason: reason, Message: reason.Message(), Detail: clean("refund " + r.Status + " " + r.FailureReason), Reference: r.ID,
		})
	}))
)

// same compares what an answer is about with what was asked for. A difference
// is indeterminate: something happened to something else.
func same(what, got, want string) validator.Result {
	if got == want {
		return validator.Result{}
	}
	return validator.Fail(validator.Failure{
		Code: gateway.CodeIndeterminate, Detail: "the " + what + " of the answer is \"" + clean(got) + "\", and not the one that was asked for",
	})
}

func referring(r validator.Result, reference string) validator.Result {
	for i := range r.Failures {
		r.Failures[i].Reference = reference
	}
	return r
}

// onlyOne finds the one payment that has our reference.
var onlyOne = validator.Breaking("found", validator.Typed(func(_ context.Context, x transfer.Exchange, found Intents) validator.Result {
	switch n := len(found.Data); {
	case n == 0:
		return validator.Fail(validator.Failure{Code: gateway.CodeNotFound, Detail: "no payment has the reference, as far as the search index knows"})
	case n > 1 || found.More:
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "several payments have the reference"})
	}
	return same("reference", found.Data[0].Metadata[metaOperation], string(x.Subject.Operation))
}))

// captured holds what a capture answers against its amount. The answer states
// the total: equal to the amount for the first capture, and what was captured
// before more for a later one, as far as the payment's snapshot knows; more than
// that is another capture that came in between.
type captured struct{}

// Echoes says which facts are checked.
func (captured) Echoes() gateway.Echo { return gateway.EchoAmount | gateway.EchoCurrency }

// Validate compares the total.
func (captured) Validate(_ context.Context, x transfer.Exchange) validator.Result {
	i, err := transfer.As[Intent](x)
	if err != nil {
		return validator.Failed(err)
	}
	got, err := money(i.Received, i.Currency)
	if err != nil {
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: gateway.AsError(err, "").Detail})
	}
	want, before := x.Subject.Amount, x.Subject.Payment.Balances.Captured
	if before.IsSet() {
		if want, err = want.Add(before); err != nil {
			return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: gateway.AsError(err, "").Detail})
		}
	}
	if i.Status == "processing" {
		return validator.Result{} // nothing is received yet
	}
	order, err := got.Cmp(want)
	options, _ := Options.From(x.Subject.Extras)
	several := options.Multicapture || x.Transfer.Document.Has("final_capture") || before.IsPositive()
	if err != nil || order < 0 || order > 0 && !several {
		return validator.Fail(validator.Failure{
			Code: gateway.CodeIndeterminate, Detail: "the answer says that " + got.String() + " is captured in all, " + want.String() + " was meant: fetch the payment",
		})
	}
	return validator.Result{}
}

// String says what is checked.
func (captured) String() string { return "the total captured" }

var sameCapture = validator.Breaking("echo", captured{})

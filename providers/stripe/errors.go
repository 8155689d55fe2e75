package stripe

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// Problem is what is wrong, in an answer that is an error and in the last error
// of an intent (https://docs.stripe.com/api/errors).
type Problem struct {
	Type           string `json:"type"`
	Code           string `json:"code"`
	DeclineCode    string `json:"decline_code"`
	Advice         string `json:"advice_code"`
	NetworkAdvice  string `json:"network_advice_code"`
	NetworkDecline string `json:"network_decline_code"`
	Message        string `json:"message"`
	Param          string `json:"param"`
	Charge         string `json:"charge"`
	Intent         *Brief `json:"payment_intent"`
	Setup          *Brief `json:"setup_intent"`
}

// Brief is an object of which an error shows the state.
type Brief struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// failure is the form of every error.
type failure struct {
	Error *Problem `json:"error"`
}

func (p Problem) reference() string {
	switch {
	case p.Intent != nil && p.Intent.ID != "":
		return p.Intent.ID
	case p.Setup != nil && p.Setup.ID != "":
		return p.Setup.ID
	}
	return p.Charge
}

// reading returns the codes to look up: a decline code says more than the error
// code, and the type counts where no code is given.
func (p Problem) reading(codes ...string) validator.Problem {
	return validator.Problem{Codes: codes, Reference: p.reference(), Merchant: p.Message}
}

// refused judges the answers that are errors. paying says that the call was to
// make a payment, whose state an error may show.
type refused struct{ paying bool }

// Validate reads an error, unless its status alone says what it means. Of a 5xx
// the body is not believed: nobody knows whether the call took effect
// (https://docs.stripe.com/error-low-level#server-errors).
func (v refused) Validate(ctx context.Context, x transfer.Exchange) validator.Result {
	status := x.Response.Status
	if status < 400 || status >= 500 {
		return validator.Result{}
	}
	f, err := transfer.As[failure](x)
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusTooManyRequests:
		return limited(x, f.Error)
	case err != nil:
		return validator.Failed(err)
	case f.Error == nil:
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "the answer is an error that says nothing"})
	case v.paying && f.Error.contradicts():
		return validator.Fail(validator.Failure{
			Code: gateway.CodeIndeterminate, Reference: f.Error.reference(),
			Detail: "the answer is an error about a payment that is " + f.Error.Intent.Status,
		})
	case f.Error.Type == "card_error":
		return f.Error.declined(ctx, x)
	}
	return Errors.Validator(func(transfer.Exchange) ([]validator.Problem, error) {
		return []validator.Problem{f.Error.refusal(status)}, nil
	}).Validate(ctx, x)
}

// String says what is judged.
func (v refused) String() string { return "errors" }

// limited is an answer whose status says enough; its body, if it can be read, adds the code.
func limited(x transfer.Exchange, p *Problem) validator.Result {
	f := validator.Failure{Code: gateway.CodeAuthentication}
	if x.Response.Status == http.StatusTooManyRequests {
		f.Code = gateway.CodeRateLimited
		f.RetryAfter = x.Response.RetryAfter(time.Now(), 24*time.Hour)
	}
	if p == nil {
		return validator.Result{} // the table of statuses says the same
	}
	f.Detail, f.Merchant, f.Reference = cmp.Or(p.Code, p.Type), clean(p.Message), p.reference()
	return validator.Fail(f)
}

// contradicts reports whether the error shows a payment that went well.
func (p Problem) contradicts() bool {
	if p.Intent == nil || p.Type != "card_error" {
		return false
	}
	switch p.Intent.Status {
	case "succeeded", "processing", "requires_capture":
		return true
	}
	return false
}

// refusal returns the codes of an error that is no decline by its form. Its type
// means something only with a status that the documentation calls a refusal
// (https://docs.stripe.com/error-low-level#content-errors): a 409 says that
// another request is at work, and a 424 that somebody behind Stripe failed.
func (p Problem) refusal(status int) validator.Problem {
	if p.Code != "" {
		return p.reading(p.Code)
	}
	if p.Type == "invalid_request_error" && status != http.StatusBadRequest && status != http.StatusNotFound {
		return p.reading()
	}
	if status == http.StatusNotFound {
		return p.reading("resource_missing")
	}
	return p.reading(p.Type)
}

// declined says what a decline means. An unknown decline code beside a code
// that says no more than "declined" stands alone, so that it is counted.
func (p Problem) declined(ctx context.Context, x transfer.Exchange) validator.Result {
	codes := []string{p.DeclineCode, p.Code}
	switch {
	case p.DeclineCode != "" && (p.Code == "card_declined" || p.Code == ""):
		codes = codes[:1]
	case p.DeclineCode == "" && p.Code == "":
		codes = []string{"card_error"}
	}
	r := Declines.Validator(func(transfer.Exchange) ([]validator.Problem, error) {
		return []validator.Problem{p.reading(codes...)}, nil
	}).Validate(ctx, x)
	for i := range r.Failures {
		p.advise(&r.Failures[i])
	}
	return r
}

// reason is why the last attempt of an intent failed.
func (p Problem) reason() decline.Reason {
	meaning, _, _ := Declines.Meaning(p.DeclineCode, p.Code)
	return advised(cmp.Or(meaning.Reason, decline.Generic), p.Advice)
}

// advise lets the issuer's advice change what may be tried next
// (https://docs.stripe.com/declines/card#retrying-issuer-declines).
func (p Problem) advise(f *validator.Failure) {
	if reason := advised(f.Reason, p.Advice); reason != f.Reason {
		f.Reason, f.Message = reason, reason.Message()
	}
	for _, note := range []struct{ name, value string }{
		{"advice", p.Advice}, {"network advice", p.NetworkAdvice}, {"network decline", p.NetworkDecline},
	} {
		if note.value != "" {
			f.Detail += ", " + note.name + " " + clean(note.value)
		}
	}
}

// advised returns the reason that carries an advice, where one is as true as the
// first. "Do not try again" outweighs every reason that would allow it; "try
// again later" only a reason that says nothing; "confirm the card's data" is what
// a reason without advice asks of the shopper anyway.
func advised(r decline.Reason, advice string) decline.Reason {
	switch {
	case advice == "do_not_try_again" && r.Advice() != decline.Never:
		return decline.RestrictedCard
	case advice == "try_again_later" && (r == decline.Generic || r == decline.DoNotHonor || r == decline.CallIssuer):
		return decline.Processing
	}
	return r
}

// reasonOfCancellation is why a payment was cancelled
// (https://docs.stripe.com/api/payment_intents/object#payment_intent_object-cancellation_reason).
func reasonOfCancellation(why string) decline.Reason {
	switch why {
	case "abandoned", "automatic", "expired":
		return decline.Expired
	case "duplicate":
		return decline.Duplicate
	case "fraudulent":
		return decline.Fraud
	case "requested_by_customer":
		return decline.ShopperCancelled
	}
	return decline.Generic
}

// reason is why a payment failed.
func (i Intent) reason() decline.Reason {
	if i.Status != "canceled" && i.LastError != nil {
		return i.LastError.reason()
	}
	return reasonOfCancellation(i.CancellationReason)
}

// clean shortens what the provider said, and drops what does not print.
func clean(s string) string {
	kept := make([]rune, 0, min(len(s), 200))
	for _, r := range s {
		if r >= ' ' && r != 0x7f && len(kept) < 200 {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

package validator

import (
	"errors"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
)

// Failure is one reason not to believe an answer, or what the provider refused.
type Failure struct {
	Code       gateway.Code   // what it means to the program; empty counts as indeterminate
	Reason     decline.Reason // with CodeDeclined
	Detail     string         // the provider's own code, or what is wrong; safe to log
	Message    string         // safe to show to a shopper
	Merchant   string         // what the merchant should know or do
	Reference  string         // what the provider calls the object, if it said so
	RetryAfter time.Duration
	Part       string // the validator's name; the composite fills it in
}

// Error returns the failure in one line, without the shopper's message.
func (f Failure) Error() string {
	var b strings.Builder
	if f.Part != "" {
		b.WriteString(f.Part + ": ")
	}
	b.WriteString(string(f.Code))
	if f.Reason != "" {
		b.WriteString(" (" + string(f.Reason) + ")")
	}
	for _, s := range []string{f.Detail, f.Merchant} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	return b.String()
}

// Result is what a validator found. The zero Result means valid.
type Result struct{ Failures []Failure }

// Valid reports whether nothing failed.
func (r Result) Valid() bool { return len(r.Failures) == 0 }

// Fail returns a result with one failure.
func Fail(f Failure) Result { return Result{[]Failure{f}} }

// Failed returns a result for an error: its own code when it has one, otherwise
// [gateway.CodeIndeterminate]. A nil error is valid.
func Failed(err error) Result {
	if err == nil {
		return Result{}
	}
	e := gateway.AsError(err, gateway.CodeIndeterminate)
	return Fail(Failure{
		Code: e.Code, Reason: e.Reason, Detail: textOf(e), Message: e.Message, Merchant: e.Merchant,
		Reference: e.Reference, RetryAfter: e.RetryAfter,
	})
}

func textOf(e *gateway.Error) string {
	if e.Detail != "" {
		return e.Detail
	}
	if e.Err != nil {
		return e.Err.Error()
	}
	return ""
}

// Err returns nil for a valid result and otherwise one [*gateway.Error] with one
// verdict. Among several failures an indeterminate one wins, because it says
// that the others cannot be relied on; then the first. All of them stay readable
// in the error's cause, and a reference that any of them carries is kept.
func (r Result) Err() error {
	if r.Valid() {
		return nil
	}
	verdict := r.Failures[0]
	causes := make([]error, len(r.Failures))
	for i, f := range r.Failures {
		if f.Code == "" {
			f.Code = gateway.CodeIndeterminate
		}
		if f.Code == gateway.CodeIndeterminate && verdict.Code != gateway.CodeIndeterminate {
			verdict = f
		}
		causes[i] = f
	}
	e := &gateway.Error{
		Code: verdict.Code, Reason: verdict.Reason, Part: verdict.Part, Detail: verdict.Detail, Message: verdict.Message,
		Merchant: verdict.Merchant, Reference: verdict.Reference, RetryAfter: verdict.RetryAfter,
	}
	if e.Code == "" {
		e.Code = gateway.CodeIndeterminate
	}
	for _, f := range r.Failures {
		if e.Reference == "" {
			e.Reference = f.Reference
		}
	}
	if len(causes) > 1 {
		e.Err = errors.Join(causes...)
	}
	return e
}

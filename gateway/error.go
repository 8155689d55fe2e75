package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
)

// Error is the one error type that commands return. Programs act on Code
// (see [CodeOf]), shoppers may see Message, logs may hold everything else.
// No field holds a body, a header or a secret.
//
// One error has one verdict: errors.Is finds no other [Code] and errors.As no
// other *Error behind it, whatever Err wraps, so that no error is indeterminate
// and unavailable at once. Sentinels such as context.Canceled stay reachable.
type Error struct {
	Code   Code
	Reason decline.Reason // why it was declined; set with CodeDeclined only

	Provider  string
	Operation Operation
	Stage     string // where: subject, request, filter, transfer, before send, sign, client, validate, handle; strategy, command
	Part      string // which named part of the stage, "order/lines" for a nested one

	Reference string // what the provider calls the object, kept even when no handler ran
	RequestID string // what the provider calls this one HTTP exchange: quote it to its support

	Detail     string        // the provider's own code, or what is wrong and what to do; safe to log
	Message    string        // safe to show to a shopper
	Merchant   string        // what the merchant should know or do; not for shoppers
	RetryAfter time.Duration // how long to wait before trying again; 0 when the provider did not say
	Err        error         // the cause
}

// Invalid returns an [*Error] with [CodeInvalid] and a formatted detail.
func Invalid(format string, args ...any) *Error { return Errorf(CodeInvalid, format, args...) }

// Errorf returns an [*Error] with the given code and a formatted detail. An
// argument that is an error and formatted with %w becomes the cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Code: code, Detail: err.Error()}
	if cause := errors.Unwrap(err); cause != nil {
		e.Err = quiet{cause}
	}
	return e
}

// Error returns "provider.operation.stage.part: code (reason): detail: cause", without the parts that are empty.
func (e *Error) Error() string {
	var b strings.Builder
	for _, s := range []string{e.Provider, string(e.Operation), e.Stage, e.Part} {
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(string(e.Code))
	if e.Reason != "" {
		b.WriteString(" (" + string(e.Reason) + ")")
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Err != nil {
		if _, silent := e.Err.(quiet); !silent {
			b.WriteString(": " + e.Err.Error())
		}
	}
	return b.String()
}

// Is reports whether target is this error's code.
func (e *Error) Is(target error) bool {
	c, ok := target.(Code)
	return ok && c == e.Code
}

// Unwrap returns the cause, hidden behind a wall that answers for no Code and no *Error.
func (e *Error) Unwrap() error {
	if e.Err == nil {
		return nil
	}
	return cause{e.Err}
}

// LogValue returns the error as a group of its non-empty fields. Message is
// left out: what the shopper was told is not what an operator looks for.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", string(e.Code))}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("reason", string(e.Reason))
	add("provider", e.Provider)
	add("operation", string(e.Operation))
	add("stage", e.Stage)
	add("part", e.Part)
	add("reference", e.Reference)
	add("request_id", e.RequestID)
	add("detail", e.Detail)
	add("merchant", e.Merchant)
	if e.RetryAfter > 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	if e.Err != nil {
		if _, silent := e.Err.(quiet); !silent {
			add("cause", e.Err.Error())
		}
	}
	return slog.GroupValue(attrs...)
}

// AsError returns err as an [*Error]: the outermost one of its chain, else a
// new one with the fallback code around it. Of errors that are joined an
// indeterminate one comes first: that one call did nothing does not say that
// another did nothing. It returns nil for nil.
func AsError(err error, fallback Code) *Error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	switch {
	case errors.Is(err, CodeIndeterminate) && (!ok || e.Code != CodeIndeterminate):
		if e = indeterminate(err); e == nil { // it is a bare Code
			e = &Error{Code: CodeIndeterminate, Err: err}
		}
		return e
	case ok:
		return e
	}
	if c, ok := errors.AsType[Code](err); ok {
		fallback = c
	}
	return &Error{Code: fallback, Err: err}
}

// indeterminate returns the first of the outermost errors of err's tree that is
// indeterminate, nil when none is.
func indeterminate(err error) *Error {
	switch u := err.(type) { //nolint:errorlint // this walks the tree itself
	case *Error: // has one verdict: nothing behind it counts
		if u.Code == CodeIndeterminate {
			return u
		}
	case interface{ Unwrap() error }:
		return indeterminate(u.Unwrap())
	case interface{ Unwrap() []error }:
		for _, branch := range u.Unwrap() {
			if e := indeterminate(branch); e != nil {
				return e
			}
		}
	}
	return nil
}

// cause shows what lies behind an Error without its verdicts.
type cause struct{ err error }

func (c cause) Error() string { return c.err.Error() }

func (c cause) Is(target error) bool {
	if _, verdict := target.(Code); verdict {
		return false
	}
	return errors.Is(c.err, target)
}

func (c cause) As(target any) bool {
	switch target.(type) {
	case **Error, *Code:
		return false
	}
	return errors.As(c.err, target)
}

// quiet is a cause whose text already stands in Detail.
type quiet struct{ error }

func (q quiet) Unwrap() error { return q.error }

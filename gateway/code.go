package gateway

import (
	"context"
	"errors"
)

// Code says what a failed command means to the program that ran it. There are
// ten, and each names what to do next. A Code is an error, so that
// errors.Is(err, gateway.CodeDeclined) works; [CodeOf] is the usual way to ask.
type Code string

const (
	// CodeInvalid means the request was refused before anything was sent, or
	// the provider refused its form: fix the request; the same one fails again.
	CodeInvalid Code = "invalid"
	// CodeDeclined means the provider, the network or the issuer said no, and
	// no money moved: tell the shopper. [Error.Reason] says why and whether
	// trying again can help.
	CodeDeclined Code = "declined"
	// CodeAuthentication means the credentials are missing or refused: fix the keys.
	CodeAuthentication Code = "authentication"
	// CodeNotFound means the provider does not know what the command named.
	CodeNotFound Code = "not_found"
	// CodeConflict means the thing is in another state than the command
	// expects, or the key was used for another request: reload, then decide.
	CodeConflict Code = "conflict"
	// CodeRateLimited means the request was not executed because too many came:
	// wait [Error.RetryAfter], then send the same request with the same key.
	CodeRateLimited Code = "rate_limited"
	// CodeUnavailable means it is proved that nothing was executed (usually:
	// nothing was sent). Trying again is safe.
	CodeUnavailable Code = "unavailable"
	// CodeIndeterminate means nobody knows: money may have moved. Ask the
	// provider before trying again, and never tell the shopper that it failed.
	CodeIndeterminate Code = "indeterminate"
	// CodeUnsupported means that this provider has no such command, or that the
	// command cannot do this: choose another way.
	CodeUnsupported Code = "unsupported"
	// CodeInternal means a defect in the program: this library, a part given
	// to it, or its configuration. Nothing was sent: a defect that shows after
	// the sending makes the result indeterminate.
	CodeInternal Code = "internal"
)

// Codes lists every code, in the order of their documentation.
func Codes() []Code {
	return []Code{
		CodeInvalid, CodeDeclined, CodeAuthentication, CodeNotFound, CodeConflict,
		CodeRateLimited, CodeUnavailable, CodeIndeterminate, CodeUnsupported, CodeInternal,
	}
}

// Error returns the code itself, which makes a Code usable as a target of errors.Is.
func (c Code) Error() string { return string(c) }

// Retryable reports whether the very same request may be sent again, because
// it is known that the first one was not executed.
func (c Code) Retryable() bool { return c == CodeUnavailable || c == CodeRateLimited }

// CodeOf returns the code to decide by: "" for nil, the code of the outermost
// [*Error] or [Code] in err's chain, and for any other error [CodeInternal]. Of
// errors that are joined, [CodeIndeterminate] comes first.
// A bare context error is [CodeIndeterminate]: a caller who stopped waiting
// knows nothing about what happened meanwhile.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if errors.Is(err, CodeIndeterminate) {
		return CodeIndeterminate
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Code == "" {
			return CodeInternal
		}
		return e.Code
	}
	if c, ok := errors.AsType[Code](err); ok {
		return c
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return CodeIndeterminate
	}
	return CodeInternal
}

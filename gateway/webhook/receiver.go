package webhook

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Trust is what a verification has shown. Its zero value is that nothing was shown.
type Trust int

// The degrees of trust.
const (
	Refused Trust = iota // nothing may be done with it
	Hint                 // somebody says that something happened: ask the provider
	Proved               // the provider says what happened
)

// Verifier decides whether a notification may be believed, from the raw bytes.
// It must not change the call. An error, or [Refused], refuses it:
// [gateway.CodeAuthentication] for what is forged or stale, anything else for
// what could not be checked, which the sender may try again. Its errors quote
// nothing that came. Implementations are safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, c Call) (Trust, error)
}

// VerifierFunc is a [Verifier] made of a function.
type VerifierFunc func(ctx context.Context, c Call) (Trust, error)

// Verify calls f; a nil f refuses.
func (f VerifierFunc) Verify(ctx context.Context, c Call) (Trust, error) {
	if f == nil {
		return Refused, refused("nobody verifies it")
	}
	return f(ctx, c)
}

// Reader makes events of a notification that was verified; none, where it tells
// nothing. It reads strictly: what it does not understand is
// [gateway.CodeInvalid], and an event of a kind that it does not know is
// [gateway.CodeUnsupported] (see [Unknown]). Implementations are safe for
// concurrent use.
type Reader interface {
	Read(ctx context.Context, c Call) ([]Event, error)
}

// ReaderFunc is a [Reader] made of a function.
type ReaderFunc func(ctx context.Context, c Call) ([]Event, error)

// Read calls f.
func (f ReaderFunc) Read(ctx context.Context, c Call) ([]Event, error) { return f(ctx, c) }

// Receiver is all that a provider says about the calls it makes to us. Its zero
// value refuses everything. It is safe for concurrent use.
type Receiver struct {
	Verifier Verifier     // nil refuses everything
	Reader   Reader       // nil understands nothing
	Answers  Acknowledger // nil answers as [Standards] does
}

// Verify verifies a call.
func (r Receiver) Verify(ctx context.Context, c Call) (Trust, error) {
	if r.Verifier == nil {
		return Refused, refused("nobody verifies it: the receiver has no Verifier")
	}
	trust, err := r.Verifier.Verify(ctx, c)
	switch {
	case err != nil:
		return Refused, err
	case trust != Hint && trust != Proved:
		return Refused, refused("its verifier proved nothing")
	}
	return trust, nil
}

// Read makes events of a call that Verify trusts so far. Of what is only a hint
// nothing is left but who and what it is about.
func (r Receiver) Read(ctx context.Context, c Call, trust Trust) ([]Event, error) {
	if trust != Hint && trust != Proved {
		return nil, refused("it was not verified")
	}
	if r.Reader == nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "the receiver has no Reader")
	}
	events, err := r.Reader.Read(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(events) > maxEvents {
		return nil, gateway.Invalid("the notification holds %d events, at most %d are read", len(events), maxEvents)
	}
	for i := range events {
		if trust == Hint {
			events[i].Fetch, events[i].Vouched, events[i].Outcome = true, false, gateway.Outcome{}
		}
		if err := events[i].check(); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// maxEvents is how many events one notification may hold.
const maxEvents = 1000

// Unsigned is a [Verifier] for a provider that signs nothing: whatever comes is a
// [Hint], and the engine asks the provider.
type Unsigned struct{}

// Verify believes nobody, and refuses nobody.
func (Unsigned) Verify(context.Context, Call) (Trust, error) { return Hint, nil }

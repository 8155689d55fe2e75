package inbox

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// Gate is a duty that must be done before a provider is answered, where the
// protocol asks for it: confirming an order at the provider, making the shop's.
//
// That it was begun is written down first. A process that ends within it, or an
// error, leaves the event gating; the provider, which was not answered well, sends
// it again, and Pass runs again: it must take up where it was, and do nothing
// twice. Its context ends with [Config].Patience, by when it must have returned.
// Once it has returned nil it is not called again for the event. The evidence is
// recorded after it.
//
// An error is answered by its code: [gateway.CodeNotFound], [gateway.CodeConflict]
// and [gateway.CodeInvalid] with their cases, [webhook.Gone] as gone, anything else
// with "try again". Implementations are safe for concurrent use.
type Gate interface {
	Pass(ctx context.Context, d Duty) error
}

// GateFunc is a [Gate] made of a function.
type GateFunc func(ctx context.Context, d Duty) error

// Pass calls f.
func (f GateFunc) Pass(ctx context.Context, d Duty) error { return f(ctx, d) }

// Duty is what a gate is given.
type Duty struct {
	Store    gateway.StoreID
	Provider string
	Payment  gateway.Payment
	Event    webhook.Event // without what is only shown: actions, instruments, extras
	Resumed  bool          // it was begun before, and how far it came is not known
}

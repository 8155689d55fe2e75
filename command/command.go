package command

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Command is one operation of one provider. An error is always a
// [*gateway.Error]; the outcome beside it holds what was learned before the
// failure. A nil error does not mean paid: ask [gateway.Outcome.Moved].
// Assembly keeps that true around commands and middleware written by hand: a
// panic or an error without a code there is indeterminate.
// Commands are safe for concurrent use.
type Command interface {
	Execute(ctx context.Context, s gateway.Subject) (gateway.Outcome, error)
}

// Func is a [Command] made of a function.
type Func func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error)

// Execute calls f.
func (f Func) Execute(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
	return f(ctx, s)
}

// Name is where a command stands.
type Name struct {
	Provider  string
	Operation gateway.Operation
}

// String returns "provider.operation".
func (n Name) String() string { return n.Provider + "." + string(n.Operation) }

// Middleware wraps a whole command: for measuring, tracing, refusing. It must
// call next at most once, because a second call is a second payment. The first
// listed acts first.
type Middleware func(at Name, next Command) Command

package client

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Client sends one transfer and returns what was answered, whatever the
// status: judging is for validators. An error means that there is no answer to
// rely on, and says what is known about the sending:
//
//   - [gateway.CodeUnavailable]: it is proved that nothing was executed
//   - [gateway.CodeIndeterminate]: it was sent, or may have been, and nobody knows
//   - [gateway.CodeRateLimited]: our own limit refused it, nothing was sent
//   - [gateway.CodeAuthentication], [gateway.CodeInvalid]: signing or encoding failed, nothing was sent
//
// Clients are shared by all calls and must be safe for concurrent use. A client
// that holds connections implements io.Closer; pools close it once.
type Client interface {
	PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error)
}

// Func is a [Client] made of a function.
type Func func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error)

// PlaceRequest calls f.
func (f Func) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	return f(ctx, t)
}

// Policy wraps a client in another one: a timeout, a retry, a breaker. The
// wrapping client implements [Wrapper], so that a description can show the
// whole chain and closing reaches the innermost client.
type Policy func(Client) Client

// Wrapper is a client around another one.
type Wrapper interface {
	Unwrap() Client
}

// Apply wraps c in policies. The first listed is the outermost:
// Apply(c, Retry, Timeout) is Retry(Timeout(c)), so every try gets its own timeout.
func Apply(c Client, policies ...Policy) Client {
	for i := len(policies) - 1; i >= 0; i-- {
		c = policies[i](c)
	}
	return c
}

package command

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// Spec is what one command is made of. Every stage but Request must be given,
// so that nothing is forgotten silently: a command without validators would
// believe every answer. It is a value; copies are independent.
type Spec struct {
	Request  request.BuilderComposite // may be empty: a call without a body
	Transfer transfer.Factory
	Client   client.Client
	Validate validator.Composite // not empty: say validator.Nothing()
	Handle   handler.Chain       // not empty: say handler.Nothing()
	Endpoint gateway.Endpoint    // what the provider promises of this endpoint

	filters  request.BuilderComposite
	watchers []named[Watch]
	around   []named[Middleware]
	marks    map[string][]part.Mark // stage → who edited it
}

// Watch sees a finished exchange, whatever the answer was. It cannot fail and
// must not keep the exchange: it ends with the command. A panic in it is
// contained.
type Watch func(ctx context.Context, x transfer.Exchange)

// named is something that an application added, with its name.
type named[T any] struct {
	name  string
	value T
	site  part.Site
}

func (s *Spec) watch(ctx context.Context, x transfer.Exchange) {
	for _, w := range s.watchers {
		func() {
			defer func() { _ = recover() }() //nolint:errcheck // a watcher cannot change what happens
			w.value(ctx, x)
		}()
	}
}

// Definition is what a provider's table holds for an operation: a [Spec], or
// what [Like], [Custom] and [Choose] return.
type Definition interface{ definition() }

func (Spec) definition() {}

type like struct {
	op    gateway.Operation
	edits []Edit
	site  part.Site
}

func (like) definition() {}

// Like defines another command of the same provider as a copy with edits: its
// client, signing, validators and handlers are inherited. The copy is made of
// what the provider or an extension defined; overrides of the original do not reach it.
func Like(op gateway.Operation, edits ...Edit) Definition {
	return like{op, edits, part.Caller(0)}
}

type custom struct {
	command Command
	choices []gateway.Operation
	site    part.Site
}

func (custom) definition() {}

// Custom defines a command written by hand. It may use the provider's own pool,
// to choose one command: two calls of a provider are two commands, each with
// its own idempotency key, and never one.
func Custom(c Command) Definition { return custom{command: c, site: part.Caller(0)} }

// Commands is a provider's table of contents.
type Commands map[gateway.Operation]Definition

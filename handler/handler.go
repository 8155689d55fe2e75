package handler

import (
	"context"
	"errors"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Handler adds what an answer says to the outcome. It is shared by all calls
// and must be safe for concurrent use; the outcome belongs to one call.
type Handler interface {
	Handle(ctx context.Context, x transfer.Exchange, out *gateway.Outcome) error
}

// Func is a [Handler] made of a function.
type Func func(ctx context.Context, x transfer.Exchange, out *gateway.Outcome) error

// Handle calls f.
func (f Func) Handle(ctx context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	return f(ctx, x, out)
}

// Typed returns a handler that gets the answer decoded into a T, once per
// exchange however many validators and handlers ask.
func Typed[T any](f func(ctx context.Context, x transfer.Exchange, answer T, out *gateway.Outcome) error) Handler {
	return Func(func(ctx context.Context, x transfer.Exchange, out *gateway.Outcome) error {
		answer, err := transfer.As[T](x)
		if err != nil {
			return err
		}
		return f(ctx, x, answer, out)
	})
}

// Part is a handler with its name in a chain.
type Part = part.Part[Handler]

// Named returns a part. The name is unique in its chain and is what edits and errors use.
func Named(name string, h Handler) Part { return part.Named(name, h, part.Caller(0)) }

// Chain runs handlers in the order given, all on one outcome. It is a handler
// itself, so chains nest, and a value that never changes. The zero value is
// empty, and a command refuses it: say [Nothing].
type Chain struct{ list part.List[Handler] }

// Compose returns a chain of the given parts.
func Compose(parts ...Part) Chain { return Chain{part.New(parts...)} }

// Nothing returns a chain for a command whose answer says nothing beyond that
// it worked: the outcome is succeeded. It is written, not forgotten.
func Nothing() Chain { return Compose(Named("nothing", Succeeded())) }

// Handle runs the parts. The first that fails or panics stops the rest; the
// error is [gateway.CodeIndeterminate] with the part's name, because the
// provider has acted, and the outcome keeps what was learned before.
func (c Chain) Handle(ctx context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	for _, p := range c.list.All() {
		if err := run(ctx, p, x, out); err != nil {
			return err
		}
	}
	return nil
}

func run(ctx context.Context, p Part, x transfer.Exchange, out *gateway.Outcome) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &gateway.Error{Code: gateway.CodeIndeterminate, Part: p.Name, Detail: "the handler panicked after the provider had answered"}
		}
	}()
	if err = p.Value.Handle(ctx, x, out); err != nil {
		return located(err, p.Name)
	}
	return nil
}

// located says which handler failed. Whatever code the handler's error has, the
// verdict is indeterminate: the provider did what it was asked.
func located(err error, name string) error {
	if e, ok := errors.AsType[*gateway.Error](err); ok {
		c := *e
		c.Part = strings.TrimSuffix(name+"/"+c.Part, "/")
		if c.Code != gateway.CodeIndeterminate {
			c.Detail = strings.TrimSuffix(string(c.Code)+": "+c.Detail, ": ")
			c.Code = gateway.CodeIndeterminate
		}
		return &c
	}
	return &gateway.Error{Code: gateway.CodeIndeterminate, Part: name, Err: err}
}

// Referrer is a handler that can name the provider's object from an answer
// alone. A command asks it when validators refuse an answer, so that the error's
// Reference still says what to ask the provider for; nothing is kept as a fact
// then. It changes nothing, and returns nothing for an answer that it cannot read.
type Referrer interface {
	References(x transfer.Exchange) gateway.Refs
}

// References returns what the chain's [Referrer] handlers find in the answer, in order.
func (c Chain) References(x transfer.Exchange) (found gateway.Refs) {
	defer func() { _ = recover() }() //nolint:errcheck // the answer was refused: it may hold anything
	for _, p := range c.list.All() {
		if r, ok := p.Value.(Referrer); ok {
			found = found.Add(r.References(x)...)
		}
	}
	return found
}

// IsZero reports whether the chain has no parts.
func (c Chain) IsZero() bool { return c.list.Len() == 0 }

// Parts returns the parts in order.
func (c Chain) Parts() part.List[Handler] { return c.list }

// WithParts returns a chain of other parts.
func (c Chain) WithParts(l part.List[Handler]) Handler { return Chain{l} }

// Check returns what is wrong with the parts' names and values.
func (c Chain) Check() error { return c.list.Check("handler") }

// Apply returns the chain with sets of edits applied; each set is one owner's. See [part.Apply].
func (c Chain) Apply(sets ...part.Set[Handler]) (Chain, error) {
	l, err := part.Apply(c.list, sets...)
	return Chain{l}, err
}

// Edit changes one named part of a chain; "tokens/card" reaches into a nested one.
type Edit = part.Edit[Handler]

// Replace puts another handler at path.
func Replace(path string, h Handler) Edit { return part.Replace(path, h, part.Caller(0)) }

// Wrap puts what w makes of the handler at path in its place.
func Wrap(path string, w func(Handler) Handler) Edit { return part.Wrap(path, w, part.Caller(0)) }

// Remove takes the handler at path away.
func Remove(path string) Edit { return part.Remove[Handler](path, part.Caller(0)) }

// InsertBefore puts a part right before the one at path; several at one place are sorted by name.
func InsertBefore(path string, p Part) Edit { return part.InsertBefore(path, p, part.Caller(0)) }

// InsertAfter puts a part right after the one at path; several at one place are sorted by name.
func InsertAfter(path string, p Part) Edit { return part.InsertAfter(path, p, part.Caller(0)) }

// Append puts a part at the end; several are sorted by name.
func Append(p Part) Edit { return part.Append("", p, part.Caller(0)) }

// Prepend puts a part at the beginning; several are sorted by name.
func Prepend(p Part) Edit { return part.Prepend("", p, part.Caller(0)) }

package validator

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/part"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Validator judges one exchange. It changes nothing, and it is shared by all
// calls: it must be safe for concurrent use.
type Validator interface {
	Validate(ctx context.Context, x transfer.Exchange) Result
}

// Func is a [Validator] made of a function.
type Func func(ctx context.Context, x transfer.Exchange) Result

// Validate calls f.
func (f Func) Validate(ctx context.Context, x transfer.Exchange) Result { return f(ctx, x) }

// Part is a validator with its name in a composite.
type Part = part.Part[Validator]

// Named returns a part. The name is unique in its composite and is what edits and errors use.
func Named(name string, v Validator) Part { return part.Named(name, v, part.Caller(0)) }

// Breaking returns a part whose failure ends the chain: validators behind it do
// not run. Replacing it by name keeps that.
func Breaking(name string, v Validator) Part {
	p := part.Named(name, v, part.Caller(0))
	p.Ends = true
	return p
}

// Composite runs validators in the order given and collects their failures.
// It is a value that never changes; edits return another one. The zero value
// is empty, and a command refuses it: say [Nothing].
type Composite struct{ list part.List[Validator] }

// Compose returns a composite of the given parts.
func Compose(parts ...Part) Composite { return Composite{part.New(parts...)} }

// Nothing returns a composite that finds nothing wrong with any answer, not
// even a server error. It is written, not forgotten.
func Nothing() Composite {
	return Compose(Named("nothing", Func(func(context.Context, transfer.Exchange) Result { return Result{} })))
}

// Validate runs the parts. A part that panics is a failure with
// [gateway.CodeIndeterminate]: the answer has come and nobody has judged it.
func (c Composite) Validate(ctx context.Context, x transfer.Exchange) Result {
	var all Result
	for _, p := range c.list.All() {
		r := run(ctx, p.Value, x)
		if r.Valid() {
			continue
		}
		for _, f := range r.Failures {
			if f.Part != "" {
				f.Part = p.Name + "/" + f.Part
			} else {
				f.Part = p.Name
			}
			all.Failures = append(all.Failures, f)
		}
		if p.Ends {
			break
		}
	}
	return all
}

func run(ctx context.Context, v Validator, x transfer.Exchange) (r Result) {
	defer func() {
		if p := recover(); p != nil {
			r = Fail(Failure{Code: gateway.CodeIndeterminate, Detail: "the validator panicked; the answer was not judged"})
		}
	}()
	return v.Validate(ctx, x)
}

// IsZero reports whether the composite has no parts.
func (c Composite) IsZero() bool { return c.list.Len() == 0 }

// Parts returns the parts in order.
func (c Composite) Parts() part.List[Validator] { return c.list }

// WithParts returns a composite of other parts.
func (c Composite) WithParts(l part.List[Validator]) Validator { return Composite{l} }

// Check returns what is wrong with the parts' names and values.
func (c Composite) Check() error { return c.list.Check("validator") }

// Apply returns the composite with sets of edits applied; each set is one owner's. See [part.Apply].
func (c Composite) Apply(sets ...part.Set[Validator]) (Composite, error) {
	l, err := part.Apply(c.list, sets...)
	return Composite{l}, err
}

// Edit changes one named part of a composite; "card/cvc" reaches into a nested one.
type Edit = part.Edit[Validator]

// Replace puts another validator at path.
func Replace(path string, v Validator) Edit { return part.Replace(path, v, part.Caller(0)) }

// Wrap puts what w makes of the validator at path in its place.
func Wrap(path string, w func(Validator) Validator) Edit { return part.Wrap(path, w, part.Caller(0)) }

// Remove takes the validator at path away.
func Remove(path string) Edit { return part.Remove[Validator](path, part.Caller(0)) }

// InsertBefore puts a part right before the one at path; several at one place are sorted by name.
func InsertBefore(path string, p Part) Edit { return part.InsertBefore(path, p, part.Caller(0)) }

// InsertAfter puts a part right after the one at path; several at one place are sorted by name.
func InsertAfter(path string, p Part) Edit { return part.InsertAfter(path, p, part.Caller(0)) }

// Append puts a part at the end; several are sorted by name.
func Append(p Part) Edit { return part.Append("", p, part.Caller(0)) }

// Prepend puts a part at the beginning; several are sorted by name.
func Prepend(p Part) Edit { return part.Prepend("", p, part.Caller(0)) }

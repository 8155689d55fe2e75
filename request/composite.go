package request

import (
	"context"
	"errors"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	parts "github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// BuilderComposite runs named builders in the order given, all on one document.
// It is a builder itself, so composites nest. It is a value that never changes:
// editing capture can never change refund. The zero value builds nothing.
//
// Two parts that set one field are an error naming both, unless a [Policy] says
// otherwise; a nested composite has its surrounding one's policy unless it has its own.
type BuilderComposite struct {
	list   parts.List[Builder]
	policy Policy
}

// Compose returns a composite of the given parts.
func Compose(list ...Part) BuilderComposite { return BuilderComposite{list: parts.New(list...)} }

// With returns the composite with a policy for fields that two parts set.
func (c BuilderComposite) With(p Policy) BuilderComposite {
	c.policy = p
	return c
}

// Build runs the parts. It stops at the first that fails and returns a
// [*gateway.Error] with the part's name: the error's own code when it has one,
// [gateway.CodeInvalid] otherwise, and [gateway.CodeInternal] for a panic.
func (c BuilderComposite) Build(ctx context.Context, s gateway.Subject, doc *Document) error {
	list := c.list.All()
	for i := range list {
		if err := c.build(ctx, &s, doc, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

// build takes pointers: a subject is large, and the builder gets a copy anyway.
func (c BuilderComposite) build(ctx context.Context, s *gateway.Subject, doc *Document, p *Part) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = located(gateway.Errorf(gateway.CodeInternal, "the builder panicked: %s", panicText(r)), p.Name)
		}
	}()
	a := doc.live()
	if a == nil {
		return errReleased()
	}
	outer := a.part
	if !a.enterPart(p.Name, c.policy) {
		return a.err
	}
	defer doc.leave(outer)
	if err = p.Value.Build(ctx, *s, doc); err == nil {
		return doc.Err() // names the part already
	}
	if sticky := doc.Err(); sticky != nil && err == sticky { //nolint:errorlint // identity is meant
		return err
	}
	return located(err, p.Name)
}

// located adds the part's name to an error: "order" and then "lines" give "order/lines".
func located(err error, name string) error {
	e, coded := errors.AsType[*gateway.Error](err)
	if !coded {
		return &gateway.Error{Code: gateway.AsError(err, gateway.CodeInvalid).Code, Part: name, Err: err}
	}
	c := *e
	c.Part = strings.TrimSuffix(name+"/"+c.Part, "/")
	return &c
}

// panicText describes a panic without its value, which may hold anything.
func panicText(r any) string {
	if err, ok := r.(error); ok {
		if _, runtime := err.(interface{ RuntimeError() }); runtime {
			return err.Error()
		}
	}
	return "its value is not shown, it may hold secrets"
}

// IsZero reports whether the composite has no parts.
func (c BuilderComposite) IsZero() bool { return c.list.Len() == 0 }

// Policy returns the composite's own policy.
func (c BuilderComposite) Policy() Policy { return c.policy }

// Parts returns the parts in order.
func (c BuilderComposite) Parts() parts.List[Builder] { return c.list }

// WithParts returns a composite of other parts with the same policy.
func (c BuilderComposite) WithParts(l parts.List[Builder]) Builder {
	c.list = l
	return c
}

// Check returns what is wrong with the parts' names and values, nested ones included.
func (c BuilderComposite) Check() error { return c.list.Check("builder") }

// Apply returns the composite with sets of edits applied; each set is one owner's. See [part.Apply].
func (c BuilderComposite) Apply(sets ...parts.Set[Builder]) (BuilderComposite, error) {
	l, err := parts.Apply(c.list, sets...)
	c.list = l
	return c, err
}

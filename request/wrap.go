package request

import (
	"context"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	parts "github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// When returns a builder that runs b only for subjects that cond accepts.
//
// Edits by name and descriptions reach into b where b is a composite.
func When(cond func(s gateway.Subject) bool, b Builder) Builder {
	if _, ok := b.(parts.Nested[Builder]); ok {
		return whenList{when{cond, b}}
	}
	return when{cond, b}
}

type when struct {
	cond func(gateway.Subject) bool
	b    Builder
}

// whenList is a when around a composite.
type whenList struct{ when }

func (w whenList) Parts() parts.List[Builder] { return w.b.(parts.Nested[Builder]).Parts() } //nolint:forcetypeassert // When saw that it is one

func (w whenList) WithParts(l parts.List[Builder]) Builder {
	w.b = w.b.(parts.Nested[Builder]).WithParts(l) //nolint:forcetypeassert // When saw that it is one
	return w
}

func (w when) Build(ctx context.Context, s gateway.Subject, doc *Document) error {
	if !w.cond(s) {
		return nil
	}
	return w.b.Build(ctx, s, doc)
}

// Check passes on to the inner builder.
func (w when) Check() error {
	if w.cond == nil || w.b == nil {
		return gateway.Errorf(gateway.CodeInternal, "When needs a condition and a builder")
	}
	return checkInner(w.b)
}

// In returns a builder that runs b on the object at path, which it makes:
// In("customer/address", b). What b writes by name stands inside that object.
// Nothing is made when b writes nothing.
//
// Edits by name and descriptions reach into b where b is a composite.
func In(path string, b Builder) Builder {
	if _, ok := b.(parts.Nested[Builder]); ok {
		return inList{in{path, b}}
	}
	return in{path, b}
}

type in struct {
	path string
	b    Builder
}

// inList is an in around a composite.
type inList struct{ in }

func (w inList) Parts() parts.List[Builder] { return w.b.(parts.Nested[Builder]).Parts() } //nolint:forcetypeassert // In saw that it is one

func (w inList) WithParts(l parts.List[Builder]) Builder {
	w.b = w.b.(parts.Nested[Builder]).WithParts(l) //nolint:forcetypeassert // In saw that it is one
	return w
}

func (w in) Build(ctx context.Context, s gateway.Subject, doc *Document) error {
	n := doc.Node
	for path, more := w.path, true; more; {
		var name string
		name, path, more = nextStep(path)
		n = n.Object(name)
	}
	err := w.b.Build(ctx, s, &Document{Node: n})
	if err == nil && !doc.Sealed() {
		prune(doc, w.path)
	}
	return err
}

// prune removes the objects that In made and nobody filled, innermost first.
func prune(doc *Document, path string) {
	for path != "" {
		if v := doc.Value(path); v.Kind() != KindObject || v.Len() > 0 {
			return
		}
		doc.Remove(path)
		slash := strings.LastIndexByte(path, '/')
		path = path[:max(slash, 0)]
	}
}

// Check passes on to the inner builder.
func (w in) Check() error {
	if w.path == "" || w.b == nil {
		return gateway.Errorf(gateway.CodeInternal, "In needs a path and a builder")
	}
	return checkInner(w.b)
}

// String returns where the inner builder writes, and what it says of itself.
func (w in) String() string {
	if _, ok := w.b.(parts.Nested[Builder]); ok {
		return "in " + w.path
	}
	return "in " + w.path + ": " + said(w.b)
}

// String returns that there is a condition, and what the inner builder says of itself.
func (w when) String() string {
	if _, ok := w.b.(parts.Nested[Builder]); ok {
		return "on condition"
	}
	return "on condition: " + said(w.b)
}

func said(b Builder) string {
	if s, ok := b.(interface{ String() string }); ok {
		return s.String()
	}
	return "a builder"
}

func checkInner(b Builder) error {
	if c, ok := b.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

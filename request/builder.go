package request

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	parts "github.com/gatewaycommand/gatewaycommand/gateway/part"
)

// Builder writes its part of a request into the document: the amount, the
// customer, the order lines. It reads the subject and changes nothing but the
// document. Builders are shared by all calls and must be safe for concurrent use.
//
// A builder need not check what the setters return: they return nothing, the
// first mistake sticks to the document, and the composite reports it with the
// builder's name.
type Builder interface {
	Build(ctx context.Context, s gateway.Subject, doc *Document) error
}

// Func is a [Builder] made of a function.
type Func func(ctx context.Context, s gateway.Subject, doc *Document) error

// Build calls f.
func (f Func) Build(ctx context.Context, s gateway.Subject, doc *Document) error {
	return f(ctx, s, doc)
}

// Write is a [Builder] made of a function that cannot fail and waits for nothing.
type Write func(s gateway.Subject, doc *Document)

// Build calls f.
func (f Write) Build(_ context.Context, s gateway.Subject, doc *Document) error {
	f(s, doc)
	return nil
}

// Part is a builder with its name in a composite.
type Part = parts.Part[Builder]

// Named returns a part. The name is unique in its composite and is what edits,
// conflicts and errors use.
func Named(name string, b Builder) Part { return parts.Named(name, b, parts.Caller(0)) }

// Edit changes one named part of a composite; "order/lines" reaches into a nested one.
type Edit = parts.Edit[Builder]

// Replace puts another builder at path.
func Replace(path string, b Builder) Edit { return parts.Replace(path, b, parts.Caller(0)) }

// Wrap puts what w makes of the builder at path in its place.
func Wrap(path string, w func(Builder) Builder) Edit { return parts.Wrap(path, w, parts.Caller(0)) }

// Remove takes the builder at path away.
func Remove(path string) Edit { return parts.Remove[Builder](path, parts.Caller(0)) }

// InsertBefore puts a part right before the one at path; several at one place are sorted by name.
func InsertBefore(path string, p Part) Edit { return parts.InsertBefore(path, p, parts.Caller(0)) }

// InsertAfter puts a part right after the one at path; several at one place are sorted by name.
func InsertAfter(path string, p Part) Edit { return parts.InsertAfter(path, p, parts.Caller(0)) }

// Append puts a part at the end; several are sorted by name.
func Append(p Part) Edit { return parts.Append("", p, parts.Caller(0)) }

// Prepend puts a part at the beginning; several are sorted by name.
func Prepend(p Part) Edit { return parts.Prepend("", p, parts.Caller(0)) }

// Package part is the one implementation of "named and ordered": immutable
// lists of named parts, and edits of them by name.
//
// request.BuilderComposite, validator.Composite and handler.Chain are such
// lists, so that an application adds, replaces, wraps or removes one part of
// one command in one way everywhere. Applications and providers use the verbs
// of those packages (request.Replace, handler.InsertAfter ...); nobody needs to
// import this one. command.Assemble calls [Apply].
//
//	l := part.New(part.Named("amount", amount, part.Caller(0)))
package part

import (
	"reflect"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Part is a value with its name in a list.
type Part[T any] struct {
	Name  string
	Value T
	Ends  bool   // of a validator: its failure ends the chain
	Marks []Mark // where it was put and edited, oldest first
}

// Mark says who did something to a part, and where.
type Mark struct {
	Verb string // "put", "replaced", "wrapped", "inserted"
	Site Site
}

// Named returns a part that was put at the given site.
func Named[T any](name string, v T, at Site) Part[T] {
	return Part[T]{Name: name, Value: v, Marks: []Mark{{"put", at}}}
}

// Site returns where the part was last put, replaced or wrapped.
func (p Part[T]) Site() Site {
	if len(p.Marks) == 0 {
		return Site{}
	}
	return p.Marks[len(p.Marks)-1].Site
}

func (p Part[T]) marked(verb string, at Site) Part[T] {
	p.Marks = append(p.Marks[:len(p.Marks):len(p.Marks)], Mark{verb, at})
	return p
}

// List is an ordered list of parts. It is a value that never changes; edits
// return another one. The zero value is empty.
type List[T any] struct{ items []Part[T] }

// New returns a list of the given parts, in the order given.
func New[T any](parts ...Part[T]) List[T] { return List[T]{append([]Part[T](nil), parts...)} }

// All returns the parts in order. It must not be changed.
func (l List[T]) All() []Part[T] { return l.items }

// Len returns the number of parts.
func (l List[T]) Len() int { return len(l.items) }

// Nested is a part that is itself a list.
type Nested[T any] interface {
	Parts() List[T]
	WithParts(List[T]) T
}

// Checker is a part that can tell before the first use that it will not work.
type Checker interface{ Check() error }

// Check returns what is wrong with the list: a name that is empty, used twice
// or holds a slash, a nil value, or what a part's own Check says. Each problem
// names the part and where it was put; what names the kind of parts.
func (l List[T]) Check(what string) error {
	var p problems
	seen := map[string]Site{}
	for i, item := range l.items {
		at := item.Site()
		first, twice := seen[item.Name]
		switch {
		case item.Name == "":
			p.add("%s %d (%s) has no name", what, i+1, at)
		case strings.ContainsAny(item.Name, "/*"):
			p.add("%s %q (%s): a name must not hold / or *", what, item.Name, at)
		case twice:
			p.add("two %ss are named %q: at %s and at %s", what, item.Name, first, at)
		case IsNil(item.Value):
			p.add("%s %q (%s) is nil", what, item.Name, at)
		default:
			if c, ok := any(item.Value).(Checker); ok {
				if err := c.Check(); err != nil {
					p.add("%s %q (%s): %s", what, item.Name, at, textOf(err))
				}
			}
		}
		seen[item.Name] = at
	}
	return p.err()
}

func (l List[T]) names() string {
	if len(l.items) == 0 {
		return "nothing"
	}
	names := make([]string, len(l.items))
	for i, p := range l.items {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

func (l List[T]) index(name string) int {
	for i, p := range l.items {
		if p.Name == name {
			return i
		}
	}
	return -1
}

// IsNil reports whether v is nil, or a nil pointer, map, function or interface inside one.
func IsNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Slice, reflect.Interface, reflect.Chan:
		return r.IsNil()
	default:
		return false
	}
}

// textOf returns an error's text without the code that every problem of assembly shares.
func textOf(err error) string {
	if e, ok := err.(*gateway.Error); ok && e.Detail != "" && e.Code == gateway.CodeInternal { //nolint:errorlint // only the outermost error's text is meant
		return e.Detail
	}
	return err.Error()
}

package request

import (
	"reflect"
	"sync"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Struct sets a field for each field of the struct v, or of the struct that v
// points to, in the order of declaration. Names and omission follow the json tag
// (omitempty, omitzero, string, "-"); a nil pointer is left out. The request tag
// adds, separated by commas: "protected" and "required" as [Node.Protect] and
// [Node.Require], "decimal" for an amount as decimal text instead of minor units,
// "secret" for a string that only encoders reveal.
//
// The types: string, bool, all integers, [Number], json.Number, gateway.Money,
// gateway.Secret, time.Time (RFC 3339), json.RawMessage, encoding.TextMarshaler,
// json.Marshaler, pointers, structs, slices, and maps with string keys, whose
// entries are sorted by key. Floats and any are refused.
//
// It returns the document's sticky error, so that a mistake need not be looked for twice.
func (n Node) Struct(v any) error { return n.StructIn(v, nil) }

// StructIn is [Node.Struct] with amounts in the provider's exponents.
func (n Node) StructIn(v any, x gateway.Exponents) error {
	a := n.live()
	if a == nil {
		return errReleased()
	}
	if a.err != nil {
		return a.err
	}
	src := reflect.ValueOf(v)
	for src.Kind() == reflect.Pointer && !src.IsNil() {
		src = src.Elem()
	}
	if src.Kind() != reflect.Struct {
		a.fail(gateway.Errorf(gateway.CodeInternal, "Struct needs a struct, not %T", v))
		return a.err
	}
	s, err := writePlan(src.Type())
	if err != nil {
		a.fail(gateway.Errorf(gateway.CodeInternal, "%w", err))
		return a.err
	}
	s.fill(n, src, x)
	if a.err != nil {
		return a.err
	}
	return nil
}

// A target is where a value goes: a field of an object, or the end of a list.
type target struct {
	node      Node
	name      string
	list      List
	inList    bool
	exponents gateway.Exponents
}

// A writer sets the target to src.
type writer func(t target, src reflect.Value)

// A structWriter sets the fields of an object from a struct.
type structWriter struct{ fields []writtenField }

type writtenField struct {
	structField
	path  string // the name as a path
	at    int    // index, when it has one step; else -1
	empty func(reflect.Value) bool
	write writer
}

func (s *structWriter) fill(n Node, src reflect.Value, x gateway.Exponents) {
	for k := range s.fields {
		f := &s.fields[k]
		v, ok := f.from(src)
		if ok && !(f.empty != nil && f.empty(v)) {
			f.write(target{node: n, name: f.name, exponents: x}, v)
		}
		if f.protected {
			n.Protect(f.path)
		}
		if f.required {
			n.Require(f.path)
		}
		if n.open() == nil {
			return
		}
	}
}

// from returns the field of src; false below a nil embedded pointer.
func (f *writtenField) from(src reflect.Value) (reflect.Value, bool) {
	if f.at >= 0 {
		return src.Field(f.at), true
	}
	v, err := src.FieldByIndexErr(f.index)
	return v, err == nil
}

func (s *structWriter) write(t target, src reflect.Value) {
	n := t.object()
	if n.open() != nil { // it stops at a mistake, also in a struct that points to itself
		s.fill(n, src, t.exponents)
	}
}

func (t target) object() Node {
	if t.inList {
		return t.list.Object()
	}
	return t.node.Object(t.name)
}

func (t target) sequence() List {
	if t.inList {
		return t.list.List()
	}
	return t.node.List(t.name)
}

func (t target) text(v string) {
	if t.inList {
		t.list.Text(v)
	} else {
		t.node.Text(t.name, v)
	}
}

func (t target) int(v int64) {
	if t.inList {
		t.list.Int(v)
	} else {
		t.node.Int(t.name, v)
	}
}

func (t target) bool(v bool) {
	if t.inList {
		t.list.Bool(v)
	} else {
		t.node.Bool(t.name, v)
	}
}

func (t target) number(literal string) {
	if t.inList {
		t.list.Number(literal)
	} else {
		t.node.Number(t.name, literal)
	}
}

func (t target) secret(v gateway.Secret) {
	if t.inList {
		t.list.Secret(v)
	} else {
		t.node.Secret(t.name, v)
	}
}

func (t target) null() {
	if t.inList {
		t.list.Null()
	} else {
		t.node.Null(t.name)
	}
}

// arena returns where the target lies, nil when nothing can be written there.
func (t target) arena() *arena {
	if t.inList {
		return Node(t.list).open()
	}
	return t.node.open()
}

type cachedWriter struct {
	plan *structWriter
	err  *TypeError
}

var writers sync.Map // reflect.Type → cachedWriter

// writePlan returns the writer of the struct t, made at the first use.
func writePlan(t reflect.Type) (*structWriter, error) {
	c, ok := writers.Load(t)
	if !ok {
		s, err := (&writeCompiler{structs: map[reflect.Type]*structWriter{}}).structure(t)
		c, _ = writers.LoadOrStore(t, cachedWriter{s, err})
	}
	if plan := c.(cachedWriter); plan.err != nil {
		return nil, plan.err
	} else {
		return plan.plan, nil
	}
}

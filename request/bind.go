package request

import (
	"reflect"
	"sync"
)

// Bind reads the value into what into points to, usually a struct with json tags.
//
// Names match exactly, including case. Fields that the struct does not have are
// ignored, because providers add fields; [Value.BindStrict] refuses them. Absent
// fields are left as they are; null gives the zero value, a nil pointer for a
// pointer. Nothing is converted silently: a whole number must be one and fit, a
// text is no number. In forms and XML, which know nothing but text, a text that
// is a number, "true" or "false" becomes one, and a single value is a list of one.
//
// The types: string, bool, all integers, [Number] and json.Number, gateway.Secret,
// time.Time (RFC 3339), json.RawMessage, encoding.TextUnmarshaler,
// json.Unmarshaler, pointers, structs, embedded structs, slices, maps with
// string keys, and any (as map[string]any, []any, string, json.Number, bool).
// Floats are a [*TypeError]. What the answer does wrong is a [*DecodeError].
//
// Strings share memory with the document's body, see [ParseJSON]; they stay valid
// after its release.
func (v Value) Bind(into any) error { return v.bind(into, false) }

// BindStrict is [Value.Bind] that refuses fields the struct does not have.
func (v Value) BindStrict(into any) error { return v.bind(into, true) }

// Bind reads v into a new T; see [Value.Bind].
func Bind[T any](v Value) (T, error) {
	var into T
	if err := v.bind(&into, false); err != nil {
		return *new(T), err
	}
	return into, nil
}

func (v Value) bind(into any, strict bool) error {
	dst := reflect.ValueOf(into)
	if dst.Kind() != reflect.Pointer || dst.IsNil() {
		return &TypeError{reflect.TypeOf(into), "", "binding needs a pointer that is not nil"}
	}
	plan, err := bindPlan(dst.Type().Elem())
	if err != nil {
		return err
	}
	if v.node() == nil {
		return v.problem("there is no value to bind")
	}
	b := binding{v.arena, strict}
	return b.to(plan, v.i, dst.Elem())
}

// A binding reads nodes of one document.
type binding struct {
	arena  *arena
	strict bool
}

// A binder reads the node i, which is not null, into dst.
type binder func(b binding, i int32, dst reflect.Value) error

func (b binding) to(f binder, i int32, dst reflect.Value) error {
	if b.arena.nodes[i].kind == KindNull {
		dst.SetZero()
		return nil
	}
	return f(b, i, dst)
}

func (b binding) wrong(i int32, want string) error {
	return b.problem(i, "it is "+b.arena.nodes[i].kind.String()+", not "+want)
}

func (b binding) problem(i int32, what string) error {
	return &DecodeError{Path: joinPath(b.arena.steps(i, nil)), Problem: what}
}

type cachedBinder struct {
	bind binder
	err  *TypeError
}

var binders sync.Map // reflect.Type → cachedBinder

// bindPlan returns the binder of t, made at the first use.
func bindPlan(t reflect.Type) (binder, error) {
	c, ok := binders.Load(t)
	if !ok {
		f, err := (&bindCompiler{structs: map[reflect.Type]*structBinder{}}).compile(t)
		c, _ = binders.LoadOrStore(t, cachedBinder{f, err})
	}
	if plan := c.(cachedBinder); plan.err != nil {
		return nil, plan.err
	} else {
		return plan.bind, nil
	}
}

// A structBinder reads an object into a struct.
type structBinder struct {
	fields []boundField
	byName map[string]int
	text   int // the field "#text", -1 when there is none
}

type boundField struct {
	name  string
	index []int
	at    int // index, when it has one step; else -1
	bind  binder
}

func (s *structBinder) bind(b binding, i int32, dst reflect.Value) error {
	n := &b.arena.nodes[i]
	if n.kind != KindObject {
		return s.bindText(b, i, dst)
	}
	k := 0 // fields usually come in the order of the struct
	for c := n.first; c != 0; {
		m := &b.arena.nodes[c]
		if m.dead() {
			c = m.next
			continue
		}
		if k >= len(s.fields) || s.fields[k].name != m.name {
			at, ok := s.byName[m.name]
			if !ok {
				if b.strict {
					return b.problem(c, "the field is unknown")
				}
				c = m.next
				continue
			}
			k = at
		}
		f := &s.fields[k]
		k++
		if m.kind == KindNull {
			s.zero(f, dst)
		} else if err := f.bind(b, c, f.in(dst)); err != nil {
			return err
		}
		c = m.next
	}
	return nil
}

// bindText reads an XML element that has no attributes and no elements this time.
func (s *structBinder) bindText(b binding, i int32, dst reflect.Value) error {
	n := &b.arena.nodes[i]
	switch {
	case !b.arena.loose || n.kind != KindText:
		return b.wrong(i, "an object")
	case s.text >= 0:
		f := &s.fields[s.text]
		return f.bind(b, i, f.in(dst))
	case n.text == "":
		return nil
	}
	return b.wrong(i, "an object")
}

func (s *structBinder) zero(f *boundField, dst reflect.Value) {
	if v, err := dst.FieldByIndexErr(f.index); err == nil { // an error: below a nil embedded pointer all is zero
		v.SetZero()
	}
}

// in returns the field in the struct dst, making embedded structs on the way.
func (f *boundField) in(dst reflect.Value) reflect.Value {
	if f.at >= 0 {
		return dst.Field(f.at)
	}
	for k, x := range f.index {
		if k > 0 && dst.Kind() == reflect.Pointer {
			if dst.IsNil() {
				dst.Set(reflect.New(dst.Type().Elem()))
			}
			dst = dst.Elem()
		}
		dst = dst.Field(x)
	}
	return dst
}

package request

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// A writeCompiler makes the writers of one type and all types in it.
type writeCompiler struct {
	structs map[reflect.Type]*structWriter // those begun, so that recursive types end
	field   structField                    // whose tags rule the value
}

func (c *writeCompiler) structure(t reflect.Type) (*structWriter, *TypeError) {
	if s, ok := c.structs[t]; ok {
		return s, nil
	}
	fields, err := structFields(t)
	if err != nil {
		return nil, err
	}
	s := &structWriter{}
	c.structs[t] = s
	for _, f := range fields {
		c.field = f
		w, err := c.compile(f.typ)
		if err != nil {
			return nil, within(err, t, f.goName)
		}
		at := -1
		if len(f.index) == 1 {
			at = f.index[0]
		}
		s.fields = append(s.fields, writtenField{f, escapeStep(f.name), at, emptiness(f), w})
	}
	return s, nil
}

// emptiness returns how to find out that a field is left out, nil when it never is.
func emptiness(f structField) func(reflect.Value) bool {
	switch omit := f.omitEmpty || f.omitZero; {
	case f.typ.Kind() == reflect.Pointer:
		return reflect.Value.IsNil
	case !omit:
		return nil
	case f.typ == moneyType: // no amount; an amount of nothing is one
		return func(v reflect.Value) bool { return !v.Interface().(gateway.Money).IsSet() }
	case f.typ == secretType:
		return func(v reflect.Value) bool { return v.Interface().(gateway.Secret).IsZero() }
	case f.omitEmpty && (f.typ.Kind() == reflect.Slice || f.typ.Kind() == reflect.Map):
		return func(v reflect.Value) bool { return v.Len() == 0 }
	case f.omitZero && f.typ.Implements(reflect.TypeFor[interface{ IsZero() bool }]()):
		return func(v reflect.Value) bool { return v.Interface().(interface{ IsZero() bool }).IsZero() }
	case f.omitEmpty && !f.omitZero && f.typ.Kind() == reflect.Struct:
		return nil // as in encoding/json
	}
	return reflect.Value.IsZero
}

func (c *writeCompiler) compile(t reflect.Type) (writer, *TypeError) {
	switch {
	case c.field.decimal && t != moneyType && t.Kind() != reflect.Pointer && t.Kind() != reflect.Slice && t.Kind() != reflect.Map:
		return nil, &TypeError{t, "", "only a gateway.Money can be decimal"}
	case c.field.secret && t.Kind() == reflect.String:
		return func(t target, src reflect.Value) { t.secret(gateway.NewSecret(src.String())) }, nil
	case c.field.secret && t != secretType && t.Kind() != reflect.Pointer && t.Kind() != reflect.Slice && t.Kind() != reflect.Map:
		return nil, &TypeError{t, "", "only a string can be secret"}
	}
	switch t {
	case moneyType:
		return writeMoney(c.field.decimal), nil
	case secretType:
		return func(t target, src reflect.Value) { t.secret(src.Interface().(gateway.Secret)) }, nil
	case timeType:
		return func(t target, src reflect.Value) { t.text(src.Interface().(time.Time).Format(time.RFC3339Nano)) }, nil
	case numberType, jsonNumberType:
		return func(t target, src reflect.Value) { t.number(src.String()) }, nil
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return c.pointer(t)
	case t.Implements(jsonMarshalerType):
		return writeJSON, nil
	case t.Implements(textMarshalerType):
		return writeText, nil
	}
	return c.byKind(t)
}

func (c *writeCompiler) byKind(t reflect.Type) (writer, *TypeError) {
	quoted := c.field.quoted
	switch t.Kind() {
	case reflect.String:
		return func(t target, src reflect.Value) { t.text(src.String()) }, nil
	case reflect.Bool:
		return func(t target, src reflect.Value) {
			if quoted {
				t.text(strconv.FormatBool(src.Bool()))
			} else {
				t.bool(src.Bool())
			}
		}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(t target, src reflect.Value) {
			if quoted {
				t.text(strconv.FormatInt(src.Int(), 10))
			} else {
				t.int(src.Int())
			}
		}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(t target, src reflect.Value) {
			if digits := strconv.FormatUint(src.Uint(), 10); quoted {
				t.text(digits)
			} else {
				t.number(digits)
			}
		}, nil
	case reflect.Float32, reflect.Float64:
		return nil, &TypeError{t, "", noFloats}
	case reflect.Struct:
		s, err := c.structure(t)
		if err != nil {
			return nil, err
		}
		return s.write, nil
	case reflect.Slice, reflect.Array:
		return c.slice(t)
	case reflect.Map:
		return c.mapping(t)
	}
	return nil, &TypeError{t, "", "a " + t.Kind().String() + " cannot be written: use a concrete type"}
}

func (c *writeCompiler) pointer(t reflect.Type) (writer, *TypeError) {
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(t target, src reflect.Value) {
		if src.IsNil() {
			t.null() // in a list or map; a field is left out
		} else {
			elem(t, src.Elem())
		}
	}, nil
}

func (c *writeCompiler) slice(t reflect.Type) (writer, *TypeError) {
	if t.Elem().Kind() == reflect.Uint8 {
		return nil, &TypeError{t, "", "bytes have no form of their own here: use string"}
	}
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(t target, src reflect.Value) {
		l := t.sequence()
		for k := 0; k < src.Len() && Node(l).open() != nil; k++ {
			elem(target{list: l, inList: true, exponents: t.exponents}, src.Index(k))
		}
	}, nil
}

func (c *writeCompiler) mapping(t reflect.Type) (writer, *TypeError) {
	if t.Key().Kind() != reflect.String {
		return nil, &TypeError{t, "", "a map needs strings as keys"}
	}
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(t target, src reflect.Value) {
		n := t.object()
		keys := src.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int {
			if x.String() < y.String() {
				return -1
			}
			return 1
		})
		for _, k := range keys {
			if n.open() == nil {
				return
			}
			elem(target{node: n, name: k.String(), exponents: t.exponents}, src.MapIndex(k))
		}
	}, nil
}

func writeMoney(decimal bool) writer {
	return func(t target, src reflect.Value) {
		m := src.Interface().(gateway.Money)
		switch {
		case decimal && t.inList:
			v, err := t.exponents.Decimal(m)
			t.amount(v, 0, err, true)
		case decimal:
			t.node.Decimal(t.name, m, t.exponents)
		case t.inList:
			v, err := t.exponents.Minor(m)
			t.amount("", v, err, false)
		default:
			t.node.MinorUnits(t.name, m, t.exponents)
		}
	}
}

// amount adds an amount to a list.
func (t target) amount(text string, minor int64, err error, decimal bool) {
	a := t.arena()
	switch {
	case a == nil:
	case err != nil:
		a.refuseField(t.list.i, err)
	case decimal:
		t.text(text)
	default:
		t.int(minor)
	}
}

func writeText(t target, src reflect.Value) {
	text, err := src.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		t.broken(src.Type())
		return
	}
	t.text(string(text))
}

func writeJSON(t target, src reflect.Value) {
	body, err := src.Interface().(json.Marshaler).MarshalJSON()
	if err != nil {
		t.broken(src.Type())
		return
	}
	if len(body) == 0 { // a nil json.RawMessage
		t.null()
		return
	}
	d, err := ParseJSON(body, Limits{})
	if err != nil {
		t.broken(src.Type())
		return
	}
	defer d.Release()
	if t.inList {
		t.list.Copy(d.Root())
	} else {
		t.node.Copy(t.name, d.Root())
	}
}

// broken records that a value could not say what it is; its own words may quote it.
func (t target) broken(typ reflect.Type) {
	if a := t.arena(); a != nil {
		a.refuse("a %s cannot be written as text or JSON", typ)
	}
}

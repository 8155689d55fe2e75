package request

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Number is a number kept as the literal it was written as, so that no digit is
// lost. The zero Number is no number.
type Number string

// TypeError says why a Go type cannot be bound to or written from. It is a
// mistake in the program, found for a type once and at assembly ([CheckStruct]).
type TypeError struct {
	Type    reflect.Type // the type that was given
	Field   string       // the Go field, "Lines.Tax"; "" for the type itself
	Problem string
}

// Error returns "type (field): problem".
func (e *TypeError) Error() string {
	name := "nil"
	if e.Type != nil {
		name = e.Type.String()
	}
	if e.Field != "" {
		name += " (field " + e.Field + ")"
	}
	return name + ": " + e.Problem
}

const noFloats = "a float cannot hold an amount exactly: use gateway.Money, int64, string or request.Number"

var (
	secretType          = reflect.TypeFor[gateway.Secret]()
	moneyType           = reflect.TypeFor[gateway.Money]()
	timeType            = reflect.TypeFor[time.Time]()
	numberType          = reflect.TypeFor[Number]()
	jsonNumberType      = reflect.TypeFor[json.Number]()
	rawMessageType      = reflect.TypeFor[json.RawMessage]()
	jsonMarshalerType   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// A structField is a field of a struct as its json and request tags describe it.
type structField struct {
	goName    string
	name      string
	index     []int
	typ       reflect.Type
	tagged    bool
	omitEmpty bool
	omitZero  bool
	quoted    bool // json:",string"
	protected bool
	required  bool
	decimal   bool
	secret    bool
}

// structFields returns the fields of t, with those of untagged embedded structs
// among them, in the order of declaration. A name that two fields of one level
// have is a mistake; of different levels the outer one counts.
func structFields(t reflect.Type) ([]structField, *TypeError) {
	all, err := collectFields(t, nil, nil)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]int, len(all))
	kept := all[:0:0]
	for _, f := range all {
		k, seen := byName[f.name]
		switch {
		case !seen:
			byName[f.name] = len(kept)
			kept = append(kept, f)
		case len(f.index) < len(kept[k].index) || len(f.index) == len(kept[k].index) && f.tagged && !kept[k].tagged:
			kept[k] = f
		case len(f.index) == len(kept[k].index) && f.tagged == kept[k].tagged:
			return nil, &TypeError{t, f.goName, "another field has the name " + f.name + " too"}
		}
	}
	return kept, nil
}

func collectFields(t reflect.Type, index []int, outer []reflect.Type) ([]structField, *TypeError) {
	if slices.Contains(outer, t) {
		return nil, nil // a struct embedded in itself has no more fields than it has
	}
	outer = append(slices.Clip(outer), t)
	var all []structField
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, hasTag := sf.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" && options == "" && tag == "-" {
			continue
		}
		at := append(slices.Clip(index), i)
		if sf.Anonymous && name == "" {
			et := sf.Type
			if et.Kind() == reflect.Pointer {
				et = et.Elem()
				if !sf.IsExported() {
					return nil, &TypeError{t, sf.Name, "an embedded pointer to an unexported struct cannot be set"}
				}
			}
			if et.Kind() == reflect.Struct {
				inner, err := collectFields(et, at, outer)
				if err != nil {
					return nil, err
				}
				all = append(all, inner...)
				continue
			}
		}
		if !sf.IsExported() {
			continue
		}
		f := structField{goName: sf.Name, name: name, index: at, typ: sf.Type, tagged: hasTag && name != ""}
		if name == "" {
			f.name = sf.Name
		}
		if problem := f.options(options, sf.Tag.Get("request")); problem != "" {
			return nil, &TypeError{t, sf.Name, problem}
		}
		all = append(all, f)
	}
	return all, nil
}

// options reads what follows the name in the json tag, and the request tag.
func (f *structField) options(jsonTag, requestTag string) (problem string) {
	for o := range strings.SplitSeq(jsonTag, ",") {
		switch o {
		case "":
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = true
		case "string":
			f.quoted = true
		default:
			return "the json tag has an unknown option " + o
		}
	}
	for o := range strings.SplitSeq(requestTag, ",") {
		switch o {
		case "":
		case "protected":
			f.protected = true
		case "required":
			f.required = true
		case "decimal":
			f.decimal = true
		case "secret":
			f.secret = true
		default:
			return "the request tag has an unknown option " + o + "; protected, required, decimal and secret are known"
		}
	}
	if ok, _ := plain(f.name); !ok {
		return "its name has a control character"
	}
	return ""
}

package request

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// rules is the one validator: it caches what it learns of every type.
var rules = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			return ""
		}
		return name
	})
	v.RegisterCustomTypeFunc(func(f reflect.Value) any {
		if m, ok := f.Interface().(gateway.Money); ok && m.IsSet() {
			minor := m.Minor()
			return &minor // a pointer: an amount of nothing is there, so "required" takes it
		}
		return (*int64)(nil)
	}, gateway.Money{})
	v.RegisterCustomTypeFunc(func(f reflect.Value) any {
		s, _ := f.Interface().(gateway.Secret)
		return s.Reveal()
	}, gateway.Secret{})
	return v
})

// ValidateStruct checks the validate tags of the struct v or of the struct that
// v points to. The error is of [gateway.CodeInvalid] and lists every field that
// breaks a rule by its path and the rule, never its value, which may be a card
// number. On a gateway.Money the rules look at the minor units, and "required"
// means that there is an amount, which may be 0; on a gateway.Secret at the text.
func ValidateStruct(v any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = gateway.Errorf(gateway.CodeInternal, "the validate tags of %T cannot be used; CheckStruct says why", v)
		}
	}()
	broken := rules().Struct(v)
	if broken == nil {
		return nil
	}
	fields, ok := errors.AsType[validator.ValidationErrors](broken)
	if !ok {
		return gateway.Errorf(gateway.CodeInternal, "%T cannot be validated: a struct is needed", v)
	}
	list := make([]string, len(fields))
	for i, f := range fields {
		rule := f.ActualTag()
		if f.Param() != "" {
			rule += "=" + f.Param()
		}
		list[i] = fmt.Sprintf("field %q breaks the rule %s", validatedPath(reflect.TypeOf(v), f.Namespace()), rule)
	}
	return gateway.Invalid("%s", strings.Join(list, "; "))
}

// validatedPath turns "Payment.lines[0].sku" into "lines/0/sku".
func validatedPath(t reflect.Type, namespace string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	path := strings.TrimPrefix(namespace, t.Name()+".")
	return strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
}

// CheckStruct finds at assembly what would fail at the first use: fields of t
// that [Node.Struct] cannot write, and validate tags that are unknown or do not
// fit their field, in t and in every struct in it. It returns all it finds.
func CheckStruct(t reflect.Type) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return &TypeError{t, "", "a struct is needed"}
	}
	var errs []error
	if _, err := writePlan(t); err != nil {
		errs = append(errs, err)
	}
	seen := map[reflect.Type]bool{}
	structsIn(t, seen, func(s reflect.Type) {
		if err := tryRules(s, reflect.New(s)); err != nil {
			errs = append(errs, err)
			return
		}
		sample := reflect.New(s)
		populate(sample.Elem(), 0)
		if err := tryRules(s, sample); err != nil {
			errs = append(errs, err)
		}
	})
	return errors.Join(errs...)
}

// structsIn calls f for t and every struct that t refers to, once.
func structsIn(t reflect.Type, seen map[reflect.Type]bool, f func(reflect.Type)) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		structsIn(t.Elem(), seen, f)
	case reflect.Struct:
		if seen[t] || t == timeType || t == moneyType || t == secretType {
			return
		}
		seen[t] = true
		f(t)
		for i := range t.NumField() {
			structsIn(t.Field(i).Type, seen, f)
		}
	}
}

// tryRules validates a sample for nothing but the panics that wrong tags cause.
func tryRules(t reflect.Type, sample reflect.Value) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &TypeError{t, "", fmt.Sprintf("the validate tags are wrong: %v", r)}
		}
	}()
	_ = rules().Struct(sample.Interface())
	return nil
}

// populate gives every field some value that is not zero, so that no rule is skipped for emptiness.
func populate(v reflect.Value, depth int) {
	if depth > 4 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("1")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		populate(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		populate(v.Index(0), depth+1)
	case reflect.Map:
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		populate(k, depth+1)
		populate(e, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(k, e)
	case reflect.Struct:
		switch v.Type() {
		case moneyType:
			v.Set(reflect.ValueOf(gateway.Minor(1, "EUR")))
		case secretType:
			v.Set(reflect.ValueOf(gateway.NewSecret("1")))
		case timeType:
		default:
			for i := range v.NumField() {
				populate(v.Field(i), depth+1)
			}
		}
	}
}

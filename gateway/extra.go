package gateway

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// Extra is a typed extra value that a [Subject] or an [Outcome] may carry: what
// a shop wants to send and this library has no field for, or what a provider
// answered and only its users understand. Declare it once, as a package variable:
//
//	var Campaign = gateway.NewExtra[string]("shop.campaign")
//
// It is immutable and safe for concurrent use.
type Extra[T any] struct {
	name      string
	transient bool
}

// NewExtra returns an extra that is stored as JSON under name, so that an
// operation resumed after a crash sends the same bytes. Choose a name that
// begins with your package's, and never store secrets or card data.
func NewExtra[T any](name string) *Extra[T] { return &Extra[T]{name: name} }

// TransientExtra returns an extra that is never written anywhere: tokens, card data, decoded answers.
func TransientExtra[T any](name string) *Extra[T] { return &Extra[T]{name: name, transient: true} }

// Name returns the name that the extra was made with.
func (e *Extra[T]) Name() string { return e.name }

// Of returns the extra with a value, for [With] and [Extras.With].
func (e *Extra[T]) Of(v T) ExtraValue {
	return ExtraValue{key: e, name: e.name, transient: e.transient, value: func() any { return v }}
}

// From returns the value that x holds for this extra, and whether it holds one.
// The last one added wins. A stored value that no longer fits T counts as absent;
// use [Extra.Load] to see why.
func (e *Extra[T]) From(x Extras) (T, bool) {
	v, ok, _ := e.Load(x)
	return v, ok
}

// Load is [Extra.From] that also says why a stored value could not be read.
func (e *Extra[T]) Load(x Extras) (value T, found bool, err error) {
	for i := len(x.list) - 1; i >= 0; i-- {
		v := x.list[i]
		switch {
		case v.key == any(e):
			value, found = v.value().(T)
			return value, found, nil
		case v.stored != nil && v.name == e.name && !e.transient:
			if err := json.Unmarshal(v.stored, &value); err != nil {
				return value, false, Errorf(CodeInternal, "extra %q: the stored value does not fit its type: %w", e.name, err)
			}
			return value, true, nil
		}
	}
	return value, false, nil
}

// ExtraValue is one extra with its value. It prints its name only.
type ExtraValue struct {
	key       any // the *Extra it was made by; nil when it was read from storage
	name      string
	transient bool
	value     func() any      // a closure, so that no printing by reflection shows the value
	stored    json.RawMessage // as it was read from storage
}

// Extras is an immutable set of extra values. The zero value is empty. It
// prints the names and never the values.
type Extras struct{ list []ExtraValue }

// With returns a set of the given values.
func With(v ...ExtraValue) Extras { return Extras{}.With(v...) }

// With returns a set that also holds the given values; x stays as it is.
func (x Extras) With(v ...ExtraValue) Extras {
	list := make([]ExtraValue, 0, len(x.list)+len(v))
	return Extras{append(append(list, x.list...), v...)}
}

// Len returns how many values the set holds.
func (x Extras) Len() int { return len(x.list) }

// Stored returns the values that may be stored, as name → JSON. It fails when
// a value cannot be encoded, or when two different extras share a name.
func (x Extras) Stored() (map[string]json.RawMessage, error) {
	stored, keys := map[string]json.RawMessage{}, map[string]any{}
	for _, v := range x.list {
		if v.transient {
			continue
		}
		if k, dup := keys[v.name]; dup && k != nil && v.key != nil && k != v.key {
			return nil, Errorf(CodeInternal, "two extras are named %q: give one of them another name", v.name)
		}
		keys[v.name] = v.key
		if v.stored != nil {
			stored[v.name] = v.stored
			continue
		}
		raw, err := json.Marshal(v.value())
		if err != nil {
			return nil, Errorf(CodeInternal, "extra %q cannot be stored: %w", v.name, err)
		}
		stored[v.name] = raw
	}
	return stored, nil
}

// RestoreExtras returns the set that [Extras.Stored] described.
func RestoreExtras(stored map[string]json.RawMessage) Extras {
	var x Extras
	for name, raw := range stored {
		x.list = append(x.list, ExtraValue{name: name, stored: raw})
	}
	return x
}

// String returns the names in brackets.
func (x Extras) String() string {
	names := make([]string, len(x.list))
	for i, v := range x.list {
		names[i] = v.name
	}
	return "[" + strings.Join(names, " ") + "]"
}

// Format writes the names for every verb and flag.
func (x Extras) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(x.String())) }

// LogValue returns the names.
func (x Extras) LogValue() slog.Value { return slog.StringValue(x.String()) }

// Format writes the name for every verb and flag.
func (v ExtraValue) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.name)) }

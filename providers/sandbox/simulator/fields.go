package simulator

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fields reads one JSON object field by field. The first mistake is kept, and
// whatever was not asked for is unknown: done reports both.
type fields struct {
	path  string
	m     map[string]any
	used  map[string]bool
	first **Error
}

func (f *fields) fail(code, name, format string, args ...any) {
	if *f.first == nil {
		*f.first = badRequest(code, join(f.path, name), format, args...)
	}
}

func (f *fields) take(name string, required bool) (any, bool) {
	f.used[name] = true
	v, ok := f.m[name]
	if !ok && required {
		f.fail("missing_field", name, "the field is required")
	}
	return v, ok
}

// done returns the first mistake, after looking for unknown fields.
func (f *fields) done() error {
	for _, name := range slices.Sorted(maps.Keys(f.m)) {
		if !f.used[name] {
			f.fail("unknown_field", name, "the field is unknown")
		}
	}
	if *f.first != nil {
		return *f.first
	}
	return nil
}

// text reads a string of at most limit characters without control characters.
func (f *fields) text(name string, limit int, required bool) string {
	v, ok := f.take(name, required)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	switch {
	case !ok:
		f.fail("invalid_field", name, "the field must be a string")
	case utf8.RuneCountInString(s) > limit:
		f.fail("invalid_field", name, "the field is longer than %d characters", limit)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		f.fail("invalid_field", name, "the field holds a control character")
	case required && s == "":
		f.fail("missing_field", name, "the field is empty")
	}
	return s
}

func (f *fields) flag(name string) bool {
	v, ok := f.take(name, false)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		f.fail("invalid_field", name, "the field must be true or false")
	}
	return b
}

// integer reads a plain decimal integer: no fraction, no exponent.
func (f *fields) integer(name, code string) int64 {
	v, ok := f.take(name, true)
	if !ok {
		return 0
	}
	n, ok := v.(json.Number)
	if !ok || strings.ContainsAny(string(n), ".eE") {
		f.fail(code, name, "the field must be an integer of minor units")
		return 0
	}
	i, err := strconv.ParseInt(string(n), 10, 64)
	if err != nil || string(n) == "-0" {
		f.fail(code, name, "the number does not fit")
	}
	return i
}

func (f *fields) object(name string, required bool) *fields {
	v, ok := f.take(name, required)
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		f.fail("invalid_field", name, "the field must be an object")
		return nil
	}
	return &fields{path: join(f.path, name), m: m, used: map[string]bool{}, first: f.first}
}

// amount reads a required amount above zero in a known currency.
func (f *fields) amount(name string) Amount {
	o := f.object(name, true)
	if o == nil {
		return Amount{}
	}
	a := Amount{Value: o.integer("value", "amount_invalid"), Currency: o.text("currency", 3, true)}
	_ = o.done() // kept in first
	if _, known := currencies[a.Currency]; !known {
		o.fail("currency_unknown", "currency", "the currency is unknown")
	}
	if a.Value <= 0 {
		o.fail("amount_invalid", "value", "the value must be above zero; POST /v1/instruments verifies without money")
	}
	return a
}

// labels reads an object of at most 20 short strings.
func (f *fields) labels(name string) map[string]string {
	labels := map[string]string{}
	o := f.object(name, false)
	if o == nil {
		return labels
	}
	if len(o.m) > 20 {
		f.fail("invalid_field", name, "more than 20 entries")
		return labels
	}
	for k := range o.m {
		labels[k] = o.text(k, 500, false)
	}
	return labels
}

// location reads an absolute http or https URL.
func (f *fields) location(name string) string {
	s := f.text(name, 2048, false)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		f.fail("invalid_field", name, "the field must be an absolute http or https URL")
	}
	return s
}

// each reads a list of objects.
func (f *fields) each(name string, limit int, read func(*fields)) {
	v, ok := f.take(name, false)
	if !ok {
		return
	}
	list, ok := v.([]any)
	if !ok || len(list) > limit {
		f.fail("invalid_field", name, "the field must be a list of at most %d objects", limit)
		return
	}
	for i, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			f.fail("invalid_field", name, "the field must be a list of objects")
			return
		}
		o := &fields{path: join(f.path, name) + "[" + strconv.Itoa(i) + "]", m: m, used: map[string]bool{}, first: f.first}
		read(o)
		_ = o.done() // kept in first
	}
}

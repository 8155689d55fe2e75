package request

import (
	"strconv"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Kind is what a [Value] is.
type Kind uint8

// The kinds.
const (
	KindAbsent Kind = iota // there is no such field
	KindNull
	KindBool
	KindNumber
	KindText
	KindSecret
	KindObject
	KindList
)

var kindNames = [...]string{"absent", "null", "bool", "number", "text", "secret", "object", "list"}

// String returns the kind in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Value reads a field of a [Document]. It is a small value to be passed around.
// Asking the absent Value for anything gives the absent Value or nothing, so
// that v.Get("a").At(0).Text() needs no checks between.
type Value struct {
	arena *arena
	i     int32
	gen   uint32
}

// Root returns the document's outermost value, which in a parsed document may be a list or a scalar.
func (d *Document) Root() Value { return Value(d.Node) }

func (v Value) node() *node {
	a := Node(v).live()
	if a == nil || a.nodes[v.i].dead() {
		return nil
	}
	return &a.nodes[v.i]
}

// Kind returns what the value is.
func (v Value) Kind() Kind {
	if n := v.node(); n != nil {
		return n.kind
	}
	return KindAbsent
}

// Exists reports whether there is a value; null is one.
func (v Value) Exists() bool { return v.Kind() != KindAbsent }

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return v.Kind() == KindNull }

// Text returns a text, "***" for a secret and "" for anything else. A number is no text: see Raw.
func (v Value) Text() string {
	n := v.node()
	switch {
	case n == nil:
		return ""
	case n.kind == KindText:
		return n.text
	case n.kind == KindSecret:
		return gateway.Secret{}.String()
	}
	return ""
}

// Secret returns a secret, or a text as one; the empty Secret for anything else.
func (v Value) Secret() gateway.Secret {
	n := v.node()
	switch {
	case n == nil:
	case n.kind == KindSecret:
		return v.arena.secrets[n.num]
	case n.kind == KindText:
		return gateway.NewSecret(n.text)
	}
	return gateway.Secret{}
}

// Raw returns a number as it is written, a text as it is, "true" or "false", and "" for anything else.
func (v Value) Raw() string {
	n := v.node()
	switch {
	case n == nil:
		return ""
	case n.kind == KindNumber && n.text == "":
		return strconv.FormatInt(n.num, 10)
	case n.kind == KindBool:
		return strconv.FormatBool(n.num != 0)
	case n.kind == KindNumber:
		return n.text
	}
	return v.Text()
}

// Int returns a whole number exactly. It fails for fractions, exponents,
// numbers that an int64 cannot hold, and anything that is no number; a text is
// a number only in formats that know nothing but text (form, XML).
func (v Value) Int() (int64, error) {
	n := v.node()
	switch {
	case n == nil:
		return 0, v.problem("it is absent")
	case n.kind == KindNumber && n.text == "":
		return n.num, nil
	case n.kind == KindNumber, n.kind == KindText && v.arena.loose:
		return v.parseInt(n.text)
	}
	return 0, v.problem("it is " + n.kind.String() + ", no whole number")
}

func (v Value) parseInt(s string) (int64, error) {
	if !isNumber(s) {
		return 0, v.problem("it is no whole number")
	}
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, v.problem("it is a fraction, has an exponent, or does not fit into 64 bits")
	}
	return i, nil
}

// Bool reports whether the value is true (in formats that know only text: "true" or "1").
func (v Value) Bool() bool {
	b, err := v.asBool()
	return err == nil && b
}

func (v Value) asBool() (bool, error) {
	n := v.node()
	switch {
	case n == nil:
		return false, v.problem("it is absent")
	case n.kind == KindBool:
		return n.num != 0, nil
	case n.kind == KindText && v.arena.loose:
		switch n.text {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
	}
	return false, v.problem("it is " + n.kind.String() + ", neither true nor false")
}

// MinorUnits returns the amount that a whole number of the provider's minor units states.
func (v Value) MinorUnits(currency string, x gateway.Exponents) (gateway.Money, error) {
	i, err := v.Int()
	if err != nil {
		return gateway.Money{}, err
	}
	m, err := x.FromMinor(i, currency)
	return m, v.unread(err)
}

// Decimal returns the amount that a decimal text or number states.
func (v Value) Decimal(currency string, x gateway.Exponents) (gateway.Money, error) {
	switch v.Kind() {
	case KindText, KindNumber:
		m, err := x.Parse(v.Raw(), currency)
		return m, v.unread(err)
	}
	return gateway.Money{}, v.problem("it is " + v.Kind().String() + ", no amount")
}

// Get returns the field of that name.
func (v Value) Get(name string) Value {
	if v.node() == nil {
		return Value{}
	}
	return v.to(v.arena.child(v.i, name))
}

// At returns the i-th element of a list. In forms and XML, which cannot say that
// a list has one element, any single value is its own element 0.
func (v Value) At(i int) Value {
	n := v.node()
	switch {
	case n == nil:
		return Value{}
	case n.kind != KindList && i == 0 && v.arena.loose:
		return v
	}
	return v.to(v.arena.element(v.i, i))
}

// Path returns the value at a path; see the package comment.
func (v Value) Path(path string) Value {
	if v.node() == nil {
		return Value{}
	}
	if i := v.arena.lookup(v.i, path); i >= 0 {
		return Value{v.arena, i, v.gen}
	}
	return Value{}
}

// to turns a search result, where 0 is nothing, into a Value.
func (v Value) to(i int32) Value {
	if i == 0 {
		return Value{}
	}
	return Value{v.arena, i, v.gen}
}

// Len counts the fields of an object or the elements of a list; it is 0 for anything else.
func (v Value) Len() int {
	if v.node() == nil {
		return 0
	}
	return v.arena.size(v.i)
}

// String returns the value as JSON with secrets masked.
func (v Value) String() string {
	if v.node() == nil {
		return ""
	}
	s := buffers.Get().(*scratch)
	defer s.free()
	s.bytes = v.arena.appendJSON(s.bytes, v.i, masked)
	return string(s.bytes)
}

// unread takes its verdict from an error: only the stage that knows what was
// sent can say what an unreadable amount means.
func (v Value) unread(err error) error {
	if err == nil {
		return nil
	}
	return v.problem("it is no exact amount of a known currency")
}

func (v Value) problem(what string) error {
	path := ""
	if v.node() != nil {
		path = joinPath(v.arena.steps(v.i, nil))
	}
	return &DecodeError{Path: path, Problem: what}
}

package request

import "github.com/gatewaycommand/gatewaycommand/gateway"

// Node is an object of a [Document] that fields are set in. It is a small value
// to be passed around. The zero Node and a stale one ignore every call.
//
// Setting a field that is set already follows the [Policy] of the part that
// writes; after the seal it overwrites. A setter given something that cannot be
// sent (an invalid amount, text that is not UTF-8 or holds control characters, a
// name that is empty) records a mistake that names the field.
type Node struct {
	arena *arena
	i     int32
	gen   uint32
}

// live returns the arena, nil when the document was released.
func (n Node) live() *arena {
	if n.arena == nil || n.arena.gen.Load() != n.gen {
		return nil
	}
	return n.arena
}

// open returns the arena when it can be written to: not released, and no mistake made yet.
func (n Node) open() *arena {
	if a := n.live(); a != nil && a.err == nil {
		return a
	}
	return nil
}

// Text sets a text.
func (n Node) Text(name, v string) {
	if a, i := n.leaf(name, KindText); i != 0 {
		a.text(i, v)
	}
}

// OptText sets a text unless it is empty: an absent optional field is absent, not null.
func (n Node) OptText(name, v string) {
	if v != "" {
		n.Text(name, v)
	}
}

// Int sets a whole number.
func (n Node) Int(name string, v int64) {
	if a, i := n.leaf(name, KindNumber); i != 0 {
		a.nodes[i].num = v
	}
}

// OptInt sets a whole number unless it is 0.
func (n Node) OptInt(name string, v int64) {
	if v != 0 {
		n.Int(name, v)
	}
}

// Bool sets true or false.
func (n Node) Bool(name string, v bool) {
	if a, i := n.leaf(name, KindBool); i != 0 && v {
		a.nodes[i].num = 1
	}
}

// OptBool sets true, and nothing for false.
func (n Node) OptBool(name string, v bool) {
	if v {
		n.Bool(name, v)
	}
}

// Null sets null.
func (n Node) Null(name string) { n.leaf(name, KindNull) }

// Number sets a number given as a JSON literal, such as "0.175", which is sent as it stands.
func (n Node) Number(name, literal string) {
	if a, i := n.leaf(name, KindNumber); i != 0 {
		a.number(i, literal)
	}
}

// Secret sets a text that is revealed by encoders and masked everywhere else.
func (n Node) Secret(name string, v gateway.Secret) {
	if a, i := n.leaf(name, KindSecret); i != 0 {
		a.secret(i, v)
	}
}

// OptSecret sets a secret unless it is empty.
func (n Node) OptSecret(name string, v gateway.Secret) {
	if !v.IsZero() {
		n.Secret(name, v)
	}
}

// Money sets an amount as a whole number of ISO 4217 minor units. The currency
// is a field of its own.
func (n Node) Money(name string, m gateway.Money) { n.MinorUnits(name, m, nil) }

// OptMoney sets an amount as Money does, unless it is the zero Money.
func (n Node) OptMoney(name string, m gateway.Money) {
	if m.IsSet() {
		n.Money(name, m)
	}
}

// MinorUnits sets an amount as a whole number of the provider's minor units.
func (n Node) MinorUnits(name string, m gateway.Money, x gateway.Exponents) {
	if a, i := n.leaf(name, KindNumber); i != 0 {
		a.minor(i, m, x)
	}
}

// Decimal sets an amount as a text with exactly the provider's decimals: "10.00".
func (n Node) Decimal(name string, m gateway.Money, x gateway.Exponents) {
	a, i := n.leaf(name, KindText)
	if i == 0 {
		return
	}
	v, err := x.Decimal(m)
	if err != nil {
		a.refuseField(i, err)
		return
	}
	a.text(i, v)
}

// Object returns the object of that name, and makes it when there is none, so
// that several builders share one.
func (n Node) Object(name string) Node {
	a, clean := n.writable(name)
	if a == nil {
		return Node{}
	}
	i := a.child(n.i, name)
	switch {
	case i != 0 && a.nodes[i].kind == KindObject:
		return Node{a, i, n.gen}
	case i != 0 && !a.replace(i, KindObject):
		return Node{}
	case i == 0:
		if i = a.create(n.i, name, KindObject, clean); i == 0 {
			return Node{}
		}
	}
	return Node{a, i, n.gen}
}

// List makes a list. When there is one of that name, the part that made it goes
// on appending to it; for another part it is a conflict (Strict), is replaced by
// an empty one (Overwrite, and after the seal), or is merged into from its first
// element (DeepMerge). [Node.Append] adds to another part's list.
func (n Node) List(name string) List {
	a, clean := n.writable(name)
	if a == nil {
		return List{}
	}
	i := a.child(n.i, name)
	if i == 0 {
		if i = a.create(n.i, name, KindList, clean); i == 0 {
			return List{}
		}
		return List{a, i, n.gen}
	}
	if m := &a.nodes[i]; m.kind == KindList {
		switch {
		case a.samePart(m.part, a.part):
			return List{a, i, n.gen}
		case a.policy() == DeepMerge:
			m.part = a.part
			m.setCursor(a.first(i))
			return List{a, i, n.gen}
		}
	}
	if !a.replace(i, KindList) {
		return List{}
	}
	return List{a, i, n.gen}
}

// Append returns the list of that name to add elements at its end, whichever
// part made it, and makes it when there is none.
func (n Node) Append(name string) List {
	a, _ := n.writable(name)
	if a == nil {
		return List{}
	}
	if i := a.child(n.i, name); i != 0 && a.nodes[i].kind == KindList {
		a.nodes[i].setCursor(0)
		return List{a, i, n.gen}
	}
	return n.List(name)
}

// Remove removes the field at path with all below it. Removing what is not there does nothing.
func (n Node) Remove(path string) {
	a := n.open()
	if a == nil {
		return
	}
	if path == "" {
		a.refuse("an empty path names no field")
		return
	}
	i := a.lookup(n.i, path)
	if i <= 0 || a.sealed && !a.guardNode(i) {
		return
	}
	a.kill(i)
}

// Has reports whether there is a field at path; one that is null counts.
func (n Node) Has(path string) bool {
	a := n.live()
	return a != nil && a.lookup(n.i, path) >= 0
}

// Find returns the object at path, and whether there is one.
func (n Node) Find(path string) (Node, bool) {
	a := n.live()
	if a == nil {
		return Node{}, false
	}
	i := a.lookup(n.i, path)
	if i < 0 || a.nodes[i].kind != KindObject {
		return Node{}, false
	}
	return Node{a, i, n.gen}, true
}

// Value returns the value at path, the absent Value when there is none. The
// empty path is the object itself.
func (n Node) Value(path string) Value { return Value(n).Path(path) }

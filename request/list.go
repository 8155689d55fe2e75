package request

import "github.com/gatewaycommand/gatewaycommand/gateway"

// List is a list of a [Document]. Every method adds one element at its end, or,
// while a list is being merged ([DeepMerge]), writes into the next element. The
// zero List and a stale one ignore every call.
type List struct {
	arena *arena
	i     int32
	gen   uint32
}

// Text adds a text.
func (l List) Text(v string) {
	if a, i := l.leaf(KindText); i != 0 {
		a.text(i, v)
	}
}

// Int adds a whole number.
func (l List) Int(v int64) {
	if a, i := l.leaf(KindNumber); i != 0 {
		a.nodes[i].num = v
	}
}

// Bool adds true or false.
func (l List) Bool(v bool) {
	if a, i := l.leaf(KindBool); i != 0 && v {
		a.nodes[i].num = 1
	}
}

// Null adds null.
func (l List) Null() { l.leaf(KindNull) }

// Number adds a number given as a JSON literal.
func (l List) Number(literal string) {
	if a, i := l.leaf(KindNumber); i != 0 {
		a.number(i, literal)
	}
}

// Secret adds a text that only encoders reveal.
func (l List) Secret(v gateway.Secret) {
	if a, i := l.leaf(KindSecret); i != 0 {
		a.secret(i, v)
	}
}

// Money adds an amount as a whole number of ISO 4217 minor units.
func (l List) Money(m gateway.Money) {
	if a, i := l.leaf(KindNumber); i != 0 {
		a.minor(i, m, nil)
	}
}

// Object adds an object.
func (l List) Object() Node {
	a, i, merged := l.slot(KindObject)
	if i == 0 || merged && a.nodes[i].kind != KindObject && !a.replace(i, KindObject) {
		return Node{}
	}
	return Node{a, i, l.gen}
}

// List adds a list.
func (l List) List() List {
	a, i, merged := l.slot(KindList)
	if i == 0 {
		return List{}
	}
	if merged {
		if a.nodes[i].kind != KindList && !a.replace(i, KindList) {
			return List{}
		}
		a.nodes[i].part = a.part
		a.nodes[i].setCursor(a.first(i))
	}
	return List{a, i, l.gen}
}

// leaf returns the element to write a scalar of kind k into, 0 when it must not be written.
func (l List) leaf(k Kind) (*arena, int32) {
	a, i, merged := l.slot(k)
	if i == 0 || merged && !a.replace(i, k) {
		return nil, 0
	}
	return a, i
}

// slot returns the next element to merge into, or a new one of kind k; 0 when neither may be written.
func (l List) slot(k Kind) (a *arena, i int32, merged bool) {
	if a = Node(l).open(); a == nil {
		return nil, 0, false
	}
	n := &a.nodes[l.i]
	switch {
	case n.dead():
		a.refuse("an element is added to a list that was removed")
		return nil, 0, false
	case n.kind != KindList:
		a.refuse("an element is added to what is %s", article(n.kind))
		return nil, 0, false
	}
	if i = a.alive(n.cursor()); i != 0 && !a.sealed {
		n.setCursor(a.next(i))
		return a, i, true
	}
	return a, a.create(l.i, "", k, cleanName), false
}

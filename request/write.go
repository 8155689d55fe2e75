package request

import (
	"fmt"
	"strconv"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// writable returns the arena when a field of that name may be thought of in n,
// and cleanName when the name is.
func (n Node) writable(name string) (*arena, marks) {
	a := n.open()
	if a == nil {
		return nil, 0
	}
	m := &a.nodes[n.i]
	ok, clean := plain(name)
	switch {
	case m.dead():
		a.refuse("field %q is set in an object that was removed", name)
	case m.kind != KindObject:
		a.refuse("field %q is set in what is %s", name, article(m.kind))
	case name == "":
		a.refuse("a field of %q has no name", joinPath(a.steps(n.i, nil)))
	case !ok:
		a.refuse("the name %+q is not UTF-8 or has a control character", name)
	case clean:
		return a, cleanName
	default:
		return a, 0
	}
	return nil, 0
}

// leaf returns the node to write a scalar of kind k into, empty; 0 when it must not be written.
func (n Node) leaf(name string, k Kind) (*arena, int32) {
	a, clean := n.writable(name)
	if a == nil {
		return nil, 0
	}
	i := a.child(n.i, name)
	if i == 0 {
		return a, a.create(n.i, name, k, clean)
	}
	if !a.replace(i, k) {
		return nil, 0
	}
	return a, i
}

// create adds a field (or, with name "", an element of the list p) unless it must not be.
func (a *arena) create(p int32, name string, k Kind, clean marks) int32 {
	switch {
	case a.sealed && !a.guardNew(p, name):
	case len(a.nodes) >= maxNodes:
		a.refuse("the document has more than %d fields", maxNodes)
	case k >= KindObject && a.depth(p) >= maxDepth-1:
		a.refuse("the document is deeper than %d levels", maxDepth)
	default:
		i := a.add(p, name, k)
		a.nodes[i].marks = clean
		return i
	}
	return 0
}

// replace empties i for a value of kind k, if the policy lets the current part do so.
func (a *arena) replace(i int32, k Kind) bool {
	if a.policy() == Strict {
		a.conflict(i, k)
		return false
	}
	if a.sealed && !a.guardNode(i) {
		return false
	}
	if k >= KindObject && a.depth(i) >= maxDepth {
		a.refuse("the document is deeper than %d levels", maxDepth)
		return false
	}
	a.become(i, k)
	return true
}

// text sets the text of i.
func (a *arena) text(i int32, v string) {
	ok, clean := plain(v)
	if !ok {
		a.refuseText(i)
		return
	}
	n := &a.nodes[i]
	n.text = v
	if clean {
		n.marks |= cleanText
	}
}

func (a *arena) refuseText(i int32) {
	a.refuse("field %q: the text is not UTF-8 or has a control character", joinPath(a.steps(i, nil)))
}

func (a *arena) number(i int32, literal string) {
	if !isNumber(literal) {
		a.refuse("field %q: the text is no JSON number", joinPath(a.steps(i, nil)))
		return
	}
	if n := &a.nodes[i]; !shortInt(literal) {
		n.text = literal
	} else {
		n.num, _ = strconv.ParseInt(literal, 10, 64)
	}
}

func (a *arena) secret(i int32, v gateway.Secret) {
	if ok, _ := plain(v.Reveal()); !ok {
		a.refuseText(i)
		return
	}
	a.nodes[i].num = int64(len(a.secrets))
	a.secrets = append(a.secrets, v)
}

func (a *arena) minor(i int32, m gateway.Money, x gateway.Exponents) {
	v, err := x.Minor(m)
	if err != nil {
		a.refuseField(i, err)
		return
	}
	a.nodes[i].num = v
}

// refuseField records err with the field's path in front.
func (a *arena) refuseField(i int32, err error) {
	e := *gateway.AsError(err, gateway.CodeInvalid)
	detail := e.Detail
	if detail == "" {
		detail = err.Error()
	}
	e.Detail = fmt.Sprintf("field %q: %s", joinPath(a.steps(i, nil)), detail)
	a.fail(&e)
}

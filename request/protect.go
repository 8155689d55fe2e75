package request

import (
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// A fieldRef names a field by its steps from the root, arena.segments[from:to].
// At the seal a protected one also gets its value, arena.frozen[value:].
type fieldRef struct{ from, to, value int }

func (a *arena) path(r fieldRef) []string { return a.segments[r.from:r.to] }

// Protect closes fields: once the document is sealed, nothing may change,
// remove or add them or anything below them, nor add a field whose name equals
// theirs but for case. A path that leads nowhere at the seal protects the absence:
// use [Node.Require] as well where the field must be there.
func (n Node) Protect(paths ...string) {
	for _, p := range paths {
		a := n.open()
		if a == nil {
			return
		}
		r, ok := a.ref(n.i, p)
		if !ok {
			return
		}
		if a.sealed {
			a.freeze(&r)
		}
		a.protect = append(a.protect, r)
	}
}

// Require makes [Document.Check] fail when one of the fields is missing or null.
func (n Node) Require(paths ...string) {
	for _, p := range paths {
		a := n.open()
		if a == nil {
			return
		}
		if r, ok := a.ref(n.i, p); ok {
			a.require = append(a.require, r)
		}
	}
}

func (a *arena) ref(base int32, path string) (fieldRef, bool) {
	if path == "" {
		a.refuse("an empty path names no field")
		return fieldRef{}, false
	}
	r := fieldRef{from: len(a.segments)}
	a.segments = a.steps(base, a.segments)
	for more := true; more; {
		var step string
		step, path, more = nextStep(path)
		a.segments = append(a.segments, step)
	}
	r.to = len(a.segments)
	return r, true
}

// freeze notes the value that the field has now.
func (a *arena) freeze(r *fieldRef) {
	r.value = len(a.frozen)
	if i := a.resolve(a.path(*r)); i != 0 {
		a.freezeNode(i)
		return
	}
	a.frozen = append(a.frozen, node{}) // KindAbsent
}

func (a *arena) freezeNode(i int32) {
	n := a.nodes[i]
	a.frozen = append(a.frozen, node{name: n.name, text: n.text, num: n.num, kind: n.kind})
	for c := a.first(i); c != 0; c = a.next(c) {
		a.freezeNode(c)
	}
	if n.container() {
		a.frozen = append(a.frozen, node{}) // ends the container
	}
}

// thaws compares i with the frozen value at k and returns where that ends.
func (a *arena) thaws(i int32, k int) (end int, same bool) {
	n, f := &a.nodes[i], &a.frozen[k]
	if n.kind != f.kind || n.name != f.name {
		return k, false
	}
	k++
	if !n.container() {
		return k, n.text == f.text && n.num == f.num
	}
	for c := a.first(i); c != 0; c = a.next(c) {
		if k, same = a.thaws(c, k); !same {
			return k, false
		}
	}
	return k + 1, a.frozen[k].kind == KindAbsent
}

// checkFrozen looks at every protected field once more, whatever the setters
// let through: the value, and that no sibling passes for it.
func (a *arena) checkFrozen() error {
	for _, r := range a.protect {
		same := a.frozen[r.value].kind == KindAbsent
		if i := a.resolve(a.path(r)); i != 0 {
			_, same = a.thaws(i, r.value)
		}
		if !same {
			return gateway.Invalid("protected field %q was changed after the document was sealed", joinPath(a.path(r)))
		}
		if alias := a.alias(a.path(r)); alias != "" {
			return gateway.Invalid("field %q passes for the protected field %q", alias, joinPath(a.path(r)))
		}
	}
	return nil
}

// alias finds a field on the way of steps whose name equals the step but for case.
func (a *arena) alias(steps []string) string {
	p := int32(0)
	for _, s := range steps {
		if a.nodes[p].kind == KindObject {
			for c := a.first(p); c != 0; c = a.next(c) {
				if n := &a.nodes[c]; n.name != s && strings.EqualFold(n.name, s) {
					return joinPath(a.steps(c, nil))
				}
			}
		}
		if p = a.step(p, s); p == 0 {
			return ""
		}
	}
	return ""
}

// guardNode reports whether the current part may replace or remove i. It is asked after the seal only.
func (a *arena) guardNode(i int32) bool {
	if len(a.protect) == 0 {
		return true
	}
	var stack [maxDepth + 2]int32
	chain := a.chain(i, stack[:0])
	for _, r := range a.protect {
		if _, related, _ := a.follow(a.path(r), chain); related {
			a.refuse("field %q is protected", joinPath(a.path(r)))
			return false
		}
	}
	return true
}

// guardNew reports whether the current part may add a field of that name, or
// an element, to p. It is asked after the seal only.
func (a *arena) guardNew(p int32, name string) bool {
	if len(a.protect) == 0 {
		return true
	}
	var stack [maxDepth + 2]int32
	chain := a.chain(p, stack[:0])
	for _, r := range a.protect {
		rest, related, exact := a.follow(a.path(r), chain)
		switch {
		case !related:
			continue
		case len(rest) == 0: // p is the protected field or lies below it
		case a.nodes[p].kind == KindList:
			if position(rest[0]) != a.size(p) {
				continue
			}
		case !strings.EqualFold(name, rest[0]):
			continue
		case len(rest) > 1 && exact && name == rest[0]:
			continue // an object on the way to a field that is protected in its absence
		}
		a.refuse("field %q is protected", joinPath(a.path(r)))
		return false
	}
	return true
}

// chain appends i and its ancestors without the root, innermost first.
func (a *arena) chain(i int32, dst []int32) []int32 {
	for ; i != 0; i = a.nodes[i].up {
		dst = append(dst, i)
	}
	return dst
}

// follow compares the steps to a protected field with the chain of another
// one. They are related when one is the other or lies above it, names being
// equal but for case; rest are the steps beyond the chain.
func (a *arena) follow(steps []string, chain []int32) (rest []string, related, exact bool) {
	exact = true
	for k := len(chain) - 1; k >= 0 && len(steps) > 0; k-- {
		n := &a.nodes[chain[k]]
		if a.nodes[n.up].kind == KindList {
			if position(steps[0]) != a.place(chain[k]) {
				return nil, false, false
			}
		} else if n.name != steps[0] {
			if !strings.EqualFold(n.name, steps[0]) {
				return nil, false, false
			}
			exact = false
		}
		steps = steps[1:]
	}
	return steps, true, exact
}

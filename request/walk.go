package request

import (
	"iter"
	"strconv"
)

// All yields the fields of an object in order with their names, or the elements of a list with "".
func (v Value) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		n := v.node()
		if n == nil || !n.container() {
			return
		}
		for i := v.arena.first(v.i); i != 0; {
			c := Value{v.arena, i, v.gen}
			m := c.node()
			if m == nil || !yield(m.name, c) || c.node() == nil {
				return // it was released or removed meanwhile
			}
			i = v.arena.next(i)
		}
	}
}

// Walk calls f for every scalar and every empty object or list, in order, with
// its path, until f returns false.
func (d *Document) Walk(f func(path string, v Value) bool) { d.Root().walk("", f) }

func (v Value) walk(path string, f func(string, Value) bool) bool {
	if v.Len() == 0 {
		return !v.Exists() || f(path, v)
	}
	k := 0
	for name, c := range v.All() {
		step := escapeStep(name)
		if v.Kind() == KindList {
			step = strconv.Itoa(k)
		}
		if path != "" {
			step = path + "/" + step
		}
		if !c.walk(step, f) {
			return false
		}
		k++
	}
	return true
}

// Items yields the elements of a list in order. As with [Value.At], a single
// value of a form or XML is a list of one; anything else yields nothing.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		switch n := v.node(); {
		case n == nil:
		case n.kind == KindList:
			for _, c := range v.All() {
				if !yield(c) {
					return
				}
			}
		case v.arena.loose:
			yield(v)
		}
	}
}

package request

import (
	"hash/maphash"
)

// A table finds the children of a container that has many: by name in an
// object (open addressing over a power of two), by position in a list.
type table struct {
	slots []int32
	used  int // slots that are not 0
	live  int // children that are not removed
}

const minTable = 64 // slots of the smallest table of an object

var seed = maphash.MakeSeed()

// enter records the new child i of p, making p's table when it has none.
func (a *arena) enter(p, i int32) {
	n := &a.nodes[p]
	if n.table() != 0 {
		a.tables[n.table()-1].put(a, p, i)
		return
	}
	if len(a.tables) < cap(a.tables) {
		a.tables = a.tables[:len(a.tables)+1]
	} else {
		a.tables = append(a.tables, table{})
	}
	n.setTable(int32(len(a.tables))) //nolint:gosec // fewer than nodes
	t := &a.tables[len(a.tables)-1]
	t.slots, t.used, t.live = t.slots[:0], 0, 0
	for c := a.first(p); c != 0; c = a.next(c) {
		t.put(a, p, c)
	}
}

func (t *table) put(a *arena, p, i int32) {
	if a.nodes[p].kind == KindList {
		t.slots = append(t.slots, i)
		t.live++
		return
	}
	if 2*t.used >= len(t.slots) {
		t.grow(a)
	}
	t.insert(a, i)
	t.live++
}

func (t *table) insert(a *arena, i int32) {
	mask := uint64(len(t.slots) - 1)
	for h := maphash.String(seed, a.nodes[i].name) & mask; ; h = (h + 1) & mask {
		if t.slots[h] == 0 {
			t.slots[h] = i
			t.used++
			return
		}
	}
}

// grow doubles the table and leaves the removed behind.
func (t *table) grow(a *arena) {
	old := t.slots
	if size := cap(old); len(old) == 0 && size >= minTable && size&(size-1) == 0 {
		t.slots = old[:size] // kept from an earlier document
		clear(t.slots)
		return
	}
	t.slots, t.used = make([]int32, max(minTable, 2*len(old))), 0
	for _, i := range old {
		if i != 0 && !a.nodes[i].dead() {
			t.insert(a, i)
		}
	}
}

func (t *table) find(a *arena, name string) int32 {
	mask := uint64(len(t.slots) - 1)
	for h := maphash.String(seed, name) & mask; t.slots[h] != 0; h = (h + 1) & mask {
		if n := &a.nodes[t.slots[h]]; n.name == name && !n.dead() {
			return t.slots[h]
		}
	}
	return 0
}

func (t *table) drop(k Kind, i int32) {
	t.live--
	if k != KindList {
		return // its slot stays: a search passes over it
	}
	for at, c := range t.slots {
		if c == i {
			t.slots = append(t.slots[:at], t.slots[at+1:]...)
			return
		}
	}
}

package request

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

const (
	maxDepth    = 64      // levels that a document may be built deep
	maxNodes    = 1 << 20 // fields that a document may be built from
	smallObject = 16      // children that are found by looking at each
	keepNodes   = 16384   // 1 MiB; a larger arena is left to the garbage collector
	blockSize   = 32      // Documents made at once, see arena.block
)

// A node is one field or list element. It fills one cache line. Links are
// positions in arena.nodes; 0, the root, stands for "none", because the root is
// nobody's child.
type node struct {
	name  string
	text  string // text, or the literal of a number that is not in num
	num   int64  // integer; 1 for true; position of a secret; see containers below
	first int32
	last  int32
	next  int32
	up    int32
	count int32  // children ever linked, the dead too
	part  uint16 // who wrote it: position in arena.parts
	kind  Kind
	marks marks
}

// marks are what else is known of a node.
type marks uint8

const (
	removed   marks = 1 << iota // it stays linked and is skipped
	cleanName                   // the name stands in a JSON string as it is
	cleanText                   // the text does
)

func (n *node) dead() bool { return n.marks&removed != 0 }

// A container uses num for the number of its table (low half, 0 for none) and,
// in a list that is being merged, for the next element to merge into (high half).
func (n *node) table() int32      { return int32(n.num) }       //nolint:gosec // the low half is meant
func (n *node) cursor() int32     { return int32(n.num >> 32) } //nolint:gosec // the high half is meant
func (n *node) setTable(t int32)  { n.num = n.num&^0xffffffff | int64(t) }
func (n *node) setCursor(c int32) { n.num = int64(c)<<32 | n.num&0xffffffff }
func (n *node) container() bool   { return n.kind == KindObject || n.kind == KindList }

// An arena holds the nodes of one document and everything known of them. It is
// pooled; gen counts its users, so that a Node of an earlier one is recognised.
type arena struct {
	gen      atomic.Uint32
	nodes    []node
	tables   []table
	secrets  []gateway.Secret
	parts    []part
	part     uint16 // the part that writes now
	sealed   bool
	loose    bool // every scalar is text (form, XML): text converts to numbers
	err      *gateway.Error
	segments []string // of the paths below
	protect  []fieldRef
	require  []fieldRef
	frozen   []node // the values of protected fields, as they were at the seal

	// block holds Documents that were never handed out. A Document is used once,
	// so that a pointer kept after Release never becomes another request's; they
	// are made by the block, so that this costs no allocation per request.
	block []Document
}

var arenas = sync.Pool{New: func() any {
	return &arena{nodes: make([]node, 0, 64), parts: make([]part, 0, 16)}
}}

func newArena() *arena {
	a := arenas.Get().(*arena)
	a.nodes = append(a.nodes, node{kind: KindObject})
	a.parts = append(a.parts, part{policy: Strict})
	return a
}

// document hands out a Document over the arena.
func (a *arena) document() *Document {
	if len(a.block) == 0 {
		a.block = make([]Document, blockSize)
	}
	d := &a.block[0]
	a.block = a.block[1:]
	d.Node = Node{arena: a, gen: a.gen.Load()}
	return d
}

// reset forgets everything and puts the arena back into the pool.
func (a *arena) reset() {
	a.gen.Add(1)
	if cap(a.nodes) > keepNodes {
		return // too large to keep, and its slices may hold a large body alive
	}
	clear(a.nodes)
	clear(a.secrets)
	clear(a.parts)
	clear(a.segments)
	clear(a.frozen)
	a.nodes, a.secrets, a.parts = a.nodes[:0], a.secrets[:0], a.parts[:0]
	a.segments, a.frozen = a.segments[:0], a.frozen[:0]
	a.tables, a.protect, a.require = a.tables[:0], a.protect[:0], a.require[:0]
	a.part, a.sealed, a.loose, a.err = 0, false, false, nil
	arenas.Put(a)
}

// add links a new last child into the container p. The caller has checked that it may.
func (a *arena) add(p int32, name string, k Kind) int32 {
	i := int32(len(a.nodes)) //nolint:gosec // maxNodes and Limits.Nodes keep it small
	if len(a.nodes) < cap(a.nodes) {
		a.nodes = a.nodes[:i+1] // it is empty: reset clears what was used
	} else {
		a.nodes = append(slices.Grow(a.nodes, len(a.nodes)+1), node{}) // doubles
	}
	c := &a.nodes[i]
	c.name, c.up, c.kind, c.part = name, p, k, a.part
	n := &a.nodes[p]
	if n.first == 0 {
		n.first = i
	} else {
		a.nodes[n.last].next = i
	}
	n.last = i
	n.count++
	if n.count > smallObject {
		a.enter(p, i)
	}
	return i
}

// kill marks i and all below it as removed, and takes it out of its list's table.
func (a *arena) kill(i int32) {
	n := &a.nodes[i]
	if n.dead() {
		return
	}
	n.marks |= removed
	p := &a.nodes[n.up]
	if t := p.table(); t != 0 {
		a.tables[t-1].drop(p.kind, i)
	}
	if p.kind == KindList && p.cursor() == i {
		p.setCursor(a.alive(n.next))
	}
	a.killChildren(i)
}

func (a *arena) killChildren(i int32) {
	for c := a.nodes[i].first; c != 0; c = a.nodes[c].next {
		a.nodes[c].marks |= removed
		a.killChildren(c)
	}
}

// become turns i into an empty value of kind k in its place, written by the current part.
func (a *arena) become(i int32, k Kind) {
	a.killChildren(i)
	n := &a.nodes[i]
	*n = node{name: n.name, next: n.next, up: n.up, kind: k, part: a.part, marks: n.marks & cleanName}
}

// alive returns i, or the next sibling that is not removed.
func (a *arena) alive(i int32) int32 {
	for i != 0 && a.nodes[i].dead() {
		i = a.nodes[i].next
	}
	return i
}

func (a *arena) first(p int32) int32 { return a.alive(a.nodes[p].first) }
func (a *arena) next(i int32) int32  { return a.alive(a.nodes[i].next) }

// child finds a field of the object p, 0 when there is none.
func (a *arena) child(p int32, name string) int32 {
	n := &a.nodes[p]
	if n.kind != KindObject {
		return 0
	}
	if t := n.table(); t != 0 {
		return a.tables[t-1].find(a, name)
	}
	for c := n.first; c != 0; {
		m := &a.nodes[c]
		if m.name == name && !m.dead() {
			return c
		}
		c = m.next
	}
	return 0
}

// element finds the k-th element of the list p, 0 when there is none.
func (a *arena) element(p int32, k int) int32 {
	n := &a.nodes[p]
	if n.kind != KindList || k < 0 {
		return 0
	}
	if t := n.table(); t != 0 {
		if s := a.tables[t-1].slots; k < len(s) {
			return s[k]
		}
		return 0
	}
	c := a.first(p)
	for ; c != 0 && k > 0; k-- {
		c = a.next(c)
	}
	return c
}

// size counts the children of p that are not removed.
func (a *arena) size(p int32) int {
	n := &a.nodes[p]
	if !n.container() {
		return 0
	}
	if t := n.table(); t != 0 {
		return a.tables[t-1].live
	}
	size := 0
	for c := a.first(p); c != 0; c = a.next(c) {
		size++
	}
	return size
}

// depth counts the levels above i.
func (a *arena) depth(i int32) int {
	d := 0
	for ; i != 0; i = a.nodes[i].up {
		d++
	}
	return d
}

package request

import (
	"bytes"
	"slices"
	"strings"
)

// Limits bound what a parser accepts. A value of 0 or less takes the default.
type Limits struct {
	Bytes int // of the body; 1 MiB
	Depth int // of nesting; 64, and never more than 1,000
	Nodes int // fields and list elements together; 100,000
}

func (l Limits) orDefault() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 1 << 20
	}
	if l.Depth <= 0 {
		l.Depth = maxDepth
	}
	if l.Nodes <= 0 {
		l.Nodes = 100_000
	}
	l.Depth, l.Nodes = min(l.Depth, 1000), min(l.Nodes, 1<<30)
	return l
}

// ParseJSON reads one JSON value of any kind: [Document.Root] is it. The
// document is sealed, and numbers are kept as they are written.
//
// It is stricter than RFC 8259 asks: a name twice in one object is refused
// (also when one of the two is spelled with escapes), and so are invalid UTF-8,
// lone surrogates, "\u0000", a byte order mark, and anything beyond the limits.
// Errors are [*DecodeError].
//
// The body is copied into one string, and the document's texts are slices of
// it: a text that is kept keeps the whole body in memory. Use strings.Clone for
// the few that live long.
func ParseJSON(data []byte, l Limits) (*Document, error) {
	l = l.orDefault()
	if len(data) > l.Bytes {
		return nil, &DecodeError{Format: "JSON", Offset: l.Bytes, Problem: "the body is too long"}
	}
	if bomb(data, l.Nodes) {
		return nil, &DecodeError{Format: "JSON", Problem: "it has too many fields"}
	}
	a := newArena()
	a.sealed = true
	a.expect(count(data, ",")+min(count(data, "{["), count(data, "}]")), l.Nodes)
	p := jsonParser{arena: a, s: string(data), nodes: l.Nodes, depth: l.Depth}
	p.space()
	p.value(0)
	if p.space(); p.problem == "" && p.i < len(p.s) {
		p.fail("something follows the value")
	}
	if p.problem != "" {
		a.reset()
		return nil, &DecodeError{Format: "JSON", Offset: p.at, Problem: p.problem}
	}
	return a.document(), nil
}

// worthCounting is the size, in nodes or bytes, below which growing costs less than counting first.
const worthCounting = 4096

// expect makes room at once for the n nodes that a large body may hold, instead of by growing.
func (a *arena) expect(n, limit int) {
	if n > worthCounting {
		a.nodes = slices.Grow(a.nodes, min(n, limit)+1)
	}
}

// count counts separators in a body that is large enough for it to matter.
func count(data []byte, separators string) int {
	n := 0
	if len(data) > worthCounting {
		for i := range len(separators) {
			n += bytes.Count(data, []byte(separators[i:i+1]))
		}
	}
	return n
}

// bomb reports whether data certainly has more than limit values, so that a body
// made of nothing but commas is refused before room is made for its values.
func bomb(data []byte, limit int) bool {
	if bytes.Count(data, []byte(",")) < limit {
		return false
	}
	commas, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			quoted = !quoted
		case '\\':
			i++ // outside of a text it is a mistake anyway
		case ',':
			if !quoted {
				commas++
			}
		}
	}
	return commas >= limit
}

type jsonParser struct {
	arena   *arena
	s       string
	i       int
	nodes   int // how many may still come
	depth   int // how many levels may still be opened
	texts   strings.Builder
	problem string
	at      int
}

// fail notes the first problem and ends the parse.
func (p *jsonParser) fail(problem string) bool {
	if p.problem == "" {
		p.problem, p.at = problem, p.i
	}
	return false
}

func (p *jsonParser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// peek returns the next byte that is no space, 0 at the end.
func (p *jsonParser) peek() byte {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

// value parses into the node i, which is empty.
func (p *jsonParser) value(i int32) bool {
	if p.i >= len(p.s) {
		return p.fail("the body ends where a value should be")
	}
	n := &p.arena.nodes[i]
	switch c := p.s[p.i]; c {
	case '"':
		text, ok := p.text()
		n.kind, n.text = KindText, text
		return ok
	case '{':
		n.kind = KindObject
		return p.open() && p.object(i)
	case '[':
		n.kind = KindList
		return p.open() && p.list(i)
	case 't':
		n.kind, n.num = KindBool, 1
		return p.word("true")
	case 'f':
		n.kind = KindBool
		return p.word("false")
	case 'n':
		n.kind = KindNull
		return p.word("null")
	}
	end := numberEnd(p.s, p.i)
	if end == p.i {
		return p.fail("this is no JSON value")
	}
	n.kind, n.text = KindNumber, p.s[p.i:end]
	p.i = end
	return true
}

func (p *jsonParser) word(w string) bool {
	if !strings.HasPrefix(p.s[p.i:], w) {
		return p.fail("this is no JSON value")
	}
	p.i += len(w)
	return true
}

// open enters a container.
func (p *jsonParser) open() bool {
	if p.depth == 0 {
		return p.fail("it is nested too deep")
	}
	p.depth--
	p.i++
	return true
}

func (p *jsonParser) close() bool {
	p.depth++
	p.i++
	return true
}

func (p *jsonParser) object(i int32) bool {
	if p.peek() == '}' {
		return p.close()
	}
	var met names
	for {
		if p.peek() != '"' {
			return p.fail("a name in quotes is missing")
		}
		at := p.i
		name, ok := p.text()
		if !ok {
			return false
		}
		if met.before(name) && p.arena.child(i, name) != 0 {
			p.i = at
			return p.fail("a name stands twice in one object")
		}
		if p.peek() != ':' {
			return p.fail("a colon is missing")
		}
		p.i++
		p.space()
		if !p.add(i, name) {
			return false
		}
		switch p.peek() {
		case ',':
			p.i++
		case '}':
			return p.close()
		default:
			return p.fail("a comma or a closing brace is missing")
		}
	}
}

// names remembers roughly which names an object has had, so that most need no
// search for an equal one.
type names [4]uint64

// before notes a name. It reports false when there was certainly no equal one.
func (n *names) before(name string) bool {
	h := uint32(len(name)) //nolint:gosec // a hash
	if len(name) > 0 {
		h = h*31 + uint32(name[0])
		h = h*31 + uint32(name[len(name)/2])
		h = h*31 + uint32(name[len(name)-1])
	}
	word, bit := h>>6&3, uint64(1)<<(h&63)
	met := n[word]&bit != 0
	n[word] |= bit
	return met
}

func (p *jsonParser) list(i int32) bool {
	if p.peek() == ']' {
		return p.close()
	}
	for {
		p.space()
		if !p.add(i, "") {
			return false
		}
		switch p.peek() {
		case ',':
			p.i++
		case ']':
			return p.close()
		default:
			return p.fail("a comma or a closing bracket is missing")
		}
	}
}

func (p *jsonParser) add(i int32, name string) bool {
	if p.nodes == 0 {
		return p.fail("it has too many fields")
	}
	p.nodes--
	return p.value(p.arena.add(i, name, KindNull))
}

package request

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseForm reads an application/x-www-form-urlencoded body. Brackets nest:
// a[b]=x is the field b of the object a; a[]=x adds to the list a; and an object
// below the top whose names are 0, 1, 2 ... in this order becomes a list. Every
// value is a text; [Value.Int] and binding convert it.
//
// A name given twice (except a[]), a name that is a value and an object, broken
// brackets and escapes, text that is not UTF-8 or has a NUL, and anything beyond
// the limits are refused. Errors are [*DecodeError]. As in [ParseJSON], texts are
// slices of one copy of the body.
func ParseForm(data []byte, l Limits) (*Document, error) {
	l = l.orDefault()
	if len(data) > l.Bytes {
		return nil, &DecodeError{Format: "form", Offset: l.Bytes, Problem: "the body is too long"}
	}
	a := newArena()
	a.expect(count(data, "&["), l.Nodes)
	p := formParser{arena: a, s: string(data), limits: l}
	for p.i < len(p.s) && p.problem == "" {
		p.pair()
	}
	if p.problem == "" {
		p.lists(0)
	}
	if p.problem != "" {
		a.reset()
		return nil, &DecodeError{Format: "form", Offset: p.i, Problem: p.problem}
	}
	a.sealed, a.loose = true, true
	return a.document(), nil
}

type formParser struct {
	arena   *arena
	s       string
	i       int
	limits  Limits
	texts   strings.Builder
	problem string
}

func (p *formParser) fail(problem string) int32 {
	if p.problem == "" {
		p.problem = problem
	}
	return -1
}

// pair parses up to the next "&" and past it.
func (p *formParser) pair() {
	pair, _, _ := strings.Cut(p.s[p.i:], "&")
	if pair == "" {
		p.i++
		return
	}
	name, value, _ := strings.Cut(pair, "=")
	if i := p.field(p.unescape(name)); i >= 0 {
		p.arena.nodes[i].text = p.unescape(value)
	}
	if p.problem == "" {
		p.i += len(pair) + 1
	}
}

// field makes the field that name stands for, with all above it; -1 when it cannot be.
func (p *formParser) field(name string) int32 {
	head, rest := name, ""
	if k := strings.IndexByte(name, '['); k >= 0 {
		head, rest = name[:k], name[k:]
	}
	if head == "" || strings.IndexByte(head, ']') >= 0 {
		return p.fail("a name is empty or has a stray bracket")
	}
	i := int32(0)
	for depth := 1; rest != ""; depth++ {
		end := strings.IndexByte(rest, ']')
		if rest[0] != '[' || end < 0 || strings.IndexByte(rest[1:end], '[') >= 0 {
			return p.fail("a name has broken brackets")
		}
		if depth >= p.limits.Depth {
			return p.fail("it is nested too deep")
		}
		key := rest[1:end]
		rest = rest[end+1:]
		if key == "" {
			if rest != "" {
				return p.fail("a name goes on after empty brackets")
			}
			if i = p.container(i, head, KindList); i < 0 {
				return i
			}
			return p.add(i, "", KindText)
		}
		if i = p.container(i, head, KindObject); i < 0 {
			return i
		}
		head = key
	}
	if p.arena.child(i, head) != 0 {
		return p.fail("a name is given twice")
	}
	return p.add(i, head, KindText)
}

// container returns the object or list of that name in i, made when it is not there.
func (p *formParser) container(i int32, name string, k Kind) int32 {
	c := p.arena.child(i, name)
	switch {
	case p.problem != "":
		return -1
	case c == 0:
		return p.add(i, name, k)
	case p.arena.nodes[c].kind != k:
		return p.fail("a name is given as two kinds of value")
	}
	return c
}

func (p *formParser) add(i int32, name string, k Kind) int32 {
	if p.problem != "" {
		return -1
	}
	if len(p.arena.nodes) > p.limits.Nodes {
		return p.fail("it has too many fields")
	}
	return p.arena.add(i, name, k)
}

// unescape undoes percent-encoding and plus signs.
func (p *formParser) unescape(s string) string {
	if strings.IndexByte(s, ';') >= 0 {
		p.fail("a semicolon stands where an ampersand may be meant")
		return ""
	}
	text := s
	if strings.ContainsAny(s, "%+") {
		from := p.texts.Len()
		for i := 0; i < len(s); i++ {
			c := s[i]
			switch {
			case c == '+':
				c = ' '
			case c == '%':
				if i+2 >= len(s) || unhex(s[i+1]) > 15 || unhex(s[i+2]) > 15 {
					p.fail("a percent sign starts no escape")
					return ""
				}
				c = unhex(s[i+1])<<4 | unhex(s[i+2])
				i += 2
			}
			p.texts.WriteByte(c)
		}
		text = p.texts.String()[from:]
	}
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		p.fail("a text is not UTF-8 or has a NUL character")
	}
	return text
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// lists turns the objects below i whose names are positions into lists.
func (p *formParser) lists(i int32) {
	a := p.arena
	n := &a.nodes[i]
	positions := i != 0 && n.kind == KindObject
	k := 0
	for c := n.first; c != 0; c = a.nodes[c].next {
		positions = positions && a.nodes[c].name == strconv.Itoa(k)
		p.lists(c)
		k++
	}
	if positions {
		n.kind, n.num = KindList, 0
		for c := n.first; c != 0; c = a.nodes[c].next {
			a.nodes[c].name = ""
		}
		if n.count > smallObject {
			a.enter(i, 0) // it has no table as a list yet, so all are entered
		}
	}
}

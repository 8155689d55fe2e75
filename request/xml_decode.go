package request

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// ParseXML reads an XML document. The root element is the one field of the
// document: doc.Value("Envelope/Body/payment/id"). An element with nothing but
// text is a text; one with attributes or elements is an object with "@name" for
// each attribute and "#text" for text that is more than white space; an element
// that repeats becomes a list. Names come without their namespace prefix, which
// the sender chooses, and without namespace declarations.
//
// Refused are document types and with them all entities but XML's five, two
// attributes of one name, two siblings of one name and different namespaces, an
// encoding that is unknown or does not fit the bytes, anything after the root
// element, and anything beyond the limits. Errors are [*DecodeError].
func ParseXML(data []byte, l Limits) (*Document, error) {
	l = l.orDefault()
	if len(data) > l.Bytes {
		return nil, &DecodeError{Format: "XML", Offset: l.Bytes, Problem: "the body is too long"}
	}
	a := newArena()
	a.expect(count(data, "<="), l.Nodes)
	p := xmlParser{arena: a, limits: l, stack: make([]xmlOpen, 1, 8), spaces: make([]string, 1, 32)}
	p.decoder = xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))))
	p.decoder.CharsetReader = p.charset
	if err := p.run(); err != nil {
		at := min(int(p.decoder.InputOffset()), len(data)) // it counts what a recoding made
		a.reset()
		return nil, &DecodeError{Format: "XML", Offset: at, Problem: err.Error()}
	}
	a.sealed, a.loose = true, true
	return a.document(), nil
}

// An xmlOpen is an element that is not closed yet. Its node becomes an object
// with the first attribute or element, and is a text until then.
type xmlOpen struct {
	i    int32
	text []byte
}

type xmlParser struct {
	arena   *arena
	limits  Limits
	decoder *xml.Decoder
	stack   []xmlOpen
	spaces  []string // the namespace of each node
	recoded bool
	tokens  int
}

func (p *xmlParser) run() error {
	for {
		token, err := p.decoder.Token()
		switch {
		case errors.Is(err, io.EOF):
			if p.arena.nodes[0].first == 0 {
				return errors.New("there is no element")
			}
			return nil
		case err != nil:
			// The decoder's own words may quote the body.
			return errors.New("it is not well-formed, or its encoding is unknown or does not fit")
		}
		p.tokens++
		switch t := token.(type) {
		case xml.StartElement:
			err = p.start(t)
		case xml.EndElement:
			err = p.end()
		case xml.CharData:
			err = p.chars(t)
		case xml.Directive:
			err = errors.New("document types are refused")
		case xml.ProcInst:
			if t.Target != "xml" || p.tokens > 1 {
				err = errors.New("processing instructions are refused")
			}
		}
		if err != nil {
			return err
		}
	}
}

func (p *xmlParser) start(t xml.StartElement) error {
	depth := len(p.stack)
	up := p.stack[depth-1].i
	switch {
	case depth == 1 && p.arena.nodes[0].first != 0:
		return errors.New("something follows the root element")
	case depth >= p.limits.Depth:
		return errors.New("it is nested too deep")
	}
	p.arena.nodes[up].kind = KindObject
	i, err := p.element(up, t.Name)
	if err != nil {
		return err
	}
	p.stack = append(p.stack, xmlOpen{i: i})
	for _, attr := range t.Attr {
		if attr.Name.Space == "xmlns" || attr.Name.Space == "" && attr.Name.Local == "xmlns" {
			continue
		}
		p.arena.nodes[i].kind = KindObject
		name := "@" + attr.Name.Local
		if p.arena.child(i, name) != 0 {
			return errors.New("an element has two attributes of one name")
		}
		c, err := p.add(i, name, attr.Name)
		if err != nil {
			return err
		}
		if err := p.fits(attr.Value); err != nil {
			return err
		}
		p.arena.nodes[c].text = attr.Value
	}
	return nil
}

// element makes the node of a new element of up, turning one that repeats into a list.
func (p *xmlParser) element(up int32, name xml.Name) (int32, error) {
	a := p.arena
	c := a.child(up, name.Local)
	if c == 0 {
		return p.add(up, name.Local, name)
	}
	if p.spaces[c] != name.Space {
		return 0, errors.New("two elements of one name have different namespaces")
	}
	if a.nodes[c].kind != KindList {
		if err := p.room(); err != nil {
			return 0, err
		}
		p.spaces = append(p.spaces, name.Space)
		a.wrap(c)
	}
	return p.add(c, "", name)
}

// wrap turns c into a list with what c was as its one element.
func (a *arena) wrap(c int32) {
	e := int32(len(a.nodes)) //nolint:gosec // Limits.Nodes keeps it small
	n := a.nodes[c]
	n.up, n.name, n.next = c, "", 0
	a.nodes = append(a.nodes, n)
	for k := n.first; k != 0; k = a.nodes[k].next {
		a.nodes[k].up = e
	}
	m := &a.nodes[c]
	*m = node{name: m.name, next: m.next, up: m.up, kind: KindList, part: m.part, first: e, last: e, count: 1}
}

func (p *xmlParser) room() error {
	if len(p.arena.nodes) > p.limits.Nodes {
		return errors.New("it has too many fields")
	}
	return nil
}

func (p *xmlParser) add(up int32, name string, full xml.Name) (int32, error) {
	if err := p.room(); err != nil {
		return 0, err
	}
	if !ncName(full.Local) {
		return 0, errors.New("a name is no XML name")
	}
	p.spaces = append(p.spaces, full.Space)
	return p.arena.add(up, name, KindText), nil
}

func (p *xmlParser) chars(t xml.CharData) error {
	top := len(p.stack) - 1
	if top == 0 {
		if len(bytes.TrimSpace(t)) > 0 {
			return errors.New("text stands outside of the root element")
		}
		return nil
	}
	p.stack[top].text = append(p.stack[top].text, t...)
	return nil
}

func (p *xmlParser) end() error {
	top := len(p.stack) - 1
	open := p.stack[top]
	p.stack = p.stack[:top]
	text := string(open.text)
	if err := p.fits(text); err != nil {
		return err
	}
	if p.arena.nodes[open.i].kind != KindObject {
		p.arena.nodes[open.i].text = text
		return nil
	}
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if err := p.room(); err != nil {
		return err
	}
	p.spaces = append(p.spaces, "")
	c := p.arena.add(open.i, "#text", KindText)
	p.arena.nodes[c].text = text
	return nil
}

// charset makes a body in another encoding readable. Turkish banks send ISO-8859-9.
func (p *xmlParser) charset(label string, input io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, err
	}
	name, err := htmlindex.Name(enc)
	if err != nil || strings.HasPrefix(name, "utf-16") || name == "replacement" || name == "x-user-defined" {
		return nil, errors.New("refused")
	}
	p.recoded = true
	return enc.NewDecoder().Reader(input), nil
}

// fits refuses what a wrongly declared encoding leaves behind.
func (p *xmlParser) fits(text string) error {
	if p.recoded && strings.ContainsRune(text, utf8.RuneError) {
		return errors.New("a text does not fit its encoding")
	}
	return nil
}

package request

import (
	"strconv"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// ListStyle says how a form writes lists.
type ListStyle uint8

const (
	// ListsIndexed writes a[0]=x&a[1]=y, as Stripe does.
	ListsIndexed ListStyle = iota
	// ListsEmpty writes a[]=x&a[]=y, for scalars only.
	ListsEmpty
	// ListsRepeat writes a=x&a=y, for scalars only.
	ListsRepeat
)

// Separator says how a form joins nested names.
type Separator uint8

const (
	// SeparatorBrackets writes a[b].
	SeparatorBrackets Separator = iota
	// SeparatorDots writes a.b.
	SeparatorDots
)

// FormOptions say how a provider wants its forms.
type FormOptions struct {
	Lists     ListStyle
	Separator Separator
}

// Form encodes a document as application/x-www-form-urlencoded with nested names
// in brackets and indexed lists. Null and an empty list become an empty value,
// an empty object becomes nothing. A name that holds a bracket is refused:
// "amount[value]" would pass for the value of the object amount.
var Form = NewForm(FormOptions{})

// NewForm returns a form encoder with other conventions than [Form].
func NewForm(o FormOptions) Encoder { return formEncoder{o} }

type formEncoder struct{ FormOptions }

func (formEncoder) ContentType() string { return "application/x-www-form-urlencoded" }

func (f formEncoder) Append(dst []byte, d *Document) ([]byte, error) {
	a, err := d.encodable()
	if err != nil {
		return dst, err
	}
	if a.nodes[0].kind != KindObject {
		return dst, gateway.Invalid("a form cannot say a %s without a name", a.nodes[0].kind)
	}
	return encode(dst, func(dst []byte) ([]byte, error) {
		w := formWriter{formEncoder: f, arena: a, dst: dst, start: len(dst), prefix: make([]byte, 0, 128)}
		w.fields(0)
		return w.dst, w.err
	})
}

type formWriter struct {
	formEncoder
	arena  *arena
	dst    []byte
	start  int
	prefix []byte // the escaped name of the field that is being written
	err    error
}

func (w *formWriter) refuse(i int32, problem string) {
	if w.err == nil {
		w.err = gateway.Invalid("field %q %s", joinPath(w.arena.steps(i, nil)), problem)
	}
}

// fields writes what the object i holds.
func (w *formWriter) fields(i int32) {
	for c := w.arena.first(i); c != 0 && w.err == nil; c = w.arena.next(c) {
		name := w.arena.nodes[c].name
		switch {
		case name == "":
			w.refuse(c, "has no name, which a form cannot say")
			return
		case w.Separator == SeparatorBrackets && strings.ContainsAny(name, "[]"):
			w.refuse(c, "has a bracket in its name and would pass for a nested one in a form")
			return
		case w.Separator == SeparatorDots && strings.Contains(name, "."):
			w.refuse(c, "has a dot in its name and would pass for a nested one in a form")
			return
		}
		before := len(w.prefix)
		w.step(name)
		w.value(c)
		w.prefix = w.prefix[:before]
	}
}

// step appends a name to the prefix.
func (w *formWriter) step(name string) {
	switch {
	case len(w.prefix) == 0:
		w.prefix = appendEscaped(w.prefix, name)
	case w.Separator == SeparatorDots:
		w.prefix = appendEscaped(append(w.prefix, '.'), name)
	default:
		w.prefix = append(appendEscaped(append(w.prefix, '['), name), ']')
	}
}

func (w *formWriter) value(i int32) {
	switch w.arena.nodes[i].kind {
	case KindObject:
		w.fields(i)
	case KindList:
		w.list(i)
	default:
		w.pair(i)
	}
}

func (w *formWriter) list(i int32) {
	c := w.arena.first(i)
	if c == 0 {
		w.pair(i)
		return
	}
	for k := 0; c != 0 && w.err == nil; k++ {
		before := len(w.prefix)
		switch {
		case w.Lists != ListsIndexed && w.arena.nodes[c].container():
			w.refuse(c, "is an object or a list, and this form has lists of plain values only")
			return
		case w.Lists == ListsEmpty:
			w.prefix = append(w.prefix, "[]"...)
		case w.Lists == ListsIndexed:
			var digits [20]byte
			w.step(string(strconv.AppendInt(digits[:0], int64(k), 10)))
		}
		w.value(c)
		w.prefix = w.prefix[:before]
		c = w.arena.next(c)
	}
}

// pair writes prefix=value for the scalar i.
func (w *formWriter) pair(i int32) {
	n := &w.arena.nodes[i]
	if len(w.dst) > w.start {
		w.dst = append(w.dst, '&')
	}
	w.dst = append(append(w.dst, w.prefix...), '=')
	switch n.kind {
	case KindText:
		w.dst = appendEscaped(w.dst, n.text)
	case KindSecret:
		w.dst = appendEscaped(w.dst, w.arena.secrets[n.num].Reveal())
	case KindNumber:
		if n.text != "" {
			w.dst = appendEscaped(w.dst, n.text) // 1e+5 has a plus
			return
		}
		w.dst = strconv.AppendInt(w.dst, n.num, 10)
	case KindBool:
		w.dst = strconv.AppendBool(w.dst, n.num != 0)
	}
}

var formPlain = func() (t [256]bool) {
	for c := range t {
		t[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
	}
	return t
}()

// appendEscaped appends what url.QueryEscape returns.
func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case formPlain[c]:
			dst = append(dst, c)
		case c == ' ':
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
	}
	return dst
}

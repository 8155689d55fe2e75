package request

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// ParseHTMLForm reads the inputs of an HTML page, as a shopper's browser would
// send its forms: name → value, names taken literally (no brackets nest), inputs
// without a name left out, radio buttons and check boxes only when checked. A
// page without inputs gives an empty document. A name that stands twice with
// different values, text that is not UTF-8, and anything beyond the limits are
// refused. Errors are [*DecodeError].
func ParseHTMLForm(data []byte, l Limits) (*Document, error) {
	l = l.orDefault()
	if len(data) > l.Bytes {
		return nil, &DecodeError{Format: "HTML", Offset: l.Bytes, Problem: "the body is too long"}
	}
	if at := invalidUTF8(data); at >= 0 {
		return nil, &DecodeError{Format: "HTML", Offset: at, Problem: "it is not UTF-8"}
	}
	a := newArena()
	z := html.NewTokenizer(bytes.NewReader(data))
	for at := 0; ; at += len(z.Raw()) {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				a.reset()
				return nil, &DecodeError{Format: "HTML", Offset: at, Problem: "it cannot be read"}
			}
			a.sealed, a.loose = true, true
			return a.document(), nil
		case html.StartTagToken, html.SelfClosingTagToken:
			if problem := a.input(z, l); problem != "" {
				a.reset()
				return nil, &DecodeError{Format: "HTML", Offset: at, Problem: problem}
			}
		}
	}
}

// input adds the field of an input element and returns what is wrong with it.
func (a *arena) input(z *html.Tokenizer, l Limits) (problem string) {
	tag, more := z.TagName()
	if string(tag) != "input" {
		return ""
	}
	var name, value, kind string
	var seenName, seenValue, checked bool
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		switch string(k) {
		case "name":
			if !seenName { // the first of two counts, as in a browser
				name, seenName = string(v), true
			}
		case "value":
			if !seenValue {
				value, seenValue = string(v), true
			}
		case "type":
			if kind == "" {
				kind = strings.ToLower(string(v))
			}
		case "checked":
			checked = true
		}
	}
	switch {
	case name == "" || (kind == "radio" || kind == "checkbox") && !checked:
		return ""
	case strings.IndexByte(name, 0) >= 0 || strings.IndexByte(value, 0) >= 0:
		return "a text has a NUL character"
	}
	if c := a.child(0, name); c != 0 {
		if a.nodes[c].text != value {
			return "two inputs of one name have different values"
		}
		return ""
	}
	if len(a.nodes) > l.Nodes {
		return "it has too many fields"
	}
	a.nodes[a.add(0, name, KindText)].text = value
	return ""
}

// invalidUTF8 returns where data stops being UTF-8, -1 when it does not.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
}

package request

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// XMLOption changes how [XML] encodes.
type XMLOption interface{ applyXML(*xmlEncoder) }

type xmlOption func(*xmlEncoder)

func (o xmlOption) applyXML(x *xmlEncoder) { o(x) }

// WithNamespace declares a namespace on the root element; an empty prefix
// declares the default one. Names in the document carry prefixes literally: "pay:amount".
func WithNamespace(prefix, uri string) XMLOption {
	return xmlOption(func(x *xmlEncoder) { x.namespaces = append(x.namespaces, [2]string{prefix, uri}) })
}

// WithSOAP11 puts the root element into the body of a SOAP 1.1 envelope.
func WithSOAP11() XMLOption {
	return xmlOption(func(x *xmlEncoder) { x.soap, x.contentType = soap11, "text/xml; charset=utf-8" })
}

// WithSOAP12 puts the root element into the body of a SOAP 1.2 envelope.
func WithSOAP12() XMLOption {
	return xmlOption(func(x *xmlEncoder) { x.soap, x.contentType = soap12, "application/soap+xml; charset=utf-8" })
}

// WithSOAPHeader takes the fields of the document's object of that name for the
// header of the SOAP envelope instead of the body.
func WithSOAPHeader(field string) XMLOption {
	return xmlOption(func(x *xmlEncoder) { x.header = field })
}

const (
	soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 = "http://www.w3.org/2003/05/soap-envelope"
)

// XML encodes a document as one XML element named root, with the fields as
// elements in their order. A list repeats its element. A field "@name" is an
// attribute, "#text" is the text of an element that has attributes, null and an
// empty object are an empty element, an empty list is nothing. Names that are
// no XML names, characters that XML cannot hold, and lists within lists are refused.
func XML(root string, opts ...XMLOption) Encoder {
	x := &xmlEncoder{root: root, contentType: "application/xml; charset=utf-8"}
	for _, o := range opts {
		o.applyXML(x)
	}
	return x
}

type xmlEncoder struct {
	root        string
	namespaces  [][2]string
	soap        string
	header      string
	contentType string
}

func (x *xmlEncoder) ContentType() string { return x.contentType }

// Check says at assembly what every Append would say.
func (x *xmlEncoder) Check() error {
	if !xmlName(x.root) {
		return gateway.Errorf(gateway.CodeInternal, "%+q is no name of an XML element", x.root)
	}
	seen := map[string]bool{}
	for _, ns := range x.namespaces {
		if ns[0] != "" && (!xmlName(ns[0]) || strings.Contains(ns[0], ":")) || seen[ns[0]] || ns[1] == "" || !xmlText(ns[1]) {
			return gateway.Errorf(gateway.CodeInternal, "namespace %+q cannot be declared as %+q", ns[1], ns[0])
		}
		seen[ns[0]] = true
	}
	if x.header != "" && x.soap == "" {
		return gateway.Errorf(gateway.CodeInternal, "a SOAP header needs WithSOAP11 or WithSOAP12")
	}
	return nil
}

func (x *xmlEncoder) Append(dst []byte, d *Document) ([]byte, error) {
	a, err := d.encodable()
	if err != nil {
		return dst, err
	}
	if err := x.Check(); err != nil {
		return dst, err
	}
	if a.nodes[0].kind != KindObject {
		return dst, gateway.Invalid("the XML element %q cannot be a %s", x.root, a.nodes[0].kind)
	}
	return encode(dst, func(dst []byte) ([]byte, error) {
		w := xmlWriter{arena: a, dst: append(dst, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"...)}
		w.envelope(x)
		return w.dst, w.err
	})
}

type xmlWriter struct {
	arena *arena
	dst   []byte
	err   error
	skip  int32 // the field that went into the SOAP header
}

func (w *xmlWriter) write(parts ...string) {
	for _, p := range parts {
		w.dst = append(w.dst, p...)
	}
}

func (w *xmlWriter) refuse(i int32, problem string) {
	if w.err == nil {
		w.err = gateway.Invalid("field %q %s", joinPath(w.arena.steps(i, nil)), problem)
	}
}

func (w *xmlWriter) envelope(x *xmlEncoder) {
	if x.soap == "" {
		w.root(x)
		return
	}
	w.write(`<soap:Envelope xmlns:soap="`, x.soap, `">`)
	if x.header != "" {
		if w.skip = w.arena.child(0, x.header); w.skip != 0 {
			w.element("soap:Header", w.skip, nil)
		}
	}
	w.write("<soap:Body>")
	w.root(x)
	w.write("</soap:Body></soap:Envelope>")
}

func (w *xmlWriter) root(x *xmlEncoder) {
	w.element(x.root, 0, func() {
		for _, ns := range x.namespaces {
			if ns[0] == "" {
				w.write(" xmlns")
			} else {
				w.write(" xmlns:", ns[0])
			}
			w.write(`="`)
			w.text(0, ns[1], true)
			w.write(`"`)
		}
	})
}

// element writes i, which is no list, as an element; attributes writes more of them.
func (w *xmlWriter) element(name string, i int32, attributes func()) {
	if w.err != nil {
		return
	}
	w.write("<", name)
	if attributes != nil {
		attributes()
	}
	n := &w.arena.nodes[i]
	if n.kind != KindObject {
		w.write(">")
		w.scalar(i, false)
		w.write("</", name, ">")
		return
	}
	for c := w.arena.first(i); c != 0; c = w.arena.next(c) {
		if m := &w.arena.nodes[c]; strings.HasPrefix(m.name, "@") {
			w.attribute(c)
		}
	}
	w.write(">")
	for c := w.arena.first(i); c != 0; c = w.arena.next(c) {
		if c != w.skip && !strings.HasPrefix(w.arena.nodes[c].name, "@") {
			w.field(c)
		}
	}
	w.write("</", name, ">")
}

func (w *xmlWriter) attribute(i int32) {
	n := &w.arena.nodes[i]
	switch {
	case !xmlName(n.name[1:]):
		w.refuse(i, "is no name of an XML attribute")
	case n.container():
		w.refuse(i, "is "+article(n.kind)+", which an XML attribute cannot be")
	default:
		w.write(" ", n.name[1:], `="`)
		w.scalar(i, true)
		w.write(`"`)
	}
}

func (w *xmlWriter) field(i int32) {
	n := &w.arena.nodes[i]
	switch {
	case n.name == "#text" && n.container():
		w.refuse(i, "is "+article(n.kind)+", which the text of an XML element cannot be")
	case n.name == "#text":
		w.scalar(i, false)
	case !xmlName(n.name):
		w.refuse(i, "is no name of an XML element")
	case n.kind != KindList:
		w.element(n.name, i, nil)
	default:
		for c := w.arena.first(i); c != 0; c = w.arena.next(c) {
			if w.arena.nodes[c].kind == KindList {
				w.refuse(c, "is a list within a list, which XML cannot say")
				return
			}
			w.element(n.name, c, nil)
		}
	}
}

func (w *xmlWriter) scalar(i int32, quoted bool) {
	switch n := &w.arena.nodes[i]; n.kind {
	case KindText:
		w.text(i, n.text, quoted)
	case KindSecret:
		w.text(i, w.arena.secrets[n.num].Reveal(), quoted)
	case KindNull:
	default:
		w.dst = w.arena.appendScalar(w.dst, n, masked)
	}
}

func (w *xmlWriter) text(i int32, s string, quoted bool) {
	if !xmlText(s) {
		w.refuse(i, "has a character that XML cannot hold")
		return
	}
	for k := range len(s) {
		switch c := s[k]; {
		case c == '&':
			w.write("&amp;")
		case c == '<':
			w.write("&lt;")
		case c == '>':
			w.write("&gt;")
		case c == '\r':
			w.write("&#xD;") // a literal one would be read as a line feed
		case c == '"' && quoted:
			w.write("&quot;")
		case c == '\n' && quoted:
			w.write("&#xA;") // a literal one would be read as a space
		case c == '\t' && quoted:
			w.write("&#x9;")
		default:
			w.dst = append(w.dst, c)
		}
	}
}

// xmlText reports whether every character of s, which is UTF-8, may stand in XML 1.0.
func xmlText(s string) bool {
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size < 2 {
				return false
			}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xFFFE, r == 0xFFFF:
			return false
		}
	}
	return true
}

// xmlName reports whether s is an XML name with at most one prefix.
func xmlName(s string) bool {
	prefix, local, colon := strings.Cut(s, ":")
	return ncName(prefix) && (!colon || ncName(local))
}

func ncName(s string) bool {
	for i, r := range s {
		switch {
		case r == '_', unicode.IsLetter(r):
		case i > 0 && (r == '-' || r == '.' || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)):
		default:
			return false
		}
	}
	return s != ""
}

package request

import (
	"strconv"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Encoder turns a document into the bytes of a body. It is the one place where
// secrets are revealed. An Encoder holds no state and is safe for concurrent use.
type Encoder interface {
	// ContentType returns the value of the Content-Type header.
	ContentType() string
	// Append appends the body to dst. It fails, and returns dst as it was, when
	// the document has a mistake, was released, or cannot be said in the format.
	Append(dst []byte, d *Document) ([]byte, error)
}

// JSON encodes a document as compact JSON in field order. Slashes and <, > and &
// are written as they are, numbers exactly as they were set.
var JSON Encoder = jsonEncoder{}

type jsonEncoder struct{}

func (jsonEncoder) ContentType() string { return "application/json" }

func (jsonEncoder) Append(dst []byte, d *Document) ([]byte, error) {
	a, err := d.encodable()
	if err != nil {
		return dst, err
	}
	return encode(dst, func(dst []byte) ([]byte, error) {
		return a.appendJSON(dst, 0, revealed), nil
	})
}

// encodable returns the arena of a document that may be encoded.
func (d *Document) encodable() (*arena, error) {
	a := d.live()
	if a == nil {
		return nil, errReleased()
	}
	if a.err != nil {
		return nil, a.err
	}
	return a, nil
}

// sight says how secrets are written.
type sight uint8

const (
	masked   sight = iota // as "***"
	revealed              // as they are: encoders only
)

func (a *arena) appendJSON(dst []byte, i int32, s sight) []byte {
	n := &a.nodes[i]
	switch n.kind {
	case KindObject:
		dst = append(dst, '{')
		for c, first := n.first, true; c != 0; {
			m := &a.nodes[c]
			if !m.dead() {
				if !first {
					dst = append(dst, ',')
				}
				first = false
				if m.marks&cleanName != 0 {
					dst = append(append(append(dst, '"'), m.name...), '"', ':')
				} else {
					dst = append(appendQuoted(dst, m.name), ':')
				}
				dst = a.appendJSON(dst, c, s)
			}
			c = m.next
		}
		return append(dst, '}')
	case KindList:
		dst = append(dst, '[')
		for c, first := a.first(i), true; c != 0; c = a.next(c) {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = a.appendJSON(dst, c, s)
		}
		return append(dst, ']')
	case KindText:
		if n.marks&cleanText != 0 {
			return append(append(append(dst, '"'), n.text...), '"')
		}
		return appendQuoted(dst, n.text)
	}
	return a.appendScalar(dst, n, s)
}

func (a *arena) appendScalar(dst []byte, n *node, s sight) []byte {
	switch n.kind {
	case KindNumber:
		if n.text != "" {
			return append(dst, n.text...)
		}
		return strconv.AppendInt(dst, n.num, 10)
	case KindBool:
		return strconv.AppendBool(dst, n.num != 0)
	case KindSecret:
		if s == revealed {
			return appendQuoted(dst, a.secrets[n.num].Reveal())
		}
		return appendQuoted(dst, gateway.Secret{}.String())
	}
	return append(dst, "null"...)
}

const hexDigits = "0123456789abcdef"

// appendQuoted appends s, which is valid UTF-8, as a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := skipClean(s, 0); i < len(s); i++ {
		c := s[i]
		if jsonPlain[c] {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

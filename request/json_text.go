package request

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text parses the string that starts here.
func (p *jsonParser) text() (string, bool) {
	p.i++
	s, start := p.s, p.i
	ascii := true
	for i := skipClean(s, start); i < len(s); i++ {
		c := s[i]
		if jsonPlain[c] {
			ascii = ascii && c < utf8.RuneSelf
			continue
		}
		p.i = i
		switch c {
		case '"':
			p.i++
			if !ascii && !utf8.ValidString(s[start:i]) {
				return "", p.fail("a text is not UTF-8")
			}
			return s[start:i], true
		case '\\':
			return p.escaped(start)
		}
		return "", p.fail("a text has a control character")
	}
	p.i = len(s)
	return "", p.fail("the body ends within a text")
}

// escaped parses the rest of a text whose first backslash is at p.i. All such
// texts of a document share one growing buffer.
func (p *jsonParser) escaped(start int) (string, bool) {
	b := &p.texts
	from := b.Len()
	for {
		b.WriteString(p.s[start:p.i])
		if !p.escape(b) {
			return "", false
		}
		start = p.i
		for p.i < len(p.s) && jsonPlain[p.s[p.i]] {
			p.i++
		}
		switch {
		case p.i == len(p.s):
			return "", p.fail("the body ends within a text")
		case p.s[p.i] == '"':
			b.WriteString(p.s[start:p.i])
			p.i++
			text := b.String()[from:]
			if !utf8.ValidString(text) {
				return "", p.fail("a text is not UTF-8")
			}
			return text, true
		case p.s[p.i] != '\\':
			return "", p.fail("a text has a control character")
		}
	}
}

// escape parses the backslash at p.i and what belongs to it.
func (p *jsonParser) escape(b *strings.Builder) bool {
	if p.i+1 >= len(p.s) {
		return p.fail("the body ends within a text")
	}
	c := p.s[p.i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return p.unicode(b)
	default:
		return p.fail("a text has an unknown escape")
	}
	b.WriteByte(c)
	p.i += 2
	return true
}

func (p *jsonParser) unicode(b *strings.Builder) bool {
	r := p.hex(p.i)
	switch {
	case r < 0:
		return p.fail("a text has an unknown escape")
	case r == 0:
		return p.fail("a text has a NUL character")
	case utf16.IsSurrogate(r):
		if r = utf16.DecodeRune(r, p.hex(p.i+6)); r == utf8.RuneError {
			return p.fail("a text has half a surrogate pair")
		}
		p.i += 6
	}
	b.WriteRune(r)
	p.i += 6
	return true
}

// hex reads a \uXXXX at i, -1 when there is none.
func (p *jsonParser) hex(i int) rune {
	if i+6 > len(p.s) || p.s[i] != '\\' || p.s[i+1] != 'u' {
		return -1
	}
	r := rune(0)
	for _, c := range []byte(p.s[i+2 : i+6]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

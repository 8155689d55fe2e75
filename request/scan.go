package request

import "unicode/utf8"

// Texts are looked at eight bytes at a time: most are short ASCII, and looking at
// each byte was a fifth of the time to build and encode a request.

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// load reads eight bytes at i; the compiler makes one instruction of it.
func load(s string, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// unusual is not 0 when one of the eight bytes is a control character, DEL or not ASCII.
func unusual(w uint64) uint64 { return ((w - 0x20*lows) | w | (w + lows)) & highs }

// quoting is not 0 when one of the eight bytes is a quote or a backslash.
func quoting(w uint64) uint64 {
	q, b := w^('"'*lows), w^('\\'*lows)
	return ((q-lows)&^q | (b-lows)&^b) & highs
}

// skipClean returns the first position from i on that may need a closer look:
// all before it is ASCII that stands in a JSON string as it is.
func skipClean(s string, i int) int {
	for i+8 <= len(s) {
		if w := load(s, i); unusual(w)|quoting(w) != 0 {
			break
		}
		i += 8
	}
	for i < len(s) && jsonClean[s[i]] {
		i++
	}
	return i
}

// jsonClean are the ASCII bytes that stand in a JSON string as they are.
var jsonClean = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != '"' && c != '\\' && c < 0x7f
	}
	return t
}()

// jsonPlain are jsonClean and all that is not ASCII.
var jsonPlain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

// plain reports whether s is valid UTF-8 without control characters other than
// tab and line ends, and whether it is clean: stands in a JSON string as it is.
func plain(s string) (ok, clean bool) {
	i := skipClean(s, 0)
	if i == len(s) {
		return true, true
	}
	ascii := true
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			ascii = false
		case c >= ' ' && c != 0x7f, c == '\t', c == '\n', c == '\r':
		default:
			return false, false
		}
	}
	return ascii || utf8.ValidString(s), false
}

// shortInt reports whether a JSON number is an integer that certainly fits into
// an int64 and prints the same way again.
func shortInt(s string) bool {
	if len(s) > 18 || s == "-0" {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return s != ""
}

// isNumber reports whether s is a JSON number.
func isNumber(s string) bool { return s != "" && numberEnd(s, 0) == len(s) }

// numberEnd returns where the JSON number that starts at s[i] ends, i when there is none.
func numberEnd(s string, i int) int {
	start := i
	digits := func() bool {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !digits() {
		return start
	}
	if i < len(s) && s[i] == '.' {
		if i++; !digits() {
			return start
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return start
		}
	}
	return i
}

package validator

import (
	"strconv"
	"strings"
)

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// quote makes a provider's text safe and short enough for a log line.
func quote(s string) string {
	if len(s) > 60 {
		s = s[:60]
	}
	return strconv.QuoteToASCII(s)
}

// clean drops control characters and shortens what a provider sent.
func clean(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
}

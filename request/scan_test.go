package request

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// TestLookingAtEightBytesSeesWhatLookingAtEachSees puts every byte at every place of a text.
func TestLookingAtEightBytesSeesWhatLookingAtEachSees(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for size := 1; size <= 18; size++ {
			for at := range size {
				b := []byte(strings.Repeat("0", size))
				b[at] = byte(c)
				if at+1 < size {
					b[at+1] = byte(c) // a carry from its neighbour must not hide it
				}
				s := string(b)
				want := len(s)
				for i := range len(s) {
					if !jsonClean[s[i]] {
						want = i
						break
					}
				}
				if got := skipClean(s, 0); got != want {
					t.Fatalf("skipClean(%q) = %d, not %d", s, got, want)
				}
				ok, clean := plain(s)
				control := c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f
				assert.Equal(t, utf8.ValidString(s) && !control, ok, "%q", s)
				assert.Equal(t, want == len(s), clean, "%q", s)
			}
		}
	}
}

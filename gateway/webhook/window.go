package webhook

import (
	"strconv"
	"time"
)

// DefaultTolerance is how far a signed time may be from ours, either way.
const DefaultTolerance = 5 * time.Minute

// Window is how far the time that a signature covers may be from ours. It refuses
// what is too old and what is from the future alike. The zero Window tolerates
// [DefaultTolerance] by time.Now.
type Window struct {
	Tolerance time.Duration    // either way, inclusive; 0 means [DefaultTolerance]
	Now       func() time.Time // nil means time.Now
}

func (w Window) now() time.Time {
	if w.Now == nil {
		return time.Now()
	}
	return w.Now()
}

// unix reads seconds since 1970 as a provider writes them: digits without a sign
// or a leading zero.
func unix(text string) (time.Time, bool) {
	if len(text) == 0 || len(text) > 11 || text[0] == '0' {
		return time.Time{}, false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return time.Time{}, false
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(n, 0), err == nil
}

// check refuses a time outside of the window.
func (w Window) check(at time.Time) error {
	tolerance := w.Tolerance
	if tolerance <= 0 {
		tolerance = DefaultTolerance
	}
	switch d := w.now().Truncate(time.Second).Sub(at); {
	case d > tolerance:
		return refused("it is too old")
	case d < -tolerance:
		return refused("it is from the future")
	}
	return nil
}

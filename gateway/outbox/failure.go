package outbox

import (
	"errors"
	"strings"
)

// maxFailure is how much of a failure's text is kept, in bytes.
const maxFailure = 500

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

type gone struct{ error }

func (g gone) Unwrap() error { return g.error }

// Permanent returns err as one that no retry can mend: the delivery is parked at
// once. It returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// Gone returns err as one that says that the subscriber wants nothing any more:
// the whole subscriber is parked at once, in every process, until
// [Dispatcher.Resume]. What happens meanwhile is kept for it. It returns nil for nil.
func Gone(err error) error {
	if err == nil {
		return nil
	}
	return gone{err}
}

func isPermanent(err error) bool {
	_, ok := errors.AsType[permanent](err)
	return ok
}

func isGone(err error) bool {
	_, ok := errors.AsType[gone](err)
	return ok
}

// text returns what is kept of an error: one line that every database takes.
func text(err error) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(err.Error(), ""))
	return strings.ToValidUTF8(s[:min(len(s), maxFailure)], "")
}

package task

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Backoff says how long to wait before the next attempt: the first entry after
// the first failure, and so on; the last one serves for all later ones. Each
// wait is drawn from 80 % to 120 % of its entry, so that what failed together
// does not come back together.
type Backoff []time.Duration

// DefaultBackoff is the schedule of an engine that was told none.
var DefaultBackoff = Backoff{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}

// After returns the wait after the nth failure (n from 1), and never less than
// err's [gateway.Error.RetryAfter].
func (b Backoff) After(n int64, err error) time.Duration {
	var wait time.Duration
	if len(b) > 0 {
		wait = b[min(max(n, 1), int64(len(b)))-1]
		if spread := int64(wait) * 2 / 5; spread > 0 {
			wait = wait*4/5 + time.Duration(rand.Int64N(spread+1)) //nolint:gosec // it spreads load and protects nothing
		}
	}
	if e, ok := errors.AsType[*gateway.Error](err); ok {
		wait = max(wait, e.RetryAfter)
	}
	return wait
}

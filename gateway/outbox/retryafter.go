package outbox

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// retryAfter reads a Retry-After header: seconds, or a date. What cannot be read
// is 0, as is a date that has passed.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), math.MaxInt64/int64(time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(at.Sub(now), 0)
}

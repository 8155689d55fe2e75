package client

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// RetryOptions set up [Retry]. The zero value means three tries, 200 ms before
// the second, doubled each time up to 5 s, give or take half.
type RetryOptions struct {
	Tries int           // in all, the first included; 0 means 3
	Wait  time.Duration // before the second try; 0 means 200 ms
	Most  time.Duration // the longest wait of our own; 0 means 5 s
	// RetryAfter is the longest wait that a provider may ask for. When it asks
	// for more, the call ends with what it answered. 0 means 30 s.
	RetryAfter time.Duration
	// OnRetry is told of each try that will be repeated, before the wait. It
	// must be safe for concurrent use; a panic in it is contained.
	OnRetry func(ctx context.Context, r Retried)
}

// Retried is a try that will be repeated.
type Retried struct {
	Try    int           // 1 for the first
	Status int           // of the answer, 0 when there was none
	Code   gateway.Code  // of the error, "" when there was an answer
	Wait   time.Duration // until the next try
}

// Retry returns a policy that repeats calls of which it is known that nothing
// was executed, and no others: a lost answer is never sent again. Known are
//
//   - errors whose code is [gateway.Code.Retryable]: nothing was sent
//   - answers whose status is one of the transfer's NotExecuted
//   - any lost answer, 429 or 5xx, when the transfer is Safe
//
// It waits between tries with jitter, or as long as the answer's Retry-After or
// the error's RetryAfter asks. It does not wait when the context would end first.
// It never changes the transfer; each try is encoded and signed anew. It returns
// the last answer or the last error. Do not put two around one client: their
// tries multiply.
func Retry(o RetryOptions) Policy {
	if o.Tries < 0 || o.Wait < 0 || o.Most < 0 || o.RetryAfter < 0 {
		panic("client: RetryOptions hold a negative value")
	}
	if o.Tries == 0 {
		o.Tries = 3
	}
	if o.Wait == 0 {
		o.Wait = 200 * time.Millisecond
	}
	if o.Most == 0 {
		o.Most = 5 * time.Second
	}
	if o.RetryAfter == 0 {
		o.RetryAfter = 30 * time.Second
	}
	o.Wait = min(o.Wait, o.Most)
	return func(next Client) Client { return &retry{next, o} }
}

type retry struct {
	next Client
	o    RetryOptions
}

func (r *retry) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	var waits *backoff.ExponentialBackOff
	for try := 1; ; try++ {
		resp, err := r.next.PlaceRequest(withTry(ctx, try), t)
		if try == r.o.Tries || !repeatable(ctx, t, resp, err) {
			return resp, err
		}
		if waits == nil {
			waits = &backoff.ExponentialBackOff{InitialInterval: r.o.Wait, MaxInterval: r.o.Most, Multiplier: 2, RandomizationFactor: 0.5}
		}
		wait := min(waits.NextBackOff(), r.o.Most)
		if asked := asksToWait(resp, err, r.o.RetryAfter+time.Second); asked > r.o.RetryAfter {
			return resp, err
		} else if asked > 0 {
			wait = max(wait, asked)
		}
		if !r.wait(ctx, wait, Retried{Try: try, Status: status(resp), Code: gateway.CodeOf(err), Wait: wait}) {
			return resp, err
		}
	}
}

// repeatable reports whether it is known that the call did nothing, or does not matter if it did.
func repeatable(ctx context.Context, t *transfer.Transfer, resp *transfer.Response, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		code := gateway.CodeOf(err)
		return code.Retryable() || t.Safe && code == gateway.CodeIndeterminate
	}
	if resp == nil {
		return false
	}
	return slices.Contains(t.NotExecuted, resp.Status) ||
		t.Safe && (resp.Status >= 500 || resp.Status == http.StatusTooManyRequests)
}

func asksToWait(resp *transfer.Response, err error, most time.Duration) time.Duration {
	if err == nil {
		return resp.RetryAfter(time.Now(), most)
	}
	return min(gateway.AsError(err, gateway.CodeInternal).RetryAfter, most)
}

// wait tells the observer and waits; it is false when there is no time for it.
func (r *retry) wait(ctx context.Context, d time.Duration, what Retried) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	if r.o.OnRetry != nil {
		contain(func() { r.o.OnRetry(ctx, what) })
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *retry) Unwrap() Client { return r.next }

func (r *retry) String() string {
	return fmt.Sprintf("retry(%d tries, %s..%s)", r.o.Tries, brief(r.o.Wait), brief(r.o.Most))
}

func status(resp *transfer.Response) int {
	if resp == nil {
		return 0
	}
	return resp.Status
}

// The number of the try travels inwards, to observers inside a Retry, and how
// many there were travels outwards, to observers around it.
type (
	tryKey   struct{}
	countKey struct{}
)

func withTry(ctx context.Context, try int) context.Context {
	if count, ok := ctx.Value(countKey{}).(*atomic.Int32); ok {
		count.Store(int32(try)) //nolint:gosec // a handful
	}
	if try == 1 {
		return ctx
	}
	return context.WithValue(ctx, tryKey{}, try)
}

package client

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// LimitOptions set up [RateLimit].
type LimitOptions struct {
	PerSecond float64 // calls in a second, on average; must be positive
	Burst     int     // calls at once; 0 means 1
	// Wait is the longest wait for a turn; 0 means 5 s. A call that would have
	// to wait longer, or beyond its context's deadline, is refused at once.
	Wait time.Duration
	// Key says which limit a transfer counts against, such as [ByStore]; nil
	// means one limit for all. A limit is kept for ever.
	Key func(t *transfer.Transfer) string
}

// RateLimit returns a policy that keeps calls below a provider's limit. A call
// that cannot have its turn in time fails with [gateway.CodeRateLimited] and a
// RetryAfter; one whose context ends while it waits, with
// [gateway.CodeUnavailable]. Nothing was sent in either case. All clients that
// one policy value wraps share its limits. Inside [Retry] every try counts.
func RateLimit(o LimitOptions) Policy {
	if o.PerSecond <= 0 || math.IsNaN(o.PerSecond) || o.Burst < 0 || o.Wait < 0 {
		panic("client: LimitOptions need a positive PerSecond and no negative value")
	}
	o.Burst = max(o.Burst, 1)
	if o.Wait == 0 {
		o.Wait = 5 * time.Second
	}
	if o.Key == nil {
		o.Key = func(*transfer.Transfer) string { return "" }
	}
	limits := &sync.Map{}
	return func(next Client) Client { return &limiter{next, o, limits} }
}

type limiter struct {
	next   Client
	o      LimitOptions
	limits *sync.Map // key → *rate.Limiter
}

func (l *limiter) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	if err := l.turn(ctx, l.o.Key(t)); err != nil {
		return nil, err
	}
	return l.next.PlaceRequest(ctx, t)
}

// turn waits for a turn. It reserves instead of calling Limiter.Wait, to know
// how long a refused caller should wait.
func (l *limiter) turn(ctx context.Context, key string) error {
	limit, ok := l.limits.Load(key)
	if !ok {
		limit, _ = l.limits.LoadOrStore(key, rate.NewLimiter(rate.Limit(l.o.PerSecond), l.o.Burst))
	}
	turn := limit.(*rate.Limiter).Reserve()
	wait := turn.Delay()
	if wait == 0 {
		return nil
	}
	end, limited := ctx.Deadline()
	if wait > l.o.Wait || limited && time.Until(end) <= wait {
		turn.Cancel()
		e := gateway.Errorf(gateway.CodeRateLimited, "our own limit of %g calls per second, nothing was sent", l.o.PerSecond)
		e.Stage, e.RetryAfter = stage, wait
		return e
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		turn.Cancel()
		return ended(ctx, "while waiting for a turn, nothing was sent")
	}
}

// ended is the error of a call whose context ended before anything was sent.
func ended(ctx context.Context, when string) error {
	e := gateway.Errorf(gateway.CodeUnavailable, "%w %s", ctx.Err(), when)
	e.Stage = stage
	return e
}

func (l *limiter) Unwrap() Client { return l.next }

func (l *limiter) String() string {
	return fmt.Sprintf("rate limit(%g/s, burst %d)", l.o.PerSecond, l.o.Burst)
}

package client

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Attempt is what an observer learns of one call: plain data, without headers,
// bodies, queries or secrets, so that all of it may be logged.
type Attempt struct {
	Store  gateway.StoreID
	Method string
	Host   string
	Path   string // without the query

	Start    time.Time
	Duration time.Duration
	Tries    int // how many it took; inside a [Retry], which one this was

	Status    int          // of the answer, 0 when there was none
	Bytes     int          // of the answer's body
	RequestID string       // what the provider calls this exchange, see [transfer.Transfer]
	Code      gateway.Code // of the error, "" when there was an answer
	Err       error
}

// Observe returns a policy that tells f of every call when it is over. Around a
// [Retry] it sees each call once, inside it sees every try. An observer cannot
// change or fail a call: a panic in it is contained. It must be safe for
// concurrent use, and quick: the call waits for it.
func Observe(f func(ctx context.Context, a Attempt)) Policy {
	return func(next Client) Client { return observe{next, f} }
}

type observe struct {
	next Client
	f    func(context.Context, Attempt)
}

func (o observe) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	var count atomic.Int32
	start := time.Now()
	resp, err := o.next.PlaceRequest(context.WithValue(ctx, countKey{}, &count), t)
	a := Attempt{
		Store: t.Store, Method: t.Method, Start: start, Duration: time.Since(start),
		Tries: max(int(count.Load()), 1), Status: status(resp), Code: gateway.CodeOf(err), Err: err,
	}
	if try, ok := ctx.Value(tryKey{}).(int); ok {
		a.Tries = max(a.Tries, try)
	}
	if t.URL != nil {
		a.Host, a.Path = t.URL.Host, t.URL.Path
	}
	if resp != nil {
		a.Bytes = len(resp.Body)
		if t.RequestIDHeader != "" {
			a.RequestID = resp.Header.Get(t.RequestIDHeader)
		}
	}
	contain(func() { o.f(ctx, a) })
	return resp, err
}

func (o observe) Unwrap() Client { return o.next }

func (o observe) String() string { return "observe" }

// contain runs f and drops its panic: the money has moved by then.
func contain(f func()) {
	defer func() { _ = recover() }()
	f()
}

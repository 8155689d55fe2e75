package client

import (
	"context"
	"time"

	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Timeout returns a policy that gives each call at most d. Inside [Retry] it
// bounds one try; outside it bounds all of them with the waits between. What the
// end of the time means for the call the client beneath says: not sent or
// unknown. It panics unless d is positive, which stops the start.
func Timeout(d time.Duration) Policy {
	if d <= 0 {
		panic("client: Timeout needs a positive duration")
	}
	return func(next Client) Client { return timeout{next, d} }
}

type timeout struct {
	next Client
	d    time.Duration
}

func (t timeout) PlaceRequest(ctx context.Context, tr *transfer.Transfer) (*transfer.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, t.d)
	defer cancel()
	return t.next.PlaceRequest(ctx, tr)
}

func (t timeout) Unwrap() Client { return t.next }

func (t timeout) String() string { return "timeout(" + brief(t.d) + ")" }

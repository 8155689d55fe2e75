package client

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Bulkhead returns a policy that lets at most n calls through at once, so that
// a slow provider cannot take every worker. Others wait in order, at most for
// wait, and then fail with [gateway.CodeUnavailable]; nothing was sent. All
// clients that one policy value wraps share its places. It panics unless n is
// positive and wait is not negative, which stops the start.
func Bulkhead(n int, wait time.Duration) Policy {
	if n <= 0 || wait < 0 {
		panic("client: Bulkhead needs a positive number of places and no negative wait")
	}
	places := semaphore.NewWeighted(int64(n))
	return func(next Client) Client { return &bulkhead{next, places, n, wait} }
}

type bulkhead struct {
	next   Client
	places *semaphore.Weighted
	n      int
	wait   time.Duration
}

func (b *bulkhead) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	if !b.places.TryAcquire(1) {
		if err := b.queue(ctx); err != nil {
			return nil, err
		}
	}
	defer b.places.Release(1)
	return b.next.PlaceRequest(ctx, t)
}

func (b *bulkhead) queue(ctx context.Context) error {
	if b.wait > 0 {
		short, cancel := context.WithTimeout(ctx, b.wait)
		defer cancel()
		if b.places.Acquire(short, 1) == nil {
			return nil
		}
	}
	if ctx.Err() != nil {
		return ended(ctx, "while waiting for a place, nothing was sent")
	}
	e := gateway.Errorf(gateway.CodeUnavailable, "all %d places are taken, nothing was sent", b.n)
	e.Stage = stage
	return e
}

func (b *bulkhead) Unwrap() Client { return b.next }

func (b *bulkhead) String() string { return fmt.Sprintf("bulkhead(%d, %s)", b.n, brief(b.wait)) }

package client_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func TestABulkheadBoundsTheCallsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unlucky(clienttest.After(1500*time.Millisecond, clienttest.Answer(200, "{}")))
		policy := client.Bulkhead(2, time.Second)
		a, b := client.Apply(s, policy), client.Apply(s, policy) // one policy, two commands
		var wg sync.WaitGroup
		for _, c := range []client.Client{a, b} {
			wg.Go(func() { place(t, c, post(t, provider, "{}")) })
		}
		synctest.Wait()
		start := time.Now()
		e := refusal(t.Context(), t, a, post(t, provider, "{}"), gateway.CodeUnavailable)
		assert.Equal(t, "all 2 places are taken, nothing was sent", e.Detail)
		assert.Equal(t, time.Second, time.Since(start))
		place(t, a, post(t, provider, "{}")) // the wait is long enough now
		wg.Wait()
		assert.Len(t, s.Sent(), 3)

		full := client.Apply(unlucky(clienttest.Block()), client.Bulkhead(1, 0))
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() { refusal(ctx, t, full, post(t, provider, "{}"), gateway.CodeIndeterminate) })
		synctest.Wait()
		refusal(t.Context(), t, full, post(t, provider, "{}"), gateway.CodeUnavailable) // no wait, no queue
		cancel()
		wg.Wait()

		waiting := client.Apply(unlucky(clienttest.Block()), client.Bulkhead(1, time.Hour))
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wg.Go(func() { refusal(ctx, t, waiting, post(t, provider, "{}"), gateway.CodeIndeterminate) })
		synctest.Wait()
		short, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer stop()
		e = refusal(short, t, waiting, post(t, provider, "{}"), gateway.CodeUnavailable)
		require.ErrorIs(t, e, context.DeadlineExceeded)
		wg.Wait()
	})
}

func TestARateLimitSpreadsCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unlucky(clienttest.Answer(200, "{}"))
		c := client.Apply(s, client.RateLimit(client.LimitOptions{PerSecond: 10, Burst: 3, Wait: 200 * time.Millisecond}))
		start := time.Now()
		for range 5 {
			place(t, c, post(t, provider, "{}"))
		}
		assert.InDelta(t, 200*time.Millisecond, time.Since(start), float64(time.Millisecond))
		var wg sync.WaitGroup
		var mu sync.Mutex
		var refused []*gateway.Error
		for range 8 {
			wg.Go(func() {
				if _, err := c.PlaceRequest(t.Context(), post(t, provider, "{}")); err != nil {
					mu.Lock()
					defer mu.Unlock()
					refused = append(refused, gateway.AsError(err, ""))
				}
			})
		}
		wg.Wait()
		assert.GreaterOrEqual(t, len(refused), 5)
		for _, e := range refused {
			assert.Equal(t, gateway.CodeRateLimited, e.Code)
			assert.Greater(t, e.RetryAfter, 200*time.Millisecond)
			assert.Contains(t, e.Detail, "nothing was sent")
		}
		assert.Len(t, s.Sent(), 13-len(refused))
	})
}

func TestARateLimitKnowsDeadlinesAndStores(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unlucky(clienttest.Answer(200, "{}"))
		c := client.Apply(s, client.RateLimit(client.LimitOptions{PerSecond: 1, Key: client.ByStore}))
		place(t, c, post(t, provider, "{}"))
		other := post(t, provider, "{}")
		other.Store = "another shop"
		place(t, c, other)

		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		start := time.Now()
		refusal(ctx, t, c, post(t, provider, "{}"), gateway.CodeRateLimited)
		assert.Zero(t, time.Since(start), "a deadline that comes first is not waited for")

		leaving, leave := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, leave)
		e := refusal(leaving, t, c, post(t, provider, "{}"), gateway.CodeUnavailable)
		require.ErrorIs(t, e, context.Canceled)
		assert.Len(t, s.Sent(), 2)
		place(t, c, post(t, provider, "{}"))
		assert.Equal(t, time.Second, time.Since(start), "the turn of the one who left was given back")
	})
}

package client_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func TestABreakerOpensProbesAndCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var changes []string
		var c client.Client
		policy := client.Breaker(client.BreakerOptions{Failures: 3, Open: time.Minute, OnChange: func(key, from, to string) {
			changes = append(changes, key+" "+from+">"+to)
			if to == "open" { // gobreaker would deadlock here
				_, err := c.PlaceRequest(t.Context(), post(t, provider, "{}"))
				assert.Equal(t, gateway.CodeUnavailable, gateway.CodeOf(err))
			}
			panic("contained")
		}})
		s := unlucky(clienttest.Lost(), clienttest.NotSent(), clienttest.Answer(500, "{}"), clienttest.Answer(503, "{}"), clienttest.Answer(402, "{}"))
		c = client.Apply(s, policy)
		for range 3 {
			_, _ = c.PlaceRequest(t.Context(), post(t, provider, "{}"))
		}
		assert.Equal(t, []string{"api.example.com closed>open"}, changes)
		time.Sleep(20 * time.Second)
		e := refusal(t.Context(), t, c, post(t, provider, "{}"), gateway.CodeUnavailable)
		assert.Contains(t, e.Detail, "circuit open")
		assert.Contains(t, e.Detail, "nothing was sent")
		assert.Equal(t, 40*time.Second, e.RetryAfter)
		assert.Equal(t, "client", e.Stage)
		assert.Len(t, s.Tried(), 3)

		time.Sleep(40*time.Second + 1)
		assert.Equal(t, 503, place(t, c, post(t, provider, "{}")).Status) // the probe fails
		refusal(t.Context(), t, c, post(t, provider, "{}"), gateway.CodeUnavailable)
		time.Sleep(time.Minute + 1)
		assert.Equal(t, 402, place(t, c, post(t, provider, "{}")).Status) // a decline is a success
		assert.Equal(t, 402, place(t, c, post(t, provider, "{}")).Status)
		assert.Equal(t, "closed>open open>half-open half-open>open open>half-open half-open>closed", strings.ReplaceAll(strings.Join(changes, " "), "api.example.com ", ""))
	})
}

func TestWhatIsNotTheProvidersFaultOpensNoCircuit(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]clienttest.Step{
		"declines": clienttest.Answer(402, "{}"), "bad requests": clienttest.Answer(400, "{}"), "limits": clienttest.Answer(429, "{}"),
		"redirects": clienttest.Answer(302, "{}"), "bad keys": clienttest.Fail(gateway.CodeAuthentication), "bad transfers": clienttest.Fail(gateway.CodeInvalid),
		"our own limits": clienttest.Fail(gateway.CodeRateLimited),
	} {
		s := unlucky(step)
		c := client.Apply(s, client.Breaker(client.BreakerOptions{Failures: 2}))
		for range 10 {
			_, _ = c.PlaceRequest(t.Context(), post(t, provider, "{}"))
		}
		assert.Len(t, s.Tried(), 10, name)
	}
}

func TestCallersWhoLeaveOpenNoCircuit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unlucky(clienttest.Block())
		c := client.Apply(s, client.Breaker(client.BreakerOptions{Failures: 2}))
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			refusal(ctx, t, c, post(t, provider, "{}"), gateway.CodeIndeterminate)
			cancel()
		}
		assert.Len(t, s.Tried(), 5)
		slow := client.Apply(unlucky(clienttest.Block()), client.Breaker(client.BreakerOptions{Failures: 2}), client.Timeout(time.Second))
		for range 2 {
			refusal(t.Context(), t, slow, post(t, provider, "{}"), gateway.CodeIndeterminate)
		}
		e := refusal(t.Context(), t, slow, post(t, provider, "{}"), gateway.CodeUnavailable)
		assert.Contains(t, e.Detail, "circuit open", "a provider that is too slow for us is failing")
	})
}

func TestCircuitsAreKeptApartAndShared(t *testing.T) {
	t.Parallel()
	policy := client.Breaker(client.BreakerOptions{Failures: 1, Key: client.ByStore})
	s := unlucky(clienttest.Lost(), clienttest.Answer(200, "{}"))
	capture, refund := client.Apply(s, policy), client.Apply(s, policy)
	refusal(t.Context(), t, capture, post(t, provider, "{}"), gateway.CodeIndeterminate)
	refusal(t.Context(), t, refund, post(t, provider, "{}"), gateway.CodeUnavailable)
	other := post(t, provider, "{}")
	other.Store = "another shop"
	assert.Equal(t, 200, place(t, capture, other).Status)
	assert.Equal(t, "breaker(1 failures, 30s) > script", client.Describe(capture))
	assert.Empty(t, client.ByHost(&transfer.Transfer{}))
}

func TestOnlySoManyCallsProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unlucky(clienttest.Lost(), clienttest.After(time.Second, clienttest.Answer(200, "{}")))
		c := client.Apply(s, client.Breaker(client.BreakerOptions{Failures: 1, Open: time.Minute, Probes: 2}))
		refusal(t.Context(), t, c, post(t, provider, "{}"), gateway.CodeIndeterminate)
		time.Sleep(time.Minute + 1)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { place(t, c, post(t, provider, "{}")) })
		}
		synctest.Wait()
		e := refusal(t.Context(), t, c, post(t, provider, "{}"), gateway.CodeUnavailable)
		assert.Contains(t, e.Detail, "half-open")
		wg.Wait()
		place(t, c, post(t, provider, "{}"))
		assert.Len(t, s.Tried(), 4)
	})
}

func TestAPanicPassesThroughABreaker(t *testing.T) {
	t.Parallel()
	c := client.Apply(client.Func(func(context.Context, *transfer.Transfer) (*transfer.Response, error) { panic("a defect") }),
		client.Breaker(client.BreakerOptions{Failures: 1}), client.Bulkhead(1, 0))
	require.PanicsWithValue(t, "a defect", func() { _, _ = c.PlaceRequest(t.Context(), post(t, provider, "{}")) })
	refusal(t.Context(), t, c, post(t, provider, "{}"), gateway.CodeUnavailable)
}

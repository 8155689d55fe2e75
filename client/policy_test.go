package client_test

import (
	"context"
	"net/http"
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

const provider = "https://api.example.com/v1/pay?token=secret"

func unlucky(steps ...clienttest.Step) *clienttest.Script { return clienttest.NewScript(steps...) }

func TestATimeoutBoundsOneTryOrAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		each := unlucky(clienttest.Block())
		send := post(t, provider, "{}")
		send.Safe = true
		start := time.Now()
		e := refusal(t.Context(), t, client.Apply(each, client.Retry(client.RetryOptions{Wait: time.Nanosecond, Most: time.Nanosecond}), client.Timeout(time.Second)), send, gateway.CodeIndeterminate)
		require.ErrorIs(t, e, context.DeadlineExceeded)
		assert.Len(t, each.Tried(), 3)
		assert.InDelta(t, 3*time.Second, time.Since(start), float64(time.Microsecond))

		all := unlucky(clienttest.Block())
		start = time.Now()
		refusal(t.Context(), t, client.Apply(all, client.Timeout(time.Second), client.Retry(client.RetryOptions{})), send, gateway.CodeIndeterminate)
		assert.Len(t, all.Tried(), 1)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestConvertReadsAnswersInItsOwnWay(t *testing.T) {
	t.Parallel()
	s := unlucky(clienttest.AnswerWith(transfer.Response{Status: 200, Body: []byte("plain")}), clienttest.Lost())
	c := client.Apply(s, client.Convert(client.Text))
	r := place(t, c, post(t, provider, "{}"))
	doc, err := r.Converter.Convert(r)
	require.NoError(t, err)
	assert.Equal(t, "plain", doc.Value("text").Text())
	refusal(t.Context(), t, c, post(t, provider, "{}"), gateway.CodeIndeterminate)
}

func TestAnObserverSeesCallsOrTriesAndFailsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls, tries []client.Attempt
		keep := func(list *[]client.Attempt) client.Policy {
			return client.Observe(func(_ context.Context, a client.Attempt) {
				*list = append(*list, a)
				panic("an observer fails nothing")
			})
		}
		s := unlucky(clienttest.NotSent(), clienttest.After(time.Second, clienttest.AnswerWith(transfer.Response{Status: 402, Header: http.Header{"Request-Id": {"req_1"}}, Body: []byte("{}")})))
		c := client.Apply(s, keep(&calls), client.Retry(client.RetryOptions{}), keep(&tries))
		send := post(t, provider, `{"card":"4111"}`)
		send.RequestIDHeader = "Request-Id"
		start := time.Now()
		place(t, c, send)
		require.Len(t, calls, 1)
		require.Len(t, tries, 2)
		assert.Equal(t, client.Attempt{
			Store: "shop", Method: "POST", Host: "api.example.com", Path: "/v1/pay", Start: start, Duration: time.Since(start), Tries: 2, Status: 402, Bytes: 2, RequestID: "req_1",
		}, calls[0])
		assert.Equal(t, []int{1, 2}, []int{tries[0].Tries, tries[1].Tries})
		assert.Equal(t, gateway.CodeUnavailable, tries[0].Code)
		require.Error(t, tries[0].Err)
		assert.Equal(t, time.Second, tries[1].Duration)

		place(t, client.Apply(unlucky(clienttest.Answer(200, "{}")), keep(&calls)), post(t, provider, "{}"))
		assert.Equal(t, 1, calls[1].Tries, "without a Retry it took one")
	})
}

func TestPoliciesDescribeThemselvesAndCloseWhatTheyWrap(t *testing.T) {
	t.Parallel()
	h := open(t, client.Config{})
	c := client.Apply(h,
		client.Observe(func(context.Context, client.Attempt) {}), client.Timeout(time.Minute), client.Retry(client.RetryOptions{}), client.Breaker(client.BreakerOptions{}),
		client.RateLimit(client.LimitOptions{PerSecond: 25, Burst: 5}), client.Bulkhead(64, time.Second), client.Convert(client.XML), client.Timeout(1500*time.Millisecond))
	assert.Equal(t, "observe > timeout(1m) > retry(3 tries, 200ms..5s) > breaker(5 failures, 30s) > rate limit(25/s, burst 5) > bulkhead(64, 1s) > convert > timeout(1.5s) > http(30s, 1 MiB, any host)", client.Describe(c))
	assert.Equal(t, "retry(5 tries, 1s..1h) > client.Func", client.Describe(client.Apply(client.Func(nil), client.Retry(client.RetryOptions{Tries: 5, Wait: time.Second, Most: time.Hour}))))
	require.NoError(t, client.Close(c))
	require.NoError(t, client.Close(nil))
	require.ErrorIs(t, client.Close(client.Apply(unclosable{}, client.Timeout(time.Second))), http.ErrServerClosed)
}

type unclosable struct{ client.Client }

func (unclosable) Close() error { return http.ErrServerClosed }

func TestSenselessSettingsStopTheStart(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"timeout":   func() { client.Timeout(0) },
		"bulkhead":  func() { client.Bulkhead(0, 0) },
		"wait":      func() { client.Bulkhead(1, -1) },
		"retry":     func() { client.Retry(client.RetryOptions{Tries: -1}) },
		"breaker":   func() { client.Breaker(client.BreakerOptions{Failures: -1}) },
		"limit":     func() { client.RateLimit(client.LimitOptions{}) },
		"limit NaN": func() { client.RateLimit(client.LimitOptions{PerSecond: 0 / zero}) },
	} {
		assert.Panics(t, f, name)
	}
}

var zero float64

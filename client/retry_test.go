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

func limited(seconds string) clienttest.Step {
	return clienttest.AnswerWith(transfer.Response{Status: 429, Header: http.Header{"Retry-After": {seconds}}})
}

// The whole point of Retry, row M6: only what was not executed is repeated.
func TestALostAnswerIsNeverResent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, try := range []struct {
			name  string
			step  clienttest.Step
			edit  func(*transfer.Transfer)
			tries int
			code  gateway.Code
		}{
			{"not sent", clienttest.NotSent(), nil, 3, gateway.CodeUnavailable},
			{"our own limit", clienttest.Fail(gateway.CodeRateLimited), nil, 3, gateway.CodeRateLimited},
			{"lost", clienttest.Lost(), nil, 1, gateway.CodeIndeterminate},
			{"lost, with a key", clienttest.Lost(), func(t *transfer.Transfer) { t.Header.Set("Idempotency-Key", "k") }, 1, gateway.CodeIndeterminate},
			{"lost, safe", clienttest.Lost(), safe, 3, gateway.CodeIndeterminate},
			{"an unknown error", clienttest.Fail(context.DeadlineExceeded), nil, 1, gateway.CodeIndeterminate},
			{"a defect", clienttest.Fail(http.ErrServerClosed), safe, 1, gateway.CodeInternal},
			{"refused before sending", clienttest.Fail(gateway.CodeInvalid), safe, 1, gateway.CodeInvalid},
			{"bad keys", clienttest.Fail(gateway.CodeAuthentication), safe, 1, gateway.CodeAuthentication},
			{"200", clienttest.Answer(200, "{}"), safe, 1, ""},
			{"402", clienttest.Answer(402, "{}"), safe, 1, ""},
			{"500", clienttest.Answer(500, "{}"), nil, 1, ""},
			{"503", clienttest.Answer(503, "{}"), nil, 1, ""},
			{"429", clienttest.Answer(429, "{}"), nil, 1, ""},
			{"429, said to be not executed", clienttest.Answer(429, "{}"), func(t *transfer.Transfer) { t.NotExecuted = []int{429} }, 3, ""},
			{"503, when 429 is not executed", clienttest.Answer(503, "{}"), func(t *transfer.Transfer) { t.NotExecuted = []int{429} }, 1, ""},
			{"503, safe", clienttest.Answer(503, "{}"), safe, 3, ""},
			{"429, safe", clienttest.Answer(429, "{}"), safe, 3, ""},
		} {
			s := unlucky(try.step)
			send := post(t, provider, `{"amount":1000}`)
			if try.edit != nil {
				try.edit(send)
			}
			r, err := client.Apply(s, client.Retry(client.RetryOptions{})).PlaceRequest(t.Context(), send)
			assert.Len(t, s.Tried(), try.tries, try.name)
			assert.Equal(t, try.code, gateway.CodeOf(err), try.name)
			assert.Equal(t, try.code == "", r != nil, "%s: the last answer or the last error", try.name)
		}
	})
}

func safe(t *transfer.Transfer) { t.Safe = true }

func TestEveryTryIsSignedAnewAndTheTransferStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := unlucky(clienttest.NotSent(), clienttest.NotSent(), clienttest.Answer(200, "{}"))
		send := post(t, provider, `{"amount":1000}`)
		before := *send
		signed := 0
		send.Signer = transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error {
			signed++
			w.Header.Set("X-Nonce", string(rune('0'+signed)))
			w.Body = append([]byte(nil), w.Body...)
			return nil
		})
		place(t, client.Apply(s, client.Retry(client.RetryOptions{})), send)
		assert.Equal(t, 3, signed)
		assert.Equal(t, "3", s.Sent()[0].Header.Get("X-Nonce"))
		send.Signer = nil
		assert.Equal(t, &before, send)
	})
}

func TestRetriesWaitLongerEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []client.Retried
		policy := client.Retry(client.RetryOptions{Tries: 6, Wait: time.Second, Most: 4 * time.Second, OnRetry: func(_ context.Context, r client.Retried) {
			seen = append(seen, r)
			panic("an observer changes nothing")
		}})
		start := time.Now()
		refusal(t.Context(), t, client.Apply(unlucky(clienttest.NotSent()), policy), post(t, provider, "{}"), gateway.CodeUnavailable)
		require.Len(t, seen, 5)
		var sum time.Duration
		for i, r := range seen {
			step := min(time.Second<<i, 4*time.Second)
			assert.Equal(t, i+1, r.Try)
			assert.Equal(t, gateway.CodeUnavailable, r.Code)
			assert.GreaterOrEqual(t, r.Wait, step/2)
			assert.LessOrEqual(t, r.Wait, min(step+step/2, 4*time.Second)+1)
			sum += r.Wait
		}
		assert.Equal(t, sum, time.Since(start), "it waits as long as it says")
	})
}

// Row E3's "Retry-After: 1e9" must not park a caller.
func TestRetryAfterIsObeyedUpToALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, try := range []struct {
			step  clienttest.Step
			waits time.Duration // exactly, 0: our own
			tries int
		}{
			{limited("7"), 14 * time.Second, 3},
			{limited("30"), 60 * time.Second, 3},
			{limited("31"), 0, 1},
			{limited("1000000000"), 0, 1},
			{limited("99999999999999999999999999"), 0, 3}, // no number: our own waits
			{limited(time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)), 0, 1},
			{limited("soon"), 0, 3},
			{clienttest.Fail(&gateway.Error{Code: gateway.CodeUnavailable, RetryAfter: 3 * time.Second}), 6 * time.Second, 3},
			{clienttest.Fail(&gateway.Error{Code: gateway.CodeUnavailable, RetryAfter: time.Hour}), 0, 1},
		} {
			s := unlucky(try.step)
			send := post(t, provider, "{}")
			send.NotExecuted = []int{429}
			start := time.Now()
			_, _ = client.Apply(s, client.Retry(client.RetryOptions{})).PlaceRequest(t.Context(), send)
			assert.Len(t, s.Tried(), try.tries)
			if try.waits > 0 {
				assert.Equal(t, try.waits, time.Since(start))
			}
			assert.LessOrEqual(t, time.Since(start), time.Minute)
		}
	})
}

func TestRetryDoesNotWaitForADeadlineThatComesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s := unlucky(limited("11"))
		send := post(t, provider, "{}")
		send.NotExecuted = []int{429}
		start := time.Now()
		r, err := client.Apply(s, client.Retry(client.RetryOptions{})).PlaceRequest(ctx, send)
		require.NoError(t, err)
		assert.Equal(t, 429, r.Status)
		assert.Zero(t, time.Since(start), "it gives up at once")
		assert.Len(t, s.Tried(), 1)
	})
}

func TestACallerWhoLeavesEndsTheRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		s := unlucky(clienttest.NotSent())
		start := time.Now()
		refusal(ctx, t, client.Apply(s, client.Retry(client.RetryOptions{Tries: 10})), post(t, provider, "{}"), gateway.CodeUnavailable)
		assert.Equal(t, 50*time.Millisecond, time.Since(start))
		assert.Len(t, s.Tried(), 1)
		refusal(ctx, t, client.Apply(unlucky(clienttest.NotSent()), client.Retry(client.RetryOptions{Tries: 10})), post(t, provider, "{}"), gateway.CodeUnavailable)
	})
}

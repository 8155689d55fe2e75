package sequra_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// S36, S74: a merchant's methods are asked for once an hour; an empty list is asked
// for again; two merchants have lists of their own.
func TestS36S74MethodsAreKeptForAnHour(t *testing.T) {
	t.Parallel()
	var empty atomic.Bool
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if empty.Load() {
			_, _ = w.Write([]byte(`{"payment_options":[]}`))
			return
		}
		_, _ = w.Write([]byte(`{"payment_options":[{"title":"` + strings.Split(r.URL.Path, "/")[2] + `","category":"pay_later","methods":[{"product":"i1","title":"t"}]}]}`))
	}))
	t.Cleanup(server.Close)
	secret := gateway.NewSecret("p")
	api, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, SandboxURL: server.URL, Keys: tenant.Fixed[sequra.Keys]{
		"es": {Username: "u", Password: secret, Merchant: "spain"}, "fr": {Username: "u", Password: secret, Merchant: "france"},
	}})
	require.NoError(t, err)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	m := api.NewMethods(pooled(t, api), func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
	later := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }

	empty.Store(true)
	for range 2 {
		all, err := m.For(t.Context(), "es")
		require.NoError(t, err)
		assert.Empty(t, all)
	}
	assert.Equal(t, int64(2), calls.Load(), "an empty list is not kept")
	empty.Store(false)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			all, err := m.For(t.Context(), "es")
			assert.NoError(t, err)
			assert.Equal(t, "spain", all[0].Title)
		})
	}
	wg.Wait()
	assert.Equal(t, int64(3), calls.Load(), "twenty ask, SeQura is asked once")
	all, err := m.For(t.Context(), "fr")
	require.NoError(t, err)
	assert.Equal(t, "france", all[0].Title)
	later(sequra.Kept - time.Second)
	_, err = m.For(t.Context(), "es")
	require.NoError(t, err)
	assert.Equal(t, int64(4), calls.Load())
	later(2 * time.Second)
	_, err = m.For(t.Context(), "es")
	require.NoError(t, err)
	assert.Equal(t, int64(5), calls.Load())
	m.Forget()
	_, err = m.For(t.Context(), "es")
	require.NoError(t, err)
	assert.Equal(t, int64(6), calls.Load())
	assert.Equal(t, 3600*time.Second, sequra.Kept)
	_, err = m.For(t.Context(), "xx")
	require.ErrorIs(t, err, gateway.CodeAuthentication)
}

// S74 while SeQura is slow, and then fails: all who ask meanwhile are told by its
// one answer, nobody waits for longer than they want to, and who goes away takes
// nothing with them.
func TestS74ASlowSeQuraIsAskedOnceAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, answer := 0, make(chan error)
		api, err := sequra.New(sequra.Config{
			Mode: sequra.Sandbox, Keys: tenant.Single(keys()), Client: client.Func(func(ctx context.Context, _ *transfer.Transfer) (*transfer.Response, error) {
				calls++
				select {
				case err := <-answer:
					return nil, err
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}),
		})
		require.NoError(t, err)
		m := api.NewMethods(pooled(t, api), nil)
		ask := func(ctx context.Context) <-chan error {
			told := make(chan error, 1)
			go func() {
				_, err := m.For(ctx, "es")
				told <- err
			}()
			synctest.Wait()
			return told
		}
		first, leave := context.WithCancel(t.Context())
		defer leave()
		gone := ask(first)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		impatient := ask(hasty)
		var patient []<-chan error
		for range 9 {
			patient = append(patient, ask(t.Context()))
		}
		require.ErrorIs(t, <-impatient, context.DeadlineExceeded, "its own patience ended")
		assert.Equal(t, 1, calls)
		leave()
		require.Error(t, <-gone)
		synctest.Wait()
		assert.Equal(t, 2, calls, "somebody else asks in its place, and one is enough")
		answer <- gateway.Errorf(gateway.CodeUnavailable, "out of order")
		for _, told := range patient {
			require.ErrorIs(t, <-told, gateway.CodeUnavailable)
		}
		assert.Equal(t, 2, calls)
	})
}

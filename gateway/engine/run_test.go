package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Run looks after what nobody knows by itself, and carries out what was planned; a
// provider that hangs holds up its own payments only.
func TestAProviderThatHangsHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	hangs, begun, release := atomic.Bool{}, make(chan struct{}, 100), make(chan struct{})
	hang := func(next client.Client) client.Client {
		return client.Func(func(ctx context.Context, tr *transfer.Transfer) (*transfer.Response, error) {
			if hangs.Load() {
				begun <- struct{}{}
				<-release
			}
			return next.PlaceRequest(ctx, tr)
		})
	}
	w := newWorldWith(t, simulator.Rules{}, func(cfg *engine.Config, at link) {
		with(t, provider(t, "stuck", link{url: at.url, hurry: hang}))(cfg, at)
		cfg.Policy = planned
	})
	lose := func(key, name string) gateway.OperationID {
		w.server.Next(simulator.OpCreatePayment, simulator.ResetAfter)
		r, err := w.eng.Authorize(t.Context(), w.request(w.create(key), key+"-auth", func(r *engine.Request) { r.All, r.Instrument, r.Provider = true, card(simulator.TokenOK), name }))
		require.ErrorIs(t, err, gateway.CodeIndeterminate)
		return r.Operation.ID
	}
	lose("17", "stuck")
	lose("18", "stuck")
	lose("auto", "sandbox")
	w.clock.Add(time.Minute.Microseconds())
	hangs.Store(true)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.eng.Run(ctx, time.Millisecond) }()
	<-begun
	balances := func(key string) gateway.Balances { return w.create(key).Balances }
	require.Eventually(t, func() bool { return balances("auto").Captured == eur(1000) }, 20*time.Second, time.Millisecond, "found out, and then captured as planned")
	assert.True(t, balances("17").Authorized.IsZero())
	assert.Empty(t, begun, "one call of a provider that hangs is under way, however often Run looks")
	close(release)
	require.Eventually(t, func() bool { return balances("17").Authorized == eur(1000) && balances("18").Authorized == eur(1000) }, 20*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	assert.Len(t, w.server.Payments(), 3)
}

// Run refuses an interval of nothing, and ends with its context.
func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{})
	require.ErrorIs(t, w.eng.Run(t.Context(), 0), gateway.CodeInternal)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, w.eng.Run(ctx, time.Hour))
}

package stripe_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func TestEachStoreSignsWithItsOwnKeyAndAccount(t *testing.T) {
	t.Parallel()
	script := clienttest.NewScript(answer(t, "fetch"))
	api, err := stripe.New(stripe.Config{Client: script, Version: "2026-01-01.test", Keys: tenant.Fixed[stripe.Keys]{
		"es": {Secret: gateway.NewSecret("sk_es"), Account: "acct_1"}, "uk": {Secret: gateway.NewSecret("rk_uk")},
		"empty": {}, "odd": {Secret: gateway.NewSecret("sk"), Account: "acct 1"},
	}})
	require.NoError(t, err)
	pools, err := command.Assemble(api.Provider())
	require.NoError(t, err)
	fetch := pools.For("stripe").Get(gateway.OpFetch)
	for _, store := range []gateway.StoreID{"es", "uk"} {
		_, err := fetch.Execute(t.Context(), gateway.Subject{Store: store, Target: "pi_1"})
		require.NoError(t, err)
	}
	es, uk := script.Sent()[0], script.Sent()[1]
	assert.Equal(t, "Bearer sk_es", es.Header.Get("Authorization"))
	assert.Equal(t, "acct_1", es.Header.Get("Stripe-Account"))
	assert.Equal(t, "2026-01-01.test", es.Header.Get("Stripe-Version"))
	assert.Equal(t, "api.stripe.com", es.URL.Host)
	assert.Equal(t, "Bearer rk_uk", uk.Header.Get("Authorization"))
	assert.Empty(t, uk.Header.Get("Stripe-Account"))
	for _, store := range []gateway.StoreID{"empty", "odd", "nobody"} {
		_, err := fetch.Execute(t.Context(), gateway.Subject{Store: store, Target: "pi_1"})
		require.ErrorIs(t, err, gateway.CodeAuthentication, store)
	}
	assert.Len(t, script.Sent(), 2, "nothing leaves without the store's own key")
}

func TestKeysGoToNoOtherHost(t *testing.T) {
	t.Parallel()
	api, err := stripe.New(stripe.Config{Keys: tenant.Single(stripe.Keys{Secret: gateway.NewSecret("sk")})})
	require.NoError(t, err)
	elsewhere := command.Override("stripe", gateway.OpFetch, command.ReplaceTransfer(transfer.Route{Method: http.MethodGet, Base: "https://evil.example", Path: "/"}))
	pools, err := command.Assemble(api.Provider(), elsewhere)
	require.NoError(t, err)
	_, err = pools.For("stripe").Get(gateway.OpFetch).Execute(t.Context(), gateway.Subject{Store: "es", Target: "pi_1"})
	require.Error(t, err)
	assert.NotEqual(t, gateway.CodeIndeterminate, gateway.CodeOf(err), "it was not sent: %v", err)
}

// Stripe-Should-Retry: false ends the tries of a policy that would go on.
func TestTheAPISaysWhenNotToTryAgain(t *testing.T) {
	t.Parallel()
	limited := func(should string) clienttest.Step {
		return clienttest.Do(func(context.Context, *transfer.Wire) (*transfer.Response, error) {
			return &transfer.Response{Status: http.StatusTooManyRequests, Header: http.Header{"Stripe-Should-Retry": {should}}}, nil
		})
	}
	for should, tries := range map[string]int{"false": 1, "true": 3, "": 3} {
		for _, op := range []gateway.Operation{gateway.OpCapture, gateway.OpFetch} {
			script := clienttest.NewScript(limited(should))
			api, err := stripe.New(stripe.Config{
				Client: script, Keys: tenant.Single(stripe.Keys{Secret: gateway.NewSecret("sk")}),
				Policy: []client.Policy{client.Retry(client.RetryOptions{Wait: 1, Most: 1})},
			})
			require.NoError(t, err)
			pools, err := command.Assemble(api.Provider())
			require.NoError(t, err)
			_, err = pools.For("stripe").Get(op).Execute(t.Context(), gateway.Subject{Store: "es", Target: "pi_1", Amount: eur(1), IdempotencyKey: "k"})
			require.ErrorIs(t, err, gateway.CodeRateLimited)
			assert.Len(t, script.Sent(), tries, "%s %q", op, should)
		}
	}
}

func TestTheModuleNeedsAConfigOnly(t *testing.T) {
	t.Parallel()
	var pools *command.Pools
	app := fx.New(fx.NopLogger, gatewayfx.Module, stripe.Module, fx.Populate(&pools),
		fx.Supply(stripe.Config{Name: "second", Keys: tenant.Single(stripe.Keys{Secret: gateway.NewSecret("sk")})}))
	require.NoError(t, app.Err())
	assert.Equal(t, []string{"second"}, pools.Names(), "one provider may be installed several times")
}

func TestAConfigThatCannotWorkStopsTheStart(t *testing.T) {
	t.Parallel()
	_, err := stripe.New(stripe.Config{})
	require.ErrorContains(t, err, "Config.Keys is missing")
	keys := tenant.Single(stripe.Keys{Secret: gateway.NewSecret("sk")})
	_, err = stripe.New(stripe.Config{Keys: keys, BaseURL: "api.stripe.com"})
	require.ErrorContains(t, err, "Config.BaseURL")
	_, err = stripe.New(stripe.Config{Keys: keys, HTTP: client.Config{Timeout: -1}})
	require.ErrorIs(t, err, gateway.CodeInternal)
}

func TestThePromisesAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	pool := open(t).pool
	for _, op := range pool.Operations() {
		e, ok := pool.Endpoint(op)
		require.True(t, ok)
		if e.KeyTTL == 0 {
			assert.Equal(t, gateway.EffectNone, e.Effect, "%s: what may move money takes a key", op)
			continue
		}
		assert.InDelta(t, 24, e.KeyTTL.Hours(), 0, op)
		assert.True(t, e.Replays5xx, op)
		assert.False(t, e.DeclineIsFinal, op)
	}
	capture, _ := pool.Endpoint(gateway.OpCapture)
	assert.False(t, capture.Natural, "a second capture may take more")
	void, _ := pool.Endpoint(gateway.OpVoid)
	assert.True(t, void.Natural)
	authorize, _ := pool.Endpoint(gateway.OpAuthorize)
	assert.Equal(t, gateway.OpFind, authorize.LookupByRef)
	assert.InDelta(t, 1, authorize.LookupLag.Hours(), 0)
}

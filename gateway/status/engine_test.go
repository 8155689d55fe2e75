package status_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// The engine pays, a provider asks for the shopper, and the shopper's page follows
// all of it without a look at the database in between.
func TestAShopperFollowsAPaymentOfTheEngine(t *testing.T) {
	t.Parallel()
	shop := enginetest.New(t)
	w := newWorldOn(t, shop.DB)
	p := shop.Create("17")
	path := "/v1/payments/" + w.tokens.Make(storage.PaymentKey{Store: enginetest.Store, Payment: p.ID}, time.Time{})
	v := w.get(path).view(t)
	assert.Equal(t, status.WordNew, v.Status)
	// next follows the payment until it is in a status that is right.
	next := func(right func(v status.View) bool) {
		for known := v.Version; ; known = v.Version {
			a := w.get(path + "?known=" + known)
			if v = a.view(t); right(v) {
				return
			}
		}
	}

	r := enginetest.Authorization(p, "17")
	r.Instrument.Token = gateway.NewSecret(simulator.TokenChallenge)
	result, err := shop.Engine.Authorize(t.Context(), r)
	require.NoError(t, err)
	next(func(v status.View) bool { return v.Status == status.WordActionRequired })
	assert.Equal(t, result.Operation.Action.URL, v.Action.URL)
	assert.Equal(t, gateway.ActionRedirect, v.Action.Kind)

	held := w.later(path + "?known=" + v.Version)
	w.held(1)
	require.NoError(t, shop.Provider.CompleteChallenge(shop.Provider.Payments()[0].ID))
	require.NoError(t, shop.Engine.ResolveOne(t.Context(), enginetest.Store, result.Operation.ID))
	if v = await(t, held).view(t); !v.Terminal {
		next(func(v status.View) bool { return v.Terminal })
	}
	assert.Equal(t, status.WordSucceeded, v.Status)
	assert.Equal(t, gateway.PaymentAuthorized, v.Payment)
	assert.NotContains(t, w.get(path).body, enginetest.Canary)
}

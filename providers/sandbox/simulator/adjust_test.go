package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func (b *bundle) adjust(id string, total int64) response {
	b.t.Helper()
	return b.post("/v1/payments/"+id+"/adjustments", object{"amount": eur(total), "reference": "op-adjust"})
}

func TestAnAdjustmentIsInPlaceUnlessTheRulesSayOtherwise(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	assert.Equal(t, "amount_unchanged", b.adjust(p.ID, 1000).code(t))
	require.Equal(t, http.StatusOK, b.adjust(p.ID, 1200).status)
	got := b.now(p.ID)
	assert.Equal(t, []any{p.Authorization, *p.ExpiresAt}, []any{got.Authorization, *got.ExpiresAt})
	assert.Equal(t, p.Authorization, got.Movements[1].Parent)
	assert.Equal(t, "op-adjust", got.Movements[1].MerchantReference)
	assert.Equal(t, "not_found", captureCode(b, p.Authorization, 1), "a payment has one name")
}

// A new authorization has a name and a validity of its own; the old one is gone.
func TestANewAuthorizationSupersedesTheOldOne(t *testing.T) {
	t.Parallel()
	journal := t.TempDir() + "/journal"
	cfg := simulator.Config{Journal: journal, Rules: simulator.Rules{Reauthorize: true, AuthorizationValidity: 72 * time.Hour, ExpiryGrace: time.Hour}}
	b := setup(t, cfg)
	p := b.pay(simulator.TokenOK)
	first := p.Authorization
	b.capture(first, 300, false)
	b.Advance(48 * time.Hour)
	require.Equal(t, http.StatusOK, b.adjust(p.ID, 1000).status)
	got := b.now(p.ID)
	second := got.Authorization
	assert.NotEqual(t, first, second)
	assert.Equal(t, clock().Add(120*time.Hour), *got.ExpiresAt)
	assert.Equal(t, simulator.Amounts{Authorized: 1000, Captured: 300, Capturable: 700, CaptureLimit: 1000}, got.Amounts)
	assert.Equal(t, []string{"hold 1000", "capture 300", "adjust 0"}, b.kinds())
	e := b.Events()[len(b.Events())-1]
	assert.Equal(t, []any{"payment.adjusted", second, second, first, second}, []any{e.Type, e.Data.Subject, e.Data.Movement.Reference, e.Data.Movement.Parent, e.Data.Payment.Authorization})
	report := string(b.get("/v1/report?date=2026-03-16").body)
	assert.Contains(t, report, "adjust,0,EUR,"+p.ID+","+second+","+first+",op-adjust")

	for _, call := range []response{
		b.post("/v1/payments/"+first+"/captures", object{"amount": eur(1)}), b.post("/v1/payments/"+first+"/releases", object{}),
		b.post("/v1/payments/"+first+"/cancel", object{}), b.adjust(first, 1100),
	} {
		assert.Equal(t, "authorization_superseded", call.code(t))
	}
	assert.Equal(t, "not_found", b.get("/v1/payments/"+second).code(t), "a payment is asked for by its own name")

	b.Advance(26 * time.Hour) // the first one would have ended by now
	assert.Equal(t, simulator.StatusPartiallyCaptured, b.now(p.ID).Status)
	require.Equal(t, http.StatusOK, b.adjust(second, 800).status)
	third := b.now(p.ID).Authorization
	require.NoError(t, b.Close())
	again := setup(t, cfg) // what was named is known after a restart
	assert.Equal(t, "authorization_superseded", captureCode(again, second, 1))
	c := again.capture(third, 100, false)
	assert.Equal(t, third, c.Movements[0].Parent)
	again.Advance(72*time.Hour + 74*time.Hour)
	assert.Equal(t, int64(400), again.now(p.ID).Amounts.Released)
	assert.Equal(t, "authorization_expired", again.adjust(third, 900).code(t))
	assert.True(t, strings.HasPrefix(third, "auth_"))
}

func TestAnAdjustmentMayBeDeclinedAndHappenInTheDashboard(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{Reauthorize: true}})
	p := b.pay(simulator.TokenAdjustDeclined)
	r := b.adjust(p.ID, 1000)
	assert.Equal(t, http.StatusPaymentRequired, r.status)
	assert.Equal(t, "do_not_honor", r.refusal(t).DeclineCode)
	assert.Equal(t, p, b.now(p.ID), "the old one is held as it was")
	refused(t, b.AdjustInDashboard(p.ID, 0), "amount_invalid")

	q := b.pay(simulator.TokenOK)
	require.NoError(t, b.AdjustInDashboard(q.ID, 1000))
	assert.NotEqual(t, q.Authorization, b.now(q.ID).Authorization)
	assert.Equal(t, q.Reference, b.now(q.ID).Movements[1].MerchantReference, "it was nobody's call")
}

package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func captureCode(b *bundle, id string, value int64) string {
	return b.post("/v1/payments/"+id+"/captures", object{"amount": eur(value)}).code(b.t)
}

func TestCapturesNeverExceedTheAuthorization(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	assert.Equal(t, "amount_too_large", captureCode(b, p.ID, 1001))
	b.capture(p.ID, 600, false)
	assert.Equal(t, simulator.StatusPartiallyCaptured, b.now(p.ID).Status)
	assert.Equal(t, "amount_too_large", captureCode(b, p.ID, 401))
	b.capture(p.ID, 400, false)
	assert.Equal(t, simulator.StatusCaptured, b.now(p.ID).Status)
	assert.Equal(t, "already_captured", captureCode(b, p.ID, 1))
	assert.Equal(t, []string{"hold 1000", "capture 600", "capture 400"}, b.kinds())
}

func TestFinalCaptureReleasesTheRestAsItsOwnEntry(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	c := b.capture(p.ID, 600, true)
	assert.Equal(t, []string{"hold 1000", "capture 600", "release 400"}, b.kinds())
	require.Len(t, c.Movements, 2)
	assert.Equal(t, simulator.KindRelease, c.Movements[1].Kind)
	assert.Equal(t, c.ID, c.Movements[1].Parent)
	assert.Equal(t, "op-c", c.Movements[0].MerchantReference)
	assert.Equal(t, simulator.StatusCaptured, b.now(p.ID).Status)
	assert.Equal(t, "already_captured", captureCode(b, p.ID, 1))
	assert.Equal(t, "already_captured", b.post("/v1/payments/"+p.ID+"/releases", object{}).code(t))
	var got simulator.Capture
	b.get("/v1/captures/"+c.ID).into(t, &got)
	assert.Equal(t, c, got)
}

func TestReleaseVoidsTheRestAfterAPartialCapture(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	b.capture(p.ID, 300, false)
	r := b.post("/v1/payments/"+p.ID+"/releases", object{})
	require.Equal(t, http.StatusOK, r.status)
	assert.Equal(t, simulator.Amounts{Authorized: 1000, CaptureLimit: 300, Captured: 300, Released: 700}, b.now(p.ID).Amounts)
	assert.Equal(t, "already_released", b.post("/v1/payments/"+p.ID+"/releases", object{}).code(t))
	assert.Equal(t, "already_released", captureCode(b, p.ID, 1))
	assert.Equal(t, "already_released", b.post("/v1/payments/"+p.ID+"/adjustments", object{"amount": eur(2000)}).code(t))
}

func TestOverCaptureTakesTheSmallerOfPercentAndAbsolute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule  simulator.OverCapture
		value int64
		limit int64
	}{
		"percent binds":   {simulator.OverCapture{Percent: 15, Absolute: 7500}, 1000, 1150},
		"absolute binds":  {simulator.OverCapture{Percent: 15, Absolute: 7500}, 100000, 107500},
		"no cap":          {simulator.OverCapture{Percent: 15}, 100000, 115000},
		"rounded down":    {simulator.OverCapture{Percent: 15}, 9, 10},
		"none":            {simulator.OverCapture{}, 1000, 1000},
		"never overflows": {simulator.OverCapture{Percent: 15}, 1<<63 - 1, 1<<63 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Config{Rules: simulator.Rules{OverCapture: c.rule}})
			p := b.pay(simulator.TokenOK, object{"amount": eur(c.value)})
			assert.Equal(t, c.limit, p.Amounts.CaptureLimit)
			if c.limit < 1<<63-1 {
				assert.Equal(t, "amount_too_large", captureCode(b, p.ID, c.limit+1))
			}
			b.capture(p.ID, c.limit, false)
			assert.Equal(t, c.limit, b.now(p.ID).Amounts.Captured)
			assert.Equal(t, "already_captured", captureCode(b, p.ID, 1))
		})
	}
}

func TestClosingAFullyCapturedPaymentReleasesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{OverCapture: simulator.OverCapture{Percent: 15}}})
	p := b.pay(simulator.TokenOK)
	b.capture(p.ID, 1000, false)
	assert.Equal(t, "already_captured", b.post("/v1/payments/"+p.ID+"/releases", object{}).code(t))
	require.NoError(t, b.ExpireAuthorization(p.ID), "what may still be captured above the hold ends")
	assert.Equal(t, "authorization_expired", captureCode(b, p.ID, 1))
	assert.Equal(t, []string{"hold 1000", "capture 1000"}, b.kinds())
}

func TestPartialCaptureReleasesTheRestWhereTheProviderSaysSo(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]simulator.Rules{
		"remainder released": {RemainderAfterPartial: simulator.RemainderReleased}, "single capture": {SingleCapture: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Config{Rules: rules})
			p := b.pay(simulator.TokenOK)
			b.capture(p.ID, 300, false)
			assert.Equal(t, []string{"hold 1000", "capture 300", "release 700"}, b.kinds())
			assert.Equal(t, "already_captured", captureCode(b, p.ID, 1))
		})
	}
}

func TestAsyncCaptureIsReservedUntilItSettles(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{AsyncCapture: true}})
	p := b.pay(simulator.TokenOK)
	r := b.post("/v1/payments/"+p.ID+"/captures", object{"amount": eur(700), "final": true})
	assert.Equal(t, http.StatusAccepted, r.status)
	var c simulator.Capture
	r.into(t, &c)
	assert.Equal(t, simulator.StatusPending, c.Status)
	assert.Equal(t, int64(700), b.now(p.ID).Amounts.Capturing)
	assert.Equal(t, "already_captured", captureCode(b, p.ID, 1), "a final capture is on its way")
	assert.Equal(t, []string{"hold 1000"}, b.kinds())

	require.NoError(t, b.SettlePending(c.ID, false))
	got := b.now(p.ID)
	assert.Equal(t, simulator.Amounts{Authorized: 1000, Capturable: 1000, CaptureLimit: 1000}, got.Amounts, "open again")
	assert.Equal(t, simulator.StatusFailed, got.Captures[0].Status)
	refused(t, b.SettlePending(c.ID, true), "not_pending")

	b.capture(p.ID, 700, true)
	b.Advance(time.Minute)
	assert.Equal(t, []string{"hold 1000", "capture 700", "release 300"}, b.kinds())
}

func TestPendingCaptureThatFailsAfterAVoidIsReleasedToo(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenCapturePendingThenFail)
	b.capture(p.ID, 400, false)
	require.Equal(t, http.StatusOK, b.post("/v1/payments/"+p.ID+"/releases", object{}).status)
	assert.Equal(t, []string{"hold 1000", "release 600"}, b.kinds())
	b.Advance(time.Minute)
	assert.Equal(t, []string{"hold 1000", "release 600", "release 400"}, b.kinds())
	assert.Equal(t, simulator.StatusCanceled, b.now(p.ID).Status)
}

func TestAnEarlierPendingCaptureDoesNotReopenAFinallyCapturedPayment(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{AsyncCapture: true}})
	p := b.pay(simulator.TokenOK)
	first := b.capture(p.ID, 400, false)
	last := b.capture(p.ID, 500, true)
	require.NoError(t, b.SettlePending(last.ID, true))
	assert.Equal(t, []string{"hold 1000", "capture 500", "release 100"}, b.kinds())
	require.NoError(t, b.SettlePending(first.ID, false))
	assert.Equal(t, []string{"hold 1000", "capture 500", "release 100", "release 400"}, b.kinds())
	assert.Equal(t, "already_captured", captureCode(b, p.ID, 1))
}

func TestNothingIsReleasedWhileAFinalCaptureIsPending(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{AsyncCapture: true}})
	p := b.pay(simulator.TokenOK)
	first, last := b.capture(p.ID, 400, false), b.capture(p.ID, 500, true)
	require.NoError(t, b.SettlePending(first.ID, false))
	assert.Equal(t, []string{"hold 1000"}, b.kinds())
	require.NoError(t, b.SettlePending(last.ID, true))
	assert.Equal(t, []string{"hold 1000", "capture 500", "release 500"}, b.kinds())
}

func TestCaptureIsRefusedWhereNothingIsHeld(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	for _, token := range []string{simulator.TokenPending, simulator.TokenHeld, simulator.TokenChallenge, simulator.TokenTransfer} {
		assert.Equal(t, "not_authorized", captureCode(b, b.pay(token).ID, 1), token)
	}
	assert.Equal(t, "not_found", captureCode(b, "pay_unknown", 1))
	r := b.post("/v1/payments/"+b.pay(simulator.TokenOK).ID+"/captures", object{"amount": object{"value": 1, "currency": "USD"}})
	assert.Equal(t, "currency_mismatch", r.code(t))
	canceled := b.pay(simulator.TokenHeld)
	b.post("/v1/payments/"+canceled.ID+"/cancel", object{})
	assert.Equal(t, "already_canceled", captureCode(b, canceled.ID, 1))
}

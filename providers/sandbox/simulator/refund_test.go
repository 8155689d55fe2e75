package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func refundCode(b *bundle, id string, value int64, capture string) string {
	body := object{"amount": eur(value)}
	if capture != "" {
		body["capture"] = capture
	}
	return b.post("/v1/payments/"+id+"/refunds", body).code(b.t)
}

func TestRefundsNeverExceedWhatWasCaptured(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	assert.Equal(t, "not_captured", refundCode(b, p.ID, 1, ""))
	b.capture(p.ID, 600, false)
	assert.Equal(t, "refund_too_large", refundCode(b, p.ID, 601, ""))
	r := b.refund(p.ID, 250)
	assert.Equal(t, simulator.StatusPartiallyRefunded, b.now(p.ID).Status)
	assert.Equal(t, "refund_too_large", refundCode(b, p.ID, 351, ""))
	b.refund(p.ID, 350)
	assert.Equal(t, simulator.StatusRefunded, b.now(p.ID).Status)
	assert.Equal(t, "already_refunded", refundCode(b, p.ID, 1, ""))
	assert.Equal(t, []string{"hold 1000", "capture 600", "refund 250", "refund 350"}, b.kinds())
	var got simulator.Refund
	b.get("/v1/refunds/"+r.ID).into(t, &got)
	assert.Equal(t, r, got)
	assert.Equal(t, "op-r", got.Movements[0].MerchantReference)
}

func TestRefundOfACaptureIsBoundedByIt(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	first, second := b.capture(p.ID, 400, false), b.capture(p.ID, 500, false)
	assert.Equal(t, "refund_too_large", refundCode(b, p.ID, 401, first.ID))
	assert.Equal(t, "capture_unknown", refundCode(b, p.ID, 1, "cap_unknown"))
	assert.Empty(t, refundCode(b, p.ID, 100, second.ID))
	assert.Equal(t, "refund_too_large", refundCode(b, p.ID, 401, second.ID))

	spread := b.refund(p.ID, 500) // oldest first: 400 of the first, 100 of the second
	assert.Equal(t, []simulator.Allocation{{Capture: first.ID, Value: 400}, {Capture: second.ID, Value: 100}}, spread.Allocations)
	assert.Equal(t, "already_refunded", refundCode(b, p.ID, 1, first.ID))
	assert.Empty(t, refundCode(b, p.ID, 300, second.ID))
	got := b.now(p.ID)
	assert.Equal(t, []int64{400, 500}, []int64{got.Captures[0].Refunded, got.Captures[1].Refunded})
}

func TestUnnamedRefundTakesWhatIsLeftOfEachCapture(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	first, second := b.capture(p.ID, 400, false), b.capture(p.ID, 500, false)
	b.refund(p.ID, 100)
	r := b.refund(p.ID, 350)
	assert.Equal(t, []simulator.Allocation{{Capture: first.ID, Value: 300}, {Capture: second.ID, Value: 50}}, r.Allocations)
	require.NoError(t, b.ReverseRefund(r.ID))
	got := b.now(p.ID)
	assert.Equal(t, []int64{100, 0}, []int64{got.Captures[0].Refunded, got.Captures[1].Refunded})
}

func TestRefundOfAReversedCaptureIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	c := b.capture(p.ID, 400, false)
	b.capture(p.ID, 500, false)
	require.NoError(t, b.ReverseCapture(c.ID))
	assert.Equal(t, "capture_not_refundable", refundCode(b, p.ID, 1, c.ID))
}

func TestAsyncRefundIsReservedUntilItSettles(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{AsyncRefund: true}})
	p := b.pay(simulator.TokenOK, object{"capture": true})
	r := b.post("/v1/payments/"+p.ID+"/refunds", object{"amount": eur(700), "capture": p.Captures[0].ID})
	assert.Equal(t, http.StatusAccepted, r.status)
	assert.Equal(t, "refund_too_large", refundCode(b, p.ID, 301, ""))
	var pending simulator.Refund
	r.into(t, &pending)
	require.NoError(t, b.SettlePending(pending.ID, false))
	got := b.now(p.ID)
	assert.Equal(t, simulator.StatusFailed, got.Refunds[0].Status)
	assert.Zero(t, got.Captures[0].Refunded)
	b.refund(p.ID, 1000)
	b.Advance(time.Minute)
	assert.Equal(t, simulator.StatusRefunded, b.now(p.ID).Status)
}

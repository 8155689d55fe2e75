package simulator_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestDashboardMovesMoneyWithoutACall(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	c, err := b.CaptureInDashboard(p.ID, 600, true)
	require.NoError(t, err)
	assert.Len(t, c.Movements, 2)
	r, err := b.RefundInDashboard(p.ID, 100)
	require.NoError(t, err)
	assert.Equal(t, simulator.StatusSucceeded, r.Status)
	for _, e := range b.Ledger()[1:] {
		assert.Empty(t, e.Key)
	}
	assert.Equal(t, []string{"hold 1000", "capture 600", "release 400", "refund 100"}, b.kinds())
	assert.Len(t, b.Calls(), 1)

	_, err = b.CaptureInDashboard(p.ID, 1, true)
	refused(t, err, "already_captured")
	_, err = b.RefundInDashboard(p.ID, 501)
	refused(t, err, "refund_too_large")
	_, err = b.RefundInDashboard(p.ID, 0)
	refused(t, err, "amount_invalid")
	_, err = b.CaptureInDashboard(p.ID, -1, true)
	refused(t, err, "amount_invalid")
	_, err = b.RefundInDashboard("pay_unknown", 1)
	refused(t, err, "not_found")
	_, err = b.Payment("pay_unknown")
	refused(t, err, "not_found")
	assert.EqualError(t, err, `simulator: not_found: no payment "pay_unknown"`)
}

func TestDisputeTakesMoneyAndGivesItBackWhenWon(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK, object{"capture": true})
	b.refund(p.ID, 300)
	_, err := b.Chargeback(p.ID, 701)
	refused(t, err, "amount_too_large")
	_, err = b.Chargeback(p.ID, 0)
	refused(t, err, "amount_invalid")
	refused(t, b.ResolveDispute(p.ID, true), "not_disputed")
	d, err := b.Chargeback(p.ID, 700)
	require.NoError(t, err)
	_, err = b.Chargeback(p.ID, 1)
	refused(t, err, "already_disputed")
	assert.Equal(t, "already_charged_back", refundCode(b, p.ID, 1, ""))
	refused(t, b.ReverseCapture(p.ID), "already_refunded")
	require.NoError(t, b.ResolveDispute(p.ID, true))
	assert.Zero(t, b.now(p.ID).Amounts.ChargedBack)
	b.refund(p.ID, 100)
	_, err = b.Chargeback(p.ID, 600)
	require.NoError(t, err)
	require.NoError(t, b.ResolveDispute(p.ID, false))
	assert.Equal(t, []string{
		"hold 1000", "capture 1000", "refund 300", "chargeback 700", "reversal 700", "refund 100", "chargeback 600",
	}, b.kinds())
	won := b.Ledger()[4]
	assert.Equal(t, []any{d.ID, simulator.KindChargeback}, []any{won.Parent, won.ParentKind})
	got := b.now(p.ID).Disputes
	assert.Equal(t, []simulator.Status{simulator.StatusWon, simulator.StatusLost}, []simulator.Status{got[0].Status, got[1].Status})
}

func TestCaptureIsReversedAndRecapturedUnderOneReference(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	c := b.capture(p.ID, 600, true)
	refused(t, b.Recapture(c.ID), "not_reversed")
	require.NoError(t, b.ReverseCapture(p.ID))
	assert.Equal(t, simulator.StatusAuthorized, b.now(p.ID).Status)
	refused(t, b.ReverseCapture(c.ID), "not_captured")
	require.NoError(t, b.Recapture(c.ID))
	assert.Equal(t, []string{"hold 1000", "capture 600", "release 400", "reversal 600", "capture 600"}, b.kinds())
	l := b.Ledger()
	assert.Equal(t, []string{c.ID, c.ID, c.ID}, []string{l[1].Reference, l[3].Reference, l[4].Reference})
	assert.Equal(t, simulator.StatusCaptured, b.now(p.ID).Status)
	assert.Equal(t, "already_captured", captureCode(b, p.ID, 1))
}

func TestReversedPurchaseMayBeCapturedAgainUntilItExpires(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK, object{"capture": true})
	require.NoError(t, b.ReverseCapture(p.ID))
	require.NotNil(t, b.now(p.ID).ExpiresAt)
	b.Advance(8 * 24 * 3600 * 1e9)
	assert.Equal(t, simulator.StatusExpired, b.now(p.ID).Status)
	assert.Equal(t, []string{"hold 1000", "capture 1000", "reversal 1000", "release 1000"}, b.kinds())
	refused(t, b.Recapture(p.ID), "authorization_expired")

	old := b.pay(simulator.TokenOK)
	b.capture(old.ID, 1000, true)
	b.Advance(8 * 24 * 3600 * 1e9)
	require.NoError(t, b.ReverseCapture(old.ID))
	assert.Equal(t, simulator.StatusExpired, b.now(old.ID).Status, "too late to open it again")
	assert.Equal(t, int64(1000), b.now(old.ID).Amounts.Released)
}

func TestReversalAfterAVoidOpensThePaymentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	b.capture(p.ID, 300, false)
	b.post("/v1/payments/"+p.ID+"/releases", object{})
	require.NoError(t, b.ReverseCapture(p.ID))
	assert.Equal(t, int64(300), b.now(p.ID).Amounts.Capturable)
	b.capture(p.ID, 300, true)
	assert.Equal(t, simulator.StatusCaptured, b.now(p.ID).Status)
}

func TestChargedBackCaptureIsNotReversed(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK, object{"capture": true})
	_, err := b.Chargeback(p.ID, 1)
	require.NoError(t, err)
	refused(t, b.ReverseCapture(p.ID), "already_refunded")
}

func TestRefundIsReversed(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK, object{"capture": true})
	refused(t, b.ReverseRefund(p.ID), "not_refunded")
	r := b.refund(p.ID, 1000)
	refused(t, b.ReverseCapture(p.ID), "already_refunded")
	require.NoError(t, b.ReverseRefund(r.ID))
	got := b.now(p.ID)
	assert.Equal(t, simulator.StatusCaptured, got.Status)
	assert.Zero(t, got.Captures[0].Refunded)
	assert.Equal(t, simulator.StatusReversed, got.Refunds[0].Status)
	b.refund(p.ID, 1000)
}

func TestReviewIsAcceptedOrDenied(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	good, bad := b.pay(simulator.TokenHeld, object{"capture": true}), b.pay(simulator.TokenHeld)
	assert.Equal(t, simulator.StatusHeld, good.Status)
	require.NoError(t, b.AcceptReview(good.ID))
	require.NoError(t, b.DenyReview(bad.ID))
	assert.Equal(t, simulator.StatusCaptured, b.now(good.ID).Status)
	assert.Equal(t, "fraudulent", b.now(bad.ID).Decline.Code)
	refused(t, b.AcceptReview(bad.ID), "not_held")
	refused(t, b.DenyReview(good.ID), "not_held")
}

func TestExpiryCanBeForced(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	for _, token := range []string{simulator.TokenOK, simulator.TokenChallenge, simulator.TokenPending, simulator.TokenTransfer} {
		p := b.pay(token)
		require.NoError(t, b.ExpireAuthorization(p.ID), token)
		assert.Equal(t, simulator.StatusExpired, b.now(p.ID).Status, token)
	}
	refused(t, b.ExpireAuthorization(b.pay(simulator.TokenHeld).ID), "not_authorized")
	refused(t, b.ExpireAuthorization(b.pay(simulator.TokenOK, object{"capture": true}).ID), "already_closed")
}

func TestMoneyThatArrivesTooLateIsBooked(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenTransfer)
	b.post("/v1/payments/"+p.ID+"/cancel", object{})
	c, err := b.ReceiveTransfer(p.ID, 1000)
	require.NoError(t, err)
	assert.Equal(t, simulator.StatusCaptured, b.now(p.ID).Status)
	b.refund(p.ID, 1000)
	assert.Equal(t, []string{"hold 1000", "capture 1000", "refund 1000"}, b.kinds())
	_, err = b.ReceiveTransfer(p.ID, 0)
	refused(t, err, "amount_invalid")
	_, err = b.ReceiveTransfer(p.ID, 1<<63-1)
	refused(t, err, "amount_too_large")
	_, err = b.ReceiveTransfer(b.pay(simulator.TokenOK).ID, 1)
	refused(t, err, "not_a_transfer")
	assert.NotEmpty(t, c.ID)
}

func TestRecalledTransferIsReversedAndReleased(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenTransfer)
	_, err := b.ReceiveTransfer(p.ID, 400)
	require.NoError(t, err)
	require.NoError(t, b.ReverseCapture(p.ID))
	assert.Equal(t, []string{"hold 400", "capture 400", "reversal 400", "release 400"}, b.kinds())
	assert.Equal(t, simulator.StatusCanceled, b.now(p.ID).Status)
	_, err = b.ReceiveTransfer(p.ID, 1000)
	require.NoError(t, err)
	assert.Equal(t, simulator.StatusCaptured, b.now(p.ID).Status)
}

func TestPurchaseWithPendingCaptureIsPending(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenCapturePending, object{"capture": true})
	assert.Equal(t, simulator.StatusPending, p.Status)
	require.NoError(t, b.SettlePending(p.ID, true))
	assert.Equal(t, simulator.StatusCaptured, b.now(p.ID).Status)
	refused(t, b.SettlePending(p.ID, true), "not_pending")
	r := b.refund(p.ID, 10)
	refused(t, b.SettlePending(r.ID, true), "not_pending")
}

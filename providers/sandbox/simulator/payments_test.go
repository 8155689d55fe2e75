package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestAuthorizedPaymentHoldsMoneyAndTakesNone(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK, object{
		"metadata": object{"operation": "op-1"}, "description": "Shoes", "customer": object{"id": "c1", "email": "a@b.example"},
		"lines": []object{{"sku": "s", "name": "Shoe", "quantity": 2, "unit_amount": 500}},
	})
	assert.Equal(t, simulator.StatusAuthorized, p.Status)
	assert.Equal(t, simulator.Amounts{Authorized: 1000, Capturable: 1000, CaptureLimit: 1000}, p.Amounts)
	assert.Equal(t, map[string]string{"operation": "op-1"}, p.Metadata)
	assert.Equal(t, "order-1", p.Reference)
	assert.Equal(t, clock().Add(7*24*time.Hour), *p.ExpiresAt)
	assert.NotEmpty(t, p.NetworkTransactionID)
	assert.Empty(t, p.Captures)
	assert.Equal(t, []string{"hold 1000"}, b.kinds())
	e := b.Ledger()[0]
	assert.Equal(t, []any{p.ID, "EUR", "order-1", "key-1", p.Authorization, simulator.DefaultAccount},
		[]any{e.Payment, e.Currency, e.MerchantReference, e.Key, e.Reference, e.Account})
}

func TestPurchaseHoldsAndCapturesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK, object{"capture": true})
	assert.Equal(t, simulator.StatusCaptured, p.Status)
	assert.Equal(t, simulator.Amounts{Authorized: 1000, CaptureLimit: 1000, Captured: 1000}, p.Amounts)
	require.Len(t, p.Captures, 1)
	assert.Equal(t, simulator.StatusSucceeded, p.Captures[0].Status)
	assert.Equal(t, []string{"hold 1000", "capture 1000"}, b.kinds())
}

func TestEveryDecimalCountIsAPlainInteger(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	for _, currency := range []string{"JPY", "EUR", "BHD", "CLF"} {
		for _, value := range []int64{1, 12345, 1<<53 + 1, 1<<63 - 1} {
			want := simulator.Amount{Value: value, Currency: currency}
			p := b.pay(simulator.TokenOK, object{"amount": want, "capture": true})
			assert.Equal(t, want, p.Amount)
			assert.Equal(t, value, p.Amounts.Captured)
		}
	}
	assert.Equal(t, "10.00 EUR", simulator.Amount{Value: 1000, Currency: "EUR"}.String())
	assert.Equal(t, "500 JPY", simulator.Amount{Value: 500, Currency: "JPY"}.String())
	assert.Equal(t, "-0.005 BHD", simulator.Amount{Value: -5, Currency: "BHD"}.String())
	assert.Equal(t, "0.0001 CLF", simulator.Amount{Value: 1, Currency: "CLF"}.String())
}

func TestSurchargeThatOverflowsIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	r := b.post("/v1/payments", payment(simulator.TokenSurcharge, object{"amount": eur(1<<63 - 1)}))
	assert.Equal(t, http.StatusUnprocessableEntity, r.status)
	assert.Equal(t, "amount_too_large", r.code(t))
	assert.Empty(t, b.Payments())
}

func TestAdjustmentSetsANewTotal(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	adjust := func(value int64) response {
		return b.post("/v1/payments/"+p.ID+"/adjustments", object{"amount": eur(value)})
	}
	var up simulator.Payment
	adjust(1500).into(t, &up)
	assert.Equal(t, int64(1500), up.Amounts.Authorized)
	b.capture(p.ID, 1200, false)
	assert.Equal(t, "amount_too_small", adjust(1199).code(t))
	assert.Equal(t, "amount_unchanged", adjust(1500).code(t))
	assert.Equal(t, http.StatusOK, adjust(1300).status)
	assert.Equal(t, int64(100), b.now(p.ID).Amounts.Capturable)
	assert.Equal(t, []string{"hold 1000", "adjust 500", "capture 1200", "adjust -200"}, b.kinds())
	b.capture(p.ID, 100, true)
	assert.Equal(t, "already_captured", adjust(2000).code(t))
}

func TestCancelEndsWhatNothingWasCapturedOf(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	cancel := func(id string) response { return b.post("/v1/payments/"+id+"/cancel", object{}) }
	for _, token := range []string{simulator.TokenOK, simulator.TokenPending, simulator.TokenHeld, simulator.TokenChallenge, simulator.TokenTransfer} {
		p := b.pay(token)
		r := cancel(p.ID)
		require.Equal(t, http.StatusOK, r.status, token)
		got := b.now(p.ID)
		assert.Equal(t, simulator.StatusCanceled, got.Status, token)
		assert.Equal(t, got.Amounts.Authorized, got.Amounts.Released, token)
		assert.Contains(t, []string{"already_canceled", "already_released"}, cancel(p.ID).code(t), token)
	}
	p := b.pay(simulator.TokenOK)
	b.capture(p.ID, 1, false)
	assert.Equal(t, "already_captured", cancel(p.ID).code(t))
}

func TestAKeyIsCancelledWithWhateverItMadeOrWouldMake(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{0, -1} { // whether or not keys are known otherwise
		b := setup(t, simulator.Config{Rules: simulator.Rules{IdempotencyTTL: ttl}})
		cancel := func(key string) (made []simulator.Payment) {
			r := b.post("/v1/payments/cancel_by_key", object{"idempotency_key": key})
			require.Equal(t, http.StatusOK, r.status)
			var list struct{ Data []simulator.Payment }
			r.into(t, &list)
			return list.Data
		}
		require.Equal(t, http.StatusCreated, b.do(http.MethodPost, "/v1/payments", "made", payment(simulator.TokenOK, object{})).status)
		for range 2 {
			made := cancel("made")
			require.Len(t, made, 1)
			assert.Equal(t, simulator.StatusCanceled, made[0].Status)
			assert.Equal(t, int64(1000), made[0].Amounts.Released)
		}
		assert.Empty(t, cancel("late"))
		r := b.do(http.MethodPost, "/v1/payments", "late", payment(simulator.TokenOK, object{}))
		assert.Equal(t, "key_canceled", r.code(t), "what arrives later makes nothing")
		assert.Len(t, b.Payments(), 1)

		require.Equal(t, http.StatusCreated, b.do(http.MethodPost, "/v1/payments", "taken", payment(simulator.TokenOK, object{"capture": true})).status)
		assert.Equal(t, "already_captured", b.post("/v1/payments/cancel_by_key", object{"idempotency_key": "taken"}).code(t))
		assert.Equal(t, "missing_field", b.post("/v1/payments/cancel_by_key", object{}).code(t))
	}
}

func TestAuthorizationExpiresByTheClockAfterItsGrace(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{ExpiryGrace: time.Hour}})
	p := b.pay(simulator.TokenOK)
	b.Advance(7*24*time.Hour + time.Minute)
	assert.Equal(t, simulator.StatusAuthorized, b.now(p.ID).Status, "a late capture still works")
	b.capture(p.ID, 400, false)
	b.Advance(time.Hour)
	got := b.now(p.ID)
	assert.Equal(t, simulator.StatusCaptured, got.Status)
	assert.Equal(t, simulator.Amounts{Authorized: 1000, CaptureLimit: 400, Captured: 400, Released: 600}, got.Amounts)
	r := b.post("/v1/payments/"+p.ID+"/captures", object{"amount": eur(1)})
	assert.Equal(t, http.StatusUnprocessableEntity, r.status)
	assert.Equal(t, "authorization_expired", r.code(t))
	assert.Equal(t, "authorization_expired", b.post("/v1/payments/"+p.ID+"/releases", object{}).code(t))
	assert.Equal(t, "authorization_expired", b.post("/v1/payments/"+p.ID+"/adjustments", object{"amount": eur(2000)}).code(t))
	assert.Contains(t, b.types(), "payment.expired")
}

func TestAnotherAccountSeesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Accounts: []simulator.Account{{ID: "a", Key: "key-a"}, {ID: "b", Key: "key-b"}}})
	b.key = "key-a"
	p := b.pay(simulator.TokenOK, object{"save_instrument": true, "capture": true})
	ref := b.refund(p.ID, 10)
	b.key = "key-b"
	for _, path := range []string{
		"/v1/payments/" + p.ID, "/v1/captures/" + p.Captures[0].ID, "/v1/refunds/" + ref.ID, "/v1/instruments/" + p.Instrument.ID,
	} {
		assert.Equal(t, http.StatusNotFound, b.get(path).status, path)
	}
	for _, route := range []string{"captures", "refunds", "adjustments"} {
		assert.Equal(t, "not_found", b.post("/v1/payments/"+p.ID+"/"+route, object{"amount": eur(1)}).code(t), route)
	}
	for _, route := range []string{"releases", "cancel", "confirm"} {
		assert.Equal(t, "not_found", b.post("/v1/payments/"+p.ID+"/"+route, object{}).code(t), route)
	}
	assert.Equal(t, "instrument_unknown", b.post("/v1/payments", payment(p.Instrument.ID)).code(t))
	assert.Equal(t, http.StatusNotFound, b.do(http.MethodDelete, "/v1/instruments/"+p.Instrument.ID, "", nil).status)
	assert.JSONEq(t, `{"data":[],"has_more":false,"next":""}`, string(b.get("/v1/payments").body))
	assert.JSONEq(t, `{"data":[],"has_more":false,"next":""}`, string(b.get("/v1/events").body))
	assert.Len(t, b.Payments(), 1)
}

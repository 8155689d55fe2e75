package simulator_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func store(b *bundle, token string) simulator.Instrument {
	r := b.post("/v1/instruments", object{"instrument": token, "customer": object{"id": "c1"}, "reference": "verify-1"})
	require.Equal(b.t, http.StatusCreated, r.status, "%s", r.body)
	var i simulator.Instrument
	r.into(b.t, &i)
	return i
}

func TestVerificationStoresAnInstrumentWithoutMoney(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	i := store(b, simulator.TokenOK)
	assert.Equal(t, []any{"visa", "4242", simulator.StatusActive, "c1"}, []any{i.Brand, i.Last4, i.Status, i.Customer})
	assert.NotEmpty(t, i.NetworkTransactionID)
	assert.Empty(t, b.Ledger())
	var got simulator.Instrument
	b.get("/v1/instruments/"+i.ID).into(t, &got)
	assert.Equal(t, i, got)

	declined := b.post("/v1/instruments", object{"instrument": simulator.TokenLostCard})
	assert.Equal(t, http.StatusPaymentRequired, declined.status)
	assert.Equal(t, "lost_card", declined.refusal(t).DeclineCode)
	assert.Equal(t, "instrument_not_storable", b.post("/v1/instruments", object{"instrument": simulator.TokenTransfer}).code(t))
	assert.Equal(t, "instrument_unknown", b.post("/v1/instruments", object{"instrument": "x"}).code(t))
}

func TestSavedInstrumentBehavesLikeItsToken(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	i := store(b, simulator.TokenPartial)
	p := b.pay(i.ID, object{"off_session": true})
	assert.Equal(t, int64(600), p.Amounts.Authorized)
	assert.Equal(t, i.ID, p.Instrument.ID)

	saved := b.pay(simulator.TokenDispute, object{"save_instrument": true})
	require.NotEmpty(t, saved.Instrument.ID)
	again := b.pay(saved.Instrument.ID, object{"save_instrument": true})
	assert.Equal(t, saved.Instrument.ID, again.Instrument.ID, "not saved twice")
}

func TestOffSessionChallengeNeedsANetworkTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	i := store(b, simulator.TokenChallenge)
	off := object{"off_session": true}
	r := b.post("/v1/payments", payment(i.ID, off))
	assert.Equal(t, "authentication_required", r.refusal(t).DeclineCode)
	r = b.post("/v1/payments", payment(i.ID, off, object{"network_transaction_id": "ntx_unknown"}))
	assert.Equal(t, "authentication_required", r.refusal(t).DeclineCode)
	p := b.pay(i.ID, off, object{"network_transaction_id": i.NetworkTransactionID})
	assert.Equal(t, simulator.StatusAuthorized, p.Status)
	again := b.pay(i.ID, off, object{"network_transaction_id": p.NetworkTransactionID})
	assert.Equal(t, simulator.StatusAuthorized, again.Status)

	var confirmed simulator.Payment
	b.post("/v1/payments/"+r.refusal(t).Payment+"/confirm", object{}).into(t, &confirmed)
	assert.Equal(t, simulator.StatusActionRequired, confirmed.Status, "now the shopper is there")
}

func TestDeletedInstrumentIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	i := store(b, simulator.TokenOK)
	path := "/v1/instruments/" + i.ID
	assert.Equal(t, http.StatusNoContent, b.do(http.MethodDelete, path, "", nil).status)
	assert.Equal(t, http.StatusNotFound, b.do(http.MethodDelete, path, "", nil).status)
	assert.Equal(t, http.StatusNotFound, b.get(path).status)
	assert.Equal(t, "instrument_unknown", b.post("/v1/payments", payment(i.ID)).code(t))
}

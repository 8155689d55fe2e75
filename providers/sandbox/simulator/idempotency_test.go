package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func (b *bundle) payWith(key string, body any) response {
	return b.do(http.MethodPost, "/v1/payments", key, body)
}

func TestSameKeySameBodyIsReplayed(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	first := b.payWith("k", payment(simulator.TokenOK))
	second := b.payWith("k", payment(simulator.TokenOK))
	assert.Equal(t, first.body, second.body)
	assert.Equal(t, first.status, second.status)
	assert.Empty(t, first.header.Get("Idempotent-Replayed"))
	assert.Equal(t, "true", second.header.Get("Idempotent-Replayed"))
	assert.NotEqual(t, first.header.Get("Request-Id"), second.header.Get("Request-Id"))
	assert.Equal(t, 1, b.Effects("k"))
	calls := b.Calls()
	assert.Equal(t, []int{1, 2}, []int{calls[0].Try, calls[1].Try})
	assert.Equal(t, []bool{true, false}, []bool{calls[0].Effect, calls[1].Effect})
	assert.Equal(t, []bool{false, true}, []bool{calls[0].Replayed, calls[1].Replayed})
	assert.Equal(t, calls[0].Digest, calls[1].Digest)
	assert.Equal(t, first.header.Get("Request-Id"), calls[0].RequestID)
}

func TestSameKeyOtherBodyIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	b.payWith("k", payment(simulator.TokenOK))
	r := b.payWith("k", payment(simulator.TokenOK, object{"capture": true}))
	assert.Equal(t, http.StatusConflict, r.status)
	assert.Equal(t, "idempotency_mismatch", r.code(t))
	other := b.do(http.MethodPost, "/v1/instruments", "k", object{"instrument": simulator.TokenOK})
	assert.Equal(t, "idempotency_mismatch", other.code(t))
	assert.Len(t, b.Payments(), 1)
}

func TestKeyExpiresByTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{IdempotencyTTL: time.Hour}})
	b.payWith("k", payment(simulator.TokenOK))
	b.Advance(time.Hour - 1)
	b.payWith("k", payment(simulator.TokenOK))
	assert.Equal(t, 1, b.Effects("k"))
	b.Advance(1)
	b.payWith("k", payment(simulator.TokenOK))
	assert.Equal(t, 2, b.Effects("k"))
}

func TestProviderWithoutIdempotencyExecutesEveryTime(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{IdempotencyTTL: -1}})
	b.payWith("k", payment(simulator.TokenOK))
	b.payWith("k", payment(simulator.TokenOK))
	assert.Equal(t, 2, b.Effects("k"))
}

func TestRefusalsAreSavedOnlyWhenExecuted(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	for _, c := range []struct {
		name     string
		path     string
		body     any
		status   int
		replayed string
	}{
		{"declined", "/v1/payments", payment(simulator.TokenDeclined), http.StatusPaymentRequired, "true"},
		{"unprocessable", "/v1/payments", payment("tok_unknown"), http.StatusUnprocessableEntity, "true"},
		{"bad", "/v1/payments", object{}, http.StatusBadRequest, ""},
		{"not found", "/v1/payments/pay_x/captures", object{"amount": eur(1)}, http.StatusNotFound, ""},
	} {
		key := "refused-" + c.name[:3]
		b.do(http.MethodPost, c.path, key, c.body)
		r := b.do(http.MethodPost, c.path, key, c.body)
		assert.Equal(t, c.status, r.status, c.name)
		assert.Equal(t, c.replayed, r.header.Get("Idempotent-Replayed"), c.name)
	}
	assert.Len(t, b.Payments(), 1, "the declined one")
}

func TestEqualKeysOfTwoAccountsAreTwoKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Accounts: []simulator.Account{{ID: "a", Key: "key-a"}, {ID: "b", Key: "key-b"}}})
	for _, b.key = range []string{"key-a", "key-b"} {
		assert.Equal(t, http.StatusCreated, b.payWith("k", payment(simulator.TokenOK)).status)
	}
	assert.Equal(t, 2, b.Effects("k"))
	assert.Equal(t, []string{"a", "b"}, []string{b.Payments()[0].Account, b.Payments()[1].Account})
}

func TestSavedServerErrorIsReplayedForEver(t *testing.T) {
	t.Parallel()
	for fault, effects := range map[simulator.Fault]int{simulator.ServerErrorBefore: 0, simulator.ServerErrorAfter: 1} {
		b := setup(t, simulator.Config{Rules: simulator.Rules{Replays5xx: true}})
		b.Next(simulator.OpCreatePayment, fault)
		for range 3 {
			assert.Equal(t, http.StatusInternalServerError, b.payWith("k", payment(simulator.TokenOK)).status, fault)
		}
		assert.Equal(t, effects, b.Effects("k"), fault)
	}
}

func TestUnsavedServerErrorExecutesAgain(t *testing.T) {
	t.Parallel()
	for fault, effects := range map[simulator.Fault]int{
		simulator.ServerErrorBefore: 1, simulator.GatewayErrorBefore: 1,
		simulator.ServerErrorAfter:  2, // the trap: the money had moved already
		simulator.GatewayErrorAfter: 1, // the true answer was saved behind the proxy
	} {
		b := setup(t, simulator.Config{})
		b.Next("", fault)
		assert.GreaterOrEqual(t, b.payWith("k", payment(simulator.TokenOK)).status, 500, fault)
		assert.Equal(t, http.StatusCreated, b.payWith("k", payment(simulator.TokenOK)).status, fault)
		assert.Equal(t, effects, b.Effects("k"), fault)
	}
}

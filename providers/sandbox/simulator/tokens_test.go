package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestDecliningTokenMovesNothing(t *testing.T) {
	t.Parallel()
	for token, want := range map[string][2]string{
		simulator.TokenDeclined:               {"generic_decline", "hard"},
		simulator.TokenInsufficientFunds:      {"insufficient_funds", "soft"},
		simulator.TokenExpiredCard:            {"expired_card", "hard"},
		simulator.TokenIncorrectCVC:           {"incorrect_cvc", "hard"},
		simulator.TokenLostCard:               {"lost_card", "never"},
		simulator.TokenStolenCard:             {"stolen_card", "never"},
		simulator.TokenFraud:                  {"fraudulent", "never"},
		simulator.TokenProcessingError:        {"processing_error", "soft"},
		simulator.TokenDoNotHonor:             {"do_not_honor", "soft"},
		simulator.TokenRequiresAuthentication: {"authentication_required", "soft"},
		simulator.TokenDeclineThenSuccess:     {"do_not_honor", "soft"},
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Config{})
			r := b.post("/v1/payments", payment(token))
			require.Equal(t, http.StatusPaymentRequired, r.status)
			e := r.refusal(t)
			assert.Equal(t, []string{"declined", "card_declined", want[0], want[1]}, []string{e.Type, e.Code, e.DeclineCode, e.Advice})
			assert.Equal(t, simulator.StatusDeclined, b.now(e.Payment).Status)
			assert.Empty(t, b.Ledger())
			assert.Zero(t, b.Effects("key-1"))
			assert.Equal(t, []string{"payment.declined"}, b.types())
			if final := b.now(e.Payment).Decline.Final; final {
				assert.Equal(t, "not_confirmable", b.post("/v1/payments/"+e.Payment+"/confirm", object{}).code(t))
			}
		})
	}
}

func TestEveryTokenHasADocumentedOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{Slow: time.Millisecond}})
	for _, token := range simulator.Tokens() {
		r := b.post("/v1/payments", payment(token))
		assert.Contains(t, []int{http.StatusCreated, http.StatusPaymentRequired}, r.status, token)
	}
	assert.Len(t, b.Payments(), len(simulator.Tokens()))
	assert.Equal(t, "instrument_unknown", b.post("/v1/payments", payment("tok_unknown")).code(t))
}

func TestDeclineThenSuccessIsOnePayment(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	id := b.post("/v1/payments", payment(simulator.TokenDeclineThenSuccess)).refusal(t).Payment
	var p simulator.Payment
	b.post("/v1/payments/"+id+"/confirm", object{}).into(t, &p)
	assert.Equal(t, simulator.StatusAuthorized, p.Status)
	assert.Nil(t, p.Decline)
	assert.Equal(t, []string{"payment.declined", "payment.authorized"}, b.types())
	again := b.post("/v1/payments/"+id+"/confirm", object{})
	assert.Equal(t, http.StatusOK, again.status, "confirming twice is harmless")
	assert.Equal(t, []string{"hold 1000"}, b.kinds())
}

func TestDeclinedPaymentMayBeConfirmedWithAnotherInstrument(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	id := b.post("/v1/payments", payment(simulator.TokenDeclineThenSuccess)).refusal(t).Payment
	confirm := func(token string) response {
		return b.post("/v1/payments/"+id+"/confirm", object{"instrument": token, "data": object{"md": "x"}, "return_url": "https://shop.example/"})
	}
	assert.Equal(t, "instrument_unknown", confirm("tok_unknown").code(t))
	assert.Equal(t, http.StatusOK, confirm(simulator.TokenPartial).status)
	assert.Equal(t, int64(600), b.now(id).Amounts.Authorized)
}

func TestAuthenticationRequiredIsOvercomeByAChallenge(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	id := b.post("/v1/payments", payment(simulator.TokenRequiresAuthentication)).refusal(t).Payment
	var p simulator.Payment
	b.post("/v1/payments/"+id+"/confirm", object{}).into(t, &p)
	require.Equal(t, simulator.StatusActionRequired, p.Status)
	require.NoError(t, b.CompleteChallenge(id))
	assert.Equal(t, simulator.StatusAuthorized, b.now(id).Status)
}

func TestChallengeTokensWaitForTheShopper(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{ChallengeAction: "iframe"}})
	ok, fails, declined, abandoned := b.pay(simulator.TokenChallenge), b.pay(simulator.TokenChallenge),
		b.pay(simulator.TokenChallengeThenDecline), b.pay(simulator.TokenChallenge)
	assert.Equal(t, simulator.StatusActionRequired, ok.Status)
	assert.Equal(t, "iframe", ok.Action.Type)
	assert.Contains(t, ok.Action.URL, b.URL()+"/bank/chal_")
	assert.Equal(t, clock().Add(time.Hour), ok.Action.ExpiresAt)
	assert.Equal(t, http.StatusOK, b.post("/v1/payments/"+ok.ID+"/confirm", object{}).status)
	assert.Equal(t, simulator.StatusActionRequired, b.now(ok.ID).Status, "confirming does not replace the challenge")

	require.NoError(t, b.CompleteChallenge(ok.ID))
	require.NoError(t, b.FailChallenge(fails.ID))
	require.NoError(t, b.CompleteChallenge(declined.ID))
	b.Advance(2 * time.Hour)
	assert.Equal(t, simulator.StatusAuthorized, b.now(ok.ID).Status)
	assert.Equal(t, "authentication_failed", b.now(fails.ID).Decline.Code)
	assert.Equal(t, "do_not_honor", b.now(declined.ID).Decline.Code)
	assert.Equal(t, simulator.StatusExpired, b.now(abandoned.ID).Status)
	assert.Equal(t, []string{"hold 1000"}, b.kinds())
	refused(t, b.FailChallenge(ok.ID), "not_confirmable")
	refused(t, b.CompleteChallenge(ok.ID), "not_confirmable")

	require.NoError(t, b.CompleteChallenge(abandoned.ID), "the success that comes too late")
	assert.Equal(t, simulator.StatusAuthorized, b.now(abandoned.ID).Status)
}

func TestConfirmAfterChallengeIsNeededWhereTheProviderSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{ConfirmAfterChallenge: true}})
	p := b.pay(simulator.TokenChallenge)
	require.NoError(t, b.CompleteChallenge(p.ID))
	assert.Equal(t, simulator.StatusActionRequired, b.now(p.ID).Status)
	var got simulator.Payment
	b.post("/v1/payments/"+p.ID+"/confirm", object{}).into(t, &got)
	assert.Equal(t, simulator.StatusAuthorized, got.Status)
}

func TestPendingTokensSettleByTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	good, bad := b.pay(simulator.TokenPending, object{"capture": true}), b.pay(simulator.TokenPendingThenFail)
	assert.Equal(t, []simulator.Status{simulator.StatusPending, simulator.StatusPending}, []simulator.Status{good.Status, bad.Status})
	b.Advance(59 * time.Second)
	assert.Empty(t, b.Ledger())
	b.Advance(time.Hour) // what was due meanwhile happens at its own time
	assert.Equal(t, simulator.StatusCaptured, b.now(good.ID).Status)
	assert.Equal(t, simulator.StatusDeclined, b.now(bad.ID).Status)
	assert.Equal(t, clock().Add(time.Minute), b.Ledger()[0].Time)
}

func TestPendingStaysPendingWithoutSettleAfter(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{SettleAfter: -1}})
	p := b.pay(simulator.TokenPending)
	b.Advance(1000 * time.Hour)
	assert.Equal(t, simulator.StatusPending, b.now(p.ID).Status)
	require.NoError(t, b.SettlePending(p.ID, false))
	assert.Equal(t, simulator.StatusDeclined, b.now(p.ID).Status)
}

func TestPartialAndSurchargedAuthorizationsTellTheTrueAmount(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	partial, more := b.pay(simulator.TokenPartial, object{"amount": eur(999)}), b.pay(simulator.TokenSurcharge)
	assert.Equal(t, int64(599), partial.Amounts.Authorized)
	assert.Equal(t, int64(999), partial.Amount.Value)
	assert.Equal(t, int64(1020), more.Amounts.Authorized)
}

func TestCapturesOfTheseTokensTurnOutOtherwise(t *testing.T) {
	t.Parallel()
	for token, want := range map[string][]string{
		simulator.TokenCaptureFailsLater:      {"hold 1000", "capture 600", "reversal 600"},
		simulator.TokenCapturePending:         {"hold 1000", "capture 600"},
		simulator.TokenCapturePendingThenFail: {"hold 1000"},
		simulator.TokenAutoRelease:            {"hold 1000", "capture 600", "release 400"},
		simulator.TokenDispute:                {"hold 1000", "capture 600", "chargeback 600"},
		simulator.TokenForeignSettlement:      {"hold 1000", "capture 600"},
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Config{})
			p := b.pay(token)
			c := b.capture(p.ID, 600, false)
			b.Advance(time.Minute)
			assert.Equal(t, want, b.kinds())
			if token == simulator.TokenForeignSettlement {
				assert.Equal(t, &simulator.Settlement{Amount: simulator.Amount{Value: 630, Currency: "USD"}, Fee: 30}, c.Settlement)
			}
		})
	}
}

func TestRefundsOfTheseTokensTurnOutOtherwise(t *testing.T) {
	t.Parallel()
	for token, want := range map[string][]string{
		simulator.TokenRefundFailsLater:      {"refund 600", "reversal 600"},
		simulator.TokenRefundPending:         {"refund 600"},
		simulator.TokenRefundPendingThenFail: nil,
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Config{})
			p := b.pay(token, object{"capture": true})
			b.refund(p.ID, 600)
			b.Advance(time.Minute)
			assert.Equal(t, append([]string{"hold 1000", "capture 1000"}, want...), b.kinds())
		})
	}
}

func TestBankTransferArrivesShortOverOrInParts(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	short, over, exact := b.pay(simulator.TokenShortTransfer), b.pay(simulator.TokenOverTransfer), b.pay(simulator.TokenTransfer)
	assert.Equal(t, simulator.StatusPending, short.Status)
	assert.Equal(t, "display", short.Action.Type)
	assert.Equal(t, short.ID, short.Action.Data["transfer_reference"])
	b.Advance(time.Minute)
	assert.Equal(t, int64(900), b.now(short.ID).Amounts.Captured)
	assert.Equal(t, simulator.StatusPartiallyCaptured, b.now(short.ID).Status)
	assert.Equal(t, int64(1100), b.now(over.ID).Amounts.Captured)
	assert.Equal(t, simulator.StatusCaptured, b.now(over.ID).Status)
	assert.Equal(t, simulator.StatusPending, b.now(exact.ID).Status)

	_, err := b.ReceiveTransfer(short.ID, 100)
	require.NoError(t, err)
	assert.Equal(t, simulator.StatusCaptured, b.now(short.ID).Status)
	assert.Equal(t, "not_authorized", captureCode(b, short.ID, 1))
}

func TestSlowTokenKeepsItsKeyInFlight(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{Slow: 800 * time.Millisecond}})
	done := make(chan response)
	go func() { done <- b.do(http.MethodPost, "/v1/payments", "slow", payment(simulator.TokenSlow)) }()
	require.Eventually(t, func() bool { return len(b.Calls()) == 1 }, 10*time.Second, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	r := b.do(http.MethodPost, "/v1/payments", "slow", payment(simulator.TokenSlow))
	assert.Equal(t, http.StatusConflict, r.status)
	assert.Equal(t, "idempotency_in_flight", r.code(t))
	assert.Equal(t, http.StatusCreated, (<-done).status)
	assert.Equal(t, 1, b.Effects("slow"))
	assert.Equal(t, "true", b.do(http.MethodPost, "/v1/payments", "slow", payment(simulator.TokenSlow)).header.Get("Idempotent-Replayed"))
}

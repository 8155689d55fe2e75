package stripe_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func card(code, declined, advice string) object {
	e := object{"type": "card_error", "message": "Your card was declined.", "charge": "ch_1"}
	for name, value := range map[string]string{"code": code, "decline_code": declined, "advice_code": advice} {
		if value != "" {
			e[name] = value
		}
	}
	return object{"error": e}
}

func refusal(kind, code string) object {
	e := object{"type": kind, "message": "It was refused."}
	if code != "" {
		e["code"] = code
	}
	return object{"error": e}
}

func TestEachDeclineHasItsReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code, declined, advice string
		want                   decline.Reason
	}{
		{"card_declined", "generic_decline", "", decline.Generic},
		{"card_declined", "call_issuer", "", decline.CallIssuer}, // the decline code beats the code
		{"card_declined", "pickup_card", "", decline.PickUpCard},
		{"card_declined", "insufficient_funds", "", decline.InsufficientFunds},
		{"card_declined", "stolen_card", "", decline.StolenCard},
		{"card_declined", "fraudulent", "", decline.Fraud},
		{"expired_card", "", "", decline.ExpiredCard},
		{"incorrect_number", "", "", decline.IncorrectNumber},
		{"incorrect_cvc", "incorrect_cvc", "", decline.IncorrectCVC},
		{"processing_error", "", "", decline.Processing},
		{"authentication_required", "authentication_required", "", decline.AuthenticationRequired},
		{"card_declined", "test_mode_live_card", "", decline.TestCard},
		{"", "", "", decline.Generic},
		{"card_declined", "nobody_knows_this", "", decline.Generic},
		{"expired_card", "nobody_knows_this_either", "", decline.ExpiredCard}, // the code still says why
		// What the issuer advises.
		{"card_declined", "generic_decline", "do_not_try_again", decline.RestrictedCard},
		{"card_declined", "insufficient_funds", "do_not_try_again", decline.RestrictedCard},
		{"card_declined", "stolen_card", "do_not_try_again", decline.StolenCard},
		{"card_declined", "do_not_honor", "try_again_later", decline.Processing},
		{"card_declined", "expired_card", "try_again_later", decline.ExpiredCard},
		{"card_declined", "generic_decline", "confirm_card_data", decline.Generic},
	} {
		_, err := open(t, says(t, 402, card(c.code, c.declined, c.advice))).run(gateway.OpAuthorize)
		require.ErrorIs(t, err, gateway.CodeDeclined, "%v", c)
		e := gateway.AsError(err, "")
		assert.Equal(t, c.want, e.Reason, "%v", c)
		assert.Equal(t, c.want.Message(), e.Message, "%v: the shopper is told no more", c)
		assert.Equal(t, "ch_1", e.Reference)
		assert.Contains(t, e.Detail, c.declined)
		assert.Contains(t, e.Detail, c.advice)
		if c.advice == "do_not_try_again" {
			assert.Equal(t, decline.Never, e.Reason.Advice())
		}
	}
	assert.Contains(t, stripe.Declines.Unmapped(), "nobody_knows_this", "what is new is counted")
}

func TestEachErrorHasItsCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   object
		want   gateway.Code
	}{
		{400, refusal("invalid_request_error", "parameter_invalid_integer"), gateway.CodeInvalid},
		{400, refusal("invalid_request_error", "amount_too_small"), gateway.CodeInvalid},
		{400, refusal("invalid_request_error", ""), gateway.CodeInvalid},
		{400, refusal("invalid_request_error", "payment_intent_unexpected_state"), gateway.CodeConflict},
		{400, refusal("invalid_request_error", "charge_already_refunded"), gateway.CodeConflict},
		{400, refusal("invalid_request_error", "charge_expired_for_capture"), gateway.CodeConflict},
		{400, refusal("invalid_request_error", "resource_missing"), gateway.CodeNotFound},
		{404, refusal("invalid_request_error", "resource_missing"), gateway.CodeNotFound},
		{404, refusal("invalid_request_error", ""), gateway.CodeNotFound},
		{400, refusal("idempotency_error", ""), gateway.CodeConflict},
		{400, refusal("idempotency_error", "idempotency_error"), gateway.CodeConflict},
		{409, refusal("invalid_request_error", "idempotency_key_in_use"), gateway.CodeIndeterminate},
		{409, refusal("invalid_request_error", ""), gateway.CodeIndeterminate},
		{409, refusal("invalid_request_error", "lock_timeout"), gateway.CodeRateLimited},
		{424, refusal("invalid_request_error", ""), gateway.CodeIndeterminate},
		{429, refusal("invalid_request_error", "lock_timeout"), gateway.CodeRateLimited},
		{429, refusal("invalid_request_error", "rate_limit"), gateway.CodeRateLimited},
		{401, refusal("invalid_request_error", "api_key_expired"), gateway.CodeAuthentication},
		{403, refusal("invalid_request_error", ""), gateway.CodeAuthentication},
		{402, refusal("invalid_request_error", "payment_intent_authentication_failure"), gateway.CodeDeclined},
		{402, refusal("invalid_request_error", ""), gateway.CodeIndeterminate},
		{402, refusal("api_error", ""), gateway.CodeIndeterminate},
		{400, refusal("api_error", ""), gateway.CodeIndeterminate}, // "communicating with one of our backends"
		{500, refusal("api_error", ""), gateway.CodeIndeterminate},
		{500, card("card_declined", "generic_decline", ""), gateway.CodeIndeterminate}, // a server error is not believed
		{400, refusal("invalid_request_error", "a_code_of_tomorrow"), gateway.CodeIndeterminate},
		{418, object{}, gateway.CodeIndeterminate},
	} {
		_, err := open(t, says(t, c.status, c.body)).run(gateway.OpCapture)
		assert.Equal(t, c.want, gateway.CodeOf(err), "%d %v: %v", c.status, c.body, err)
	}
	assert.Contains(t, stripe.Errors.Unmapped(), "a_code_of_tomorrow", "what is new is counted")
}

func TestAnAnswerThatCannotBeReadIsIndeterminate(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]clienttest.Step{
		"402 that is no JSON":          clienttest.Answer(402, "<html>declined</html>"),
		"402 of another form":          clienttest.Answer(402, `{"error":"card_declined"}`),
		"402 without an error":         clienttest.Answer(402, `{}`),
		"402 that says it was paid":    says(t, 402, object{"error": object{"type": "card_error", "code": "card_declined", "payment_intent": object{"id": "pi_1", "status": "succeeded"}}}),
		"200 without a status":         answer(t, "authorize", set("status", nil)),
		"200 with another amount":      answer(t, "authorize", set("amount", 999)),
		"200 with another currency":    answer(t, "authorize", set("currency", "usd")),
		"200 with a foreign currency":  answer(t, "authorize", set("currency", "zzz")),
		"200 for another operation":    answer(t, "authorize", set("metadata/gateway_operation", "op_18")),
		"200 that captured at once":    answer(t, "authorize", set("capture_method", "automatic")),
		"200 whose amount is a text":   answer(t, "authorize", set("amount", "1000")),
		"200 whose charge is a number": answer(t, "authorize", set("latest_charge", 5)),
	} {
		out, err := open(t, step).run(gateway.OpAuthorize)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, name)
		assert.False(t, out.Moved(), name)
	}
	_, err := open(t, answer(t, "fetch", set("id", "pi_2"))).run(gateway.OpFetch)
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "another payment")
}

// The same PaymentIntent is declined, then paid in another way.
func TestADeclineIsOvercomeOnTheSamePayment(t *testing.T) {
	t.Parallel()
	s := open(t, answer(t, "purchase.declined"), answer(t, "continue.declined"), answer(t, "continue"))
	_, err := s.run(gateway.OpPurchase)
	require.ErrorIs(t, err, gateway.CodeDeclined)
	e := gateway.AsError(err, "")
	assert.Equal(t, "pi_1", e.Reference, "the payment is known, to go on with")
	assert.Equal(t, decline.ExpiredCard, e.Reason)
	endpoint, _ := s.pool.Endpoint(gateway.OpPurchase)
	assert.False(t, endpoint.DeclineIsFinal)

	another := func(x *gateway.Subject) {
		x.Target, x.Instrument = e.Reference, &gateway.Instrument{Token: gateway.NewSecret("pm_2")}
	}
	_, err = s.run(gateway.OpContinue, another)
	require.ErrorIs(t, err, gateway.CodeDeclined, "a 200 can be a decline")
	assert.Equal(t, decline.InsufficientFunds, gateway.AsError(err, "").Reason)
	assert.Equal(t, "pi_1", gateway.AsError(err, "").Reference)
	out := s.must(gateway.OpContinue, another)
	assert.Equal(t, "pm_2", s.sent().Get("payment_method"))
	assert.True(t, out.Moved())
}

func TestAWaitThatIsAskedForIsKept(t *testing.T) {
	t.Parallel()
	body := `{"error":{"type":"invalid_request_error","code":"lock_timeout","message":"in use"}}`
	r := clienttest.Do(func(context.Context, *transfer.Wire) (*transfer.Response, error) {
		return &transfer.Response{Status: 429, Header: http.Header{"Retry-After": {"3"}, "Content-Type": {"application/json"}}, Body: []byte(body)}, nil
	})
	_, err := open(t, r).run(gateway.OpCapture)
	e := gateway.AsError(err, "")
	require.Equal(t, gateway.CodeRateLimited, e.Code)
	assert.Equal(t, 3*time.Second, e.RetryAfter)
	assert.Equal(t, "lock_timeout", e.Detail)
}

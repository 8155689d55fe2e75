package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

func refundOf(minor int) func(object) { return set("amount", minor) }

func TestAPartialRefundGivesBackItsAmount(t *testing.T) {
	t.Parallel()
	bought := open(t, answer(t, "purchase")).must(gateway.OpPurchase)
	s := open(t, answer(t, "refund", refundOf(800)))
	out := s.must(gateway.OpRefund, taking(800, false), func(s *gateway.Subject) { s.Reason = "duplicate" })
	assert.Equal(t, "pi_1", s.sent().Get("payment_intent"))
	assert.Equal(t, "duplicate", s.sent().Get("reason"))
	assert.Equal(t, eur(800), paid(t, bought, out).Refunded)
	assert.Equal(t, "ch_1", out.Movements[0].Parent)

	s.must(gateway.OpRefund, taking(800, false), func(s *gateway.Subject) { s.Target, s.Reason = "ch_1", "too small" })
	assert.Equal(t, "ch_1", s.sent().Get("charge"))
	assert.Empty(t, s.sent().Get("payment_intent"))
	assert.Empty(t, s.sent().Get("reason"), "the API knows three reasons")
	assert.Equal(t, "too small", s.sent().Get("metadata[reason]"))

	s.must(gateway.OpRefund, taking(800, false), func(s *gateway.Subject) {
		s.Target, s.Payment.Refs = "", gateway.Refs{{Name: "payment_intent", Value: "pi_1"}}
	})
	assert.Equal(t, "pi_1", s.sent().Get("payment_intent"))
	_, err := s.run(gateway.OpRefund, func(s *gateway.Subject) { s.Target = "" })
	require.ErrorIs(t, err, gateway.CodeInvalid)
}

func TestEachStateOfARefundHasItsMeaning(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]gateway.Status{"succeeded": gateway.StatusSucceeded, "pending": gateway.StatusAwaiting, "requires_action": gateway.StatusAwaiting} {
		out := open(t, answer(t, "refund", set("status", status))).must(gateway.OpRefund)
		assert.Equal(t, want, out.Status, status)
		assert.Equal(t, want == gateway.StatusSucceeded, out.Moved(), status)
	}
	_, err := open(t, answer(t, "refund", set("status", "failed"), set("failure_reason", "expired_or_canceled_card"))).run(gateway.OpRefund)
	require.ErrorIs(t, err, gateway.CodeDeclined)
	e := gateway.AsError(err, "")
	assert.Equal(t, decline.ExpiredCard, e.Reason)
	assert.Equal(t, "re_1", e.Reference)
}

// A refund that comes back after it succeeded is undone in the books, not forgotten.
func TestARefundThatComesBackIsReversed(t *testing.T) {
	t.Parallel()
	bought := open(t, answer(t, "purchase")).must(gateway.OpPurchase)
	given := open(t, answer(t, "refund")).must(gateway.OpRefund)
	target := func(s *gateway.Subject) { s.Target = "re_1" }
	failed := []func(object){set("status", "failed"), set("failure_reason", "lost_or_stolen_card"), set("failure_balance_transaction", "txn_3")}
	back := open(t, answer(t, "fetch_refund", failed...)).must(stripe.OpFetchRefund, target)
	assert.Equal(t, gateway.StatusFailed, back.Status)
	assert.Equal(t, decline.LostCard, back.Reason)
	assert.Equal(t, eur(0), paid(t, bought, given, back).Refunded)
	assert.Equal(t, eur(0), paid(t, bought, back).Refunded, "also when its success was never heard of")
	never := open(t, answer(t, "fetch_refund", append(failed, set("balance_transaction", nil))...)).must(stripe.OpFetchRefund, target)
	assert.Empty(t, never.Movements, "it failed before any money left")
	_, err := open(t, answer(t, "fetch_refund")).run(stripe.OpFetchRefund, func(s *gateway.Subject) { s.Target = "re_2" })
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "another refund")
}

// What was released uncaptured comes back in the list of refunds too, and is none.
func TestAReleaseThatTheAPICallsARefundIsARelease(t *testing.T) {
	t.Parallel()
	_, made := fixture(t, "refund", refundOf(300))
	_, freed := fixture(t, "refund", refundOf(600), set("id", "re_2"), set("balance_transaction", nil), set("reason", nil), set("metadata", object{}))
	list := object{"object": "list", "has_more": false, "url": "/v1/charges/ch_1/refunds", "data": []any{made, freed}}
	out := open(t, answer(t, "fetch", append(totals("succeeded", 0, 400), set("latest_charge/refunds", list), set("latest_charge/amount_refunded", 900))...)).must(gateway.OpFetch)
	assert.Equal(t, []gateway.MovementKind{"hold", "capture", "release", "refund"}, kinds(out))
	b := paid(t, out)
	assert.Equal(t, eur(300), b.Refunded)
	assert.Equal(t, eur(600), b.Released)
	assert.Equal(t, eur(400), b.Captured)

	list["data"] = []any{made, object{"id": "re_3", "object": "refund", "amount": 700, "currency": "eur", "created": 1763726400, "status": "succeeded", "balance_transaction": nil}}
	_, err := open(t, answer(t, "fetch", append(totals("succeeded", 0, 400), set("latest_charge/refunds", list))...)).run(gateway.OpFetch)
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "only 6.00 were released")
	_, later := fixture(t, "refund", set("status", "pending"))
	list["data"] = []any{later}
	out = open(t, answer(t, "fetch", set("latest_charge/refunds", list))).must(gateway.OpFetch)
	assert.Equal(t, []gateway.MovementKind{"hold", "capture"}, kinds(out), "a pending refund has moved nothing")
	_, odd := fixture(t, "refund", set("status", "half_done"))
	list["data"] = []any{odd}
	_, err = open(t, answer(t, "fetch", set("latest_charge/refunds", list))).run(gateway.OpFetch)
	require.ErrorIs(t, err, gateway.CodeIndeterminate)

	_, expired := fixture(t, "refund", set("reason", "expired_uncaptured_charge"))
	list["data"] = []any{expired}
	out = open(t, answer(t, "void", set("cancellation_reason", "automatic"), set("latest_charge/refunds", list))).must(gateway.OpFetch)
	assert.Equal(t, []gateway.MovementKind{"hold", "release"}, kinds(out))
	assert.Equal(t, eur(0), paid(t, out).Refunded)
}

func TestARefundOfSomethingElseIsIndeterminate(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(object){
		"another payment": set("payment_intent", "pi_2"), "no payment": set("payment_intent", nil), "another amount": refundOf(999),
		"another currency": set("currency", "usd"), "another operation": set("metadata/gateway_operation", "op_18"),
	} {
		_, err := open(t, answer(t, "refund", change)).run(gateway.OpRefund)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, name)
	}
	_, err := open(t, answer(t, "refund")).run(gateway.OpRefund, func(s *gateway.Subject) { s.Target = "ch_2" })
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "another charge")
}

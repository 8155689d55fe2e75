package stripe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

var pendingCharge = []func(object){
	set("status", "processing"), set("amount_received", 0), set("latest_charge/status", "pending"), set("latest_charge/captured", true),
}

// Each state of a PaymentIntent, as recordings show it, in our words.
func TestEachStateHasItsMeaning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op      gateway.Operation
		file    string
		changes []func(object)
		status  gateway.Status
		moved   []gateway.MovementKind
	}{
		"requires_capture is authorized":           {gateway.OpAuthorize, "authorize", nil, gateway.StatusSucceeded, []gateway.MovementKind{"hold"}},
		"succeeded is captured":                    {gateway.OpPurchase, "purchase", nil, gateway.StatusSucceeded, []gateway.MovementKind{"capture"}},
		"processing is awaited, its charge or not": {gateway.OpPurchase, "purchase", pendingCharge, gateway.StatusAwaiting, nil},
		"requires_confirmation is awaited": {
			gateway.OpPurchase, "purchase",
			[]func(object){set("status", "requires_confirmation"), set("amount_received", 0), set("latest_charge", nil)},
			gateway.StatusAwaiting, nil,
		},
		"requires_payment_method without an error is awaited": {
			gateway.OpPurchase, "purchase",
			[]func(object){set("status", "requires_payment_method"), set("amount_received", 0), set("latest_charge", nil)},
			gateway.StatusAwaiting, nil,
		},
		"a lookup says the same":               {gateway.OpFetch, "fetch", nil, gateway.StatusSucceeded, []gateway.MovementKind{"hold", "capture"}},
		"a lookup of a hold":                   {gateway.OpFetch, "authorize", nil, gateway.StatusSucceeded, []gateway.MovementKind{"hold"}},
		"a lookup of a cancelled one":          {gateway.OpFetch, "void", nil, gateway.StatusFailed, []gateway.MovementKind{"hold", "release"}},
		"a lookup of one that was declined":    {gateway.OpFetch, "continue.declined", nil, gateway.StatusFailed, nil},
		"a lookup of one that is processing":   {gateway.OpFetch, "purchase", pendingCharge, gateway.StatusAwaiting, nil},
		"cancelled before it was authorized":   {gateway.OpFetch, "void", []func(object){set("latest_charge", nil)}, gateway.StatusFailed, nil},
		"cancelled after a decline":            {gateway.OpFetch, "void", []func(object){set("latest_charge/status", "failed")}, gateway.StatusFailed, nil},
		"the rest cancelled after one capture": {gateway.OpFetch, "void", []func(object){set("amount_received", 400)}, gateway.StatusSucceeded, []gateway.MovementKind{"hold", "capture", "release"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := open(t, answer(t, c.file, c.changes...)).must(c.op)
			assert.Equal(t, c.status, out.Status)
			assert.Equal(t, c.moved, kinds(out))
			assert.Equal(t, c.status == gateway.StatusSucceeded, out.Moved())
		})
	}
}

func TestAnUnknownStateIsNeverGuessed(t *testing.T) {
	t.Parallel()
	for op, file := range map[gateway.Operation]string{
		gateway.OpAuthorize: "authorize", gateway.OpPurchase: "purchase", gateway.OpCapture: "capture", gateway.OpVoid: "void",
		gateway.OpCancel: "cancel", gateway.OpRefund: "refund", gateway.OpAdjust: "adjust", gateway.OpContinue: "continue",
		gateway.OpFetch: "fetch", stripe.OpFetchRefund: "refund", gateway.OpVerify: "verify",
	} {
		out, err := open(t, answer(t, file, set("status", "half_done"))).run(op, func(s *gateway.Subject) {
			if op == stripe.OpFetchRefund {
				s.Target = "re_1"
			}
		})
		require.ErrorIs(t, err, gateway.CodeIndeterminate, op)
		assert.False(t, out.Moved(), op)
		assert.NotEmpty(t, gateway.AsError(err, "").Reference, "%s: what it was about is kept", op)
	}
}

func TestACancelledPaymentIsNoAnswerToOneThatIsMade(t *testing.T) {
	t.Parallel()
	_, err := open(t, answer(t, "void")).run(gateway.OpAuthorize)
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
}

func TestAHoldKnowsWhenItExpires(t *testing.T) {
	t.Parallel()
	out := open(t, answer(t, "authorize")).must(gateway.OpAuthorize)
	hold := out.Movements[0]
	assert.Equal(t, time.Date(2025, 11, 28, 12, 0, 0, 0, time.UTC), hold.Expires)
	assert.Equal(t, "pi_1", hold.Reference)
	out = open(t, answer(t, "authorize", set("latest_charge/payment_method_details/card/capture_before", nil))).must(gateway.OpAuthorize)
	assert.True(t, out.Movements[0].Expires.IsZero(), "not told, not guessed")
}

// A payment that is looked up has all that moved, under the keys that answers gave.
func TestOneFactHasOneKeyWhereverItIsLearned(t *testing.T) {
	t.Parallel()
	auth := open(t, answer(t, "authorize")).must(gateway.OpAuthorize)
	capture := open(t, answer(t, "capture")).must(gateway.OpCapture, func(s *gateway.Subject) { s.Operation = "op_18" })
	fetched := open(t, answer(t, "fetch")).must(gateway.OpFetch)
	keys := map[string]gateway.OperationID{}
	for _, o := range []gateway.Outcome{auth, capture} {
		for _, m := range o.Movements {
			keys[m.Key()] = m.Operation
		}
	}
	require.Len(t, fetched.Movements, 2)
	for _, m := range fetched.Movements {
		op, known := keys[m.Key()]
		assert.True(t, known, "%s %s", m.Kind, m.Reference)
		assert.Equal(t, op, m.Operation, "the metadata says whose doing it was")
		assert.Equal(t, gateway.SourcePoll, m.Source)
	}
	assert.Equal(t, paid(t, auth, capture), paid(t, auth, capture, fetched), "knowing it twice changes nothing")

	bought := open(t, answer(t, "purchase")).must(gateway.OpPurchase)
	asked := open(t, answer(t, "purchase")).must(gateway.OpFetch)
	assert.Equal(t, bought.Movements[0].Key(), asked.Movements[0].Key())
	assert.Equal(t, gateway.OperationID("op_17"), asked.Movements[0].Operation)
}

func TestALookupSaysWhyAPaymentFailed(t *testing.T) {
	t.Parallel()
	for reason, changes := range map[decline.Reason][]func(object){
		decline.ShopperCancelled: {},
		decline.Expired:          {set("cancellation_reason", "automatic")},
		decline.Fraud:            {set("cancellation_reason", "fraudulent")},
		decline.Duplicate:        {set("cancellation_reason", "duplicate")},
		decline.Generic:          {set("cancellation_reason", nil)},
	} {
		out := open(t, answer(t, "void", changes...)).must(gateway.OpFetch)
		assert.Equal(t, reason, out.Reason)
		assert.Equal(t, "canceled", out.Phase)
	}
	out := open(t, answer(t, "continue.declined")).must(gateway.OpFetch)
	assert.Equal(t, decline.InsufficientFunds, out.Reason)
}

func TestAPaymentIsFoundByOurReferenceOnlyWhenItIsOne(t *testing.T) {
	t.Parallel()
	s := open(t, answer(t, "find"))
	out := s.must(gateway.OpFind)
	assert.Equal(t, "pi_1", out.Reference("payment_intent"))
	assert.Equal(t, []gateway.MovementKind{"hold"}, kinds(out))
	assert.Equal(t, `metadata["gateway_operation"]:"op_17"`, s.sent().Get("query"))

	_, err := open(t, answer(t, "find", set("data", []any{}))).run(gateway.OpFind)
	require.ErrorIs(t, err, gateway.CodeNotFound)
	_, err = open(t, answer(t, "find", func(o object) { o["data"] = append(o["data"].([]any), o["data"].([]any)...) })).run(gateway.OpFind) //nolint:forcetypeassert,errcheck // as the fixture is
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	_, err = open(t, answer(t, "find")).run(gateway.OpFind, func(s *gateway.Subject) { s.Operation = "op_18" })
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "the search found another's payment")
	_, err = open(t).run(gateway.OpFind, func(s *gateway.Subject) { s.Operation = `x" OR status:"succeeded` })
	require.ErrorIs(t, err, gateway.CodeInvalid, "a reference cannot change the question")
}

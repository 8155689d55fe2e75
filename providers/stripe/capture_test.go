package stripe_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

// known is a payment whose movements so far are known.
func known(t *testing.T, outs ...gateway.Outcome) func(*gateway.Subject) {
	t.Helper()
	var moves []gateway.Movement
	for _, o := range outs {
		moves = append(moves, o.Movements...)
	}
	return func(s *gateway.Subject) {
		s.Payment = gateway.Payment{ID: "pay_1", Due: eur(1000), Balances: paid(t, outs...), Movements: moves}
	}
}

func taking(minor int64, final bool) func(*gateway.Subject) {
	return func(s *gateway.Subject) { s.Amount, s.Final = eur(minor), final }
}

// totals is what a payment answers after captures.
func totals(status string, capturable, received int) []func(object) {
	return []func(object){set("status", status), set("amount_capturable", capturable), set("amount_received", received)}
}

func TestAPaymentIsCapturedInParts(t *testing.T) {
	t.Parallel()
	s := open(t,
		answer(t, "authorize"),
		answer(t, "capture", totals("requires_capture", 600, 400)...),
		answer(t, "capture", totals("requires_capture", 350, 650)...),
		answer(t, "capture", totals("succeeded", 0, 900)...),
	)
	auth := s.must(gateway.OpAuthorize, func(s *gateway.Subject) {
		s.Extras = gateway.With(stripe.Options.Of(stripe.CardOptions{Multicapture: true}))
	})
	assert.Equal(t, "if_available", s.sent().Get("payment_method_options[card][request_multicapture]"))

	first := s.must(gateway.OpCapture, known(t, auth), taking(400, false))
	assert.Equal(t, "false", s.sent().Get("final_capture"))
	assert.Equal(t, []gateway.MovementKind{"capture"}, kinds(first), "the rest stays held")
	second := s.must(gateway.OpCapture, known(t, auth, first), taking(250, false))
	last := s.must(gateway.OpCapture, known(t, auth, first, second), taking(250, true))
	assert.False(t, s.sent().Has("final_capture"), "the API's own default is final")
	assert.Equal(t, []gateway.MovementKind{"capture", "release"}, kinds(last))

	b := paid(t, auth, first, second, last)
	assert.Equal(t, eur(900), b.Captured)
	assert.Equal(t, eur(100), b.Released)
	for i, o := range []gateway.Outcome{first, second, last} {
		m := o.Movements[0]
		assert.Equal(t, "ch_1", m.Reference)
		assert.Equal(t, "pi_1", m.Parent)
		assert.Equal(t, []int{0, 400, 650}[i], m.Sequence, "told apart by what was captured before")
		assert.Nil(t, m.Settled, "whose balance transaction it is, is not said")
	}
	// A lookup that knows the payment's movements adds nothing to them.
	fetched := open(t, answer(t, "fetch", totals("succeeded", 0, 900)...)).must(gateway.OpFetch, known(t, auth, first, second, last))
	assert.Equal(t, b, paid(t, auth, first, second, last, fetched))
}

// The answer to the second capture is lost; the lookup tells it with the key that the answer would have had.
func TestALostCaptureIsFoundByLookingUp(t *testing.T) {
	t.Parallel()
	auth := open(t, answer(t, "authorize")).must(gateway.OpAuthorize)
	first := open(t, answer(t, "capture", totals("requires_capture", 600, 400)...)).must(gateway.OpCapture, known(t, auth), taking(400, false))
	fetched := open(t, answer(t, "fetch", append(totals("requires_capture", 350, 650), set("metadata/gateway_capture", "op_19"))...)).
		must(gateway.OpFetch, known(t, auth, first))
	late := open(t, answer(t, "capture", totals("requires_capture", 350, 650)...)).must(gateway.OpCapture, known(t, auth, first), taking(250, false))
	assert.Equal(t, eur(650), paid(t, auth, first, fetched).Captured)
	assert.Equal(t, eur(650), paid(t, auth, first, fetched, late).Captured, "one fact, one key")
	assert.Equal(t, gateway.OperationID("op_19"), fetched.Movements[len(fetched.Movements)-1].Operation)

	bare := open(t, answer(t, "fetch", totals("requires_capture", 350, 650)...)).must(gateway.OpFetch)
	var all []gateway.Movement
	for _, o := range []gateway.Outcome{auth, first, late, bare} {
		all = append(all, o.Movements...)
	}
	_, err := gateway.Fold("EUR", all)
	require.ErrorIs(t, err, gateway.CodeConflict, "a lookup that knows no single captures contradicts them and is never added to them")
	_, err = open(t, answer(t, "fetch", totals("requires_capture", 800, 200)...)).run(gateway.OpFetch, known(t, auth, first))
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "less than is known cannot be")
}

func TestAPartialCaptureReleasesTheRestWhenItIsFinal(t *testing.T) {
	t.Parallel()
	auth := open(t, answer(t, "authorize")).must(gateway.OpAuthorize)
	s := open(t, answer(t, "capture", totals("succeeded", 0, 400)...))
	out := s.must(gateway.OpCapture, known(t, auth), taking(400, true))
	assert.False(t, s.sent().Has("final_capture"))
	b := paid(t, auth, out)
	assert.Equal(t, eur(400), b.Captured)
	assert.Equal(t, eur(600), b.Released)
	assert.Equal(t, gateway.OperationID("op_17"), out.Movements[1].Operation, "the release is the capture's doing")
	require.NotNil(t, out.Movements[0].Settled)
	assert.Equal(t, eur(1000), out.Movements[0].Settled.Amount)

	// Everything is released without taking anything more.
	some := open(t, answer(t, "capture", totals("requires_capture", 600, 400)...)).must(gateway.OpCapture, known(t, auth), taking(400, false))
	rest := open(t, answer(t, "capture", totals("succeeded", 0, 400)...)).must(gateway.OpCapture, known(t, auth, some), taking(0, true))
	assert.Equal(t, []gateway.MovementKind{"release"}, kinds(rest))
	assert.Equal(t, eur(600), paid(t, auth, some, rest).Released)
}

// The API keeps what remains only for payments with multicapture, and releases
// it otherwise: a capture that is not final says so where something remains.
func TestARestIsNeverReleasedBySurprise(t *testing.T) {
	t.Parallel()
	auth := open(t, answer(t, "authorize")).must(gateway.OpAuthorize)
	s := open(t, answer(t, "capture"))
	s.must(gateway.OpCapture, known(t, auth), taking(1000, false))
	assert.False(t, s.sent().Has("final_capture"), "nothing remains, and a plain card refuses the field")
	s.must(gateway.OpCapture, taking(1000, false))
	assert.False(t, s.sent().Has("final_capture"), "nothing is known")
	s.must(gateway.OpCapture, taking(1000, false), func(s *gateway.Subject) {
		s.Extras = gateway.With(stripe.Options.Of(stripe.CardOptions{Multicapture: true}))
	})
	assert.Equal(t, "false", s.sent().Get("final_capture"))
	refusal := object{"error": object{"type": "invalid_request_error", "message": "This PaymentIntent does not support multicapture.", "param": "final_capture"}}
	_, err := open(t, says(t, 400, refusal)).run(gateway.OpCapture, known(t, auth), taking(400, false))
	require.ErrorIs(t, err, gateway.CodeInvalid)
}

func TestACaptureOfAnotherAmountIsIndeterminate(t *testing.T) {
	t.Parallel()
	auth := open(t, answer(t, "authorize")).must(gateway.OpAuthorize)
	first := open(t, answer(t, "capture", totals("requires_capture", 600, 400)...)).must(gateway.OpCapture, known(t, auth), taking(400, false))
	for name, c := range map[string]struct {
		changes []func(object)
		subject []func(*gateway.Subject)
	}{
		"less":              {totals("succeeded", 0, 900), nil},
		"more":              {totals("succeeded", 0, 1100), nil},
		"another currency":  {[]func(object){set("currency", "usd")}, nil},
		"another payment":   {[]func(object){set("id", "pi_2")}, nil},
		"no charge":         {[]func(object){set("latest_charge", nil)}, nil},
		"less than in all":  {totals("requires_capture", 600, 400), []func(*gateway.Subject){known(t, auth, first), taking(200, false)}},
		"a large number":    {[]func(object){set("amount_received", json.Number("99999999999999999999"))}, nil},
		"a fraction":        {[]func(object){set("amount_received", json.Number("10.5"))}, nil},
		"a negative amount": {[]func(object){set("amount_received", -1000)}, nil},
	} {
		out, err := open(t, answer(t, "capture", c.changes...)).run(gateway.OpCapture, c.subject...)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, name)
		assert.False(t, out.Moved(), name)
	}
	last := open(t, answer(t, "capture", totals("succeeded", 0, 900)...)).must(gateway.OpCapture, taking(250, true), func(s *gateway.Subject) {
		s.Extras = gateway.With(stripe.Options.Of(stripe.CardOptions{Multicapture: true}))
	})
	assert.Equal(t, 650, last.Movements[0].Sequence, "the caller says that it is not the first")
	between := open(t, answer(t, "capture", totals("requires_capture", 300, 700)...)).must(gateway.OpCapture, known(t, auth, first), taking(200, false))
	assert.Equal(t, 500, between.Movements[0].Sequence, "another capture of 1.00 came in between")
}

func TestACaptureThatIsProcessedLaterIsAwaited(t *testing.T) {
	t.Parallel()
	out := open(t, answer(t, "capture", totals("processing", 0, 0)...)).must(gateway.OpCapture)
	assert.Equal(t, gateway.StatusAwaiting, out.Status)
	assert.Empty(t, out.Movements)
}

func TestAHoldGrows(t *testing.T) {
	t.Parallel()
	auth := open(t, answer(t, "authorize")).must(gateway.OpAuthorize)
	more := func(total int) []func(object) {
		return []func(object){set("amount", total), set("amount_capturable", total)}
	}
	s := open(t, answer(t, "adjust", more(1500)...))
	out := s.must(gateway.OpAdjust, known(t, auth), taking(1500, false))
	assert.Equal(t, "1500", s.sent().Get("amount"))
	again := open(t, answer(t, "adjust", more(1800)...)).must(gateway.OpAdjust, known(t, auth, out), taking(1800, false))
	assert.Equal(t, eur(1800), paid(t, auth, again, out).Authorized, "in any order")
	fetched := open(t, answer(t, "adjust", more(1800)...)).must(gateway.OpFetch, known(t, auth, out))
	assert.Equal(t, eur(1800), paid(t, auth, out, fetched, again).Authorized)
	_, err := open(t, answer(t, "adjust")).run(gateway.OpAdjust, taking(1500, false))
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "it did not grow")
}

func TestAVoidReleasesWhatIsHeld(t *testing.T) {
	t.Parallel()
	auth := open(t, answer(t, "authorize")).must(gateway.OpAuthorize)
	s := open(t, answer(t, "void"))
	out := s.must(gateway.OpVoid, func(s *gateway.Subject) { s.Operation, s.Reason = "op_18", "abandoned" })
	assert.Equal(t, "abandoned", s.sent().Get("cancellation_reason"))
	assert.Equal(t, eur(1000), paid(t, auth, out).Released)
	assert.Equal(t, gateway.OperationID("op_18"), out.Movements[0].Operation)
	s.must(gateway.OpCancel, func(s *gateway.Subject) { s.Reason = "the shopper left" })
	assert.False(t, s.sent().Has("cancellation_reason"), "the API knows four reasons")

	part := open(t, answer(t, "capture", totals("requires_capture", 600, 400)...)).must(gateway.OpCapture, taking(400, false), known(t, auth))
	rest := open(t, answer(t, "void", totals("succeeded", 0, 400)...)).must(gateway.OpVoid)
	assert.Equal(t, eur(600), paid(t, auth, part, rest).Released)
	nothing := open(t, answer(t, "cancel", set("latest_charge", nil))).must(gateway.OpCancel)
	assert.Equal(t, gateway.StatusSucceeded, nothing.Status)
	assert.Empty(t, nothing.Movements, "nothing was held")
	_, err := open(t, answer(t, "void", set("latest_charge", "ch_1"))).run(gateway.OpVoid)
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "whether it was held is not said")
}

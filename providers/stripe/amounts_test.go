package stripe_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

// Amounts as https://docs.stripe.com/currencies gives them, there and back.
func TestAmountsAreWrittenAsTheAPICountsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount, currency string
		wire             int
	}{
		{"10.00", "USD", 1000},
		{"500", "JPY", 500},
		{"500", "CLP", 500},
		{"5", "ISK", 500}, // no decimals, written with two
		{"5", "UGX", 500},
		{"10.00", "MGA", 10}, // two decimals by ISO, none here
		{"10.45", "HUF", 1045},
		{"800.45", "TWD", 80045},
		{"5.120", "KWD", 5120},
		{"1.230", "BHD", 1230},
	} {
		m, err := gateway.Major(c.amount, c.currency)
		require.NoError(t, err)
		lower := map[string]string{"USD": "usd", "JPY": "jpy", "CLP": "clp", "ISK": "isk", "UGX": "ugx", "MGA": "mga", "HUF": "huf", "TWD": "twd", "KWD": "kwd", "BHD": "bhd"}[c.currency]
		s := open(t, answer(t, "purchase", set("amount", c.wire), set("amount_received", c.wire), set("currency", lower)))
		out := s.must(gateway.OpPurchase, func(s *gateway.Subject) { s.Amount = m })
		assert.Equal(t, strconv.Itoa(c.wire), s.sent().Get("amount"), c.currency)
		assert.Equal(t, lower, s.sent().Get("currency"))
		require.Len(t, out.Movements, 1)
		assert.Equal(t, m, out.Movements[0].Amount, c.currency)
	}
}

func TestAmountsThatTheAPIRefusesAreNotSent(t *testing.T) {
	t.Parallel()
	for text, m := range map[string]gateway.Money{
		"third decimal": gateway.Minor(5124, "KWD"), "more decimals than the provider takes": gateway.Minor(1050, "MGA"),
		"use the operation verify": gateway.Minor(0, "EUR"), "no currency": {},
	} {
		s := open(t)
		_, err := s.run(gateway.OpAuthorize, func(s *gateway.Subject) { s.Amount = m })
		require.ErrorIs(t, err, gateway.CodeInvalid, "%s", m)
		assert.Contains(t, err.Error(), text)
		assert.Empty(t, s.script.Tried())
	}
	_, err := open(t).run(gateway.OpCapture, func(s *gateway.Subject) { s.Amount, s.Payment.Due = gateway.Minor(5, "USD"), eur(1000) })
	require.ErrorIs(t, err, gateway.CodeInvalid, "the API would take 0.05 EUR")
	_, err = open(t).run(gateway.OpRefund, func(s *gateway.Subject) { s.Amount = gateway.Minor(5, "OMR") })
	require.ErrorIs(t, err, gateway.CodeInvalid)
	_, err = open(t).run(gateway.OpCapture, func(s *gateway.Subject) { s.Amount = gateway.Minor(5, "TND") })
	require.ErrorIs(t, err, gateway.CodeInvalid)
}

func TestTheCardTakesItsCurrencies(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range stripe.Currencies() {
		_, known := gateway.CurrencyDigits(c)
		assert.True(t, known, c)
		assert.False(t, seen[c], "%s stands twice", c)
		seen[c] = true
	}
	card := stripe.Methods()[0]
	require.NoError(t, card.Available(t.Context(), gateway.Subject{Amount: gateway.Minor(1, "EUR")}))
	require.ErrorIs(t, card.Available(t.Context(), gateway.Subject{Amount: gateway.Minor(1, "IRR")}), gateway.CodeUnsupported)
}

package method_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/method"
)

func paying(minor int64, currency, country string) gateway.Subject {
	return gateway.Subject{Amount: gateway.Minor(minor, currency), Order: &gateway.Order{Billing: &gateway.Address{Country: country}}}
}

// Magento 15 and 16: specific countries, or all of them.
func TestCountriesAllowTheListedOnesOrAll(t *testing.T) {
	t.Parallel()
	some := method.Countries("US", "UK", "CA")
	require.NoError(t, some.Allow(t.Context(), paying(1, "USD", "US")))
	require.ErrorIs(t, some.Allow(t.Context(), paying(1, "USD", "BJ")), gateway.CodeUnsupported)
	require.ErrorContains(t, some.Allow(t.Context(), gateway.Subject{}), `country "" is not among US, UK, CA`)
	all := method.Countries()
	for _, country := range []string{"US", "BJ", ""} {
		require.NoError(t, all.Allow(t.Context(), paying(1, "USD", country)))
	}
}

// Magento 20 and 21: a known rule, and an unknown one.
func TestRulesAreFoundByName(t *testing.T) {
	t.Parallel()
	rules := method.Rules{"country": method.Countries(), "currency": method.Currencies("EUR")}
	r, err := rules.Get("currency")
	require.NoError(t, err)
	require.Error(t, r.Allow(t.Context(), paying(1, "USD", "")))
	_, err = rules.Get("amount")
	require.ErrorContains(t, err, `there is no rule "amount" (has country, currency)`)
	assert.Equal(t, gateway.CodeUnsupported, gateway.CodeOf(err))
}

func TestAMethodIsAvailableWhenEveryRuleAgrees(t *testing.T) {
	t.Parallel()
	m := method.Method{Name: "card", Rules: []method.Rule{
		method.Currencies("EUR"), method.Countries("ES"), method.Amounts(gateway.Minor(100, "EUR"), gateway.Minor(5000, "EUR")),
	}}
	require.NoError(t, m.Available(t.Context(), paying(100, "EUR", "ES")))
	require.NoError(t, m.Available(t.Context(), paying(5000, "EUR", "ES")))
	for _, s := range []gateway.Subject{paying(99, "EUR", "ES"), paying(5001, "EUR", "ES"), paying(100, "USD", "ES"), paying(100, "EUR", "FR"), {}} {
		require.ErrorIs(t, m.Available(t.Context(), s), gateway.CodeUnsupported)
	}
	err := m.Available(t.Context(), paying(1, "EUR", "FR"))
	require.ErrorContains(t, err, "country")
	require.ErrorContains(t, err, "less than 1.00 EUR", "every objection is told")
}

// Magento counts a method as available when its check throws.
func TestARuleThatFailsMakesTheMethodUnavailable(t *testing.T) {
	t.Parallel()
	m := method.Method{Name: "card", Rules: []method.Rule{method.RuleFunc(func(context.Context, gateway.Subject) error { return errors.New("no database") })}}
	require.ErrorContains(t, m.Available(t.Context(), gateway.Subject{}), "no database")
}

func TestARuleThatPanicsMakesTheMethodUnavailable(t *testing.T) {
	t.Parallel()
	for _, rule := range []method.Rule{nil, method.RuleFunc(nil), method.RuleFunc(func(context.Context, gateway.Subject) error { panic("x") })} {
		require.ErrorIs(t, method.Method{Name: "card", Rules: []method.Rule{rule}}.Available(t.Context(), gateway.Subject{}), gateway.CodeUnsupported)
	}
}

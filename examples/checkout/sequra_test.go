package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/examples/checkout/internal/browser"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

func TestSeQurasFormIsFilledInOnThePageAndTheMoneyIsHeld(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		s := newShop(t)
		tab := browser.NewShopper(t).Tab()
		if !scripts {
			tab.NoScripts()
		}
		s.order(tab)
		s.pay(tab, "sequra")
		tab.Path("/payment/")
		tab.See("#sequra-form", "27.50 EUR")
		tab.Click("button[value=approve]")
		if !scripts {
			tab.Click("a[target=_top]") // in the frame, which has come back to us
		}
		tab.See("h1", "Thank you")
		s.told("authorize at sequra: succeeded")
		p := s.payments()
		require.Len(t, p, 1)
		assert.Equal(t, "27.50 EUR", p[0].Balances.Authorized.String())
		theirs, known := s.sequra.Order(p[0].Refs.Get("order"))
		require.True(t, known)
		assert.Equal(t, simulator.Money{Held: 2750}, theirs.Money)
		assert.Empty(t, s.theirs(), "nobody else took anything")
	}
}

func TestWhoDoesNotPayWithSeQuraChoosesAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "sequra")
	tab.See("#sequra-form", "27.50 EUR")
	tab.Click("button[value=reject]")
	tab.Click("[data-status=cancelled] a")
	tab.Path("/checkout/")
	s.pay(tab, "card")
	s.paid(tab)
}

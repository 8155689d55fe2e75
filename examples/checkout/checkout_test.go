package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/examples/checkout/internal/browser"
)

func TestACardPaysAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "card")
	s.paid(tab)
	s.told("ordered: 1 × The Ledger Book for 27.50 EUR")
	s.told("purchase at sandbox: succeeded")
	s.told("money: capture 27.50 EUR at sandbox (it answered)")
}

func TestTheBankConfirmsOnItsOwnPageAndTheShopperComesBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "confirmed")
	tab.See("h1", "Confirm your payment")
	tab.See("#amount", "27.50")
	tab.Click("#approve")
	s.paid(tab)
	s.told("sandbox    tells us: payment.authorized")
}

func TestTheBankConfirmsInAFrameWhileThePageGoesOnAsking(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "framed")
	tab.Path("/payment/")
	tab.See("iframe", "")
	tab.See("h1", "Confirm your payment")
	tab.Click("#approve")
	s.paid(tab)
	s.told("framed     tells us: payment.authorized")
}

func TestADeclineIsToldAndAnotherWayPays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "declined")
	tab.See("[role=status]", "not enough money")
	s.charged(0)
	tab.Click("[data-payment] a")
	tab.See("h1", "How would you like to pay?")
	tab.See("[role=alert]", "not enough money")
	s.pay(tab, "card")
	s.paid(tab)
}

func TestADeclineThatComesLaterIsToldAndAnotherWayPays(t *testing.T) {
	t.Parallel()
	s := newShop(t, undecided)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "later")
	tab.See("[role=status]", "being processed")
	s.decide(false)
	tab.See("[data-payment] a", "Choose another way to pay")
	s.charged(0)
	tab.Click("[data-payment] a")
	s.pay(tab, "confirmed")
	tab.Click("#approve")
	s.paid(tab)
}

func TestASlowBankHoldsUpNobody(t *testing.T) {
	t.Parallel()
	s := newShop(t, undecided)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "slow")
	tab.Path("/payment/")
	tab.See("[role=status]", "being processed")
	s.paid(tab)
}

func TestALostNotificationIsFoundByAsking(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "lost")
	s.paid(tab)
	s.told("money: capture 27.50 EUR at silent (we asked it)")
	assert.NotContains(t, s.said.String(), "silent     tells us")
}

func TestADeclineAtTheBankLeadsBackToTheChoice(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "confirmed")
	tab.Click("#decline")
	tab.Path("/payment/")
	tab.Click("[data-payment] a")
	tab.See("h1", "How would you like to pay?")
	s.charged(0)
}

func TestABankThatTakesItsTimeInAFrameIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "framed")
	tab.Path("/payment/")
	tab.Click("#slow") // "Approve the payment slowly"
	s.paid(tab)
}

package main

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/examples/checkout/internal/browser"
)

// What shoppers do, and what happens to them.

func TestAReloadWhileThePaymentIsWaitedForResumes(t *testing.T) {
	t.Parallel()
	s := newShop(t, undecided)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "slow")
	tab.See("[role=status]", "being processed")
	tab.Reload()
	tab.See("[role=status]", "being processed")
	tab.Reload()
	s.paid(tab)
	assert.EqualValues(t, 1, s.posts.Load())
}

func TestAReloadInFrontOfTheBanksFrameShowsItAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "framed")
	tab.See("#approve", "Approve")
	tab.Reload()
	tab.Click("#approve")
	s.paid(tab)
}

func TestAShopperWithoutConnectionFindsThePaymentDoneWhenItIsBack(t *testing.T) {
	t.Parallel()
	s := newShop(t, undecided)
	tab := browser.NewShopper(t).Tab()
	tab.Excuse(`Failed to load resource: net::ERR_\w+ .*/status/`)
	s.order(tab)
	s.pay(tab, "later")
	tab.See("[role=status]", "being processed")
	s.countTroubles(tab)
	tab.Offline(true)
	s.net.cut(true) // Chromium lets go on what is under way, and tries it again
	tab.Wait(`window.troubles > 1`)
	s.net.cut(false) // the bank reaches the shop, the shopper does not
	s.decide(true)
	s.told("money: capture") // the payment goes on without its page
	tab.See("[role=status]", "being processed")
	tab.Offline(false)
	s.paid(tab)
}

func TestAShopThatAnswersNobodyForAWhileIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t, undecided)
	tab := browser.NewShopper(t).Tab()
	tab.Excuse(`Failed to load resource: the server responded with a status of 503 .*/status/`)
	s.down.Store(true)
	s.order(tab)
	s.pay(tab, "later")
	tab.Path("/payment/")
	s.countTroubles(tab)
	tab.Wait(`window.troubles > 1`)
	s.decide(true)
	s.told("money: capture")
	s.down.Store(false)
	s.paid(tab)
}

func TestAShopperWhoIsCutOffForLongIsAskedWhetherToGoOn(t *testing.T) {
	t.Parallel()
	s := newShop(t, undecided)
	tab := browser.NewShopper(t).Tab()
	tab.Excuse(`Failed to load resource: the server responded with a status of 503 .*/status/`)
	s.order(tab)
	s.pay(tab, "later")
	tab.See("[role=status]", "being processed")
	s.down.Store(true)
	s.net.cut(true)
	s.net.cut(false)
	s.countTroubles(tab)
	tab.Eval(`void (window.hurry = setInterval(() => dispatchEvent(new Event("online")), 50))`, nil) // as if the network came back, again and again
	tab.See("[data-payment]", "Your payment goes on without this page.")
	tab.Eval(`clearInterval(window.hurry)`, nil)
	s.decide(true)
	s.down.Store(false)
	tab.Click("[data-payment] button") // Try again
	s.paid(tab)
}

func TestPressingPayTwiceChargesOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	tab.Click("#slow")
	s.twice.Store(true)
	tab.ClickTwice("#pay")
	s.paid(tab)
	assert.EqualValues(t, 2, s.posts.Load(), "the browser sent it twice, or nothing was shown here")
	assert.Len(t, s.banks.Sandbox.Payments(), 1)
}

func TestACartThatIsSentTwiceIsOneOrder(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cart := url.Values{"cart": {newCart()}, "quantity": {"1"}}
	for range 2 {
		answer, err := http.PostForm(s.url+"/orders", cart)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusOK, answer.StatusCode)
		assert.Contains(t, answer.Request.URL.Path, "/checkout/")
	}
	assert.Len(t, s.payments(), 1)
	http.DefaultClient.CloseIdleConnections()
}

func TestTwoTabsPayOnce(t *testing.T) {
	t.Parallel()
	for _, ways := range [][2]string{{"slow", "slow"}, {"slow", "card"}, {"slow", "framed"}} {
		t.Run(ways[0]+" and "+ways[1], func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			shopper := browser.NewShopper(t)
			one, two := shopper.Tab(), shopper.Tab()
			s.order(one)
			two.Go(one.URL())
			one.Click("#" + ways[0])
			two.Click("#" + ways[1])
			one.Click("#pay")
			one.Path("/payment/") // the first is under way
			two.Click("#pay")
			s.paid(two)
			s.paid(one)
			assert.EqualValues(t, 2, s.posts.Load())
			assert.Len(t, append(s.banks.Sandbox.Payments(), s.banks.Framed.Payments()...), 1, "the second tab reached no bank")
		})
	}
}

func TestTwoTabsAtTheSameMomentPayOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	shopper := browser.NewShopper(t)
	one, two := shopper.Tab(), shopper.Tab()
	s.order(one)
	two.Go(one.URL())
	one.Click("#slow")
	two.Click("#card")
	var both sync.WaitGroup
	both.Go(func() { one.Click("#pay") })
	both.Go(func() { two.Click("#pay") })
	both.Wait()
	s.paid(one)
	s.paid(two)
}

func TestTheBackButtonLeadsToThePaymentAndNotToAnother(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "confirmed")
	tab.See("h1", "Confirm your payment") // at the bank
	tab.Back()
	tab.Path("/payment/")
	tab.See("[data-payment] a", "Continue") // and is not sent away again
	tab.Click("[data-payment] a")
	tab.Click("#approve")
	s.paid(tab)
	tab.Back() // to the bank, which has nothing to ask any more, or to us
	tab.Go(s.url)
	assert.Len(t, s.banks.Sandbox.Payments(), 1)
	s.charged(1)
}

func TestAStaleCheckoutPageLeadsToWhatWasPaid(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	shopper := browser.NewShopper(t)
	one, old := shopper.Tab(), shopper.Tab()
	s.order(one)
	old.Go(one.URL())
	s.pay(one, "card")
	s.paid(one)
	s.pay(old, "framed")
	s.paid(old)
	old.Go(strings.Replace(old.URL(), "/thanks/", "/checkout/", 1))
	old.Path("/thanks/")
}

func TestAShopperChangesTheWayToPay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "framed")
	tab.See("iframe", "")
	tab.See("h1", "Confirm your payment") // in the frame: the page has come to rest
	tab.Click("#cancel")
	tab.See("h1", "How would you like to pay?")
	tab.See("[role=alert]", "cancelled")
	s.pay(tab, "card")
	s.paid(tab)
	all := s.banks.Framed.Payments()
	require.Len(t, all, 1)
	assert.EqualValues(t, "canceled", all[0].Status, "the bank was told: nobody can confirm it any more")
}

func TestWithoutJavaScriptTheWholeWayWorks(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"card", "slow", "lost"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			tab := browser.NewShopper(t).Tab()
			tab.NoScripts()
			s.order(tab)
			s.pay(tab, way)
			s.paid(tab) // the page reloads itself
		})
	}
	t.Run("redirect", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		tab := browser.NewShopper(t).Tab()
		tab.NoScripts()
		s.order(tab)
		s.pay(tab, "confirmed")
		tab.Click("[data-payment] a")
		tab.Click("#approve")
		s.paid(tab)
	})
	t.Run("frame", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		tab := browser.NewShopper(t).Tab()
		tab.NoScripts()
		s.order(tab)
		s.pay(tab, "framed")
		tab.Click("#approve")
		tab.Click("main a[target=_top]") // in the frame, which has come back to us
		s.paid(tab)
	})
	t.Run("decline", func(t *testing.T) {
		t.Parallel()
		s := newShop(t, undecided)
		tab := browser.NewShopper(t).Tab()
		tab.NoScripts()
		s.order(tab)
		s.pay(tab, "later")
		tab.See("[role=status]", "being processed")
		s.decide(false)
		tab.Click(`[data-payment][data-status=failed] a`)
		s.pay(tab, "card")
		s.paid(tab)
	})
}

func TestTheKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	tab.Go(s.url)
	focus := func(selector string) {
		t.Helper()
		for range 20 {
			yes := false
			if tab.Eval(`document.activeElement.matches(`+"`"+selector+"`"+`)`, &yes); yes {
				return
			}
			tab.Press("Tab")
		}
		t.Fatalf("the Tab key never comes to %s", selector)
	}
	focus("#buy")
	tab.Press("Enter")
	tab.Path("/checkout/")
	focus("[type=radio]")
	tab.Press("ArrowDown")
	tab.Wait(`document.querySelector("#confirmed").checked`)
	focus("#pay")
	tab.Press("Enter")
	tab.See("h1", "Confirm your payment")
	focus("#approve")
	tab.Press("Enter")
	s.paid(tab)
}

package main

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/examples/checkout/internal/browser"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

// A payment by Collana Pay, as a shopper lives it: a form in a frame, then the
// bank's page, then the shop again.
func TestCollanaPaysFromCreateToCompleted(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.payByCollana(tab)
	s.paid(tab)
	s.told("purchase at collana: succeeded")
}

// payByCollana does what the shopper has to do.
func (s *shop) payByCollana(tab *browser.Tab) {
	s.Helper()
	s.pay(tab, "collana")
	tab.Path("/payment/")
	tab.See("h1", "Simulated card form") // in the frame
	tab.Click("#approve")
	tab.See("h1", "Simulated bank") // a page of its own
	tab.Click("#approve")
}

// courier delivers callbacks as badly as can be: every one that was ever made, again
// and again, twice at once, in any order.
func (s *shop) courier() {
	ctx, stop := s.Context(), make(chan struct{})
	var running sync.WaitGroup
	s.Cleanup(func() { close(stop); running.Wait() })
	random := rand.New(rand.NewPCG(17, 17)) //nolint:gosec // must be repeatable, not secret
	running.Go(func() {
		for {
			all := s.collana.Callbacks()
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			var sent sync.WaitGroup
			for _, c := range all {
				for range 2 {
					sent.Go(func() {
						if status, err := c.Send(ctx); err == nil {
							assert.Contains(s, []int{http.StatusOK, http.StatusServiceUnavailable}, status, "taken, or to come again")
						}
					})
				}
			}
			sent.Wait()
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

var manual = fx.Decorate(func(c simulator.Config) simulator.Config {
	c.Manual = true
	return c
})

func TestCollanasCallbacksMayComeTwiceLateAndInAnyOrder(t *testing.T) {
	t.Parallel()
	s := newShop(t, manual)
	s.courier()
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.payByCollana(tab)
	s.paid(tab)
	for _, endpoint := range []string{simulator.Transactions, simulator.Prepares, simulator.Reservations, simulator.Captures} {
		assert.Equal(t, 1, s.collana.Requests(endpoint), "%s was asked for once", endpoint)
	}
	time.Sleep(300 * time.Millisecond) // and they still come
	s.charged(1)
	require.Len(t, s.payments(), 1)
}

func TestADeclineInCollanasFormLeadsBackToTheChoiceAndAnotherWayPays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	s.pay(tab, "collana")
	tab.See("h1", "Simulated card form")
	tab.Click("#decline")
	tab.Click("[data-status=failed] a, [data-status=cancelled] a")
	tab.Path("/checkout/")
	s.charged(0)
	s.pay(tab, "card")
	s.paid(tab)
}

func TestCollanaIsPaidInTwoTabsOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	shopper := browser.NewShopper(t)
	one, two := shopper.Tab(), shopper.Tab()
	s.order(one)
	two.Go(one.URL())
	s.pay(one, "collana")
	one.See("h1", "Simulated card form")
	s.pay(two, "collana")
	two.See("h1", "Simulated card form") // the same payment
	two.Click("#approve")
	two.See("h1", "Simulated bank")
	two.Path("/")
	two.Click("#approve")
	s.paid(two)
	assert.Equal(t, 1, s.collana.Requests(simulator.Transactions))
}

func TestCollanaWithoutJavaScriptWorksByRefresh(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	tab.NoScripts()
	s.order(tab)
	s.pay(tab, "collana")
	tab.Path("/payment/")
	tab.See("h1", "Simulated card form")
	tab.Click("#approve")
	tab.See("h1", "Thank you") // in the frame: Collana's own
	tab.Click("noscript a")    // I have done this
	tab.Click("[data-payment] a[rel=noreferrer]")
	tab.See("h1", "Simulated bank")
	tab.Click("#approve")
	tab.Path("/thanks/")
	s.paid(tab)
}

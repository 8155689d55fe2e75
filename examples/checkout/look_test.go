package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/examples/checkout/internal/browser"
)

// judge is what a page is judged by: it returns what is wrong with it.
//
//go:embed testdata/judge.js
var judge string

// screens are what shoppers look at.
var screens = []struct {
	name          string
	width, height int
	dark          bool
}{
	{"telephone", 360, 740, false},
	{"desktop", 1280, 800, false},
	{"telephone-dark", 360, 740, true},
	{"desktop-dark", 1280, 800, true},
}

// look judges a page on every screen and keeps pictures of it, where the variable
// CHECKOUT_SCREENSHOTS says.
func (s *shop) look(tab *browser.Tab, name string) {
	s.Helper()
	dir := os.Getenv("CHECKOUT_SCREENSHOTS")
	if dir == "" {
		dir = s.TempDir()
	}
	require.NoError(s, os.MkdirAll(dir, 0o755))
	for _, screen := range screens {
		tab.Size(screen.width, screen.height)
		tab.Dark(screen.dark)
		var wrong []string
		tab.Eval(judge, &wrong)
		assert.Empty(s, wrong, "%s on a %s", name, screen.name)
		file := filepath.Join(dir, name+"-"+screen.name+".png")
		tab.Picture(file)
		info, err := os.Stat(file)
		if assert.NoError(s, err) {
			assert.Greater(s, info.Size(), int64(3000), "a picture of nothing")
		}
	}
	tab.Size(1280, 800)
	tab.Dark(false)
}

func TestEveryPageIsReadableAndAccessibleOnEveryScreen(t *testing.T) {
	t.Parallel()
	s := newShop(t, undecided)
	shopper := browser.NewShopper(t)
	tab := shopper.Tab()
	tab.Go(s.url)
	s.look(tab, "1-product")
	tab.Click("#buy")
	tab.Path("/checkout/")
	s.look(tab, "2-checkout")
	s.pay(tab, "framed")
	tab.See("#approve", "Approve")
	s.look(tab, "3-payment-frame")
	tab.Click("#cancel")
	tab.See("[role=alert]", "cancelled")
	s.pay(tab, "confirmed")
	tab.See("h1", "Confirm your payment")
	s.look(tab, "4-bank")
	tab.Back()
	tab.See("[data-payment] a", "Continue")
	s.look(tab, "5-payment-back-from-bank")
	tab.Click("#cancel")
	tab.Path("/checkout/")
	s.pay(tab, "declined")
	tab.See("[data-status=failed]", "not enough money")
	s.look(tab, "6-payment-declined")
	tab.Click("[data-payment] a")
	tab.See("[role=alert]", "not enough money")
	s.look(tab, "7-checkout-after-a-decline")
	s.pay(tab, "later")
	tab.See("[data-status=processing]", "being processed")
	s.look(tab, "8-payment-waiting")
	s.decide(true)
	s.paid(tab)
	s.look(tab, "9-thanks")

	tab.Go(s.url)
	tab.Click("#buy")
	s.pay(tab, "sequra")
	tab.See("#sequra-form", "27.50 EUR")
	s.look(tab, "11-payment-sequra")
	tab.Click("#cancel")
	tab.See("[role=alert]", "cancelled")
	s.pay(tab, "collana")
	tab.See("h1", "Simulated card form")
	s.look(tab, "12-payment-collana")

	tab.Excuse("status of 404")
	tab.Go(s.url + "/nowhere")
	tab.See("h1", "Nothing here")
	s.look(tab, "10-nothing-here")
}

// What judges must be able to fail.
func TestAPageThatIsNotAccessibleIsNoticed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tab := browser.NewShopper(t).Tab()
	s.order(tab)
	for _, one := range []struct{ spoil, want string }{
		{`document.querySelector("label").remove()`, "has no label"},
		{`document.querySelector("h1").remove()`, "h1"},
		{`document.documentElement.lang = ""`, "language"},
		{`document.querySelector("main").remove()`, "main"},
		{`document.querySelector("legend").className = "hint"; document.querySelector("#pay").style.setProperty("color", "#2a6a44")`, "contrast"},
		{`document.querySelector("form").style.setProperty("width", "3000px")`, "wider"},
		{`document.querySelector("form").append(document.createElement("button"))`, "has no name"},
	} {
		tab.Reload()
		tab.Eval(`void (`+"() => {"+one.spoil+"}"+`)()`, nil)
		var wrong []string
		tab.Eval(judge, &wrong)
		assert.Contains(t, strings.Join(wrong, "\n"), one.want, one.spoil)
	}
}

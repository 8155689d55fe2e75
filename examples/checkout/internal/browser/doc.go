// Package browser drives a real Chromium in tests: what a shopper would see and
// click, and what a page does wrong. Tests of a shop's pages call it.
//
//	func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }
//
//	func TestAShopperPays(t *testing.T) {
//		tab := browser.NewShopper(t).Tab()
//		tab.Go(shop.URL)
//		tab.Click("#buy")
//		tab.See("h1", "Thank you")
//	}
//
// It speaks the DevTools protocol over a pipe and needs nothing but the browser.
// A test fails for whatever a page complains about: errors on the console,
// exceptions, what a Content-Security-Policy refuses, requests that fail. Where
// there is no browser, tests are skipped with what to install; in CI, which sets
// the variable CI, they fail.
//
// Everything that it looks for, it waits for. Clicks are clicks: they go to where
// an element is, and to whatever covers it.
package browser

package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// visitor asks without a browser, and follows nothing.
type visitor struct {
	*shop

	client *http.Client
}

func newVisitor(t *testing.T, more ...fx.Option) visitor {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return visitor{newShop(t, more...), &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// ask sends a form, or none, with headers in pairs.
func (v visitor) ask(method, path string, form url.Values, headers ...string) (*http.Response, string) {
	v.Helper()
	r, err := http.NewRequestWithContext(v.Context(), method, v.url+path, strings.NewReader(form.Encode()))
	require.NoError(v, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := v.client.Do(r)
	require.NoError(v, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(v, err)
	return answer, string(body)
}

// buy makes an order and returns the path of its checkout.
func (v visitor) buy() string {
	v.Helper()
	answer, _ := v.ask(http.MethodPost, "/orders", url.Values{"cart": {newCart()}, "quantity": {"1"}})
	require.Equal(v, http.StatusSeeOther, answer.StatusCode)
	return answer.Header.Get("Location")
}

func TestAnotherSiteCannotPressAButton(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	checkout := v.buy()
	for _, foreign := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		answer, _ := v.ask(http.MethodPost, checkout, url.Values{"method": {"card"}, "try": {"1"}}, foreign...)
		assert.Equal(t, http.StatusForbidden, answer.StatusCode)
		answer, _ = v.ask(http.MethodPost, "/orders", url.Values{"cart": {newCart()}, "quantity": {"1"}}, foreign...)
		assert.Equal(t, http.StatusForbidden, answer.StatusCode)
	}
	assert.Empty(t, v.banks.Sandbox.Payments())
	answer, _ := v.ask(http.MethodPost, checkout, url.Values{"method": {"card"}, "try": {"1"}}, "Sec-Fetch-Site", "same-origin")
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	v.charged(1)
}

func TestNobodyFindsAnothersPayment(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	token := strings.TrimPrefix(v.buy(), "/checkout/")
	forged := token[:len(token)-4] + "AAAA"
	others, err := newKeys(Config{})
	require.NoError(t, err)
	stranger := others.page(storage.PaymentKey{Store: store, Payment: v.payments()[0].ID})
	for _, bad := range []string{forged, stranger, string(v.payments()[0].ID), "x"} {
		for _, path := range []string{"/checkout/", "/payment/", "/thanks/", "/status/v1/payments/", "/return/", "/cancel/"} {
			answer, _ := v.ask(http.MethodGet, path+bad, nil)
			assert.Equal(t, http.StatusNotFound, answer.StatusCode, path)
		}
		answer, _ := v.ask(http.MethodPost, "/checkout/"+bad, url.Values{"method": {"card"}, "try": {"1"}})
		assert.Equal(t, http.StatusNotFound, answer.StatusCode)
	}
	answer, _ := v.ask(http.MethodGet, "/return/"+token, nil)
	assert.Equal(t, http.StatusNotFound, answer.StatusCode, "the name of a page is not the bank's way back")
	assert.Empty(t, v.banks.Sandbox.Payments())
}

func TestAFormThatNobodyFilledInIsAskedForAgain(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	checkout := v.buy()
	for _, form := range []url.Values{
		{},
		{"method": {"card"}},
		{"method": {"gold"}, "try": {"1"}},
		{"method": {"card"}, "try": {"0"}},
		{"method": {"card"}, "try": {"-1"}},
		{"method": {"card"}, "try": {"99999"}},
		{"method": {"card"}, "try": {"1"}, "much": {strings.Repeat("x", 5000)}},
	} {
		answer, body := v.ask(http.MethodPost, checkout, form)
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode)
		assert.Contains(t, body, "Please choose one of the ways to pay.")
	}
	for _, quantity := range []string{"", "0", "6", "-1", "1.5", "1e1"} {
		answer, body := v.ask(http.MethodPost, "/orders", url.Values{"cart": {newCart()}, "quantity": {quantity}})
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode)
		assert.Contains(t, body, "Choose how many books you want, from 1 to 5.")
	}
	for _, cart := range []string{"", newCart() + "A", "\n\x1b[2Jmoney" + newCart()[10:], "\xff" + newCart()[1:], strings.ToLower(newCart())} {
		answer, _ := v.ask(http.MethodPost, "/orders", url.Values{"cart": {cart}, "quantity": {"1"}})
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode, "%q", cart)
	}
	assert.Len(t, v.payments(), 1)
	assert.Empty(t, v.banks.Sandbox.Payments())
}

func TestEveryPageKeepsItsAddressToItselfAndLetsNothingIn(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	checkout := v.buy()
	answer, _ := v.ask(http.MethodPost, checkout, url.Values{"method": {"later"}, "try": {"1"}})
	payment := answer.Header.Get("Location")
	for _, path := range []string{"/", payment, "/nowhere", "/thanks/x"} {
		answer, _ := v.ask(http.MethodGet, path, nil)
		h := answer.Header
		csp := h.Get("Content-Security-Policy")
		assert.Contains(t, csp, "default-src 'none'", path)
		assert.Contains(t, csp, "frame-ancestors 'none'", path)
		assert.NotContains(t, csp, "unsafe", path)
		assert.Equal(t, path == payment, strings.Contains(csp, "script-src 'self'"), path)
		assert.Equal(t, "no-store", h.Get("Cache-Control"), path)
		assert.Equal(t, "no-referrer", h.Get("Referrer-Policy"), path)
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
	}
	framed, _ := v.ask(http.MethodGet, payment, nil, "Sec-Fetch-Dest", "iframe")
	assert.Contains(t, framed.Header.Get("Content-Security-Policy"), "sandbox ")
	assert.Contains(t, framed.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'")
	answer, _ = v.ask(http.MethodGet, checkout, nil)
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode, "a try is under way")
	assert.Equal(t, payment, answer.Header.Get("Location"))
	answer, _ = v.ask(http.MethodGet, strings.Replace(checkout, "checkout", "thanks", 1), nil)
	assert.Equal(t, payment, answer.Header.Get("Location"), "nobody is thanked who has not paid")
}

// A provider that cannot be reached is not the end of it: another way may pay.
func TestAWayToPayThatIsNotThereIsSaidSoAndAnotherOnePays(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, fx.Decorate(func(t *till) *till { // a busy machine takes longer than shoppers wait
		t.patience = time.Minute
		return t
	}))
	checkout := v.buy()
	require.NoError(t, v.banks.Sandbox.Close())
	answer, body := v.ask(http.MethodPost, checkout, url.Values{"method": {"card"}, "try": {"1"}})
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.Contains(t, body, "This way to pay is not available now. Nothing was charged.")
	assert.Contains(t, body, `name="try" value="2"`)
	answer, _ = v.ask(http.MethodPost, checkout, url.Values{"method": {"framed"}, "try": {"2"}})
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	assert.Len(t, v.banks.Framed.Payments(), 1)
}

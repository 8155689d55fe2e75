package simulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a shop's side of a SeQura, without any library.
type desk struct {
	*testing.T
	*simulator.Server
	answer atomic.Int64 // what the shop answers to notifications
	heard  atomic.Pointer[url.Values]
	agent  atomic.Pointer[string]
	count  atomic.Int64
	shop   string
}

func open(t *testing.T, cfg simulator.Config) *desk {
	t.Helper()
	d := &desk{T: t}
	d.answer.Store(200)
	var err error
	d.Server, err = simulator.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.count.Add(1)
		assert.NoError(t, r.ParseForm())
		agent := r.UserAgent()
		d.heard.Store(&r.PostForm)
		d.agent.Store(&agent)
		w.WriteHeader(int(d.answer.Load()))
	}))
	t.Cleanup(shop.Close)
	d.shop = shop.URL
	return d
}

// call makes a request with the account's credentials and returns the answer.
func (d *desk) call(method, path, body string, change ...func(*http.Request)) (*http.Response, string) {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.URL()+path, strings.NewReader(body))
	require.NoError(d, err)
	r.SetBasicAuth(simulator.Username, simulator.Password)
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := browser.Do(r)
	require.NoError(d, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(d, err)
	return resp, string(raw)
}

func cartOf(total int64, items ...int64) string {
	var all []string
	for n, i := range items {
		all = append(all, fmt.Sprintf(`{"reference":"r%d","name":"n","price_with_tax":%d,"quantity":1,"total_with_tax":%d}`, n, i, i))
	}
	return fmt.Sprintf(`{"currency":"EUR","order_total_with_tax":%d,"items":[%s]}`, total, strings.Join(all, ","))
}

func (d *desk) order(more, cart string) string {
	return fmt.Sprintf(`{"order":{%s"merchant":{"id":%q,"notify_url":%q,"notification_parameters":{"signature":"s","storeId":"es"},"return_url":%q,"abort_url":%q,"events_webhook":{"url":%q,"parameters":{"signature":"s"}}},"cart":%s}}`,
		more, simulator.Merchant, d.shop+"/ipn", d.shop+"/return", d.shop+"/cart", d.shop+"/events", cart)
}

func (d *desk) solicit() (ref string) {
	d.Helper()
	resp, body := d.call(http.MethodPost, "/orders", d.order("", cartOf(3000, 1000, 2000)))
	require.Equal(d, 204, resp.StatusCode, body)
	return resp.Header.Get("Location")[strings.LastIndexByte(resp.Header.Get("Location"), '/')+1:]
}

func (d *desk) put(ref, state, number string) int {
	d.Helper()
	resp, _ := d.call(http.MethodPut, "/orders/"+ref, d.order(fmt.Sprintf(`"state":%q,"merchant_reference":{"order_ref_1":%q},`, state, number), cartOf(3000, 1000, 2000)))
	return resp.StatusCode
}

func (d *desk) ship(number, shipped, unshipped string) (int, string) {
	d.Helper()
	resp, body := d.call(http.MethodPut, "/merchants/"+simulator.Merchant+"/orders/"+url.PathEscape(number),
		fmt.Sprintf(`{"order":{"merchant":{"id":%q},"shipped_cart":%s,"unshipped_cart":%s}}`, simulator.Merchant, shipped, unshipped))
	return resp.StatusCode, body
}

func errorsOf(t *testing.T, body string) string {
	t.Helper()
	var e struct{ Errors []string }
	require.NoError(t, json.Unmarshal([]byte(body), &e))
	return strings.Join(e.Errors, ". ")
}

// Orders are refused for the reasons that SeQura documents, in its words where it
// documents them.
func TestOrdersAreRefusedAsDocumented(t *testing.T) {
	t.Parallel()
	d := open(t, simulator.Config{Manual: true})
	resp, body := d.call(http.MethodPost, "/orders", d.order("", cartOf(3042, 1000, 2000)))
	assert.Equal(t, 409, resp.StatusCode)
	assert.Equal(t, "Invalid data: In cart, items' total_with_tax add up to 3000 (1000+2000) but order_total_with_tax is 3042. The diff is 42.", errorsOf(t, body))
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"a null":           {strings.Replace(d.order("", cartOf(0)), `"signature":"s"`, `"signature":null`, 1), 409},
		"no JSON":          {"order=1", 409},
		"no UTF-8":         {d.order("\"x\":\"\xff\",", cartOf(0)), 409},
		"another merchant": {strings.Replace(d.order("", cartOf(0)), simulator.Merchant, "other", 1), 403},
		"a state":          {d.order(`"state":"confirmed",`, cartOf(0)), 409},
		"no cart":          {`{"order":{}}`, 409},
		"another currency": {d.order("", strings.Replace(cartOf(0), "EUR", "USD", 1)), 409},
	} {
		resp, _ := d.call(http.MethodPost, "/orders", c.body)
		assert.Equal(t, c.want, resp.StatusCode, name)
	}
	resp, _ = d.call(http.MethodPost, "/orders", "{}", func(r *http.Request) { r.SetBasicAuth(simulator.Username, "wrong") })
	assert.Equal(t, 401, resp.StatusCode)
	assert.Empty(t, d.Orders())

	ref := d.solicit()
	assert.Equal(t, 409, d.put(ref, "confirmed", ""), "it was not approved")
	assert.Equal(t, 409, d.put(ref, "on_hold", ""), "it is not reviewed")
	_, err := d.Decide(ref, simulator.Approve)
	require.NoError(t, err)
	resp, body = d.call(http.MethodPut, "/orders/"+ref, d.order(`"state":"confirmed",`, cartOf(3000, 3000)))
	assert.Equal(t, 409, resp.StatusCode, "the cart has changed")
	assert.Contains(t, errorsOf(t, body), "changed")
	assert.Equal(t, 200, d.put(ref, "confirmed", ""))
	order, _ := d.Order(ref)
	assert.Zero(t, order.Money.Held, "without a number it is not processed")
	assert.Equal(t, 200, d.put(ref, "confirmed", "A14/1"))
	assert.Equal(t, 200, d.put(ref, "confirmed", "A14/1"), "told twice it is the same")
	other := d.solicit()
	_, err = d.Decide(other, simulator.Approve)
	require.NoError(t, err)
	assert.Equal(t, 409, d.put(other, "confirmed", "A14/1"), "the number is taken")
	assert.Equal(t, 404, d.put("6f1b54b0-0000-4000-8000-000000000000", "confirmed", ""))
}

// The ledger counts what carts say, absolutely.
func TestTheLedgerCountsWhatCartsSay(t *testing.T) {
	t.Parallel()
	d := open(t, simulator.Config{Manual: true})
	ref := d.solicit()
	_, err := d.Decide(ref, simulator.Approve)
	require.NoError(t, err)
	require.Equal(t, 200, d.put(ref, "confirmed", "A14/1"))
	money := func() simulator.Money { o, _ := d.Order(ref); return o.Money }
	assert.Equal(t, simulator.Money{Held: 3000}, money())
	for range 2 {
		status, body := d.ship("A14/1", cartOf(1000, 1000), cartOf(2000, 2000))
		require.Equal(t, 204, status, body)
		assert.Equal(t, simulator.Money{Held: 3000, Shipped: 1000}, money())
	}
	status, body := d.ship("A14/1", cartOf(3001, 3001), cartOf(0))
	assert.Equal(t, 409, status, body)
	status, body = d.ship("A14/1", cartOf(1000, 900), cartOf(2000, 2000))
	assert.Equal(t, 409, status)
	assert.Contains(t, errorsOf(t, body), "In shipped_cart, items' total_with_tax add up to 900 (900) but order_total_with_tax is 1000. The diff is 100.")
	status, _ = d.ship("A14/1", cartOf(1000, 1000), cartOf(0))
	assert.Equal(t, 204, status)
	assert.Equal(t, simulator.Money{Held: 3000, Shipped: 1000, Released: 2000}, money())
	status, _ = d.ship("A14/1", cartOf(400, 400), cartOf(0))
	assert.Equal(t, 204, status)
	assert.Equal(t, simulator.Money{Held: 3000, Shipped: 1000, Released: 2000, Returned: 600}, money())
	status, _ = d.ship("A14/9", cartOf(0), cartOf(0))
	assert.Equal(t, 404, status)
	resp, _ := d.call(http.MethodPut, "/merchants/other/orders/A14%2F1", "{}")
	assert.Equal(t, 403, resp.StatusCode)
}

// S76: both carts of a report add up.
func TestAReportAddsUp(t *testing.T) {
	t.Parallel()
	d := open(t, simulator.Config{})
	for cart, want := range map[string]int{"": 204, `,"remaining_cart":` + cartOf(1000, 1000): 204, `,"remaining_cart":` + cartOf(1000, 900): 409} {
		resp, body := d.call(http.MethodPost, "/orders/delivery_reports", `{"delivery_report":{"merchant":{"id":"`+simulator.Merchant+`"},"orders":[{"cart":`+cartOf(2000, 2000)+cart+`}]}}`)
		assert.Equal(t, want, resp.StatusCode, "%s", body)
	}
	assert.Len(t, d.Reports(), 2)
}

// Notifications are forms with our parameters, and come again until they are taken.
func TestANotificationComesAgainUntilItIsTaken(t *testing.T) {
	t.Parallel()
	d := open(t, simulator.Config{Again: []time.Duration{time.Millisecond, time.Millisecond, time.Hour}})
	d.answer.Store(503)
	ref := d.solicit()
	n, err := d.Decide(ref, simulator.Approve)
	require.NoError(t, err)
	assert.Equal(t, url.Values{
		"order_ref": {ref}, "order_ref_1": {""}, "product_code": {""}, "sq_state": {"approved"}, "approved_since": {"0"}, "m_signature": {"s"}, "m_storeId": {"es"},
	}, *d.heard.Load())
	require.Eventually(t, func() bool { return len(d.Notifications()[0].Statuses) == 3 }, 30*time.Second, time.Millisecond)
	assert.False(t, d.Notifications()[0].Taken)
	d.answer.Store(200)
	status, err := d.Deliver(n.ID)
	require.NoError(t, err)
	assert.Equal(t, 200, status)
	last := d.Notifications()[0]
	assert.True(t, last.Taken)
	assert.Equal(t, []int{503, 503, 503, 200}, last.Statuses)

	require.Equal(t, 200, d.put(ref, "confirmed", "A14/1"))
	_, err = d.Decide(ref, simulator.Reject)
	require.NoError(t, err)
	assert.Equal(t, "cancelled", d.heard.Load().Get("event"))
	assert.Equal(t, "A14/1", d.heard.Load().Get("order_ref_1"))
	assert.Equal(t, "√", d.heard.Load().Get("utf8"))
	assert.Equal(t, "seQura-Event/1.0 (www.sequra.es)", *d.agent.Load())
	order, _ := d.Order(ref)
	assert.Equal(t, simulator.Money{Held: 3000, Released: 3000}, order.Money)
	_, err = d.Decide(ref, simulator.Approve)
	require.Error(t, err, "it is over")
	_, err = d.Decide("nobody", simulator.Approve)
	require.Error(t, err)
}

// 410 ends an order, and the shopper is paid back.
func TestGoneEndsAnOrder(t *testing.T) {
	t.Parallel()
	d := open(t, simulator.Config{})
	d.answer.Store(410)
	ref := d.solicit()
	n, err := d.Decide(ref, simulator.Approve)
	require.NoError(t, err)
	assert.True(t, n.Taken)
	order, _ := d.Order(ref)
	assert.Equal(t, simulator.Cancelled, order.State)
	assert.True(t, order.Refunded)
	assert.Equal(t, 404, d.put(ref, "confirmed", ""))
}

// A browser can submit the form, and is sent back to the shop.
func TestABrowserSubmitsTheForm(t *testing.T) {
	t.Parallel()
	d := open(t, simulator.Config{})
	for decision, want := range map[string]string{"approve": "/return", "review": "/return", "reject": "/cart"} {
		ref := d.solicit()
		resp, page := d.call(http.MethodGet, "/orders/"+ref+"/form_v2?product=pp3&ajax=1", "")
		require.Equal(t, 200, resp.StatusCode)
		assert.Contains(t, page, `method="post" action="`+d.URL()+"/checkout/"+ref+`"`)
		assert.NotContains(t, page, "<html", "a fragment")
		assert.Contains(t, page, "30.00 EUR")
		resp, _ = d.call(http.MethodPost, "/checkout/"+ref, url.Values{"decision": {decision}}.Encode(), func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		})
		assert.Equal(t, 303, resp.StatusCode, decision)
		assert.Equal(t, d.shop+want, resp.Header.Get("Location"))
	}
	d.answer.Store(409)
	ref := d.solicit()
	submit := func(ref, decision string) (*http.Response, string) {
		return d.call(http.MethodPost, "/checkout/"+ref, "decision="+decision, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") })
	}
	_, page := submit(ref, "approve")
	assert.Contains(t, page, "You owe nothing")
	resp, _ := submit(ref, "haggle")
	assert.Equal(t, 400, resp.StatusCode)
	resp, _ = submit("nobody", "approve")
	assert.Equal(t, 404, resp.StatusCode)
	resp, _ = d.call(http.MethodGet, "/orders/"+ref+"/form_v2", "")
	assert.Equal(t, 404, resp.StatusCode, "it was filled in already")
}

// Faults happen to the calls that they are for, once each.
func TestFaultsHappenOnDemand(t *testing.T) {
	t.Parallel()
	d := open(t, simulator.Config{Manual: true})
	d.Next(simulator.OpCredentials, simulator.ServerError, simulator.RateLimited, simulator.Garbage)
	for _, want := range []int{500, 429, 200, 200} {
		resp, _ := d.call(http.MethodGet, "/merchants/credentials", "")
		assert.Equal(t, want, resp.StatusCode)
	}
	assert.Equal(t, 4, d.Calls(simulator.OpCredentials))
	for fault, executed := range map[simulator.Fault]int{simulator.ServerErrorAfter: 1, simulator.LostAnswer: 1, simulator.CutBefore: 0, simulator.Hang: 0} {
		before := len(d.Orders())
		d.Next(simulator.OpSolicit, fault)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL()+"/orders", strings.NewReader(d.order("", cartOf(0))))
		require.NoError(t, err)
		r.SetBasicAuth(simulator.Username, simulator.Password)
		r.Header.Set("Content-Type", "application/json")
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err == nil {
			assert.Equal(t, 500, resp.StatusCode, fault)
			require.NoError(t, resp.Body.Close())
		}
		cancel()
		assert.Len(t, d.Orders(), before+executed, fault)
	}
	assert.Len(t, simulator.Faults(), 7)
}

// A server that is there serves it under its own address.
func TestItIsMountedInAServer(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s := simulator.New(simulator.Config{Public: server.URL + "/sequra"})
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	mux.Handle("/sequra/", http.StripPrefix("/sequra", s.Handler()))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/deployments", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	var all []struct {
		Live struct {
			API string `json:"api_base_url"`
		}
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&all))
	assert.Equal(t, server.URL+"/sequra", all[0].Live.API)
}

func Example() {
	s, err := simulator.Start(simulator.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	s.Next(simulator.OpSolicit, simulator.LostAnswer) // the next solicitation is made, and nobody hears of it
	fmt.Println(len(s.Orders()), "orders")
	// Output: 0 orders
}

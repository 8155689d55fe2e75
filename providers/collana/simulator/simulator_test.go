package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tester is a shop without this library: it posts, and takes callbacks.
type tester struct {
	*testing.T

	server *simulator.Server
	shop   *httptest.Server
	method string

	mu   sync.Mutex
	told []map[string]any
}

func start(t *testing.T, cfg simulator.Config) *tester {
	t.Helper()
	w := &tester{T: t, method: "CreditCard"}
	w.shop = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var in map[string]any
		_ = json.NewDecoder(r.Body).Decode(&in)
		w.mu.Lock()
		w.told = append(w.told, in)
		w.mu.Unlock()
		_, _ = io.WriteString(rw, `{"success":true}`)
	}))
	var err error
	w.server, err = simulator.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, w.server.Close())
		w.shop.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return w
}

// post makes a call; more are fields of the body.
func (w *tester) post(path, more string) (int, map[string]any) {
	w.Helper()
	body := `{"callback":{"uri":{"type":"HttpJson","uri":"` + w.shop.URL + `/in"}}` + more + `}`
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.server.URL()+path, strings.NewReader(body))
	require.NoError(w, err)
	for name, value := range map[string]string{"ApiKey": simulator.DefaultKey, "Content-Type": "application/json", "Accept": "application/json", "x-payment-method-type": w.method} {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = answer.Body.Close() }()
	var out map[string]any
	_ = json.NewDecoder(answer.Body).Decode(&out)
	return answer.StatusCode, out
}

func (w *tester) create() string {
	w.Helper()
	code, out := w.post("/api/v2/transactions", `,"amount":99.90,"currencyCode":"EUR","baseUrl":"https://shop.example/back"`)
	require.Equal(w, http.StatusAccepted, code)
	require.Len(w, out, 2, "names and nothing else")
	id, _ := out["transactionId"].(string)
	require.NotEmpty(w, id)
	return id
}

func (w *tester) ledger(id string) simulator.Ledger {
	w.Helper()
	l, ok := w.server.Ledger(id)
	require.True(w, ok)
	return l
}

// decide posts a decision to a page and returns where it leads.
func (w *tester) decide(page, decision string) string {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, page, strings.NewReader("decision="+decision))
	require.NoError(w, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := c.Do(r)
	require.NoError(w, err)
	require.NoError(w, answer.Body.Close())
	return answer.Header.Get("Location")
}

func (w *tester) newest() map[string]any {
	w.Helper()
	all := w.server.Callbacks()
	require.NotEmpty(w, all)
	var out map[string]any
	require.NoError(w, json.Unmarshal(all[len(all)-1].Body, &out))
	return out
}

// The guideline's flow: each call is accepted, and told by a callback.
func TestTheFlowOfTheGuideline(t *testing.T) {
	t.Parallel()
	w := start(t, simulator.Config{Manual: true})
	id := w.create()
	assert.Equal(t, "CreateInteraction; Successful", w.newest()["statusDetails"])
	code, _ := w.post("/api/v2/transactions/"+id+"/reservations", "")
	assert.Equal(t, http.StatusConflict, code, "nothing is prepared")
	code, _ = w.post("/api/v2/transactions/"+id+"/prepares", "")
	require.Equal(t, http.StatusAccepted, code)
	frame, _ := w.newest()["embedmentUri"].(string)
	assert.Empty(t, w.decide(frame, "approve"))
	assert.Equal(t, "Successful", w.newest()["status"])
	w.decide(frame, "decline")
	assert.Equal(t, "Successful", w.newest()["status"], "decided once")
	code, _ = w.post("/api/v2/transactions/"+id+"/reservations", "")
	require.Equal(t, http.StatusAccepted, code)
	assert.Zero(t, w.ledger(id).Authorized, "the shopper has not approved")
	bank, _ := w.newest()["redirectUri"].(string)
	assert.Equal(t, "https://shop.example/back", w.decide(bank, "approve"))
	assert.Equal(t, simulator.Ledger{Currency: "EUR", Authorized: 9990}, w.ledger(id))
	assert.Equal(t, "https://shop.example/back", w.decide(bank, "approve"), "a browser that comes twice is sent back too")
	assert.Equal(t, int64(9990), w.ledger(id).Authorized)
}

// Nothing is idempotent: whoever reserves twice holds the money twice.
func TestAReservationThatIsMadeTwiceHoldsTwice(t *testing.T) {
	t.Parallel()
	w := start(t, simulator.Config{Manual: true})
	w.method = "Invoice"
	id := w.create()
	for _, call := range []string{"prepares", "reservations", "reservations"} {
		code, _ := w.post("/api/v2/transactions/"+id+"/"+call, "")
		require.Equal(t, http.StatusAccepted, code)
	}
	assert.Equal(t, int64(2*9990), w.ledger(id).Authorized)
	for _, c := range []struct {
		call, amount string
		code         int
	}{
		{"captures", "199.81", 400},
		{"captures", "0", 400},
		{"captures", "1.001", 400},
		{"captures", "-1", 400},
		{"captures", "50.00", 202},
		{"refunds", "50.01", 400},
		{"refunds", "20.5", 202},
		{"voids", "1", 202},
		{"voids", "1", 409},
		{"captures", "1", 400},
		{"refunds", "29.50", 202},
		{"refunds", "0.01", 400},
	} {
		code, _ := w.post("/api/v2/transactions/"+id+"/"+c.call, `,"currencyCode":"EUR","amount":`+c.amount)
		assert.Equal(t, c.code, code, "%s %s", c.call, c.amount)
	}
	assert.Equal(t, simulator.Ledger{Currency: "EUR", Authorized: 19980, Released: 14980, Captured: 5000, Refunded: 5000}, w.ledger(id))
	assert.Equal(t, w.ledger(id), w.server.Total("EUR"))
	_, found := w.server.Ledger("t-none")
	assert.False(t, found)
}

// Who has no key, no callback, no method or no such transaction is refused.
func TestWhatIsMissingIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, simulator.Config{Manual: true})
	code, _ := w.post("/api/v2/transactions", `,"currencyCode":"EUR"`)
	assert.Equal(t, http.StatusBadRequest, code)
	code, _ = w.post("/api/v2/transactions/t-none/prepares", "")
	assert.Equal(t, http.StatusNotFound, code)
	w.method = ""
	code, _ = w.post("/api/v2/transactions", `,"amount":1,"currencyCode":"EUR"`)
	assert.Equal(t, http.StatusBadRequest, code)
	for _, key := range []string{"", "wrong"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+"/api/v2/transactions/t/status", nil)
		require.NoError(t, err)
		r.Header.Set("ApiKey", key)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	}
}

// Each fault is what it says, once.
func TestFaultsHappenOnce(t *testing.T) {
	t.Parallel()
	w := start(t, simulator.Config{Manual: true})
	for _, c := range []struct {
		fault simulator.Fault
		code  int
		made  bool
	}{
		{simulator.ErrorBefore, 500, false},
		{simulator.ErrorAfter, 500, true},
		{simulator.HangUpBefore, 0, false},
		{simulator.HangUpAfter, 0, true},
		{simulator.Refused, 400, false},
		{simulator.Busy, 429, false},
		{simulator.OK, 200, false},
		{simulator.OtherSpelling, 202, true},
		{simulator.Honest, 202, true},
	} {
		before := len(w.server.Transactions())
		w.server.Next(simulator.Transactions, c.fault)
		code, out := w.post("/api/v2/transactions", `,"amount":1,"currencyCode":"EUR"`)
		assert.Equal(t, c.code, code, c.fault)
		assert.Equal(t, c.made, len(w.server.Transactions()) > before, c.fault)
		assert.Equal(t, c.fault == simulator.OtherSpelling, out["TransactionId"] != nil, c.fault)
	}
	assert.Equal(t, 9, w.server.Requests(simulator.Transactions))
	w.create()
}

// Callbacks go out by themselves, as often as a test wants, and not before their delay.
func TestCallbacksAreSent(t *testing.T) {
	t.Parallel()
	w := start(t, simulator.Config{Delay: 10 * time.Millisecond})
	id := w.create()
	count := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.told)
	}
	require.Eventually(t, func() bool { return count() == 1 }, 30*time.Second, time.Millisecond)
	code, err := w.server.Callbacks()[0].Send(t.Context())
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, 2, count())
	assert.Equal(t, id, w.told[0]["transactionId"])
	assert.Equal(t, w.told[0], w.told[1])

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.server.Callbacks()[0].Send(ctx)
	require.Error(t, err)
}

// A server that is closed leaves nobody behind: a call that it has taken is
// answered before Close returns, and what comes later begins nothing.
func TestClosingAnswersWhatWasTaken(t *testing.T) {
	t.Parallel()
	w := start(t, simulator.Config{Slow: time.Hour})
	answered := make(chan int, 1)
	go func() {
		defer close(answered)
		code, _ := w.post("/api/v2/transactions", `,"amount":1,"currencyCode":"EUR"`)
		answered <- code
	}()
	require.Eventually(t, func() bool { return len(w.server.Transactions()) == 1 }, 30*time.Second, time.Millisecond)
	require.NoError(t, w.server.Close())
	assert.Equal(t, http.StatusAccepted, <-answered)
	late := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v2/transactions", strings.NewReader(
		`{"amount":1,"currencyCode":"EUR","callback":{"uri":{"type":"HttpJson","uri":"`+w.shop.URL+`"}}}`))
	for name, value := range map[string]string{"ApiKey": simulator.DefaultKey, "Accept": "application/json", "Content-Type": "application/json", "X-Payment-Method-Type": "CreditCard"} {
		r.Header.Set(name, value)
	}
	w.server.ServeHTTP(late, r)
	assert.Equal(t, http.StatusAccepted, late.Code)
	assert.Len(t, w.server.Callbacks(), 2)
	require.NoError(t, w.server.Close())
}

// The pages are for browsers: they say what is paid, and escape what came.
func TestPagesAreForBrowsers(t *testing.T) {
	t.Parallel()
	w := start(t, simulator.Config{Manual: true})
	w.method = `PayPal<script>`
	code, out := w.post("/api/v2/transactions", `,"amount":1,"currencyCode":"EUR"`)
	require.Equal(t, http.StatusAccepted, code)
	get := func(path string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+path, nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = answer.Body.Close() }()
		raw, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(raw)
	}
	id, _ := out["interactionId"].(string)
	code, page := get("/pages/" + id)
	assert.Equal(t, http.StatusOK, code)
	assert.Contains(t, page, "does not wait for you")
	code, _ = get("/pages/none")
	assert.Equal(t, http.StatusNotFound, code)

	w.method = "PayPalExpress"
	w.create()
	data, _ := w.newest()["checkoutData"].(string)
	_, page = get("/wallet/" + url.PathEscape(data))
	assert.Contains(t, page, "99.90 EUR")
	assert.Contains(t, page, `id="approve"`)
	assert.Empty(t, w.decide(w.server.URL()+"/wallet/"+data, "decline"))
	assert.Equal(t, "Cancelled", w.newest()["status"])
	assert.False(t, bytes.Contains(w.server.Callbacks()[0].Body, []byte(`\/`)), "slashes are not escaped")
}

package simulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func visit(b *bundle, method, address string, form url.Values) response {
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.send(req)
}

func choose(b *bundle, p simulator.Payment, result string) response {
	return visit(b, http.MethodPost, p.Action.URL, url.Values{"result": {result}})
}

func TestBankPageShowsWhatIsPaidAndEscapesIt(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenChallenge, object{"reference": `<script>alert("x")</script>`})
	r := visit(b, http.MethodGet, p.Action.URL, nil)
	assert.Equal(t, http.StatusOK, r.status)
	page := string(r.body)
	assert.Contains(t, page, "10.00 EUR")
	assert.NotContains(t, page, "<script>")
	for _, part := range []string{`lang="en"`, "<main>", "<h1>", `name="viewport"`, `id="approve"`, `id="decline"`, `id="slow"`} {
		assert.Contains(t, page, part)
	}
	assert.Contains(t, r.header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Equal(t, http.StatusMethodNotAllowed, visit(b, http.MethodPut, p.Action.URL, nil).status)
	assert.Equal(t, http.StatusBadRequest, choose(b, p, "perhaps").status)
	assert.Equal(t, http.StatusNotFound, visit(b, http.MethodGet, b.URL()+"/bank/"+p.ID, nil).status)
	assert.Equal(t, http.StatusNotFound, visit(b, http.MethodGet, b.URL()+"/bank/", nil).status)
	assert.Equal(t, simulator.StatusActionRequired, b.now(p.ID).Status)
}

func TestBankPageSendsTheShopperBack(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{Slow: 20 * time.Millisecond}})
	for choice, want := range map[string]struct {
		result string
		status simulator.Status
	}{
		"approve": {"approved", simulator.StatusAuthorized},
		"decline": {"declined", simulator.StatusDeclined},
		"slow":    {"approved", simulator.StatusAuthorized},
	} {
		p := b.pay(simulator.TokenChallenge, object{"return_url": "https://shop.example/back?order=1"})
		r := choose(b, p, choice)
		assert.Equal(t, http.StatusSeeOther, r.status)
		back, err := url.Parse(r.header.Get("Location"))
		require.NoError(t, err)
		assert.Equal(t, "shop.example", back.Host)
		assert.Equal(t, url.Values{"order": {"1"}, "payment": {p.ID}, "result": {want.result}}, back.Query())
		assert.Equal(t, want.status, b.now(p.ID).Status, choice)
		assert.Equal(t, http.StatusGone, choose(b, p, choice).status, "a second time")
		assert.Equal(t, http.StatusGone, visit(b, http.MethodGet, p.Action.URL, nil).status)
	}
}

func TestBankPageWithoutAReturnURLSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	r := choose(b, b.pay(simulator.TokenChallenge), "approve")
	assert.Equal(t, http.StatusOK, r.status)
	assert.Contains(t, string(r.body), "You approved the payment.")
}

func TestBankPageRefusesACanceledPayment(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenChallenge)
	b.post("/v1/payments/"+p.ID+"/cancel", object{})
	assert.Equal(t, http.StatusGone, choose(b, p, "approve").status)
	assert.Equal(t, simulator.StatusCanceled, b.now(p.ID).Status)
	assert.Empty(t, b.Ledger())
}

package simulator_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

type list struct {
	Data    []simulator.Payment `json:"data"`
	HasMore bool                `json:"has_more"`
	Next    string              `json:"next"`
}

func (b *bundle) list(pairs ...string) list {
	var l list
	b.get("/v1/payments"+query(pairs...)).into(b.t, &l)
	return l
}

func TestPaymentIsFoundByReferenceAfterTheLag(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{LookupLag: time.Minute}})
	p := b.pay(simulator.TokenOK)
	b.pay(simulator.TokenOK, object{"reference": "other"})
	assert.Empty(t, b.list("reference", "order-1").Data, "not found is no proof")
	assert.Equal(t, http.StatusOK, b.get("/v1/payments/"+p.ID).status)
	b.Advance(time.Minute)
	got := b.list("reference", "order-1")
	require.Len(t, got.Data, 1)
	assert.Equal(t, p, got.Data[0])
	assert.Empty(t, b.list("reference", "").Data)
	assert.Len(t, b.list().Data, 2)
}

func TestListIsPagedOldestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	var want []string
	for range 5 {
		want = append(want, b.pay(simulator.TokenOK).ID)
		b.Advance(time.Hour)
	}
	var got []string
	page := b.list("limit", "2")
	for {
		for _, p := range page.Data {
			got = append(got, p.ID)
		}
		if !page.HasMore {
			break
		}
		page = b.list("limit", "2", "after", page.Next)
	}
	assert.Equal(t, want, got)
	from, to := clock().Add(time.Hour).Format(time.RFC3339), clock().Add(3*time.Hour).Format(time.RFC3339)
	between := b.list("created_from", from, "created_to", to)
	require.Len(t, between.Data, 2)
	assert.Equal(t, want[1], between.Data[0].ID)
}

func TestBadQueryIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	for _, path := range []string{
		"/v1/payments?limit=0", "/v1/payments?limit=101", "/v1/payments?limit=x", "/v1/payments?created_from=yesterday",
		"/v1/payments?created_to=1", "/v1/payments?surprise=1", "/v1/payments?limit=1&limit=2", "/v1/payments?after=pay_unknown",
		"/v1/report", "/v1/report?date=14.3.2026", "/v1/report?date=2026-03-14&x=1", "/v1/events?reference=1",
	} {
		r := b.get(path)
		assert.Equal(t, http.StatusBadRequest, r.status, path)
		assert.Equal(t, "query_invalid", r.code(t), path)
	}
	for _, path := range []string{"/v1/payments/x", "/v1/captures/x", "/v1/refunds/x", "/v1/instruments/x"} {
		assert.Equal(t, "not_found", b.get(path).code(t), path)
	}
	p := b.pay(simulator.TokenOK, object{"capture": true})
	assert.Equal(t, "not_found", b.get("/v1/payments/"+p.Captures[0].ID).code(t), "a capture is not a payment")
	assert.Equal(t, "not_found", b.get("/v1/captures/"+p.ID).code(t))
	assert.Equal(t, "not_found", b.get("/v1/refunds/"+p.ID).code(t))
}

func TestReportListsTheMovementsOfADayWithAControlTotal(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	b.capture(p.ID, 600, true)
	b.Advance(12 * time.Hour) // midnight belongs to the next day
	b.refund(p.ID, 100)
	read := func(date string) [][]string {
		r := b.get("/v1/report?date=" + date)
		require.Equal(t, http.StatusOK, r.status)
		assert.Equal(t, "text/csv; charset=utf-8", r.header.Get("Content-Type"))
		rows, err := csv.NewReader(strings.NewReader(string(r.body))).ReadAll()
		require.NoError(t, err)
		return rows
	}
	rows := read("2026-03-14")
	require.Len(t, rows, 5)
	assert.Equal(t, []string{"sequence", "time", "kind", "amount", "currency", "payment", "reference", "parent", "merchant_reference"}, rows[0])
	c := b.now(p.ID).Captures[0]
	assert.Equal(t, []string{"2", clock().Format(time.RFC3339Nano), "capture", "600", "EUR", p.ID, c.ID, p.Authorization, "op-c"}, rows[2])
	assert.Equal(t, []string{"total", "", "3", "2000", "", "", "", "", ""}, rows[4])
	assert.Equal(t, "refund", read("2026-03-15")[1][2])
	assert.Equal(t, []string{"total", "", "0", "0", "", "", "", "", ""}, read("2026-03-16")[1])
}

func TestAccessTokenWorksUntilItExpires(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	ask := func(form url.Values, basic bool) response {
		req, err := http.NewRequest(http.MethodPost, b.URL()+"/v1/oauth/token", strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if basic {
			req.SetBasicAuth(simulator.DefaultAccount, simulator.DefaultKey)
		}
		return b.send(req)
	}
	grant := url.Values{"grant_type": {"client_credentials"}}
	whole := url.Values{"grant_type": {"client_credentials"}, "client_id": {simulator.DefaultAccount}, "client_secret": {simulator.DefaultKey}}
	wrong := url.Values{"grant_type": {"client_credentials"}, "client_id": {simulator.DefaultAccount}, "client_secret": {"x"}}
	var token struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}
	ask(grant, true).into(t, &token)
	ask(whole, false).into(t, &token)
	assert.Equal(t, []any{"Bearer", 3600}, []any{token.TokenType, token.ExpiresIn})
	assert.Equal(t, "unauthorized", ask(wrong, false).code(t))
	assert.Equal(t, "unsupported_grant_type", ask(url.Values{}, true).code(t))

	key := b.key
	b.key = token.AccessToken
	assert.Equal(t, http.StatusCreated, b.post("/v1/payments", payment(simulator.TokenOK)).status)
	b.Advance(time.Hour)
	assert.Equal(t, "token_expired", b.get("/v1/ping").code(t))
	ask(whole, false).into(t, &token)
	b.key = token.AccessToken
	b.RevokeTokens(simulator.DefaultAccount)
	assert.Equal(t, "unauthorized", b.get("/v1/ping").code(t))
	b.key = key
	assert.Equal(t, http.StatusOK, b.get("/v1/ping").status)
}

package sequra_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/method"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// pooled assembles a provider for an address.
func pooled(t *testing.T, api *sequra.API) *command.Pool {
	t.Helper()
	pools, err := command.Assemble(api.Provider())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pools.Close(context.Background())) })
	return pools.For("sequra")
}

// answering is a SeQura that answers everything alike, and counts.
func answering(t *testing.T, answer http.HandlerFunc) (pool *command.Pool, calls *atomic.Int64) {
	t.Helper()
	calls = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { calls.Add(1); answer(w, r) }))
	t.Cleanup(server.Close)
	return pooled(t, provider(t, server.URL)), calls
}

func solicitation() gateway.Subject {
	return gateway.Subject{Store: "es", Operation: "op_1", Amount: eur(3000), Payment: gateway.Payment{ID: "pay_1", Due: eur(3000)}, Order: basket("17")}
}

// S69: orders are made, confirmed and listed with the products that fit, reports
// are taken, and shops are connected, all through one pool.
func TestS69EveryProxyIsACommand(t *testing.T) {
	t.Parallel()
	server, err := simulator.Start(simulator.Config{Manual: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	pool := pooled(t, provider(t, server.URL()))
	out, err := pool.Get(sequra.OpSolicit).Execute(t.Context(), solicitation())
	require.NoError(t, err)
	order := out.Reference("order")
	out, err = pool.Get(sequra.OpMethods).Execute(t.Context(), gateway.Subject{Store: "es", Target: order})
	require.NoError(t, err)
	categories, ok := sequra.MethodsAnswer.From(out.Extras)
	require.True(t, ok)
	require.Len(t, categories, 2)
	assert.Equal(t, "pay_later", categories[0].Category)
	assert.Equal(t, "Split in 3 parts", categories[1].TitleOf(categories[1].Methods[0]), "instalments are shown under their category's title")
	assert.Equal(t, "Receive your order before paying", categories[0].TitleOf(categories[0].Methods[0]))
	assert.Equal(t, int64(300), categories[1].Methods[0].Cost.InstalmentFee)

	_, err = pool.Get(sequra.OpForm).Execute(t.Context(), gateway.Subject{Store: "es", Target: "6f1b54b0-0000-4000-8000-000000000000"})
	require.ErrorIs(t, err, gateway.CodeNotFound, "there is no form of an order that was not solicited")
	_, err = pool.Get(sequra.OpForm).Execute(t.Context(), gateway.Subject{Store: "es"})
	require.ErrorIs(t, err, gateway.CodeInvalid)
	out, err = pool.Get(sequra.OpForm).Execute(t.Context(), gateway.Subject{Store: "es", Target: order, Extras: gateway.With(sequra.Chosen.Of(sequra.Choice{Product: "pp3", Page: true}))})
	require.NoError(t, err)
	assert.Contains(t, out.Action.HTML, "<!DOCTYPE html>")
	assert.Contains(t, out.Action.HTML, "pp3")

	shop := gateway.With(sequra.Integrated.Of(sequra.Integration{WebhookURL: "https://shop.example/a?b=c d"}))
	out, err = pool.Get(sequra.OpConnect).Execute(t.Context(), gateway.Subject{Store: "es", Extras: shop})
	require.NoError(t, err)
	at, _ := sequra.LocationAnswer.From(out.Extras)
	assert.True(t, strings.HasPrefix(at, server.URL()), at)
	assert.Equal(t, 1, server.Integrations())
	_, err = pool.Get(sequra.OpDisconnect).Execute(t.Context(), gateway.Subject{Store: "es", Target: "https://shop.example/a?b=c d"})
	require.NoError(t, err)
	assert.Zero(t, server.Integrations())
}

// S70: Basic credentials and the merchant's header are the store's own; what is
// incomplete is refused before anything is sent.
func TestS70CredentialsAreTheStoresOwn(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		mu.Lock()
		defer mu.Unlock()
		seen[user+":"+password] = r.Header.Get("Sequra-Merchant-Id") + r.URL.Path
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	secret := gateway.NewSecret("p")
	api, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, SandboxURL: server.URL, Keys: tenant.Fixed[sequra.Keys]{
		"es": {Username: "spain", Password: secret, Merchant: "m es"}, "fr": {Username: "france", Password: secret, Merchant: "m/fr"},
		"a": {Password: secret, Merchant: "m"}, "b": {Username: "u", Merchant: "m"}, "c": {Username: "u", Password: secret},
	}})
	require.NoError(t, err)
	pool := pooled(t, api)
	for _, store := range []gateway.StoreID{"es", "fr"} {
		_, err := pool.Get(sequra.OpMerchantMethods).Execute(t.Context(), gateway.Subject{Store: store})
		require.ErrorIs(t, err, gateway.CodeNotFound)
	}
	assert.Equal(t, map[string]string{"spain:p": "m es/merchants/m es/payment_methods", "france:p": "m/fr/merchants/m/fr/payment_methods"}, seen)
	for _, store := range []gateway.StoreID{"a", "b", "c", "unknown"} {
		for _, op := range []gateway.Operation{sequra.OpMerchantMethods, sequra.OpCredentials} {
			_, err := pool.Get(op).Execute(t.Context(), gateway.Subject{Store: store})
			require.ErrorIs(t, err, gateway.CodeAuthentication, "%s %s", store, op)
		}
	}
	assert.Len(t, seen, 2)
}

// S70, S71: sandbox and live have addresses of their own; only the sandbox's can be
// replaced; nothing but TLS leaves this machine.
func TestS70S71TheModeDecidesWhereCallsGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  sequra.Config
		want string // "" is refused
	}{
		"sandbox":           {sequra.Config{Mode: sequra.Sandbox}, "sandbox.sequrapi.com"},
		"live":              {sequra.Config{Mode: sequra.Live}, "live.sequrapi.com"},
		"svea's sandbox":    {sequra.Config{Mode: sequra.Sandbox, Deployment: sequra.Svea}, "next-sandbox.sequra.svea.com"},
		"svea live":         {sequra.Config{Mode: sequra.Live, Deployment: sequra.Svea}, "live.sequra.svea.com"},
		"another sandbox":   {sequra.Config{Mode: sequra.Sandbox, SandboxURL: "https://sequra.test.example"}, "sequra.test.example"},
		"no mode":           {sequra.Config{}, ""},
		"another mode":      {sequra.Config{Mode: "production"}, ""},
		"another live":      {sequra.Config{Mode: sequra.Live, SandboxURL: "https://sequra.test.example"}, ""},
		"without TLS":       {sequra.Config{Mode: sequra.Sandbox, SandboxURL: "http://sandbox.sequrapi.com"}, ""},
		"with credentials":  {sequra.Config{Mode: sequra.Sandbox, SandboxURL: "https://u:p@sandbox.sequrapi.com"}, ""},
		"no address at all": {sequra.Config{Mode: sequra.Live, Deployment: sequra.Deployment{Name: "x", Sandbox: "https://x.example"}}, ""},
	} {
		var host string
		c.cfg.Keys = tenant.Single(keys())
		c.cfg.Client = client.Func(func(ctx context.Context, tr *transfer.Transfer) (*transfer.Response, error) {
			w, err := tr.Wire(ctx)
			if err == nil {
				host = w.URL.Host
			}
			return &transfer.Response{Status: 404}, err
		})
		api, err := sequra.New(c.cfg)
		if c.want == "" {
			require.ErrorIs(t, err, gateway.CodeInternal, name)
			continue
		}
		require.NoError(t, err, name)
		_, err = pooled(t, api).Get(sequra.OpCredentials).Execute(t.Context(), gateway.Subject{Store: "es"})
		require.ErrorIs(t, err, gateway.CodeNotFound)
		assert.Equal(t, c.want, host, name)
	}
	_, err := sequra.New(sequra.Config{Mode: sequra.Live})
	require.ErrorContains(t, err, "Config.Keys is missing")
}

// S70, S71: which deployments there are is asked without anybody's credentials.
func TestS70S71DeploymentsAreAskedWithoutCredentials(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/answers/deployments.json")
	require.NoError(t, err)
	var answer struct{ Body json.RawMessage }
	require.NoError(t, json.Unmarshal(raw, &answer))
	pool, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Authorization"))
		assert.Empty(t, r.Header.Get("Sequra-Merchant-Id"))
		assert.Equal(t, "/deployments", r.URL.Path)
		_, _ = w.Write(answer.Body)
	})
	out, err := pool.Get(sequra.OpDeployments).Execute(t.Context(), gateway.Subject{Store: "nobody"})
	require.NoError(t, err)
	all, _ := sequra.DeploymentsAnswer.From(out.Extras)
	require.Len(t, all, 1)
	assert.Equal(t, "https://live.sequrapi.com/", all[0].Live.API)
	for _, wrong := range []string{"{}", "null", `[{"id":""}]`, `[{"id":"sequra"}]`} {
		pool, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(wrong)) })
		_, err := pool.Get(sequra.OpDeployments).Execute(t.Context(), gateway.Subject{Store: "nobody"})
		require.ErrorIs(t, err, gateway.CodeIndeterminate, wrong)
	}
}

// S72: each status has its meaning, and its errors are joined for the merchant, who
// reads them; a shopper never does.
func TestS72RefusalsHaveTheirMeaning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		code   gateway.Code
		text   string
	}{
		"wrong keys":          {401, "", gateway.CodeAuthentication, "Wrong credentials."},
		"wrong keys, HTML":    {401, "<html>", gateway.CodeAuthentication, "Wrong credentials."},
		"another merchant":    {403, "{}", gateway.CodeInvalid, "Access forbidden."},
		"no such thing":       {404, `{"errors":[]}`, gateway.CodeNotFound, "Page not found."},
		"wrong data":          {409, `{"errors":["Invalid data: a","b"]}`, gateway.CodeInvalid, "Invalid data: a. b"},
		"wrong data, titled":  {409, `{"errors":[{"title":"a"},{"title":"b"}]}`, gateway.CodeInvalid, "a. b"},
		"wrong data, unsaid":  {409, `{"errors":"no list"}`, gateway.CodeInvalid, "Invalid request body."},
		"wrong data, dirty":   {409, `{"errors":["a\u0007\nb"]}`, gateway.CodeInvalid, "a  b"},
		"a server error":      {500, `{"errors":["it broke"]}`, gateway.CodeIndeterminate, ""},
		"what nobody defined": {422, `{"errors":["it broke"]}`, gateway.CodeIndeterminate, ""},
		"too much":            {429, "", gateway.CodeRateLimited, ""},
	} {
		pool, calls := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		_, err := pool.Get(sequra.OpSolicit).Execute(t.Context(), solicitation())
		e := gateway.AsError(err, "")
		assert.Equal(t, c.code, e.Code, name)
		assert.Equal(t, c.text, e.Merchant, name)
		assert.Empty(t, e.Message, "%s: a shopper reads nothing of it", name)
		assert.Equal(t, c.code == gateway.CodeRateLimited, e.Code.Retryable(), name)
		assert.Equal(t, int64(1), calls.Load())
	}
	assert.Equal(t, "An unknown error occurred.", sequra.Explain(418, nil))
	assert.LessOrEqual(t, len(sequra.Explain(409, []byte(`{"errors":["`+strings.Repeat("ñ", 5000)+`"]}`))), 500)
	pool, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409) })
	s := subjectOf(gateway.OpContinue, solicitation())
	s.Store = "es"
	_, err := pool.Get(gateway.OpContinue).Execute(t.Context(), s)
	require.ErrorIs(t, err, gateway.CodeConflict, "of an order that is there, a 409 is about its state")
}

// S73: what reads, and what was certainly not sent, is tried three times; wrong keys,
// a wrong address and what may have been executed are not.
func TestS73OnlyWhatIsSafeIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op     gateway.Operation
		status int
		want   int64
	}{
		"reading, broken":      {sequra.OpCredentials, 503, 3},
		"reading, wrong keys":  {sequra.OpCredentials, 401, 1},
		"reading, not there":   {sequra.OpCredentials, 404, 1},
		"a solicitation":       {sequra.OpSolicit, 503, 1},
		"a confirmation":       {gateway.OpContinue, 503, 1},
		"a refused conclusion": {gateway.OpContinue, 409, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); w.WriteHeader(c.status) }))
			t.Cleanup(server.Close)
			var told atomic.Int64
			quick := client.Retry(client.RetryOptions{Tries: 3, Wait: 1, OnRetry: func(context.Context, client.Retried) { told.Add(1) }})
			api, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, SandboxURL: server.URL, Keys: tenant.Fixed[sequra.Keys]{"es": keys()}, Policy: []client.Policy{quick}})
			require.NoError(t, err)
			s := subjectOf(c.op, solicitation())
			s.Store = "es"
			_, err = pooled(t, api).Get(c.op).Execute(t.Context(), s)
			require.Error(t, err)
			assert.Equal(t, c.want, calls.Load())
			assert.Equal(t, c.want-1, told.Load(), "each repetition is told")
		})
	}
	assert.NotNil(t, sequra.Retries(), "three tries, a second apart and more")
}

// A path may be replaced, and still names the store's merchant.
func TestAPathIsReplacedAndNamesTheMerchant(t *testing.T) {
	t.Parallel()
	var seen []string
	api, err := sequra.New(sequra.Config{
		Mode: sequra.Sandbox, Keys: tenant.Single(keys()), Client: client.Func(func(ctx context.Context, x *transfer.Transfer) (*transfer.Response, error) {
			w, err := x.Wire(ctx)
			if err != nil {
				return nil, err
			}
			seen = append(seen, w.Method+" "+w.URL.Path+" "+w.Header.Get("Sequra-Merchant-Id"))
			return &transfer.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"payment_options":[]}`)}, nil
		}),
	})
	require.NoError(t, err)
	pools, err := command.Assemble(api.Provider(), command.Override("sequra", sequra.OpMerchantMethods,
		command.WrapTransfer(transfer.Path("/v2/merchants/{merchant}/offers")), command.WrapTransfer(transfer.Method(http.MethodGet))))
	require.NoError(t, err)
	_, err = pools.For("sequra").Get(sequra.OpMerchantMethods).Execute(t.Context(), gateway.Subject{Store: "es"})
	require.NoError(t, err)
	assert.Equal(t, []string{"GET /v2/merchants/" + simulator.Merchant + "/offers " + simulator.Merchant}, seen)
}

// S75: a connection is tested by its credentials and by what could be offered for
// 100.00 EUR in Spain.
func TestS75AConnectionIsTested(t *testing.T) {
	t.Parallel()
	server, err := simulator.Start(simulator.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	api := provider(t, server.URL())
	pool := pooled(t, api)
	found, err := api.TestConnection(t.Context(), pool, "es")
	require.NoError(t, err)
	assert.Equal(t, sequra.Sandbox, found.Mode)
	assert.Equal(t, 2, found.Methods)
	require.Len(t, found.Credentials, 1)
	assert.Equal(t, "ES", found.Credentials[0].Country)

	var query string
	pool, _ = answering(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "credentials") {
			_, _ = w.Write([]byte(`[]`))
			return
		}
		query = r.URL.RawQuery
		w.WriteHeader(http.StatusForbidden)
	})
	_, err = api.TestConnection(t.Context(), pool, "es")
	require.ErrorIs(t, err, gateway.CodeInvalid, "the merchant's reference is wrong")
	assert.Equal(t, "amount=10000&currency=EUR&country=ES", query)
	pool, _ = answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	_, err = api.TestConnection(t.Context(), pool, "es")
	require.ErrorIs(t, err, gateway.CodeAuthentication)
}

// S76: a report says which order was delivered, when, and under which number.
func TestS76DeliveriesAreReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.held("17")
	at := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	delivered, err := sequra.Deliver(t.Context(), gateway.Subject{Store: "es", Payment: p, Order: basket("17")}, at, "Correos", "PQ123")
	require.NoError(t, err)
	pool := w.pools.For("sequra")
	report := func(r sequra.Report) error {
		_, err := pool.Get(sequra.OpReport).Execute(t.Context(), gateway.Subject{Store: "es", Extras: gateway.With(sequra.Reported.Of(r))})
		return err
	}
	require.NoError(t, report(sequra.Report{Orders: []sequra.Delivered{delivered}, Statistics: &sequra.Statistics{Orders: []sequra.OrderStatistics{{
		CompletedAt: "2026-11-21T12:00:00Z", Currency: "EUR", Amount: 3000, Reference: sequra.MerchantReference{OrderRef1: "A14/1"}, PaymentMethod: "sequra",
	}}}}))
	require.Len(t, w.sequra.Reports(), 1)
	var sent struct {
		Orders []struct {
			State     string
			SentAt    string                   `json:"sent_at"`
			Reference sequra.MerchantReference `json:"merchant_reference"`
			Trackings []sequra.Tracking
		}
	}
	require.NoError(t, json.Unmarshal(w.sequra.Reports()[0], &sent))
	require.Len(t, sent.Orders, 1)
	assert.Equal(t, "A14/1", sent.Orders[0].Reference.OrderRef1)
	assert.Equal(t, "2026-11-25T09:30:00Z", sent.Orders[0].SentAt)
	assert.Equal(t, "PQ123", sent.Orders[0].Trackings[0].Number)
	assert.Equal(t, "delivered", sent.Orders[0].State)

	require.ErrorIs(t, report(sequra.Report{}), gateway.CodeInvalid, "nothing to tell")
	wrong := delivered
	wrong.Cart.Total++
	require.ErrorIs(t, report(sequra.Report{Orders: []sequra.Delivered{wrong}}), gateway.CodeInvalid)
	wrong = delivered
	rest := wrong.Cart
	rest.Total++
	wrong.RemainingCart = &rest
	var totals *sequra.TotalsError
	require.ErrorAs(t, report(sequra.Report{Orders: []sequra.Delivered{wrong}}), &totals, "what remains adds up too")
	assert.Equal(t, sequra.TotalsError{Items: 3000, Total: 3001}, *totals)
	wrong = delivered
	wrong.State = "lost"
	require.ErrorIs(t, report(sequra.Report{Orders: []sequra.Delivered{wrong}}), gateway.CodeInvalid)
	wrong = delivered
	wrong.SentAt = "yesterday"
	require.ErrorIs(t, report(sequra.Report{Orders: []sequra.Delivered{wrong}}), gateway.CodeInvalid)
	assert.Len(t, w.sequra.Reports(), 1)
}

// SeQura is offered for euros only, and where the shop says so.
func TestSeQuraIsOfferedForEurosOnly(t *testing.T) {
	t.Parallel()
	m := sequra.Available(method.Countries("ES"))
	s := solicitation()
	require.NoError(t, m.Available(t.Context(), s))
	s.Order.Billing.Country = "DE"
	require.ErrorIs(t, m.Available(t.Context(), s), gateway.CodeUnsupported)
	s = solicitation()
	s.Amount, s.Payment.Due = gateway.Minor(3000, "USD"), gateway.Minor(3000, "USD")
	require.ErrorIs(t, m.Available(t.Context(), s), gateway.CodeUnsupported)
	pool, calls := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	_, err := pool.Get(sequra.OpSolicit).Execute(t.Context(), s)
	require.ErrorIs(t, err, gateway.CodeUnsupported)
	assert.Zero(t, calls.Load())
}

package returns_test

import (
	"context"
	"fmt"
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

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/returns"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// world is a shop with a return page.
type world struct {
	*enginetest.Shop

	tokens returns.Tokens
	url    string
	back   *returns.Returns
}

func newWorld(t *testing.T, change ...func(*returns.Config)) *world {
	t.Helper()
	w := &world{Shop: enginetest.New(t), tokens: tokens("key-")}
	w.tokens.Now = w.Now
	w.serve(t, w.Engine, change...)
	return w
}

func (w *world) serve(t *testing.T, eng *engine.Engine, change ...func(*returns.Config)) {
	t.Helper()
	cfg := returns.Config{Storage: w.DB, Engine: eng, Tokens: w.tokens, Page: func(_ context.Context, r returns.Result) string {
		return "https://shop.example/" + string(r.State) + "?order=" + url.QueryEscape(r.Payment.Order)
	}}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	w.back, err = returns.New(cfg)
	require.NoError(t, err)
	t.Cleanup(w.back.Wait)
	server := httptest.NewServer(w.back.Handler())
	t.Cleanup(server.Close)
	w.url = server.URL
}

// visit lets a browser come back, and returns where it is sent.
func (w *world) visit(kind returns.Kind, token, query string) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.url+"/"+string(kind)+"/"+token+query, nil)
	require.NoError(w, err)
	return w.follow(r)
}

func (w *world) follow(r *http.Request) (int, string) {
	w.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(w, err)
	require.NoError(w, resp.Body.Close())
	assert.Equal(w, "no-store", resp.Header.Get("Cache-Control"))
	assert.Equal(w, "no-referrer", resp.Header.Get("Referrer-Policy"))
	return resp.StatusCode, strings.TrimSuffix(strings.TrimPrefix(resp.Header.Get("Location"), "https://shop.example/"), "?order=order-17")
}

func (w *world) token(p gateway.Payment, kind returns.Kind) string {
	w.Helper()
	token, err := w.tokens.Make(p.Store, p.ID, kind)
	require.NoError(w, err)
	return token
}

func (w *world) challenged(key string) gateway.Payment {
	w.Helper()
	p := w.Create(key)
	r := enginetest.Authorization(p, key)
	r.Instrument = &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenChallenge)}
	got, err := w.Engine.Authorize(w.Context(), r)
	require.NoError(w, err)
	return got.Payment
}

// The browser's word counts for nothing: the provider is asked.
func TestTheProviderIsAskedAndNotTheBrowser(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		act  func(w *world, id string) error
		want string
	}{
		"approved": {func(w *world, id string) error { return w.Provider.CompleteChallenge(id) }, "paid"},
		"declined": {func(w *world, id string) error { return w.Provider.FailChallenge(id) }, "failed"},
		"nothing":  {func(*world, string) error { return nil }, "unfinished"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.challenged("17")
			require.NoError(t, one.act(w, p.Refs.Get("payment")))
			for _, lie := range []string{"?result=approved", "?result=declined&payment=pay_other", "?status=paid&url=https://evil.example"} {
				code, page := w.visit(returns.Return, w.token(p, returns.Return), lie)
				assert.Equal(t, 303, code)
				assert.Equal(t, one.want, page)
			}
			got := w.Payment(p.ID)
			assert.Equal(t, name == "approved", got.Balances.Authorized.IsPositive())
		})
	}
}

// A browser that comes often, by GET and by POST, makes one transition and does
// not have the provider asked for what is known.
func TestComingBackTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	token := w.token(p, returns.Return)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			code, page := w.visit(returns.Return, token, "")
			assert.Equal(t, 303, code)
			assert.Equal(t, "paid", page)
		})
	}
	wg.Wait()
	calls := len(w.Provider.Calls())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/return/"+token, strings.NewReader("cres=abc"))
	require.NoError(t, err)
	code, page := w.follow(r)
	assert.Equal(t, 303, code)
	assert.Equal(t, "paid", page)
	assert.Len(t, w.Provider.Calls(), calls)
	succeeded := 0
	require.NoError(t, w.DB.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Events(p.Store, p.ID)
		for _, e := range all {
			if e.Kind == "operation.succeeded" {
				succeeded++
			}
		}
		return err
	}))
	assert.Equal(t, 1, succeeded)
}

// H: 404 for an unknown payment, and for whatever is no token.
func TestWhatIsNoTokenFindsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	unknown := w.token(gateway.Payment{Store: "es", ID: "pay_unknown"}, returns.Return)
	other := w.token(gateway.Payment{Store: "fr", ID: p.ID}, returns.Return)
	for _, token := range []string{unknown, other, string(p.ID), "x", w.token(p, returns.Cancel)} {
		code, page := w.visit(returns.Return, token, "?token="+w.token(p, returns.Return))
		assert.Equal(t, 404, code)
		assert.Empty(t, page)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		r, err := http.NewRequestWithContext(t.Context(), method, w.url+"/return/x", nil)
		require.NoError(t, err)
		resp, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, 405, resp.StatusCode)
	}
}

// While the provider cannot be asked nobody is told that it failed.
func TestNobodyIsToldThatItFailedWhileNobodyKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	w.Provider.Next(simulator.OpListPayments, simulator.ServerErrorAfter)
	_, page := w.visit(returns.Return, w.token(p, returns.Return), "")
	assert.Equal(t, "pending", page, "and not that nothing was paid")
	_, page = w.visit(returns.Return, w.token(p, returns.Return), "")
	assert.Equal(t, "paid", page)

	lost := w.Create("18")
	w.Provider.Next(simulator.OpCreatePayment, simulator.ResetBefore)
	_, err := w.Engine.Authorize(t.Context(), enginetest.Authorization(lost, "18"))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	_, page = w.visit(returns.Return, w.token(lost, returns.Return), "")
	assert.Contains(t, page, "pending")
	_, page = w.visit(returns.Return, w.token(w.Create("19"), returns.Return), "")
	assert.Contains(t, page, "unfinished", "nothing was begun")
}

// Money that comes after its operation was given up is money: who would be told
// that it failed would pay twice. What was let go of is not paid.
func TestMoneySaysMoreThanItsOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	token := w.token(p, returns.Return)
	_, err := w.Engine.Cancel(t.Context(), engine.Request{Store: p.Store, Payment: p.ID, Key: "cancel", Provider: "sandbox"})
	require.NoError(t, err)
	_, page := w.visit(returns.Return, token, "")
	require.Equal(t, "failed", page)
	tell := func(kind gateway.MovementKind) {
		require.NoError(t, w.Engine.Record(t.Context(), engine.Evidence{Store: p.Store, Payment: p.ID, Source: gateway.SourceReport, Outcome: gateway.Outcome{
			Movements: []gateway.Movement{{Kind: kind, Amount: p.Due, Reference: "late", Provider: "sandbox", Parent: map[bool]string{true: "late"}[kind == gateway.MoveRelease]}},
		}}))
	}
	tell(gateway.MoveHold)
	_, page = w.visit(returns.Return, token, "")
	assert.Equal(t, "paid", page)
	tell(gateway.MoveRelease)
	_, page = w.visit(returns.Return, token, "")
	assert.Equal(t, "failed", page)
}

// A cancel URL ends what waits at the provider, where that is asked for, and never
// what was paid.
func TestTheCancelURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	_, page := w.visit(returns.Cancel, w.token(p, returns.Cancel), "")
	assert.Equal(t, "unfinished", page)
	assert.Equal(t, simulator.StatusActionRequired, w.Provider.Payments()[0].Status, "it waits for its deadline")

	w = newWorld(t, func(c *returns.Config) { c.CancelAtProvider = true })
	p = w.challenged("17")
	for range 2 {
		_, page = w.visit(returns.Cancel, w.token(p, returns.Cancel), "")
		assert.Equal(t, "failed", page)
	}
	assert.Equal(t, simulator.StatusCanceled, w.Provider.Payments()[0].Status)
	paid := w.challenged("20")
	require.NoError(t, w.Provider.CompleteChallenge(paid.Refs.Get("payment")))
	_, page = w.visit(returns.Cancel, w.token(paid, returns.Cancel), "")
	assert.Contains(t, page, "paid", "it was paid before")
}

// H2: where a provider knows one URL only, the token comes in a cookie.
func TestH2AStaticReturnURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	server := httptest.NewServer(w.back.Static(returns.Return, func(q *http.Request) string {
		c, err := q.Cookie("payment")
		if err != nil {
			return ""
		}
		return c.Value
	}))
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/gateway/sandbox?payment="+string(p.ID), nil)
	require.NoError(t, err)
	code, _ := w.follow(r)
	assert.Equal(t, 404, code)
	r.AddCookie(&http.Cookie{Name: "payment", Value: w.token(p, returns.Return)})
	code, page := w.follow(r)
	assert.Equal(t, 303, code)
	assert.Equal(t, "paid", page)
}

// Where coming back is a step of its own, the payment is gone on with, once.
func TestComingBackGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	provider, err := simulator.Start(simulator.Config{Clock: w.Now, ManualWebhooks: true, Rules: simulator.Rules{ConfirmAfterChallenge: true}})
	require.NoError(t, err)
	first := w.Provider
	t.Cleanup(func() { assert.NoError(t, first.Close()) }) // the shop closes the one that it has by then
	api, err := sandbox.New(sandbox.Config{BaseURL: provider.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)}), HTTP: client.Config{}})
	require.NoError(t, err)
	pools, err := command.Assemble(api.Provider())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pools.Close(context.Background())) })
	eng, err := engine.New(engine.Config{Pools: pools, Storage: w.DB})
	require.NoError(t, err)
	w.Engine, w.Provider = eng, provider
	w.serve(t, eng, func(c *returns.Config) {
		c.Input = func(r *http.Request, o storage.Operation) (map[string]string, bool) {
			return map[string]string{"result": r.URL.Query().Get("result")}, o.Provider == "sandbox"
		}
	})
	p := w.challenged("17")
	require.NoError(t, provider.CompleteChallenge(p.Refs.Get("payment")))
	for range 2 {
		code, page := w.visit(returns.Return, w.token(p, returns.Return), "?result=approved")
		assert.Equal(t, 303, code)
		assert.Equal(t, "paid", page)
	}
	ops, _, err := eng.History(t.Context(), p.Store, p.ID)
	require.NoError(t, err)
	assert.Len(t, ops, 2, "one authorization, gone on with once")
}

func TestAPageThatPanicsIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *returns.Config) { c.Page = func(context.Context, returns.Result) string { panic("x") } })
	code, _ := w.visit(returns.Return, w.token(w.challenged("17"), returns.Return), "")
	assert.Equal(t, 500, code)
}

func TestReturnsNeedTheirParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, change := range []func(*returns.Config){
		func(c *returns.Config) { c.Storage = nil }, func(c *returns.Config) { c.Engine = nil }, func(c *returns.Config) { c.Page = nil },
		func(c *returns.Config) { c.Tokens = returns.Tokens{} }, func(c *returns.Config) { c.Patience = -1 },
	} {
		c := returns.Config{Storage: w.DB, Engine: w.Engine, Tokens: w.tokens, Page: func(context.Context, returns.Result) string { return "/" }}
		change(&c)
		_, err := returns.New(c)
		require.ErrorIs(t, err, gateway.CodeInternal, fmt.Sprint(i))
	}
}

// A browser does not wait for a provider that is slow: nobody knows yet, and what
// was begun goes on.
func TestABrowserDoesNotWaitForASlowProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	w.serve(t, w.Patient(), func(c *returns.Config) { c.Patience = 50 * time.Millisecond })
	back := w.back
	held, release := w.Hold()
	for asked := false; !asked; { // on a machine that is busy patience may end before it is
		_, page := w.visit(returns.Return, w.token(p, returns.Return), "")
		require.Equal(t, "pending", page)
		select {
		case <-held:
			asked = true
		default:
		}
	}
	assert.True(t, w.Payment(p.ID).Balances.Authorized.IsZero())
	release()
	back.Wait()
	assert.Equal(t, p.Due, w.Payment(p.ID).Balances.Authorized, "what was begun went on")
	w.serve(t, w.Engine)
	_, page := w.visit(returns.Return, w.token(p, returns.Return), "")
	assert.Equal(t, "paid", page)
}

package handler_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func answered(body string) transfer.Exchange {
	return transfer.NewExchange(&gateway.Subject{Store: "es", Target: "auth_1", Amount: gateway.Minor(1000, "EUR")}, &transfer.Transfer{},
		&transfer.Response{Status: 200, Header: http.Header{}, Body: []byte(body)})
}

func run(t *testing.T, h handler.Handler, body string) (gateway.Outcome, error) {
	t.Helper()
	var out gateway.Outcome
	err := h.Handle(t.Context(), answered(body), &out)
	return out, err
}

// Magento 14: each handler is called once, in order, with the same exchange.
func TestAChainRunsItsHandlersInOrder(t *testing.T) {
	t.Parallel()
	x, calls := answered("{}"), ""
	note := func(s string) handler.Handler {
		return handler.Func(func(_ context.Context, got transfer.Exchange, _ *gateway.Outcome) error {
			assert.Same(t, x.Subject, got.Subject)
			assert.Same(t, x.Response, got.Response)
			calls += s
			return nil
		})
	}
	c := handler.Compose(handler.Named("a", note("a")), handler.Named("in", handler.Compose(handler.Named("b", note("b")))), handler.Named("c", note("c")))
	require.NoError(t, c.Handle(t.Context(), x, &gateway.Outcome{}))
	assert.Equal(t, "abc", calls)
	require.NoError(t, c.Check())
	assert.True(t, handler.Chain{}.IsZero())
}

func TestAFailingHandlerIsIndeterminateWhateverItSays(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errors.New("disk full"), gateway.Invalid("x"), &gateway.Error{Code: gateway.CodeDeclined}, gateway.CodeUnavailable, context.Canceled} {
		c := handler.Compose(handler.Named("status", handler.Succeeded()), handler.Named("in", handler.Compose(handler.Named("bad", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error { return err })))), handler.Named("never", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error { panic("ran") })))
		out, got := run(t, c, "{}")
		assert.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(got), "%v", err)
		require.ErrorContains(t, got, "in/bad")
		assert.Equal(t, gateway.StatusSucceeded, out.Status, "what was learned is kept")
	}
	_, got := run(t, handler.Compose(handler.Named("x", handler.Func(func(context.Context, transfer.Exchange, *gateway.Outcome) error { panic("secret") }))), "{}")
	require.ErrorIs(t, got, gateway.CodeIndeterminate)
	assert.NotContains(t, got.Error(), "secret")
}

func TestStockHandlersReadTheAnswer(t *testing.T) {
	t.Parallel()
	out, err := run(t, handler.Compose(
		handler.Named("refs", handler.Refs(map[string]string{"payment": "id", "charge": "charge/id", "none": "nothing"})),
		handler.Named("money", handler.Movement(gateway.MoveCapture, handler.MovementPaths{Amount: "amount/value", Currency: "amount/currency", Reference: "charge/id", Parent: "id"})),
		handler.Named("decimal", handler.Movement(gateway.MoveRefund, handler.MovementPaths{Amount: "total", Decimal: true})),
		handler.Named("own", handler.Movement(gateway.MoveRelease, handler.MovementPaths{})),
		handler.Named("card", handler.Instrument(handler.InstrumentPaths{Kind: "card/type", Token: "card/token", Brand: "card/brand", Last4: "card/last4", ExpiryMonth: "card/month", ExpiryYear: "card/year"})),
		handler.Named("fact", handler.Fact(risk, "risk")),
		handler.Named("keep", handler.Keep(kept)),
		handler.Named("phase", handler.Phase("prepare.done")),
	), `{"id":"p1","charge":{"id":7},"amount":{"value":250,"currency":"usd"},"total":"2.50","risk":12,"card":{"type":"card","token":"tok_x","brand":"visa","last4":"1111","month":3,"year":"2030"}}`)
	require.NoError(t, err)
	assert.Equal(t, gateway.Refs{{Name: "charge", Value: "7"}, {Name: "payment", Value: "p1"}}, out.Refs)
	require.Len(t, out.Movements, 3)
	assert.Equal(t, gateway.Movement{Kind: gateway.MoveCapture, Amount: gateway.Minor(250, "USD"), Reference: "7", Parent: "p1", Source: gateway.SourceAnswer}, out.Movements[0])
	assert.Equal(t, gateway.Minor(250, "EUR"), out.Movements[1].Amount)
	assert.Equal(t, "auth_1", out.Movements[1].Parent)
	assert.Equal(t, gateway.Minor(1000, "EUR"), out.Movements[2].Amount)
	assert.Equal(t, gateway.StatusSucceeded, out.Status)
	assert.Equal(t, "tok_x", out.Instrument.Token.Reveal())
	assert.Equal(t, 3, out.Instrument.ExpiryMonth)
	assert.Equal(t, 2030, out.Instrument.ExpiryYear)
	assert.True(t, out.Instrument.Reusable)
	r, _ := risk.From(out.Extras)
	assert.Equal(t, "12", r)
	k, _ := kept.From(out.Extras)
	assert.Equal(t, "p1", k.ID)
	assert.Equal(t, "prepare.done", out.Phase)
}

var (
	risk = gateway.TransientExtra[string]("test.risk")
	kept = gateway.TransientExtra[struct {
		ID string `json:"id"`
	}]("test.kept")
)

func TestAStatusIsLookedUpAndNeverGuessed(t *testing.T) {
	t.Parallel()
	h := handler.Status("status", map[string]gateway.Status{"done": gateway.StatusSucceeded, "later": gateway.StatusAwaiting})
	out, err := run(t, h, `{"status":"later"}`)
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusAwaiting, out.Status)
	for _, body := range []string{`{"status":"DONE"}`, `{"status":""}`, `{}`, `{"status":null}`, `{"status":{}}`, `x`} {
		out, err = run(t, h, body)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, body)
		assert.Empty(t, out.Status)
	}
}

func TestAnActionIsForBrowsersOnly(t *testing.T) {
	t.Parallel()
	out, err := run(t, handler.Redirect("url"), `{"url":"https://bank.test/3ds?x=1"}`)
	require.NoError(t, err)
	assert.Equal(t, &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank.test/3ds?x=1"}, out.Action)
	assert.Equal(t, gateway.StatusActionRequired, out.Status)
	out, err = run(t, handler.Iframe("url"), `{}`)
	require.NoError(t, err)
	assert.Nil(t, out.Action)
	for _, bad := range []string{`javascript:alert(1)`, `data:text/html,x`, `/relative`, `file:///etc/passwd`, `https://`} {
		_, err = run(t, handler.Redirect("url"), `{"url":"`+bad+`"}`)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, bad)
	}
}

func TestAMovementThatIsNotStatedIsIndeterminate(t *testing.T) {
	t.Parallel()
	h := handler.Movement(gateway.MoveCapture, handler.MovementPaths{Amount: "a", Reference: "id"})
	for _, body := range []string{`{}`, `{"a":1}`, `{"a":"1","id":"x"}`, `{"a":1.5,"id":"x"}`, `{"a":null,"id":"x"}`, ``} {
		out, err := run(t, h, body)
		require.Error(t, err, body)
		assert.Empty(t, out.Movements)
	}
}

func TestNothingSaysThatItWorked(t *testing.T) {
	t.Parallel()
	out, err := run(t, handler.Nothing(), "")
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusSucceeded, out.Status)
	out, err = run(t, handler.Awaiting(), "")
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusAwaiting, out.Status)
}

// tokens is a cache whose command answers with numbered tokens.
func tokens(t *testing.T, seconds int) (cache *handler.TokenCache, fetched *atomic.Int64) {
	t.Helper()
	fetched = &atomic.Int64{}
	cache = handler.NewTokenCache(func(ctx context.Context, store gateway.StoreID) error {
		n := fetched.Add(1)
		x := transfer.NewExchange(&gateway.Subject{Store: store}, &transfer.Transfer{}, &transfer.Response{
			Status: 200,
			Body:   []byte(`{"access_token":"` + string(store) + `-` + strconv.FormatInt(n, 10) + `","expires_in":` + strconv.Itoa(seconds) + `}`),
		})
		return cache.Handle(ctx, x, &gateway.Outcome{})
	})
	return cache, fetched
}

// M7: a handler stores the token with its expiry; the next call uses it until it expires.
func TestM7ATokenIsCachedUntilShortlyBeforeItExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache, fetched := tokens(t, 600)
		sign := func(store gateway.StoreID) string {
			w := &transfer.Wire{Store: store, Header: http.Header{}}
			require.NoError(t, cache.Sign(t.Context(), w))
			return w.Header.Get("Authorization")
		}
		assert.Equal(t, "Bearer es-1", sign("es"))
		assert.Equal(t, "Bearer es-1", sign("es"))
		assert.Equal(t, "Bearer fr-2", sign("fr"), "every store has its own")
		time.Sleep(539 * time.Second)
		assert.Equal(t, "Bearer es-1", sign("es"))
		time.Sleep(2 * time.Second)
		assert.Equal(t, "Bearer es-3", sign("es"), "a minute before its end it counts as expired")
		cache.Forget("es")
		assert.Equal(t, "Bearer es-4", sign("es"))
		assert.Equal(t, int64(4), fetched.Load())
	})
}

func TestConcurrentCallsFetchOneToken(t *testing.T) {
	t.Parallel()
	cache, fetched := tokens(t, 600)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			_, err := cache.Token(context.Background(), "es")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.Equal(t, int64(1), fetched.Load())
}

func TestATokenThatCannotBeHadIsAnError(t *testing.T) {
	t.Parallel()
	failing := handler.NewTokenCache(func(context.Context, gateway.StoreID) error { return gateway.Errorf(gateway.CodeAuthentication, "no") })
	_, err := failing.Token(t.Context(), "es")
	require.ErrorIs(t, err, gateway.CodeAuthentication)
	empty := handler.NewTokenCache(func(context.Context, gateway.StoreID) error { return nil })
	_, err = empty.Token(t.Context(), "es")
	require.ErrorIs(t, err, gateway.CodeInternal)
	for _, body := range []string{`{}`, `{"access_token":"","expires_in":1}`, `{"access_token":"x"}`, `{"access_token":"x","expires_in":0}`, `{"access_token":"x","expires_in":-1}`, `{"access_token":"x","expires_in":1e9}`, `{"access_token":"x","expires_in":99999999999}`} {
		require.Error(t, empty.Handle(t.Context(), answered(body), &gateway.Outcome{}), body)
	}
	require.NoError(t, handler.NewTokenCache(nil).WithPaths(handler.TokenPaths{Token: "t", ExpiresIn: "s"}).Handle(t.Context(), answered(`{"t":"x","s":"60"}`), &gateway.Outcome{}))

	started, release := make(chan struct{}), make(chan struct{})
	slow := handler.NewTokenCache(func(context.Context, gateway.StoreID) error { close(started); <-release; return nil })
	go func() { _, _ = slow.Token(context.Background(), "es") }()
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = slow.Token(ctx, "es")
	require.ErrorIs(t, err, gateway.CodeUnavailable, "waiting ends with the context")
	close(release)
}

// Accepted is not taken: balances change only with what moved.
func TestNoMovementIsBookedForWhatHasNotMoved(t *testing.T) {
	t.Parallel()
	c := handler.Compose(
		handler.Named("status", handler.Status("status", map[string]gateway.Status{
			"done": gateway.StatusSucceeded, "pending": gateway.StatusAwaiting, "challenge": gateway.StatusActionRequired, "failed": gateway.StatusFailed, "review": gateway.StatusHeld,
		})),
		handler.Named("money", handler.Movement(gateway.MoveCapture, handler.MovementPaths{Amount: "amount", Reference: "id"})),
	)
	for status, moved := range map[string]int{"done": 1, "review": 1, "pending": 0, "challenge": 0, "failed": 0} {
		out, err := run(t, c, `{"id":"c1","amount":1000,"status":"`+status+`"}`)
		require.NoError(t, err, status)
		assert.Len(t, out.Movements, moved, status)
	}
	_, err := run(t, handler.Movement(gateway.MoveRefund, handler.MovementPaths{Amount: "amount"}), `{"amount":-1000}`)
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	require.ErrorContains(t, err, "the kind says which way")
}

func TestReferencesAreFoundWithoutHandling(t *testing.T) {
	t.Parallel()
	paths := map[string]string{"payment": "id"}
	c := handler.Compose(
		handler.Named("money", handler.Succeeded()),
		handler.Named("in", handler.Compose(handler.Named("refs", handler.Refs(paths)))),
	)
	paths["payment"] = "changed after"
	assert.Equal(t, gateway.Refs{{Name: "payment", Value: "p1"}}, c.References(answered(`{"id":"p1"}`)))
	assert.Empty(t, c.References(answered("<html>")))
	assert.Empty(t, c.References(transfer.Exchange{}), "nor does nothing make it panic")
}

// A token that the provider revoked must not fail every call until it would have expired.
func TestARefusedTokenIsForgotten(t *testing.T) {
	t.Parallel()
	cache, fetched := tokens(t, 600)
	for _, status := range []int{200, 403, 401, 500} {
		_, err := cache.Token(t.Context(), "es")
		require.NoError(t, err)
		cache.Watch(t.Context(), transfer.NewExchange(&gateway.Subject{Store: "es"}, &transfer.Transfer{}, &transfer.Response{Status: status}))
	}
	assert.Equal(t, int64(2), fetched.Load())
	cache.Watch(t.Context(), transfer.NewExchange(&gateway.Subject{Store: "es"}, &transfer.Transfer{}, nil))
}

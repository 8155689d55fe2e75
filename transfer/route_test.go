package transfer_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

var route = transfer.Route{
	Method: http.MethodPost, Base: "https://api.example.test/v1/", Path: "/payments/{target}/captures", Encoder: request.JSON,
	KeyHeader: "Idempotency-Key", Header: map[string]string{"Api-Version": "7"}, Timeout: time.Second, NotExecuted: []int{429},
}

func subject() gateway.Subject {
	return gateway.Subject{
		Store: "es", Operation: "op_1", Target: "auth-1", IdempotencyKey: "key-1",
		Payment: gateway.Payment{ID: "pay_1", Refs: gateway.Refs{{Name: "order", Value: "o1"}, {Name: "order", Value: "o2"}}},
		Input:   map[string]string{"challenge": "c1"},
	}
}

func create(t *testing.T, r transfer.Factory, s gateway.Subject, write func(doc *request.Document)) *transfer.Transfer {
	t.Helper()
	doc := request.NewDocument()
	t.Cleanup(doc.Release)
	if write != nil {
		write(doc)
	}
	tr, err := r.Create(t.Context(), s, doc)
	require.NoError(t, err)
	return tr
}

// Magento 22: every field of a transfer is what it was made of.
func TestARouteMakesATransfer(t *testing.T) {
	t.Parallel()
	require.NoError(t, route.Check())
	tr := create(t, route, subject(), func(doc *request.Document) { doc.Text("url", "https://shop.test/a/b") })
	assert.Equal(t, gateway.StoreID("es"), tr.Store)
	assert.Equal(t, "https://api.example.test/v1/payments/auth-1/captures", tr.URL.String())
	assert.Equal(t, http.Header{"Api-Version": {"7"}, "Idempotency-Key": {"key-1"}}, tr.Header)
	assert.Equal(t, time.Second, tr.Timeout)
	assert.Equal(t, []int{429}, tr.NotExecuted)
	assert.False(t, tr.Safe)
	w, err := tr.Wire(t.Context())
	require.NoError(t, err)
	assert.JSONEq(t, `{"url":"https://shop.test/a/b"}`, string(w.Body))
	assert.Contains(t, string(w.Body), "https://shop.test/a/b", "M5: slashes are not escaped")
	assert.Equal(t, "application/json", w.Header.Get("Content-Type"))
}

func TestPlaceholdersComeFromTheSubject(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/a/{target}": "/v1/a/auth-1", "/{payment}/{operation}/{store}": "/v1/pay_1/op_1/es", "/o/{ref.order}": "/v1/o/o2",
		"/c/{input.challenge}": "/v1/c/c1", "/x/{mine}:do": "/v1/x/m%20m%2F%C3%A9:do", "": "/v1",
	} {
		r := route
		r.Path = path
		r.Vars = map[string]transfer.Var{"mine": {From: func(gateway.Subject) string { return "m m/é" }, Check: func(string) error { return nil }}}
		require.NoError(t, r.Check())
		assert.Equal(t, want, create(t, r, subject(), nil).URL.EscapedPath())
	}
}

// I4: no identifier leads to another path.
func TestHostileIdentifiersNeverReachThePath(t *testing.T) {
	t.Parallel()
	doc := request.NewDocument()
	defer doc.Release()
	for _, id := range []string{
		"", ".", "..", "../../v1/refunds", "a/b", "a%2fb", "a?b=c", "a#b", "a b", "a\x00", "a\r\nHost: evil", "аuth", "a\u202eb", "a;b", "a\\b", "@evil.test", "//evil.test",
		"https://evil.test", "%2e%2e", "a&b", "a=b", "a:b", "a,b", "{target}", "a\tb", "é", "a'b", `a"b`, "<a>", strings.Repeat("a", 129),
	} {
		s := subject()
		s.Target = id
		_, err := route.Create(t.Context(), s, doc)
		require.ErrorIs(t, err, gateway.CodeInvalid, "%q", id)
	}
	r := route
	r.Path = "/search?query={mine}"
	r.Vars = map[string]transfer.Var{"mine": {From: func(gateway.Subject) string { return "a&admin=1" }, Check: func(string) error { return nil }}}
	assert.Equal(t, "query=a%26admin%3D1", create(t, r, subject(), nil).URL.RawQuery, "nor adds to the query")
	r.Path = "/{mine}"
	for _, id := range []string{".", ".."} {
		r.Vars = map[string]transfer.Var{"mine": {From: func(gateway.Subject) string { return id }, Check: func(string) error { return nil }}}
		_, err := r.Create(t.Context(), subject(), doc)
		require.ErrorContains(t, err, "another path", "not even where a provider's own check allows it")
	}
}

func TestAMistakenRouteIsFoundAtTheStart(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*transfer.Route){
		"method":               func(r *transfer.Route) { r.Method = "post" },
		"base URL must be":     func(r *transfer.Route) { r.Base = "api.example.test" },
		"must be https":        func(r *transfer.Route) { r.Base = "ftp://api.example.test" },
		"has credentials":      func(r *transfer.Route) { r.Base = "https://user:pass@api.example.test" },
		"at most a path":       func(r *transfer.Route) { r.Base = "https://api.example.test?key=1" },
		"begin with a slash":   func(r *transfer.Route) { r.Path = "x" },
		"neither stock nor in": func(r *transfer.Route) { r.Path = "/{tagret}" },
		"does not close":       func(r *transfer.Route) { r.Path = "/{target" },
		"has no From":          func(r *transfer.Route) { r.Vars = map[string]transfer.Var{"x": {}} },
	} {
		r := route
		change(&r)
		require.ErrorContains(t, r.Check(), want)
	}
}

// Magento's transfer builder is a singleton that never resets: headers and credentials leak into the next transfer.
func TestNothingLeaksFromOneTransferIntoTheNext(t *testing.T) {
	t.Parallel()
	r := route
	r.Signer = transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error {
		w.Header.Set("Authorization", "Bearer "+string(w.Store))
		w.URL.RawQuery = "signed=" + string(w.Store)
		return nil
	})
	first := create(t, r, subject(), nil)
	first.Header.Set("X-Once", "1")
	w1, err := first.Wire(t.Context())
	require.NoError(t, err)
	s := subject()
	s.Store, s.IdempotencyKey = "fr", "key-2"
	second := create(t, r, s, nil)
	w2, err := second.Wire(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "Bearer es", w1.Header.Get("Authorization"))
	assert.Equal(t, "Bearer fr", w2.Header.Get("Authorization"))
	assert.Empty(t, w2.Header.Get("X-Once"))
	assert.Equal(t, "key-2", w2.Header.Get("Idempotency-Key"))
	assert.Empty(t, second.Header.Get("Authorization"), "credentials enter the bytes, never the transfer")
	again, err := first.Wire(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "signed=es", again.URL.RawQuery, "signing twice does not add up")
}

// W3: GET and DELETE; M10: a document without a body goes into the query.
func TestReadingRequestsAreSafeAndPutTheDocumentIntoTheQuery(t *testing.T) {
	t.Parallel()
	r := route
	r.Method = http.MethodGet
	tr := create(t, r, gateway.Subject{Store: "es", Target: "a"}, func(doc *request.Document) {
		doc.Int("limit", 3)
		doc.Object("created").Text("gte", "1 2")
	})
	assert.True(t, tr.Safe, "a safe call needs no key")
	w, err := tr.Wire(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "limit=3&created%5Bgte%5D=1+2", w.URL.RawQuery)
	assert.Empty(t, w.Body)
	assert.Empty(t, w.Header.Get("Content-Type"))

	secret := create(t, r, subject(), func(doc *request.Document) { doc.Object("a").Secret("key", gateway.NewSecret("s")) })
	_, err = secret.Wire(t.Context())
	require.ErrorContains(t, err, `field "a/key" is secret and would travel in the URL`)
}

func TestASignersFailureIsAuthenticationAndSendsNothing(t *testing.T) {
	t.Parallel()
	for want, err := range map[gateway.Code]error{
		gateway.CodeAuthentication: assert.AnError,
		gateway.CodeUnavailable:    gateway.Errorf(gateway.CodeIndeterminate, "the token request was lost"),
		gateway.CodeRateLimited:    gateway.Errorf(gateway.CodeRateLimited, "too many tokens"),
	} {
		r := route
		r.Signer = transfer.Signers(transfer.SignerFunc(func(context.Context, *transfer.Wire) error { return nil }), transfer.SignerFunc(func(context.Context, *transfer.Wire) error { return err }))
		_, got := create(t, r, subject(), nil).Wire(t.Context())
		assert.Equal(t, want, gateway.CodeOf(got))
		assert.Contains(t, got.Error(), "sign")
	}
	r := route
	r.Signer = transfer.SignerFunc(func(context.Context, *transfer.Wire) error { panic("sk_live_1") })
	_, err := create(t, r, subject(), nil).Wire(t.Context())
	require.ErrorIs(t, err, gateway.CodeInternal, "a panic before sending is no lost answer")
	assert.NotContains(t, err.Error(), "sk_live")
	_, err = (&transfer.Transfer{}).Wire(t.Context())
	require.ErrorIs(t, err, gateway.CodeInternal)
}

func TestTheIdempotencyKeyIsCheckedAgainstTheProvidersLimit(t *testing.T) {
	t.Parallel()
	doc := request.NewDocument()
	defer doc.Release()
	r := route
	r.KeyMax = 8
	for _, key := range []string{"", "123456789", "a b", "é", "a\n"} {
		s := subject()
		s.IdempotencyKey = key
		_, err := r.Create(t.Context(), s, doc)
		require.ErrorIs(t, err, gateway.CodeInvalid, "%q", key)
	}
}

func TestADigestTellsRequestsApartAndHoldsNoSecret(t *testing.T) {
	t.Parallel()
	digest := func(path, secret string, amount int64) string {
		r := route
		r.Path = path
		return create(t, r, subject(), func(doc *request.Document) {
			doc.Int("amount", amount)
			doc.Secret("card", gateway.NewSecret(secret))
		}).Digest()
	}
	base := digest("/a", "4111", 1)
	assert.Equal(t, base, digest("/a", "4111", 1))
	assert.Equal(t, base, digest("/a", "4222", 1))
	assert.NotEqual(t, base, digest("/b", "4111", 1))
	assert.NotEqual(t, base, digest("/a", "4111", 2))
}

func TestPathAndMethodEditsKeepTheRest(t *testing.T) {
	t.Parallel()
	f := transfer.Method(http.MethodPut)(transfer.Path("/other/{target}")(route))
	tr := create(t, f, subject(), nil)
	assert.Equal(t, "/v1/other/auth-1", tr.URL.Path)
	assert.Equal(t, http.MethodPut, tr.Method)
	assert.Equal(t, "key-1", tr.Header.Get("Idempotency-Key"))
	assert.Nil(t, transfer.Path("/x")(transfer.Func(nil)), "a factory without a path cannot get another one; assembly says so")
	assert.Nil(t, transfer.Method("PUT")(transfer.Func(nil)))
}

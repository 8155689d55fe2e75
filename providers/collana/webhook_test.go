package collana_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook/webhooktest"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

func user(password string) []webhook.User {
	return []webhook.User{{Name: "collana", Password: gateway.NewSecret(password)}}
}

func signing(secret string) []gateway.Secret {
	return []gateway.Secret{gateway.NewSecret(strings.Repeat(secret, 8))}
}

// C29: a callback proves itself by what we gave Collana, or is refused.
func TestEveryForgedCallbackIsRefused(t *testing.T) {
	t.Parallel()
	foreign := "another-password-0123456789"
	basic := func(secret string, _ time.Time, c *webhook.Call) error {
		return webhook.Basic{Users: func(context.Context, gateway.StoreID) ([]webhook.User, error) { return user(secret), nil }}.Sign(t.Context(), c)
	}
	bearer := func(secret string, _ time.Time, c *webhook.Call) error {
		token, _, err := (&collana.Tokens{Secrets: signing(secret)}).Issue(c.Store)
		c.Header.Set("Authorization", "Bearer "+token.Reveal())
		return err
	}
	for name, sign := range map[string]func(string, time.Time, *webhook.Call) error{"basic": basic, "bearer": bearer} {
		receiver := collana.Webhook(collana.WebhookConfig{Keys: tenant.Single(collana.CallbackKeys{
			Users: user(password), Tokens: &collana.Tokens{Clients: user(password), Secrets: signing(password)},
		})})
		honest := webhook.Call{Store: store, Header: http.Header{}, Body: []byte(`{"transactionId":"t-1","interactionId":"i-1","endpointType":"Prepares","status":"Pending"}`)}
		require.NoError(t, sign(password, noon, &honest))
		trust, err := receiver.Verify(t.Context(), honest)
		require.NoError(t, err, name)
		require.Equal(t, webhook.Proved, trust)
		attacks := webhooktest.Attacks(webhooktest.Scheme{Headers: []string{"Authorization"}, Secret: password, Foreign: []string{foreign}, Sign: sign}, honest, noon)
		assert.Greater(t, len(attacks), 40)
		for _, a := range attacks {
			trust, err := receiver.Verify(t.Context(), a.Call)
			assert.Equal(t, webhook.Refused, trust, "%s: %s", name, a.Name)
			require.ErrorIs(t, err, gateway.CodeAuthentication, "%s: %s", name, a.Name)
			assert.NotContains(t, err.Error(), password)
		}
	}
}

// What is not set up lets nobody in.
func TestWithoutCredentialsEveryCallbackIsRefused(t *testing.T) {
	t.Parallel()
	for _, keys := range []tenant.Credentials[collana.CallbackKeys]{
		nil,
		tenant.Fixed[collana.CallbackKeys]{},
		tenant.Single(collana.CallbackKeys{}), tenant.Single(collana.CallbackKeys{Users: user("")}),
		tenant.Single(collana.CallbackKeys{Tokens: &collana.Tokens{Secrets: signing("")}}),
	} {
		for _, header := range []string{"", "Basic Og==", "Basic Y29sbGFuYTo=", "Bearer ", "Bearer 9999999999.x.y", "Bearer 99999999999.AAAAAAAAAAAA."} {
			c := webhook.Call{Store: store, Header: http.Header{}, Body: []byte("{}")}
			if header != "" {
				c.Header.Set("Authorization", header)
			}
			_, err := collana.Webhook(collana.WebhookConfig{Keys: keys}).Verify(t.Context(), c)
			require.ErrorIs(t, err, gateway.CodeAuthentication, header)
		}
	}
}

// A token is for one store, ends, and is known again while the secret is rotated.
func TestTokensAreForOneStoreAndEnd(t *testing.T) {
	t.Parallel()
	now := noon
	clock := func() time.Time { return now }
	old := collana.Tokens{Secrets: signing("old-secret"), Now: clock, Life: time.Minute}
	token, life, err := old.Issue(store)
	require.NoError(t, err)
	assert.Equal(t, time.Minute, life)
	verify := func(of gateway.StoreID, token string, tokens *collana.Tokens) error {
		c := webhook.Call{Store: of, Header: http.Header{"Authorization": {"Bearer " + token}}}
		_, err := collana.Webhook(collana.WebhookConfig{Keys: tenant.Single(collana.CallbackKeys{Tokens: tokens})}).Verify(t.Context(), c)
		return err
	}
	rotated := &collana.Tokens{Secrets: append(signing("new-secret"), signing("old-secret")...), Now: clock}
	require.NoError(t, verify(store, token.Reveal(), rotated))
	require.Error(t, verify("at", token.Reveal(), rotated), "another store's")
	require.Error(t, verify(store, token.Reveal(), &collana.Tokens{Secrets: signing("new-secret"), Now: clock}), "the old secret is out of use")
	require.Error(t, verify(store, strings.Replace(token.Reveal(), "1", "2", 1), rotated), "its end was changed")
	now = now.Add(time.Minute)
	require.Error(t, verify(store, token.Reveal(), rotated), "it has ended")
	_, _, err = (&collana.Tokens{Secrets: []gateway.Secret{gateway.NewSecret("short")}}).Issue(store)
	require.ErrorIs(t, err, gateway.CodeInternal)
	_, _, err = old.Issue("")
	require.ErrorIs(t, err, gateway.CodeInternal)
}

// The token endpoint gives tokens to our client, and to nobody else.
func TestTheTokenEndpointKnowsItsClient(t *testing.T) {
	t.Parallel()
	tokens := &collana.Tokens{Clients: append(user(""), user(password)...), Secrets: signing("secret")}
	ask := func(method, form string, basic ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if len(basic) == 2 {
			r.SetBasicAuth(basic[0], basic[1])
		}
		w := httptest.NewRecorder()
		tokens.Handler(store).ServeHTTP(w, r)
		return w
	}
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {"collana"}, "client_secret": {password}}.Encode()
	for _, w := range []*httptest.ResponseRecorder{ask(http.MethodPost, good), ask(http.MethodPost, "grant_type=client_credentials", "collana", password)} {
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Contains(t, w.Body.String(), `"token_type":"Bearer"`)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
	// RFC 6749, section 2.3.1: in the header both are form-encoded, which some clients do not do.
	const odd = "50% + / of it"
	tokens.Clients = append(tokens.Clients, webhook.User{Name: "odd one", Password: gateway.NewSecret(odd)})
	for _, basic := range [][]string{{"odd one", odd}, {url.QueryEscape("odd one"), url.QueryEscape(odd)}} {
		assert.Equal(t, http.StatusOK, ask(http.MethodPost, "grant_type=client_credentials", basic...).Code, basic)
	}
	for _, bad := range []struct {
		w    *httptest.ResponseRecorder
		code int
		says string
	}{
		{ask(http.MethodGet, good), http.StatusMethodNotAllowed, "invalid_request"},
		{ask(http.MethodPost, "a=%"), http.StatusBadRequest, "invalid_request"},
		{ask(http.MethodPost, "grant_type=client_credentials"), http.StatusUnauthorized, "invalid_client"},
		{ask(http.MethodPost, good, "collana", ""), http.StatusUnauthorized, "invalid_client"},
		{ask(http.MethodPost, good, "collana", password+"x"), http.StatusUnauthorized, "invalid_client"},
		{ask(http.MethodPost, "grant_type=client_credentials", "odd one", "50%"), http.StatusUnauthorized, "invalid_client"},
		{ask(http.MethodPost, good, "other", password), http.StatusUnauthorized, "invalid_client"},
		{ask(http.MethodPost, "grant_type=password", "collana", password), http.StatusBadRequest, "unsupported_grant_type"},
	} {
		assert.Equal(t, bad.code, bad.w.Code)
		assert.Contains(t, bad.w.Body.String(), bad.says)
		assert.NotContains(t, bad.w.Body.String(), "access_token")
	}
	var none *collana.Tokens
	w := httptest.NewRecorder()
	none.Handler(store).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/token", nil))
	assert.Equal(t, http.StatusUnauthorized, w.Code)
}

// A whole payment whose callbacks bring tokens that Collana fetched from us.
func TestAPaymentWithOAuth2Callbacks(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *setup) {
		c.tokenURL = true
		c.keys = collana.CallbackKeys{Tokens: &collana.Tokens{Clients: user(password), Secrets: signing("secret")}}
	})
	s.once(s.paid())
}

// Callbacks that are not authenticated are refused and change nothing; where a shop
// in development takes them, they are hints, and Collana is asked.
func TestCallbacksWithoutProofAreRefusedOrHints(t *testing.T) {
	t.Parallel()
	for _, hints := range []bool{false, true} {
		s := open(t, func(c *setup) {
			c.open = hints
			c.collana.Keys = tenant.Single(collana.Keys{APIKey: gateway.NewSecret(simulator.DefaultKey)}) // asks for no authentication
		})
		id, _, err := s.pay(collana.Invoice)
		require.NoError(t, err)
		code, _ := s.last(simulator.Transactions, simulator.Successful).Send(t.Context())
		if !hints {
			assert.Equal(t, http.StatusUnauthorized, code)
			assert.Zero(t, s.collana.Requests(simulator.Prepares))
			continue
		}
		for at := 1; at < len(s.collana.Callbacks()); at++ {
			s.tell(s.collana.Callbacks()[at])
		}
		s.once(id)

		s.collana.Next(simulator.Transactions, simulator.HangUpAfter)
		p, err := s.engine.Create(t.Context(), engine.NewPayment{Store: store, Key: "second", Amount: eur(100)})
		require.NoError(t, err)
		_, err = s.engine.Authorize(t.Context(), engine.Request{Store: store, Payment: p.ID, Key: "second-pay", Provider: "collana", All: true})
		require.ErrorIs(t, err, gateway.CodeIndeterminate)
		lost := s.last(simulator.Transactions, simulator.Successful)
		s.tell(lost)
		assert.NotEqual(t, lost.Transaction, s.payment(p.ID).Refs.Get("transaction"), "a hint gives a payment no name")
	}
}

// C17: the payment is found by the transaction; a callback that nobody made here, or
// that names two payments, changes nothing.
func TestACallbackIsOfTheTransactionItNames(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, _, err := s.pay(collana.Invoice)
	require.NoError(t, err)
	first := s.last(simulator.Transactions, simulator.Successful)
	send := func(at, body string) int {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, at, strings.NewReader(body))
		r.SetBasicAuth("collana", password)
		w := httptest.NewRecorder()
		s.inbox.Handler().ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			assert.Equal(t, `{"success":true}`, w.Body.String())
			assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		} else {
			assert.Equal(t, `{"success":false}`, w.Body.String())
		}
		return w.Code
	}
	assert.Equal(t, http.StatusOK, send("/webhooks/collana/de", `{"transactionId":"t-of-nobody","interactionId":"i-1","endpointType":"Transactions","status":"Successful"}`))
	for _, bad := range []string{``, `[]`, `{}`, `{"transactionId":""}`, `{"transactionId":"a/../b"}`, `{"transactionId":"t-1","TransactionId":"t-2"}`, `{"transactionId":"t-1","interactionId":"i 1"}`, `{"transactionId":7}`, `{"transactionId":"t-1"}{}`} {
		assert.Equal(t, http.StatusBadRequest, send("/webhooks/collana/de", bad), bad)
	}
	assert.Zero(t, s.collana.Requests(simulator.Prepares))

	// A second payment, and a callback at its URL for the first one's transaction.
	p, err := s.engine.Create(t.Context(), engine.NewPayment{Store: store, Key: "second", Amount: eur(100)})
	require.NoError(t, err)
	second, err := s.engine.Authorize(t.Context(), engine.Request{Store: store, Payment: p.ID, Key: "second-pay", Provider: "collana", All: true, Extras: gateway.With(collana.Method.Of(collana.Invoice))})
	require.NoError(t, err)
	mixed := "/webhooks/collana/de?call=Transactions&operation=" + string(second.Operation.ID)
	assert.Equal(t, http.StatusOK, send(mixed, `{"transactionId":"`+first.Transaction+`","interactionId":"i-1","endpointType":"Transactions","status":"Successful"}`))
	assert.Zero(t, s.collana.Requests(simulator.Prepares), "it names two payments")
	problems := 0
	require.NoError(t, s.db.View(t.Context(), func(tx *storage.Tx) error {
		for _, of := range []gateway.PaymentID{id, p.ID} {
			all, err := tx.Discrepancies(store, of)
			if err != nil {
				return err
			}
			problems += len(all)
		}
		return nil
	}))
	assert.Equal(t, 1, problems)

	// Without an operation in the URL the transaction's own name is enough; with the
	// words of the details in place of type and status too.
	assert.Equal(t, http.StatusOK, send("/webhooks/collana/de", `{"TransactionId":"`+first.Transaction+`","StatusDetails":"CreateInteraction; Successful"}`))
	assert.Equal(t, 1, s.collana.Requests(simulator.Prepares))
}

// An event is the same when it comes again, and another one when it says something else.
func TestCallbacksAreToldApart(t *testing.T) {
	t.Parallel()
	read := func(body string) webhook.Event {
		t.Helper()
		events, err := collana.Webhook(collana.WebhookConfig{}).Reader.Read(t.Context(), webhook.Call{Body: []byte(body)})
		require.NoError(t, err)
		require.Len(t, events, 1)
		assert.True(t, events[0].Fetch, "a callback states nothing to rely on")
		assert.Empty(t, events[0].Outcome.Movements)
		return events[0]
	}
	ids, kinds := map[string]string{}, map[string]string{
		`{"transactionId":"t-1","interactionId":"i-1","endpointType":"Prepares","status":"Pending"}`:                                                      "Prepares.pending",
		`{"transactionId":"t-1","interactionId":"i-1","endpointType":"Prepares","status":"Successful"}`:                                                   "Prepares.successful",
		`{"transactionId":"t-1","interactionId":"i-2","endpointType":"Prepares","status":"Successful"}`:                                                   "Prepares.successful",
		`{"transactionId":"t-2","interactionId":"i-1","endpointType":"Prepares","status":"Successful"}`:                                                   "Prepares.successful",
		`{"transactionId":"t-1","interactionId":"i-1","endpointType":"Reservations","status":"Pending","statusDetails":"PrepareInteraction; Successful"}`: "Reservations.pending",
		`{"transactionId":"t-1","interactionId":"i-1","statusDetails":"ReservationInteraction; Successful"}`:                                              "Reservations.successful",
		`{"transactionId":"t-1","interactionId":"i-1","endpointType":"Posted","status":"Maybe"}`:                                                          "Unknown.unknown",
	}
	for body, kind := range kinds {
		e := read(body)
		assert.Equal(t, kind, e.Kind)
		assert.Equal(t, e.ID, read(body).ID)
		assert.Empty(t, ids[e.ID], body)
		ids[e.ID] = body
	}
	upper := `{"TransactionId":"t-1","InteractionId":"i-1","EndpointType":"Prepares","Status":"Pending"}`
	assert.NotEmpty(t, ids[read(upper).ID], "the spelling is not part of what is told")
}

// C31: what Collana sends to a public recorder in development is played again here.
func TestRecordedCallbacksArePlayedAgain(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, _, err := s.pay(collana.Invoice)
	require.NoError(t, err)
	var tape bytes.Buffer
	recorder := &webhook.Recorder{W: &tape, Next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })}
	c := s.last(simulator.Transactions, simulator.Successful)
	at, err := url.Parse(c.URL)
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, at.RequestURI(), bytes.NewReader(c.Body))
	r.SetBasicAuth("collana", password)
	recorder.ServeHTTP(httptest.NewRecorder(), r)
	assert.NotContains(t, tape.String(), password)
	codes, err := webhook.Replay(t.Context(), webhook.Replaying{From: &tape, To: s.inbox.Handler(), Store: store, Sign: webhook.Basic{
		Users: func(context.Context, gateway.StoreID) ([]webhook.User, error) { return user(password), nil },
	}})
	require.NoError(t, err)
	assert.Equal(t, []int{http.StatusOK}, codes)
	assert.Equal(t, 1, s.collana.Requests(simulator.Prepares))
	s.finish(id)
	s.once(id)
}

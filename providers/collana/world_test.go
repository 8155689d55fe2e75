package collana_test

import (
	"context"
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

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

const store gateway.StoreID = "de"

const password = "callback-password-0123456789"

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// shop is a whole shop on a SQLite file, with a simulated Collana and a clock that
// the test moves.
type shop struct {
	*testing.T

	collana *simulator.Server
	api     *collana.API
	pools   *command.Pools
	db      *storage.DB
	engine  *engine.Engine
	inbox   *inbox.Inbox
	url     string

	clock atomic.Int64 // microseconds
}

// setup is what differs from one shop to another.
type setup struct {
	simulator simulator.Config
	collana   collana.Config
	keys      collana.CallbackKeys
	tokenURL  bool // callbacks bring tokens
	hooks     []engine.Hook
	open      bool // callbacks that prove nothing are hints
}

func open(t *testing.T, change func(*setup)) *shop {
	t.Helper()
	s := &shop{T: t}
	s.clock.Store(noon.UnixMicro())
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	s.url = server.URL
	cfg := setup{
		simulator: simulator.Config{Manual: true, Credentials: map[string]simulator.Credential{"auth-1": {User: "collana", Password: password}}},
		collana: collana.Config{
			Callback: server.URL + "/webhooks/collana/{store}", Method: collana.CreditCard, HTTP: client.Config{Timeout: 2 * time.Second},
			Keys: tenant.Single(collana.Keys{APIKey: gateway.NewSecret(simulator.DefaultKey), Authentication: "auth-1"}),
		},
		keys: collana.CallbackKeys{Users: []webhook.User{{Name: "collana", Password: gateway.NewSecret(password)}}},
	}
	if change != nil {
		change(&cfg)
	}
	if cfg.tokenURL {
		cfg.simulator.Credentials["auth-1"] = simulator.Credential{User: "collana", Password: password, TokenURL: server.URL + "/token"}
		mux.Handle("/token", cfg.keys.Tokens.Handler(store))
	}
	cfg.simulator.AutoCapture = cfg.collana.AutoCapture
	var err error
	s.collana, err = simulator.Start(cfg.simulator)
	require.NoError(t, err)
	cfg.collana.BaseURL = s.collana.URL()
	s.api, err = collana.New(cfg.collana)
	require.NoError(t, err)
	s.pools, err = command.Assemble(s.api.Provider())
	require.NoError(t, err)
	s.db, err = sqlite.Open(t.Context(), enginetest.NewFile(t), sqlite.Options{Now: s.now})
	require.NoError(t, err)
	s.engine, err = engine.New(engine.Config{Pools: s.pools, Storage: s.db, Hooks: cfg.hooks})
	require.NoError(t, err)
	s.inbox, err = inbox.New(inbox.Config{
		Storage: s.db, Engine: s.engine,
		Receivers: map[string]webhook.Receiver{"collana": collana.Webhook(collana.WebhookConfig{Keys: tenant.Single(cfg.keys), Unauthenticated: cfg.open})},
	})
	require.NoError(t, err)
	mux.Handle("/webhooks/", s.inbox.Handler())
	t.Cleanup(func() {
		require.NoError(t, s.collana.Close())
		server.Close()
		s.inbox.Wait()
		assert.NoError(t, s.db.Close())
		assert.NoError(t, s.pools.Close(context.Background()))
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func (s *shop) now() time.Time          { return time.UnixMicro(s.clock.Add(1)).UTC() }
func (s *shop) advance(d time.Duration) { s.clock.Add(d.Microseconds()) }

func eur(cents int64) gateway.Money { return gateway.Minor(cents, "EUR") }

// pay makes a payment of 99.90 EUR and authorizes it.
func (s *shop) pay(method string) (gateway.PaymentID, engine.Result, error) {
	s.Helper()
	return s.begin(s.engine.Authorize, method)
}

func (s *shop) begin(how func(context.Context, engine.Request) (engine.Result, error), method string) (gateway.PaymentID, engine.Result, error) {
	s.Helper()
	p, err := s.engine.Create(s.Context(), engine.NewPayment{Store: store, Key: "order-17", Amount: eur(9990), Order: order})
	require.NoError(s, err)
	r, err := how(s.Context(), engine.Request{
		Store: store, Payment: p.ID, Key: "order-17-pay", Provider: "collana", All: true, ReturnURL: "https://shop.example/return/17",
		Extras: gateway.With(collana.Method.Of(method)),
	})
	return p.ID, r, err
}

var order = &gateway.Order{
	Number: "17", Description: "Boots",
	Billing: &gateway.Address{
		GivenName: "Jörg", FamilyName: "Müller", Lines: []string{"Hauptstraße 5"}, City: "Köln", PostalCode: "50667", Country: "DE", Email: "j@example.org",
	},
	Shipping: &gateway.Address{GivenName: "Jörg", FamilyName: "Müller", Lines: []string{"Hauptstraße 5"}, City: "Köln", PostalCode: "50667", Country: "DE"},
}

// tell sends callbacks, as often as they are given, and expects each to be taken.
func (s *shop) tell(all ...*simulator.Callback) {
	s.Helper()
	for _, c := range all {
		code, err := c.Send(s.Context())
		require.NoError(s, err)
		require.Equal(s, http.StatusOK, code)
	}
}

// last returns the newest callback, which must be of an endpoint and a status.
func (s *shop) last(endpoint, status string) *simulator.Callback {
	s.Helper()
	all := s.collana.Callbacks()
	require.NotEmpty(s, all)
	c := all[len(all)-1]
	require.Equal(s, endpoint+" "+status, c.Endpoint+" "+c.Status)
	return c
}

// shopper decides on a page, and does not follow where it leads.
func (s *shop) shopper(page, decision string) (location string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, page, strings.NewReader(url.Values{"decision": {decision}}.Encode()))
	require.NoError(s, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := c.Do(r)
	require.NoError(s, err)
	defer func() { _ = answer.Body.Close() }()
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(s, err)
	require.Less(s, answer.StatusCode, 400)
	return answer.Header.Get("Location")
}

// operation returns the operation that began the payment.
func (s *shop) operation(id gateway.PaymentID) storage.Operation {
	s.Helper()
	ops, _, err := s.engine.History(s.Context(), store, id)
	require.NoError(s, err)
	require.NotEmpty(s, ops)
	return ops[0]
}

func (s *shop) payment(id gateway.PaymentID) gateway.Payment {
	s.Helper()
	p, err := s.engine.Payment(s.Context(), store, id)
	require.NoError(s, err)
	return p
}

// action returns what the shopper must do.
func (s *shop) action(id gateway.PaymentID, kind gateway.ActionKind) string {
	s.Helper()
	o := s.operation(id)
	require.Equal(s, gateway.StateActionRequired, o.State, "%s %s", o.Code, o.Detail)
	require.NotNil(s, o.Action)
	require.Equal(s, kind, o.Action.Kind)
	return o.Action.URL
}

// balanced compares our books with Collana's, in money.
func (s *shop) balanced(id gateway.PaymentID) gateway.Balances {
	s.Helper()
	b := s.payment(id).Balances
	theirs := s.collana.Total("EUR")
	assert.Equal(s, simulator.Ledger{
		Currency: "EUR", Authorized: b.Authorized.Minor(), Released: b.Released.Minor(), Captured: b.Captured.Minor(), Refunded: b.Refunded.Minor(),
	}, theirs, "our books are Collana's")
	return b
}

// resolve lets time pass and looks after what waits, as timers do.
func (s *shop) resolve(after time.Duration) {
	s.Helper()
	s.advance(after)
	_, err := s.engine.Resolve(s.Context(), 100)
	require.NoError(s, err)
	_, err = s.inbox.Sweep(s.Context(), 100)
	require.NoError(s, err)
}

// paid takes a payment by card from its create to its reservation.
func (s *shop) paid() gateway.PaymentID {
	s.Helper()
	id, _, err := s.pay(collana.CreditCard)
	require.NoError(s, err)
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	s.tell(s.last(simulator.Prepares, simulator.Pending))
	s.shopper(s.action(id, gateway.ActionIframe), "approve")
	s.tell(s.last(simulator.Prepares, simulator.Successful))
	s.tell(s.last(simulator.Reservations, simulator.Pending))
	s.shopper(s.action(id, gateway.ActionRedirect), "approve")
	s.tell(s.last(simulator.Reservations, simulator.Successful))
	require.Equal(s, gateway.StateSucceeded, s.operation(id).State)
	return id
}

// keys are credentials that any store has.
func (s *shop) keys() tenant.Credentials[collana.Keys] {
	return tenant.Single(collana.Keys{APIKey: gateway.NewSecret("k")})
}

package inbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestMain(m *testing.M) {
	if raw := os.Getenv(victimVariable); raw != "" { // a process that a test kills
		println(victim(raw).Error())
		os.Exit(1)
	}
	code := postgrestest.Main(m)
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

// world is a shop whose provider posts to its inbox over HTTP.
type world struct {
	*enginetest.Shop

	box    *inbox.Inbox
	keys   sandbox.WebhookConfig
	url    string // of the inbox's server
	log    *locked
	handle atomic.Pointer[http.Handler]
}

// locked is a log that may be written and read at once.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// option changes how a world begins.
type option struct {
	postgres bool

	inbox func(*inbox.Config)
	recv  func(webhook.Receiver) webhook.Receiver
}

// onBoth runs a test on each storage.
func onBoth(t *testing.T, test func(t *testing.T, on option)) {
	t.Helper()
	for name, on := range map[string]option{"sqlite": {}, "postgres": {postgres: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, on)
		})
	}
}

func newWorld(t testing.TB, options ...option) *world {
	t.Helper()
	w := &world{log: &locked{}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		(*w.handle.Load()).ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	if slices.ContainsFunc(options, func(o option) bool { return o.postgres }) {
		url := postgrestest.Database(t)
		w.Shop = enginetest.NewOn(t, func(now func() time.Time) (*storage.DB, error) {
			return postgres.Open(t.Context(), url, postgres.Options{Now: now})
		})
	} else {
		w.Shop = enginetest.New(t)
	}
	require.NoError(t, w.Provider.SetWebhook(simulator.DefaultAccount, w.url+"/webhooks/sandbox/es", simulator.DefaultWebhookSecret))
	w.keys = sandbox.WebhookConfig{
		Keys: tenant.CredentialsFunc[sandbox.WebhookKeys](func(_ context.Context, _ gateway.StoreID) (sandbox.WebhookKeys, error) {
			return sandbox.WebhookKeys{Secrets: []gateway.Secret{gateway.NewSecret(simulator.DefaultWebhookSecret)}, Account: simulator.DefaultAccount}, nil
		}),
		Window: webhook.Window{Now: w.Now},
	}
	receiver := sandbox.Webhook(w.keys)
	for _, o := range options {
		if o.recv != nil {
			receiver = o.recv(receiver)
		}
	}
	cfg := inbox.Config{
		Storage: w.DB, Engine: w.Engine, Receivers: map[string]webhook.Receiver{"sandbox": receiver},
		Log: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, o := range options {
		if o.inbox != nil {
			o.inbox(&cfg)
		}
	}
	var err error
	w.box, err = inbox.New(cfg)
	require.NoError(t, err)
	t.Cleanup(w.box.Wait)
	w.mount(w.box.Handler())
	return w
}

func (w *world) mount(h http.Handler) { w.handle.Store(&h) }

// deliver posts everything that is pending, and returns the answers' codes.
func (w *world) deliver(order func([]simulator.Event) []simulator.Event, duplicates int) (codes []int) {
	w.Helper()
	all, err := w.Provider.DeliverAll(order, duplicates)
	require.NoError(w, err)
	for _, d := range all {
		require.NoError(w, d.Err)
		codes = append(codes, d.Status)
	}
	return codes
}

// sweep lets time pass until nothing waits any more, for some minutes at most.
func (w *world) sweep() {
	w.Helper()
	for range 12 {
		_, err := w.box.Sweep(w.Context(), 1000)
		require.NoError(w, err)
		w.Advance(30 * time.Second)
	}
}

// post sends a signed notification to a store's route and returns the answer.
func (w *world) post(store gateway.StoreID, body []byte, change ...func(*webhook.Call)) (int, string) {
	w.Helper()
	c := webhook.Call{Store: store, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
	require.NoError(w, sandbox.WebhookScheme(w.keys).Sign(w.Context(), &c))
	for _, f := range change {
		f(&c)
	}
	return w.send(c, "/webhooks/sandbox/"+string(store))
}

func (w *world) send(c webhook.Call, path string) (int, string) {
	w.Helper()
	r, err := c.Request(w.Context(), w.url+path)
	require.NoError(w, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(w, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(w, err)
	return resp.StatusCode, string(text)
}

// bodies returns the provider's events as it posts them, oldest first.
func (w *world) bodies() (all [][]byte) {
	w.Helper()
	for _, e := range w.Provider.Events() {
		raw, err := json.Marshal(e)
		require.NoError(w, err)
		all = append(all, raw)
	}
	return all
}

// items returns the rows of a state.
func (w *world) items(state storage.InboxState) []storage.InboxItem {
	w.Helper()
	all, err := w.box.List(w.Context(), enginetest.Store, state, 0)
	require.NoError(w, err)
	return all
}

func (w *world) odd(id gateway.PaymentID) (kinds []string) {
	w.Helper()
	require.NoError(w, w.DB.View(w.Context(), func(tx *storage.Tx) error {
		all, err := tx.Discrepancies(enginetest.Store, id)
		for _, d := range all {
			kinds = append(kinds, d.Kind)
		}
		return err
	}))
	return kinds
}

// told returns the kinds of what was told of a payment.
func (w *world) told(id gateway.PaymentID) (kinds []string) {
	w.Helper()
	require.NoError(w, w.DB.View(w.Context(), func(tx *storage.Tx) error {
		all, err := tx.Events(enginetest.Store, id)
		for _, e := range all {
			kinds = append(kinds, e.Kind)
		}
		return err
	}))
	return kinds
}

// equal holds the ledger of a payment against the provider's.
func (w *world) equal(p gateway.Payment) {
	w.Helper()
	theirs, err := w.Provider.Payment(p.Refs.Get("payment"))
	require.NoError(w, err)
	a, b := theirs.Amounts, p.Balances
	assert.Equal(w, [5]int64{a.Authorized, a.Released, a.Captured, a.Refunded, a.ChargedBack},
		[5]int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor(), b.ChargedBack.Minor()})
}

// create makes a payment of another store.
func (w *world) create(store gateway.StoreID, key string) gateway.Payment {
	w.Helper()
	p, err := w.Engine.Create(w.Context(), engine.NewPayment{Store: store, Key: key, Amount: enginetest.EUR(1000)})
	require.NoError(w, err)
	return p
}

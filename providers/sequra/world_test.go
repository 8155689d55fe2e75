package sequra_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
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
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

func TestMain(m *testing.M) {
	if raw := os.Getenv(victimVariable); raw != "" { // a process that a test kills
		println(victim(raw).Error())
		os.Exit(1)
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

func eur(cents int64) gateway.Money { return gateway.Minor(cents, "EUR") }

// basket is an order of 30.00: two shirts, shipping, and a discount.
func basket(number string) *gateway.Order {
	return &gateway.Order{
		Number: number,
		Lines: []gateway.Line{
			{SKU: "shirt", Name: "A shirt, ñ", Quantity: 2, Price: eur(1300)},
			{SKU: "ship", Name: "Courier", Kind: gateway.LineShipping, Quantity: 1, Price: eur(600)},
			{SKU: "spring", Name: "Spring", Kind: gateway.LineDiscount, Quantity: 1, Price: eur(-200)},
		},
		Billing:  &gateway.Address{GivenName: "Ada", FamilyName: "Lovelace", Lines: []string{"Calle Mayor 1"}, City: "Madrid", PostalCode: "28001", Country: "ES", Phone: "600000000"},
		Customer: &gateway.Customer{ID: "c-1", Email: "ada@shop.example", Language: "es-ES"},
		Browser:  &gateway.Browser{IP: "192.0.2.1", UserAgent: "Mozilla/5.0"},
	}
}

// orders is the shop's table of orders.
type orders struct {
	mu    sync.Mutex
	made  map[gateway.PaymentID]string
	calls int
	fail  error
	state []string
	ctx   []bool // whether it was called because of a notification
	name  func(n int) string
}

func (o *orders) CreateOrder(ctx context.Context, p gateway.Payment, state string) (sequra.MerchantReference, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	o.state, o.ctx = append(o.state, state), append(o.ctx, sequra.Processing(ctx))
	if o.fail != nil {
		return sequra.MerchantReference{}, o.fail
	}
	if o.made == nil {
		o.made = map[gateway.PaymentID]string{}
	}
	if o.made[p.ID] == "" {
		o.made[p.ID] = o.name(len(o.made) + 1)
	}
	return sequra.MerchantReference{OrderRef1: o.made[p.ID]}, nil
}

func (o *orders) failing(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = err
}

// world is a shop with a SeQura, a database and an inbox on a real server.
type world struct {
	*testing.T

	sequra  *simulator.Server
	api     *sequra.API
	pools   *command.Pools
	db      *storage.DB
	eng     *engine.Engine
	box     *inbox.Inbox
	orders  *orders
	updates []sequra.StatusUpdate
	mu      sync.Mutex
	url     string // of the shop
	clock   atomic.Int64
	log     *strings.Builder
}

func (w *world) Now() time.Time { return time.UnixMicro(w.clock.Add(1)).UTC() }

func (w *world) advance(d time.Duration) { w.clock.Add(d.Microseconds()) }

// setting changes how a world begins.
type setting struct {
	simulator func(*simulator.Config)
	engine    func(*engine.Config)
	duty      func(*sequra.Duty)
	items     []command.Item
}

func newWorld(t *testing.T, settings ...setting) *world {
	t.Helper()
	w := &world{T: t, orders: &orders{name: func(n int) string { return "A14/" + string(rune('0'+n)) }}, log: &strings.Builder{}}
	w.clock.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMicro())
	cfg := simulator.Config{Manual: true}
	for _, s := range settings {
		if s.simulator != nil {
			s.simulator(&cfg)
		}
	}
	var err error
	w.sequra, err = simulator.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.sequra.Close()) })
	w.api = provider(t, w.sequra.URL())
	items := []command.Item{w.api.Provider()}
	for _, s := range settings {
		items = append(items, s.items...)
	}
	w.pools, err = command.Assemble(items...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.pools.Close(context.Background())) })
	w.db, err = sqlite.Open(t.Context(), enginetest.NewFile(t), sqlite.Options{Now: w.Now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.db.Close()) })
	ec := engine.Config{Pools: w.pools, Storage: w.db}
	for _, s := range settings {
		if s.engine != nil {
			s.engine(&ec)
		}
	}
	w.eng, err = engine.New(ec)
	require.NoError(t, err)
	duty := sequra.Duty{Engine: inbox.Actor{Engine: w.eng}, Orders: w.orders, Updates: sequra.UpdatesFunc(func(_ context.Context, u sequra.StatusUpdate) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.updates = append(w.updates, u)
		return nil
	})}
	for _, s := range settings {
		if s.duty != nil {
			s.duty(&duty)
		}
	}
	w.box, err = inbox.New(inbox.Config{
		Storage: w.db, Engine: w.eng, Receivers: map[string]webhook.Receiver{"sequra": w.api.Webhook()},
		Gates: map[string]inbox.Gate{"sequra": inbox.GateFunc(func(ctx context.Context, d inbox.Duty) error { return duty.Pass(ctx, d.Payment, d.Event) })},
		Log:   slog.New(slog.NewTextHandler(&locked{b: w.log}, nil)),
	})
	require.NoError(t, err)
	shop := httptest.NewServer(w.box.Handler())
	t.Cleanup(w.box.Wait)
	t.Cleanup(shop.Close)
	w.url = shop.URL
	return w
}

type locked struct {
	mu sync.Mutex
	b  *strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func keys() sequra.Keys {
	return sequra.Keys{Username: simulator.Username, Password: gateway.NewSecret(simulator.Password), Merchant: simulator.Merchant}
}

func provider(t testing.TB, at string) *sequra.API {
	t.Helper()
	api, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, SandboxURL: at, Keys: tenant.Fixed[sequra.Keys]{"es": keys()}, HTTP: client.Config{Timeout: time.Second}})
	require.NoError(t, err)
	return api
}

func (w *world) create(key string) gateway.Payment {
	w.Helper()
	p, err := w.eng.Create(w.Context(), engine.NewPayment{Store: "es", Key: key, Amount: eur(3000), Order: basket("order-" + key)})
	require.NoError(w, err)
	return p
}

// begin asks for credit; the shopper has the form then.
func (w *world) begin(key string) gateway.Payment {
	w.Helper()
	r, err := w.eng.Authorize(w.Context(), w.request(w.create(key), key))
	require.NoError(w, err)
	require.Equal(w, gateway.StateActionRequired, r.Operation.State)
	return r.Payment
}

func (w *world) request(p gateway.Payment, key string) engine.Request {
	return engine.Request{
		Store: "es", Payment: p.ID, Key: key + "-auth", Provider: "sequra", All: true,
		NotifyURL: w.url + "/webhooks/sequra/es", ReturnURL: "https://shop.example/thanks", CancelURL: "https://shop.example/cart",
	}
}

func (w *world) payment(id gateway.PaymentID) gateway.Payment {
	w.Helper()
	p, err := w.eng.Payment(w.Context(), "es", id)
	require.NoError(w, err)
	return p
}

// begun returns the state of the payment's first operation.
func (w *world) begun(id gateway.PaymentID) gateway.OperationState {
	w.Helper()
	ops, _, err := w.eng.History(w.Context(), "es", id)
	require.NoError(w, err)
	return ops[0].State
}

// decide lets SeQura decide and returns what the shop answered to the notification.
func (w *world) decide(p gateway.Payment, d simulator.Decision) int {
	w.Helper()
	n, err := w.sequra.Decide(p.Refs.Get("order"), d)
	require.NoError(w, err)
	return w.deliver(n.ID)
}

func (w *world) deliver(id int) int {
	w.Helper()
	status, err := w.sequra.Deliver(id)
	require.NoError(w, err)
	return status
}

// held is a payment whose order was approved and placed.
func (w *world) held(key string) gateway.Payment {
	w.Helper()
	p := w.begin(key)
	require.Equal(w, 200, w.decide(p, simulator.Approve))
	p = w.payment(p.ID)
	require.Equal(w, eur(3000), p.Balances.Authorized)
	return p
}

// equal holds our ledger of a payment against SeQura's, in money.
func (w *world) equal(id gateway.PaymentID) {
	w.Helper()
	p := w.payment(id)
	theirs, ok := w.sequra.Order(p.Refs.Get("order"))
	require.True(w, ok)
	b := p.Balances
	assert.Equal(w, theirs.Money, simulator.Money{Held: b.Authorized.Minor(), Released: b.Released.Minor(), Shipped: b.Captured.Minor(), Returned: b.Refunded.Minor()})
}

func (w *world) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, u := range w.updates {
		all = append(all, u.Order+" "+u.State)
	}
	return all
}

// post sends a notification of a test's own making.
func (w *world) post(form url.Values) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url+"/webhooks/sequra/es", strings.NewReader(form.Encode()))
	require.NoError(w, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(w, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(w, err)
	return resp.StatusCode, string(raw)
}

var formAction = regexp.MustCompile(`action="([^"]+)"`)

package main

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/examples/checkout/internal/browser"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	collana "github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	sequra "github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

func TestMain(m *testing.M) {
	code := browser.Main(m)
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

// shop is the shop as it is run, in this process.
type shop struct {
	*testing.T

	url     string
	banks   *banks
	collana *collana.Server
	sequra  *sequra.Server
	db      *storage.DB
	said    *lines
	net     *network
	down    atomic.Bool  // nobody is told how a payment stands
	posts   atomic.Int64 // how often a shopper pressed "Pay"
	twice   atomic.Bool  // the first press is answered when the second has come
}

// lines is a terminal.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// network is between the shopper and the shop.
type network struct {
	net.Listener

	mu    sync.Mutex
	off   bool
	conns []net.Conn
}

func (n *network) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case err != nil:
	case n.off:
		_ = c.Close()
	default:
		n.conns = append(n.conns, c)
	}
	return c, err
}

// cut breaks every connection, and lets no other one come until it is mended.
func (n *network) cut(off bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.off = off
	for _, c := range n.conns {
		_ = c.Close()
	}
	n.conns = nil
}

func newShop(t *testing.T, more ...fx.Option) *shop {
	t.Helper()
	s := &shop{T: t, said: &lines{}}
	var at address
	cfg := Config{Address: "127.0.0.1:0", Database: filepath.Join(t.TempDir(), "shop.db"), Terminal: s.said}
	app := fx.New(append([]fx.Option{
		fx.NopLogger, fx.Supply(cfg, slog.New(slog.NewTextHandler(s.said, nil))), Module, fx.Populate(&s.banks, &s.collana, &s.sequra, &s.db, &at),
		fx.Decorate(func(at address) address {
			s.net = &network{Listener: at.listener}
			at.listener = s.net
			return at
		}),
		fx.Decorate(func(h http.Handler) http.Handler { return s.around(h) }),
	}, more...)...)
	require.NoError(t, app.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		assert.NoError(t, app.Stop(ctx))
		if t.Failed() {
			t.Log("the terminal said:\n" + s.said.String())
		}
	})
	s.url = at.url
	return s
}

// around counts and refuses.
func (s *shop) around(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /checkout/", func(w http.ResponseWriter, r *http.Request) {
		if s.posts.Add(1) > 1 || !s.twice.Load() {
			h.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		assert.Eventually(s, func() bool { return s.posts.Load() > 1 }, 20*time.Second, 10*time.Millisecond)
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
	})
	mux.HandleFunc("/status/v1/payments/", func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		h.ServeHTTP(w, r)
	})
	mux.Handle("/", h)
	return mux
}

// undecided has the banks decide only when they are told to, and makes the slow one
// slower than a busy machine.
var undecided = fx.Decorate(func(r simulator.Rules) simulator.Rules {
	r.SettleAfter, r.Slow = -1, 6*time.Second
	return r
})

// decide has the bank decide about the newest payment.
func (s *shop) decide(paid bool) {
	s.Helper()
	all := s.banks.Sandbox.Payments()
	require.NotEmpty(s, all)
	require.NoError(s, s.banks.Sandbox.SettlePending(all[len(all)-1].ID, paid))
}

// order goes to the shop and orders, up to the choice of ways to pay.
func (s *shop) order(tab *browser.Tab) {
	s.Helper()
	tab.Go(s.url)
	tab.Click("#buy")
	tab.See("h1", "How would you like to pay?")
}

// pay chooses a way to pay.
func (s *shop) pay(tab *browser.Tab, method string) {
	s.Helper()
	tab.Click("#" + method)
	tab.Click("#pay")
}

// paid waits until the shopper is thanked, and holds our ledger and the banks'
// against each other: one charge.
func (s *shop) paid(tab *browser.Tab) {
	s.Helper()
	tab.See("h1", "Thank you")
	tab.Path("/thanks/")
	s.charged(1)
}

// charged asserts how many charges there are, by the banks' books and by ours.
func (s *shop) charged(times int) {
	s.Helper()
	want := []int64(nil)
	for range times {
		want = append(want, 2750)
	}
	assert.Equal(s, want, s.theirs(), "what the banks took")
	assert.Equal(s, want, s.ours(), "what our ledger says")
}

func (s *shop) theirs() (all []int64) {
	for _, bank := range []*simulator.Server{s.banks.Sandbox, s.banks.Framed, s.banks.Silent} {
		for _, e := range bank.Ledger() {
			assert.Contains(s, []simulator.Kind{simulator.KindHold, simulator.KindCapture}, e.Kind, "nothing is given back in these tests")
			if e.Kind == simulator.KindCapture {
				all = append(all, e.Amount)
			}
		}
	}
	for _, id := range s.collana.Transactions() {
		if l, _ := s.collana.Ledger(id); l.Captured > 0 {
			assert.Equal(s, l.Authorized, l.Captured)
			all = append(all, l.Captured)
		}
	}
	return all
}

func (s *shop) ours() (all []int64) {
	s.Helper()
	for _, p := range s.payments() {
		for _, m := range p.Movements {
			if m.Kind == gateway.MoveCapture {
				all = append(all, m.Amount.Minor())
			}
		}
	}
	return all
}

func (s *shop) payments() (all []gateway.Payment) {
	s.Helper()
	err := s.db.View(context.Background(), func(tx *storage.Tx) error {
		rows, err := tx.Payments(store, storage.PaymentQuery{})
		for _, row := range rows {
			p, err := tx.Payment(store, row.ID)
			if err != nil {
				return err
			}
			all = append(all, p)
		}
		return err
	})
	require.NoError(s, err)
	return all
}

// countTroubles counts in the page how often its shop could not be asked.
func (s *shop) countTroubles(tab *browser.Tab) {
	s.Helper()
	tab.Eval(`void (window.troubles = 0, addEventListener("payment-trouble", () => window.troubles++))`, nil)
}

// told waits for a line in the terminal.
func (s *shop) told(want string) {
	s.Helper()
	assert.Eventually(s, func() bool { return bytes.Contains([]byte(s.said.String()), []byte(want)) }, 20*time.Second, 20*time.Millisecond, want)
}

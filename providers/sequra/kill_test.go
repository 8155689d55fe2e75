package sequra_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

const victimVariable = "SEQURA_VICTIM"

// instructions tell a process what to serve and where to die.
type instructions struct {
	SeQura, File, Shop string
	Crash              int           // at which boundary, counted from 1; 0 never
	Later              time.Duration // of its clock
}

// boundaries are passed one after another; at one of them the process is killed.
type boundaries struct {
	mu    sync.Mutex
	names []string
	crash int
}

func (b *boundaries) pass(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names = append(b.names, name)
	if len(b.names) == b.crash {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal arrives
	}
}

// around puts a boundary before and behind everything that the duty calls.
type around struct {
	sequra.Engine
	b *boundaries
}

func (a around) Do(ctx context.Context, kind gateway.Operation, provider, key string, s gateway.Subject) error {
	name := string(kind) + " " + s.Input["state"] + " " + s.Input["order_ref_1"]
	a.b.pass("before " + name)
	defer a.b.pass("after " + name)
	return a.Engine.Do(ctx, kind, provider, key, s)
}

func (a around) Tell(ctx context.Context, store gateway.StoreID, payment gateway.PaymentID, id gateway.OperationID, out gateway.Outcome) error {
	a.b.pass("before telling " + out.Phase)
	defer a.b.pass("after telling " + out.Phase)
	return a.Engine.Tell(ctx, store, payment, id, out)
}

// shopOf opens a shop's engine on a file.
func shopOf(ctx context.Context, o instructions, b *boundaries) (*storage.DB, *engine.Engine, *sequra.API, error) {
	db, err := sqlite.Open(ctx, o.File, sqlite.Options{Now: func() time.Time { return time.Now().Add(o.Later) }})
	if err != nil {
		return nil, nil, nil, err
	}
	api, err := sequra.New(sequra.Config{
		Mode: sequra.Sandbox, SandboxURL: o.SeQura, Keys: tenant.Single(keys()), HTTP: client.Config{Timeout: 5 * time.Second},
		Policy: []client.Policy{func(next client.Client) client.Client {
			return client.Func(func(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
				b.pass("claimed, before sending")
				defer b.pass("answered, before recording")
				return next.PlaceRequest(ctx, t)
			})
		}},
	})
	if err != nil {
		return nil, nil, nil, err
	}
	pools, err := command.Assemble(api.Provider())
	if err != nil {
		return nil, nil, nil, err
	}
	eng, err := engine.New(engine.Config{Pools: pools, Storage: db})
	return db, eng, api, err
}

// remote is a shop's table of orders in another process.
type remote struct {
	url string
	b   *boundaries
}

func (r remote) CreateOrder(ctx context.Context, p gateway.Payment, _ string) (n sequra.MerchantReference, err error) {
	r.b.pass("before making the order")
	defer r.b.pass("after making the order")
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, r.url+"/"+string(p.ID), nil)
	if err != nil {
		return n, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return n, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return sequra.MerchantReference{OrderRef1: string(raw)}, err
}

// victim serves an inbox until it is killed.
func victim(raw string) error {
	var o instructions
	if err := json.Unmarshal([]byte(raw), &o); err != nil {
		return err
	}
	b := &boundaries{crash: o.Crash}
	db, eng, api, err := shopOf(context.Background(), o, b)
	if err != nil {
		return err
	}
	duty := sequra.Duty{
		Engine: around{inbox.Actor{Engine: eng}, b}, Orders: remote{o.Shop, b},
		Updates: sequra.UpdatesFunc(func(context.Context, sequra.StatusUpdate) error { b.pass("telling the shop later"); return nil }),
	}
	box, err := inbox.New(inbox.Config{
		Storage: db, Engine: eng, Receivers: map[string]webhook.Receiver{"sequra": api.Webhook()},
		Gates: map[string]inbox.Gate{"sequra": inbox.GateFunc(func(ctx context.Context, d inbox.Duty) error {
			b.pass("the gate opens")
			defer b.pass("the gate closes")
			return duty.Pass(ctx, d.Payment, d.Event)
		})},
	})
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, _ = os.Stdout.WriteString("http://" + l.Addr().String() + "\n")
	mux := http.NewServeMux()
	mux.Handle("/webhooks/", box.Handler())
	mux.HandleFunc("GET /boundaries", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		_ = json.NewEncoder(w).Encode(b.names)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	return errors.Join(errors.New("it was not killed"), server.Serve(l))
}

// process starts a shop's process and returns its address, and how to end it.
func process(t *testing.T, o instructions) (at string, end func()) {
	t.Helper()
	raw, err := json.Marshal(o)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+string(raw))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "it says where it is")
	return lines.Text(), func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
}

// scene is a SeQura, a table of orders and an address that leads to whichever
// process is the shop now.
type scene struct {
	*testing.T
	sequra *simulator.Server
	shop   *httptest.Server // the table of orders
	front  *httptest.Server
	now    atomic.Pointer[url.URL]
	file   string

	mu    sync.Mutex
	made  map[string]string
	asked int
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, made: map[string]string{}, file: enginetest.NewFile(t)}
	var err error
	s.sequra, err = simulator.Start(simulator.Config{Manual: true, Patience: 30 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.sequra.Close()) })
	s.shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		if s.made[r.URL.Path] == "" {
			s.made[r.URL.Path] = fmt.Sprintf("A14/%d", len(s.made)+1)
		}
		_, _ = w.Write([]byte(s.made[r.URL.Path]))
	}))
	t.Cleanup(s.shop.Close)
	s.front = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(s.now.Load()) },
		Transport:    &http.Transport{DisableKeepAlives: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	t.Cleanup(s.front.Close)
	return s
}

// open makes another process the shop.
func (s *scene) open(crash int, later time.Duration) (end func()) {
	s.Helper()
	at, end := process(s.T, instructions{SeQura: s.sequra.URL(), File: s.file, Shop: s.shop.URL, Crash: crash, Later: later})
	u, err := url.Parse(at)
	require.NoError(s, err)
	s.now.Store(u)
	return end
}

func (s *scene) passed() (names []string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.now.Load().String()+"/boundaries", nil)
	require.NoError(s, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(s, err)
	defer resp.Body.Close()
	require.NoError(s, json.NewDecoder(resp.Body).Decode(&names))
	return names
}

// play asks for credit and lets SeQura decide; the process is killed at a boundary
// of the duty, and another one takes up where it was.
func (s *scene) play(decision simulator.Decision, crash int) (names []string) {
	s.Helper()
	db, eng, _, err := shopOf(s.Context(), instructions{SeQura: s.sequra.URL(), File: s.file}, &boundaries{})
	require.NoError(s, err)
	s.Cleanup(func() { assert.NoError(s, db.Close()) })
	end := s.open(crash, 0)
	p, err := eng.Create(s.Context(), engine.NewPayment{Store: "es", Key: "k", Amount: eur(3000), Order: basket("17")})
	require.NoError(s, err)
	r, err := eng.Authorize(s.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "a", Provider: "sequra", All: true, NotifyURL: s.front.URL + "/webhooks/sequra/es"})
	require.NoError(s, err)
	n, err := s.sequra.Decide(r.Payment.Refs.Get("order"), decision)
	require.NoError(s, err)
	status, err := s.sequra.Deliver(n.ID)
	require.NoError(s, err)
	if crash == 0 {
		assert.Equal(s, 200, status)
		names = s.passed()
		end()
		return names
	}
	assert.Equal(s, http.StatusBadGateway, status, "it was killed before it answered")
	end()

	end = s.open(0, 10*time.Minute) // what the killed one had claimed is free again
	s.Cleanup(end)
	for tries := 1; ; tries++ {
		if status, err = s.sequra.Deliver(n.ID); err == nil && status == 200 {
			break
		}
		require.Less(s, tries, 5, "it is answered in the end: %d %v", status, err)
	}
	status, err = s.sequra.Deliver(n.ID)
	require.NoError(s, err)
	assert.Equal(s, 200, status)

	p, err = eng.Payment(s.Context(), "es", p.ID)
	require.NoError(s, err)
	theirs, _ := s.sequra.Order(p.Refs.Get("order"))
	assert.Equal(s, theirs.Money, simulator.Money{Held: p.Balances.Authorized.Minor()}, "both ledgers say the same")
	assert.Equal(s, map[simulator.Decision]int64{simulator.Approve: 3000, simulator.Review: 0}[decision], theirs.Money.Held)
	assert.Equal(s, "A14/1", theirs.OrderRef1)
	assert.Len(s, s.made, 1, "one order was made")
	ops, _, err := eng.History(s.Context(), "es", p.ID)
	require.NoError(s, err)
	var steps []string
	for _, o := range ops {
		steps = append(steps, string(o.Kind)+" "+string(o.State))
	}
	want := []string{"authorize succeeded", "continue succeeded", "continue succeeded"}
	if decision == simulator.Review {
		want[0] = "authorize awaiting"
	}
	assert.Equal(s, want, steps, "each step was one operation, however often it was tried")
	require.NoError(s, db.View(s.Context(), func(tx *storage.Tx) error {
		items, err := tx.Inbox("es", storage.InboxQuery{State: storage.InboxDone})
		assert.Len(s, items, 1)
		return err
	}))
	return nil
}

// A process that is killed anywhere in the duty has not answered with success; the
// next one takes up where it was, makes no second order, and the money is the same.
// Every boundary that the duty passes is visited, with a real SIGKILL.
func TestAKilledDutyIsTakenUpWhereItWas(t *testing.T) {
	t.Parallel()
	for _, decision := range []simulator.Decision{simulator.Approve, simulator.Review} {
		names := newScene(t).play(decision, 0)
		story := strings.Join(names, "; ")
		require.Greater(t, len(names), 12, story)
		require.Contains(t, story, "claimed, before sending; answered, before recording")
		require.Contains(t, story, "before making the order; after making the order")
		for at, name := range names {
			t.Run(fmt.Sprintf("%s/%d %s", decision, at+1, name), func(t *testing.T) {
				t.Parallel()
				newScene(t).play(decision, at+1)
			})
		}
	}
}

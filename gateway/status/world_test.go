package status_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

var (
	newKey = gateway.NewSecret("a key of a test, long enough to be one")
	oldKey = gateway.NewSecret("an older key, which is long enough too")
)

// world is a shop: a database, a service that hears of changes, a server.
type world struct {
	testing.TB

	db      *storage.DB
	tokens  *status.Tokens
	service *status.Service
	server  *httptest.Server
	client  *http.Client
	current atomic.Pointer[http.Handler]
}

// serve lets another handler answer.
func (w *world) serve(h http.Handler) { w.current.Store(&h) }

func (w *world) handler() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { (*w.current.Load()).ServeHTTP(rw, r) })
}

func newWorld(t testing.TB, change ...func(c *status.Config)) *world {
	t.Helper()
	return newWorldOn(t, openSQLite(t), change...)
}

func openSQLite(t testing.TB) *storage.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func newWorldOn(t testing.TB, db *storage.DB, change ...func(c *status.Config)) *world {
	t.Helper()
	w := newService(t, db, change...)
	w.serve(w.service.Handler())
	w.server = httptest.NewServer(w.handler())
	t.Cleanup(w.server.Close)
	w.client = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 0}}
	t.Cleanup(w.client.CloseIdleConnections)
	return w
}

// newService is newWorldOn without a server.
func newService(t testing.TB, db *storage.DB, change ...func(c *status.Config)) *world {
	t.Helper()
	w := &world{TB: t, db: db}
	var err error
	w.tokens, err = status.NewTokens(newKey)
	require.NoError(t, err)
	cfg := status.Config{Storage: w.db, Tokens: w.tokens, Poll: time.Hour}
	for _, c := range change {
		c(&cfg)
	}
	w.service, err = status.New(cfg)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(t, w.service.Run(ctx)) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		assert.NoError(t, w.service.Shutdown(ctx))
	})
	return w
}

func (w *world) update(f func(tx *storage.Tx) error) {
	w.Helper()
	require.NoError(w, w.db.Update(w.Context(), f))
}

// pay makes a payment with an operation that is under way, and returns its token.
func (w *world) pay(id gateway.PaymentID) (token string) {
	w.Helper()
	w.update(func(tx *storage.Tx) error {
		if _, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: id, Key: string(id), Due: gateway.Minor(1000, "EUR")}); err != nil {
			return err
		}
		_, _, err := tx.InsertOperation(storage.Operation{
			Store: "es", ID: gateway.OperationID("op_" + id), Payment: id, Kind: gateway.OpAuthorize, Key: "op_" + string(id), State: gateway.StateOpen, Provider: "acme",
		})
		return err
	})
	return w.tokens.Make(storage.PaymentKey{Store: "es", Payment: id}, time.Time{})
}

// move changes the operation of a payment.
func (w *world) move(id gateway.PaymentID, to gateway.OperationState, action ...*gateway.Action) {
	w.Helper()
	w.update(func(tx *storage.Tx) error {
		if _, err := tx.LockPayment("es", id); err != nil {
			return err
		}
		o, err := tx.Operation("es", gateway.OperationID("op_"+id))
		if err != nil {
			return err
		}
		from := o.State
		if o.State = to; len(action) > 0 {
			o.Action = action[0]
		}
		return tx.UpdateOperation(&o, from)
	})
}

// phase sets the phase of a payment.
func (w *world) phase(id gateway.PaymentID, phase string) {
	w.Helper()
	w.update(func(tx *storage.Tx) error {
		p, err := tx.LockPayment("es", id)
		if err != nil {
			return err
		}
		p.Phase = phase
		return tx.SetBalances(p)
	})
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) decode(t testing.TB, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), v), a.body)
}

func (a answer) view(t testing.TB) (v status.View) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, a.body)
	a.decode(t, &v)
	return v
}

func (w *world) get(path string, header ...string) answer {
	w.Helper()
	return w.do(w.Context(), http.MethodGet, path, header...)
}

func (w *world) do(ctx context.Context, method, path string, header ...string) answer {
	w.Helper()
	a, err := w.try(ctx, method, path, header...)
	require.NoError(w, err)
	return a
}

func (w *world) try(ctx context.Context, method, path string, header ...string) (a answer, err error) {
	r, err := http.NewRequestWithContext(ctx, method, w.server.URL+path, http.NoBody)
	if err != nil {
		return a, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := w.client.Do(r)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

// later asks in the background.
func (w *world) later(path string, header ...string) <-chan answer {
	out := make(chan answer, 1)
	go func() {
		a, err := w.try(context.WithoutCancel(w.Context()), http.MethodGet, path, header...)
		if err != nil {
			a.body = err.Error()
		}
		out <- a
	}()
	return out
}

// held waits until so many requests are held.
func (w *world) held(n int) {
	w.Helper()
	require.Eventually(w, func() bool { return w.service.Waiters() == n }, 20*time.Second, time.Millisecond, "%d requests should be held", n)
}

func await[T any](t testing.TB, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(25 * time.Second):
		require.Fail(t, "nothing came")
	}
	return v
}

// poll is the path of the contract.
func poll(token, known string) string {
	q := url.Values{"transactionId": {token}}
	if known != "" {
		q.Set("status", known)
	}
	return "/status?" + q.Encode()
}

// event is one server-sent event, or a comment with neither name nor data.
type event struct{ id, name, data, retry string }

// events reads a stream of events.
func events(r io.Reader) <-chan event {
	out := make(chan event, 100)
	go func() {
		defer close(out)
		var e event
		for s := bufio.NewScanner(r); s.Scan(); {
			name, value, _ := strings.Cut(s.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "retry":
				e.retry = value
			case "":
				out <- e
				e = event{}
			}
		}
	}()
	return out
}

// ways are the ways to hold a request: on its bare connection, watched together
// with all others or by a goroutine of its own, and, where something wraps the
// writer, in the goroutine of net/http.
func ways(t *testing.T, f func(t *testing.T, w *world), change ...func(c *status.Config)) {
	t.Helper()
	for _, way := range []string{"bare", "listened", "wrapped"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, change...)
			inner := w.service.Handler()
			switch way {
			case "wrapped":
				w.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { inner.ServeHTTP(wrapper{rw}, r) }))
			case "listened":
				w.server.Close()
				w.server = httptest.NewUnstartedServer(w.handler())
				w.server.Listener = hiding{w.server.Listener}
				w.server.Start()
				t.Cleanup(w.server.Close)
			}
			f(t, w)
		})
	}
}

// hiding is a listener whose connections do not show their descriptors.
type hiding struct{ net.Listener }

func (l hiding) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return struct{ net.Conn }{conn}, err
}

// wrapper is a writer of some middleware.
type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// startTLS serves HTTP/2.
func (w *world) startTLS() {
	w.Helper()
	w.server = httptest.NewUnstartedServer(w.service.Handler())
	w.server.EnableHTTP2 = true
	w.server.StartTLS()
	w.Cleanup(w.server.Close)
	w.client = w.server.Client()
	w.Cleanup(w.client.CloseIdleConnections)
}

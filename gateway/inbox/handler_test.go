package inbox_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

func TestOnlyRoutesThatExistAreServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, option{inbox: func(c *inbox.Config) {
		c.KnowsStore = func(_ context.Context, store gateway.StoreID) bool { return store == "es" }
	}})
	for path, want := range map[string]int{
		"/webhooks/sandbox/es": 401, "/webhooks/sandbox/fr": 404, "/webhooks/nobody/es": 404, "/webhooks/sandbox": 404, "/": 404,
		"/webhooks/sandbox/%2e%2e%2fes": 404, "/webhooks/sandbox/e%00s": 404, "/webhooks/sandbox/" + strings.Repeat("x", 200): 404, "/webhooks/sandbox/es/more": 404,
	} {
		code, _ := w.send(webhook.Call{Body: []byte("{}")}, path)
		assert.Equal(t, want, code, path)
	}
	code, _ := w.send(webhook.Call{Method: http.MethodGet}, "/webhooks/sandbox/es")
	assert.Equal(t, 405, code)
	w.mount(w.box.Static("sandbox", "es"))
	code, _ = w.send(webhook.Call{Method: http.MethodPut}, "/any")
	assert.Equal(t, 405, code)
}

// H2: where a provider allows one URL only, the verified event names the payment;
// the store is the route's, here of the host.
func TestH2AStaticRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	w.mount(w.box.Static("sandbox", enginetest.Store))
	w.deliver(nil, 0)
	assert.Equal(t, gateway.StateSucceeded, w.first(p.ID).State)

	w.mount(w.box.For("sandbox", func(r *http.Request) (gateway.StoreID, error) {
		if host, ok := strings.CutSuffix(r.Header.Get("X-Shop"), ".shop.example"); ok {
			return gateway.StoreID(host), nil
		}
		if r.Header.Get("X-Shop") == "elsewhere" {
			return "", gateway.Errorf(gateway.CodeNotFound, "no shop")
		}
		return "", errors.New("the table of hosts cannot be read")
	}))
	for shop, want := range map[string]int{"es.shop.example": 200, "elsewhere": 404, "perhaps": 503} {
		code, _ := w.post("es", w.bodies()[0], func(c *webhook.Call) { c.Header.Set("X-Shop", shop) })
		assert.Equal(t, want, code)
	}
}

func TestABodyIsCappedAndNeverUnpacked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, option{inbox: func(c *inbox.Config) { c.MaxBody = 1000 }})
	before := w.rows()
	code, _ := w.post("es", bytes.Repeat([]byte("x"), 1001))
	assert.Equal(t, 400, code)
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	_, err := z.Write(make([]byte, 1<<20))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	code, _ = w.post("es", small.Bytes(), func(c *webhook.Call) { c.Header.Set("Content-Encoding", "gzip") })
	assert.Equal(t, 400, code)
	code, _ = w.post("es", bytes.Repeat([]byte("x"), 1000), func(c *webhook.Call) { c.Header.Set("Content-Encoding", "identity") })
	assert.Equal(t, 400, code, "it is read and is no JSON")

	q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/sandbox/es", io.MultiReader(strings.NewReader("{"), broken{}))
	rec := httptest.NewRecorder()
	w.box.Handler().ServeHTTP(rec, q)
	assert.Equal(t, 503, rec.Code, "it did not come whole: the next time it may")
	assert.Equal(t, before, w.rows())
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("reset") }

// A panic of a receiver is an error of ours: the provider tries again.
func TestPanicsAreContained(t *testing.T) {
	t.Parallel()
	panics := webhook.ReaderFunc(func(context.Context, webhook.Call) ([]webhook.Event, error) { panic(enginetest.Canary) })
	w := newWorld(t, option{recv: func(r webhook.Receiver) webhook.Receiver { r.Reader = panics; return r }})
	code, _ := w.post("es", []byte("{}"))
	assert.Equal(t, 503, code)
	assert.NotContains(t, w.log.String(), enginetest.Canary)
	assert.Contains(t, w.log.String(), "TestPanicsAreContained", "where it was")
}

// What could not be verified, for a fault of ours, is tried again.
func TestAFaultOfOursIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, option{recv: func(r webhook.Receiver) webhook.Receiver {
		r.Verifier = webhook.VerifierFunc(func(context.Context, webhook.Call) (webhook.Trust, error) { return 0, errors.New("the vault is away") })
		return r
	}})
	code, _ := w.post("es", []byte("{}"))
	assert.Equal(t, 503, code)
	assert.Contains(t, w.log.String(), "the vault is away", "whoever is called at night reads why")
}

// Several events in one notification are rows of their own, and one that is known
// does not hide one that is not.
func TestABatchIsManyEvents(t *testing.T) {
	t.Parallel()
	batch := webhook.ReaderFunc(func(_ context.Context, c webhook.Call) ([]webhook.Event, error) {
		var all []webhook.Event
		for id := range strings.FieldsSeq(string(c.Body)) {
			all = append(all, webhook.Event{ID: id, Kind: "k", Fetch: true, Refs: gateway.Refs{{Name: "payment", Value: "unknown"}}})
		}
		return all, nil
	})
	w := newWorld(t, option{recv: func(r webhook.Receiver) webhook.Receiver { r.Reader = batch; return r }})
	for _, body := range []string{"a b c", "c d a", "", "a a"} {
		code, _ := w.post("es", []byte(body))
		assert.Equal(t, 200, code)
	}
	assert.Len(t, w.items(storage.InboxWaiting), 4)
}

// Unsigned notifications are worth a look each time, and never more.
func TestAHintIsALook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, option{recv: func(r webhook.Receiver) webhook.Receiver { r.Verifier = webhook.Unsigned{}; return r }})
	p := w.challenged("17")
	body := w.bodies()[0]
	unsigned := func(body []byte) int {
		code, _ := w.send(webhook.Call{Body: body}, "/webhooks/sandbox/es")
		return code
	}
	wrong := bytes.ReplaceAll(body, []byte("1000"), []byte("9999"))
	assert.Equal(t, 200, unsigned(wrong))
	assert.Equal(t, gateway.StateActionRequired, w.first(p.ID).State)
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	assert.Equal(t, 200, unsigned(wrong), "the same words, and something has happened since")
	assert.Equal(t, gateway.StateSucceeded, w.first(p.ID).State)
	w.equal(w.Payment(p.ID))
	assert.Empty(t, w.odd(p.ID))
}

// Who makes up the id of an event that is not signed does not stand in the way of
// the true one.
func TestNobodyTakesAnIDAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, option{recv: func(r webhook.Receiver) webhook.Receiver { r.Verifier = webhook.Unsigned{}; return r }})
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	bodies := w.bodies()
	body := bodies[len(bodies)-1]
	made := bytes.ReplaceAll(body, []byte(p.Refs.Get("payment")), []byte("pay_of_nobody"))
	made = bytes.ReplaceAll(made, []byte(w.first(p.ID).ID), []byte("op_of_nobody"))
	for _, one := range [][]byte{made, body} {
		code, _ := w.send(webhook.Call{Body: one}, "/webhooks/sandbox/es")
		assert.Equal(t, 200, code)
	}
	assert.Equal(t, gateway.StateSucceeded, w.first(p.ID).State)
	assert.Len(t, w.items(storage.InboxWaiting), 1)
}

// Run works on what waits, and ends with its context.
func TestRunSweeps(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on)
		p := w.Paid("17")
		code, _ := w.post("fr", w.bodies()[0])
		assert.Equal(t, 200, code)
		require.ErrorIs(t, w.box.Run(t.Context(), 0), gateway.CodeInternal)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.box.Run(ctx, time.Millisecond) }()
		n := w.create("fr", "k")
		require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error {
			return tx.AddRefs("fr", n.ID, gateway.Refs{{Owner: "sandbox", Name: "payment", Value: p.Refs.Get("payment")}})
		}))
		require.Eventually(t, func() bool {
			w.Advance(time.Second)
			item, err := w.box.Item(t.Context(), "fr", "sandbox", w.Provider.Events()[0].ID)
			return err == nil && item.State == storage.InboxDone
		}, 20*time.Second, 5*time.Millisecond)
		cancel()
		require.NoError(t, <-done)
	})
}

func TestAnInboxNeedsItsParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := func() inbox.Config {
		return inbox.Config{Storage: w.DB, Engine: w.Engine, Receivers: map[string]webhook.Receiver{"a": {Verifier: webhook.Unsigned{}, Reader: webhook.ReaderFunc(nil)}}}
	}
	_, err := inbox.New(good())
	require.NoError(t, err)
	for _, change := range []func(*inbox.Config){
		func(c *inbox.Config) { c.Storage = nil }, func(c *inbox.Config) { c.Engine = nil }, func(c *inbox.Config) { c.Receivers = nil },
		func(c *inbox.Config) { c.Receivers = map[string]webhook.Receiver{"a": {}} }, func(c *inbox.Config) { c.Keep = 29 * 24 * time.Hour }, func(c *inbox.Config) { c.MaxBody = -1 },
		func(c *inbox.Config) { c.Patience = -1 }, func(c *inbox.Config) { c.Horizon = -1 },
	} {
		c := good()
		change(&c)
		_, err := inbox.New(c)
		require.ErrorIs(t, err, gateway.CodeInternal)
	}
}

// Large bodies are read a few at a time; the others wait, or come again, and what is
// as small as a notification is waits for none of them.
func TestLargeBodiesWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, option{inbox: func(c *inbox.Config) { c.Patience = 200 * time.Millisecond }})
	w.Paid("17")
	serve := func(body io.Reader) int {
		rec := httptest.NewRecorder()
		w.box.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/sandbox/es", body))
		return rec.Code
	}
	large := strings.Repeat("x", 20_000)
	var wg sync.WaitGroup
	var ends []*io.PipeWriter
	for range 4 {
		r, end := io.Pipe()
		ends = append(ends, end)
		wg.Go(func() { assert.Equal(t, 401, serve(r), "read to its end, and not signed") })
		_, err := io.WriteString(end, large) // it has its turn when all of this was read
		require.NoError(t, err)
	}
	assert.Equal(t, 503, serve(strings.NewReader(large)))
	code, _ := w.post("es", w.bodies()[0])
	assert.Equal(t, 200, code)
	for _, end := range ends {
		require.NoError(t, end.Close())
	}
	wg.Wait()
	assert.Equal(t, 401, serve(strings.NewReader(large)))
}

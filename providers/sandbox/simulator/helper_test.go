package simulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// bundle is a running provider and an ordinary HTTP client of it.
type bundle struct {
	*simulator.Server
	t    testing.TB
	http *http.Client
	key  string // API key
	keys *atomic.Int64
}

// clock stands still until it is told otherwise.
func clock() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

func setup(t testing.TB, cfg simulator.Config) *bundle {
	t.Helper()
	if cfg.Clock == nil {
		cfg.Clock = clock
	}
	s, err := simulator.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return &bundle{Server: s, t: t, http: client(), key: simulator.DefaultKey, keys: new(atomic.Int64)}
}

// client opens a connection for each call and follows nothing, so that one call is
// one request.
func client() *http.Client {
	return &http.Client{
		Timeout:       20 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// response is what a caller saw.
type response struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func (r response) into(t testing.TB, v any) {
	t.Helper()
	require.NoError(t, r.err)
	require.NoError(t, json.Unmarshal(r.body, v), "%s", r.body)
}

// code is the error code of a refusal, the empty string otherwise.
func (r response) code(t testing.TB) string {
	t.Helper()
	return r.refusal(t).Code
}

func (r response) refusal(t testing.TB) simulator.Error {
	t.Helper()
	var v struct {
		Error simulator.Error `json:"error"`
	}
	r.into(t, &v)
	return v.Error
}

func (b *bundle) do(method, path, key string, body any) response {
	b.t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(body))
	default:
		raw, err := json.Marshal(body)
		require.NoError(b.t, err)
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, b.URL()+path, reader)
	require.NoError(b.t, err)
	req.Header.Set("Authorization", "Bearer "+b.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	req.GetBody = nil // net/http must not send it again by itself
	return b.send(req)
}

func (b *bundle) send(req *http.Request) response {
	resp, err := b.http.Do(req)
	if err != nil {
		return response{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, body, err}
}

// post uses a fresh key; get uses none.
func (b *bundle) post(path string, body any) response {
	b.t.Helper()
	return b.do(http.MethodPost, path, fmt.Sprintf("key-%d", b.keys.Add(1)), body)
}

func (b *bundle) get(path string) response {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", nil)
}

type object = map[string]any

func eur(value int64) object { return object{"value": value, "currency": "EUR"} }

// pay creates a payment over 1000 EUR cents and expects no refusal.
func (b *bundle) pay(token string, more ...object) simulator.Payment {
	b.t.Helper()
	r := b.post("/v1/payments", payment(token, more...))
	require.Equal(b.t, http.StatusCreated, r.status, "%s", r.body)
	var p simulator.Payment
	r.into(b.t, &p)
	return p
}

func payment(token string, more ...object) object {
	body := object{"amount": eur(1000), "instrument": token, "reference": "order-1"}
	for _, m := range more {
		for k, v := range m {
			body[k] = v
		}
	}
	return body
}

func (b *bundle) capture(id string, value int64, final bool) simulator.Capture {
	b.t.Helper()
	r := b.post("/v1/payments/"+id+"/captures", object{"amount": eur(value), "final": final, "reference": "op-c"})
	require.Contains(b.t, []int{http.StatusCreated, http.StatusAccepted}, r.status, "%s", r.body)
	var c simulator.Capture
	r.into(b.t, &c)
	return c
}

func (b *bundle) refund(id string, value int64) simulator.Refund {
	b.t.Helper()
	r := b.post("/v1/payments/"+id+"/refunds", object{"amount": eur(value), "reference": "op-r"})
	require.Contains(b.t, []int{http.StatusCreated, http.StatusAccepted}, r.status, "%s", r.body)
	var c simulator.Refund
	r.into(b.t, &c)
	return c
}

// now is the true payment.
func (b *bundle) now(id string) simulator.Payment {
	b.t.Helper()
	p, err := b.Payment(id)
	require.NoError(b.t, err)
	return p
}

// kinds are the kinds and amounts of the ledger, oldest first.
func (b *bundle) kinds() []string {
	var all []string
	for _, e := range b.Ledger() {
		all = append(all, fmt.Sprintf("%s %d", e.Kind, e.Amount))
	}
	return all
}

// types are the event types, oldest first.
func (b *bundle) types() []string {
	var all []string
	for _, e := range b.Events() {
		all = append(all, e.Type)
	}
	return all
}

// refused asserts the code of an error of the Go API.
func refused(t testing.TB, err error, code string) {
	t.Helper()
	var e *simulator.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, code, e.Code)
}

// receiver is a shop's webhook endpoint.
type receiver struct {
	url    string
	mu     sync.Mutex
	got    []hook
	status []int // answers; 200 when there are none left
	meet   func()
}

type hook struct {
	event  simulator.Event
	body   []byte
	header string
}

func receive(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{}
	r.url = serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		h := hook{body: body, header: req.Header.Get(simulator.SignatureHeader)}
		_ = json.Unmarshal(body, &h.event)
		r.mu.Lock()
		r.got = append(r.got, h)
		status := http.StatusOK
		if len(r.status) > 0 {
			status, r.status = r.status[0], r.status[1:]
		}
		meet := r.meet
		r.mu.Unlock()
		if meet != nil {
			meet()
		}
		w.WriteHeader(status)
	}))
	return r
}

func (r *receiver) hooks() []hook {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]hook{}, r.got...)
}

func (r *receiver) types() []string {
	var all []string
	for _, h := range r.hooks() {
		all = append(all, h.event.Type)
	}
	return all
}

func account(webhook string) simulator.Account {
	return simulator.Account{
		ID: simulator.DefaultAccount, Key: simulator.DefaultKey,
		WebhookSecrets: []string{simulator.DefaultWebhookSecret}, WebhookURL: webhook,
	}
}

func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return "?" + v.Encode()
}

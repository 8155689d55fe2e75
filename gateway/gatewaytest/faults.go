package gatewaytest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// raw answers with a status and a body as they are.
func raw(status int, header map[string]string, body string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// failure runs the command against a server and returns its error, which every
// error of a command is: typed, with its place, and with nothing secret.
func (c check) failure(t *testing.T, s gateway.Subject, base string) *gateway.Error {
	t.Helper()
	out, err := c.command(t, base).Execute(t.Context(), s)
	require.Error(t, err)
	assert.False(t, out.Moved())
	e := gateway.AsError(err, "")
	assert.Equal(t, c.Provider, e.Provider)
	assert.Equal(t, c.op, e.Operation)
	assert.NotEmpty(t, e.Stage)
	for _, canary := range canaries() {
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, e), canary)
	}
	return e
}

func (c check) declined(t *testing.T) {
	a, ok := c.answer(t, "declined")
	if !ok {
		assert.NotContains(t, []gateway.Operation{gateway.OpAuthorize, gateway.OpPurchase}, c.op, "%s can be declined: the answers need %s.declined.json", c.op, c.op)
		return
	}
	s := c.subject()
	srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { a.send(w, a.fill(s, "http://"+r.Host)) })
	e := c.failure(t, s, srv.URL)
	assert.Equal(t, gateway.CodeDeclined, e.Code, "%v", e)
	assert.True(t, e.Reason.Known(), "reason %q", e.Reason)
	assert.NotEmpty(t, e.Message, "the shopper is told something")
	assert.NotEmpty(t, e.Detail, "the provider's own code is kept")
}

func (c check) refusals(t *testing.T) {
	for status, want := range map[int]gateway.Code{401: gateway.CodeAuthentication, 429: gateway.CodeRateLimited} {
		for _, body := range []string{"", "{}", "<html>"} {
			e := c.failure(t, c.subject(), serve(t, raw(status, map[string]string{"Retry-After": "7"}, body)).URL)
			assert.Equal(t, want, e.Code, "%d with %q: %v", status, body, e)
			if status == 429 {
				assert.Equal(t, 7*time.Second, e.RetryAfter)
			}
		}
	}
}

func (c check) notUnderstood(t *testing.T) {
	s := c.subject()
	a, _ := c.answer(t, "")
	body := string(a.fill(s, "http://host"))
	cases := map[string]func(int, http.ResponseWriter, *http.Request){
		"500":           raw(500, nil, ""),
		"500 with HTML": raw(500, map[string]string{"Content-Type": "text/html"}, "<html><body>Internal Server Error</body></html>"),
		"502":           raw(502, nil, "{}"), "503": raw(503, map[string]string{"Retry-After": "1"}, ""), "504": raw(504, nil, ""),
		"500 with a good body": raw(500, nil, body),
		"302":                  raw(302, map[string]string{"Location": "https://evil.example/"}, ""),
		"307":                  raw(307, map[string]string{"Location": "https://evil.example/"}, ""),
	}
	if len(body) > 2 && strings.HasPrefix(body, "{") {
		for name, lie := range map[string]string{
			"HTML": "<html><body>ok</body></html>", "empty": "", "cut off": body[:len(body)/2], "two documents": body + body,
			"a doubled key": strings.Replace(body, "{", `{"x":1,"x":2,`, 1), "null": "null", "a list": "[]", "a text": `"ok"`, "an empty object": "{}", "bad UTF-8": strings.Replace(body, `"`, "\"\xff", 1),
		} {
			cases[name+" with "+strconv.Itoa(a.Status)] = raw(a.Status, nil, lie)
		}
	}
	for name, answer := range cases {
		e := c.failure(t, s, serve(t, answer).URL)
		assert.Equal(t, gateway.CodeIndeterminate, e.Code, "%s: %v", name, e)
	}
	if c.endpoint.Echoes&gateway.EchoAmount != 0 {
		other := s
		other.Amount = gateway.Minor(s.Amount.Minor()+1, s.Amount.Currency())
		e := c.failure(t, s, c.good(t, other).URL)
		assert.Equal(t, gateway.CodeIndeterminate, e.Code, "an answer for another amount: %v", e)
	}
}

func (c check) lost(t *testing.T) {
	e := c.failure(t, c.subject(), serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}).URL)
	assert.Equal(t, gateway.CodeIndeterminate, e.Code, "%v", e)
}

func (c check) refused(t *testing.T) {
	// A port that nobody listens on, and that no other test's server is given: one
	// that was free a moment ago may be in use by now.
	e := c.failure(t, c.subject(), "http://127.0.0.1:1")
	assert.Equal(t, gateway.CodeUnavailable, e.Code, "%v", e)
}

func (c check) cancelled(t *testing.T) {
	s := c.subject()
	srv := c.good(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.command(t, srv.URL).Execute(ctx, s)
	require.ErrorIs(t, err, gateway.CodeUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, srv.requests(), "nothing is sent")

	arrived, release := make(chan struct{}), make(chan struct{})
	slow := serve(t, func(int, http.ResponseWriter, *http.Request) { close(arrived); <-release })
	defer close(release)
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	go func() { <-arrived; cancel() }()
	start := time.Now()
	_, err = c.command(t, slow.URL).Execute(ctx, s)
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "it was sent, and nobody knows")
	assert.Less(t, time.Since(start), 2*time.Second, "the wait ends with the context")
}

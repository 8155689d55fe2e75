package gatewaytest

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// good starts a server that answers as the provider does on success.
func (c check) good(t *testing.T, s gateway.Subject) *server {
	t.Helper()
	a, _ := c.answer(t, "")
	return serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { a.send(w, a.fill(s, "http://"+r.Host)) })
}

func (c check) success(t *testing.T) {
	s := c.subject()
	srv := c.good(t, s)
	claimed := 0
	s.BeforeSend = func(_ context.Context, digest string) error {
		claimed++
		assert.NotEmpty(t, digest)
		return nil
	}
	out, err := c.command(t, srv.URL).Execute(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, c.want(), out.Status)
	assert.Equal(t, 1, claimed, "the claim is asked for once")
	assert.Len(t, srv.requests(), 1, "one command is one call")
	if !c.moves() {
		return
	}
	assert.NotEmpty(t, out.Refs, "a call that moves money leaves a reference to ask for it by")
	for _, ref := range out.Refs {
		assert.Equal(t, c.Provider, ref.Owner)
		assert.NotEmpty(t, ref.Value, ref.Name)
	}
	if out.Status == gateway.StatusSucceeded {
		assert.NotEmpty(t, out.Movements, "a call that moved money says what moved")
	}
	if out.Status == gateway.StatusActionRequired {
		assert.NotNil(t, out.Action, "an action that is required is described")
	}
	for _, m := range out.Movements {
		require.NoError(t, m.Amount.Err())
		assert.Equal(t, c.Provider, m.Provider)
		assert.Equal(t, s.Operation, m.Operation)
		assert.NotEmpty(t, m.Reference, "a movement is known by the provider's reference")
		if s.Amount.IsSet() {
			assert.Equal(t, s.Amount.Currency(), m.Amount.Currency())
		}
	}
}

func (c check) sameBytes(t *testing.T) {
	s := c.subject()
	srv := c.good(t, s)
	cmd := c.command(t, srv.URL)
	digests := map[string]bool{}
	s.BeforeSend = func(_ context.Context, digest string) error { digests[digest] = true; return nil }
	for range 5 {
		_, err := cmd.Execute(t.Context(), s)
		require.NoError(t, err)
	}
	first := srv.requests()[0]
	for _, r := range srv.requests()[1:] {
		assert.Equal(t, first, r)
	}
	assert.Len(t, digests, 1)
	if c.Golden != "" {
		c.golden(t, first, srv.Listener.Addr().String())
	}
}

// golden compares a request with its file. What differs from run to run, and
// every secret, is masked.
func (c check) golden(t *testing.T, r received, host string) {
	t.Helper()
	for name := range r.header {
		switch name {
		case "Accept-Encoding", "Content-Length", "User-Agent", "Connection":
			delete(r.header, name)
		case "Authorization", "X-Api-Key", "Apikey":
			r.header[name] = []string{"***"}
		}
	}
	got := strings.ReplaceAll(r.everything(), host, "HOST") + "\n"
	for _, canary := range canaries() {
		require.NotContains(t, got, canary, "a secret would stand in a golden file: send it as a gateway.Secret or in Authorization")
	}
	file := filepath.Join(c.Golden, string(c.op)+".golden")
	if *update {
		require.NoError(t, os.MkdirAll(c.Golden, 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update to write it, then read what it says")
	assert.Equal(t, string(want), got, "the request changed; if that is meant, run the test with -update")
}

func (c check) keySurvivesRetry(t *testing.T) {
	s := c.subject()
	a, _ := c.answer(t, "")
	srv := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		a.send(w, a.fill(s, "http://"+r.Host))
	})
	again := command.Override(c.Provider, c.op, command.WrapClient(client.Retry(client.RetryOptions{Tries: 2, Wait: 1, Most: 1})))
	_, err := c.command(t, srv.URL, again).Execute(t.Context(), s)
	seen := srv.requests()
	if len(seen) == 1 {
		require.ErrorIs(t, err, gateway.CodeRateLimited, "a call that may not be repeated is not")
		return
	}
	require.NoError(t, err)
	require.Len(t, seen, 2)
	assert.Equal(t, seen[0].body, seen[1].body, "a repeated call has the same bytes")
	assert.Equal(t, seen[0].header, seen[1].header, "and the same key")
	if c.endpoint.KeyTTL > 0 {
		assert.Contains(t, seen[0].everything(), s.IdempotencyKey, "the endpoint promises to know the key, so it must be sent")
	}
}

func (c check) currencies(t *testing.T) {
	if !c.subject().Amount.IsSet() || !shows(c.sent(t, c.subject()), c.onTheWire(c.subject().Amount)) {
		assert.NotContains(t, []gateway.Operation{gateway.OpAuthorize, gateway.OpPurchase}, c.op, "an operation that takes money sends its amount")
		return
	}
	for _, currency := range c.currenciesOf() {
		for _, minor := range []int64{1230, 99990} { // whole tens: some providers take three decimals with the last one 0
			s := c.shape(gateway.Minor(minor, currency))
			srv := c.good(t, s)
			out, err := c.command(t, srv.URL).Execute(t.Context(), s)
			require.NoError(t, err, "%s", s.Amount)
			request := srv.requests()[0].everything()
			assert.True(t, shows(request, c.onTheWire(s.Amount)), "%s should be %s in\n%s", s.Amount, c.onTheWire(s.Amount), request)
			for _, m := range out.Movements {
				assert.Equal(t, s.Amount, m.Amount)
			}
		}
	}
}

func (c check) sent(t *testing.T, s gateway.Subject) string {
	t.Helper()
	srv := c.good(t, s)
	_, err := c.command(t, srv.URL).Execute(t.Context(), s)
	require.NoError(t, err)
	return srv.requests()[0].everything()
}

func (c check) onTheWire(m gateway.Money) string {
	if c.OnTheWire != nil {
		return c.OnTheWire(m)
	}
	n, _ := gateway.Exponents(nil).Minor(m)
	return formatInt(n)
}

// shows reports whether a text holds an amount, and not as a part of a longer number.
func shows(text, amount string) bool {
	return regexp.MustCompile(`(^|[^0-9.])` + regexp.QuoteMeta(amount) + `($|[^0-9.])`).MatchString(text)
}

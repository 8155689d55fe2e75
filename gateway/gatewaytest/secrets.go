package gatewaytest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// holds reports whether a text holds a secret, plainly or in Basic authorization.
func holds(text, secret string) bool {
	if strings.Contains(text, secret) {
		return true
	}
	for word := range strings.FieldsSeq(text) {
		if plain, err := base64.StdEncoding.DecodeString(word); err == nil && bytes.Contains(plain, []byte(secret)) {
			return true
		}
	}
	return false
}

func (c check) stores(t *testing.T) {
	s := c.subject()
	srv := c.good(t, s)
	cmd := c.command(t, srv.URL)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			mine := s
			mine.Store = stores[i%2]
			mine.Order = &gateway.Order{Number: "number-" + string(mine.Store)}
			_, err := cmd.Execute(context.Background(), mine)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	seen := map[gateway.StoreID]int{}
	for _, r := range srv.requests() {
		text := r.everything()
		north, south := holds(text, canaries()["north"]), holds(text, canaries()["south"])
		require.False(t, north && south, "a request carries two stores' keys")
		require.True(t, north || south, "a request carries no store's key")
		own, other := stores[0], stores[1]
		if south {
			own, other = other, own
		}
		seen[own]++
		assert.NotContains(t, text, "number-"+string(other), "a request carries one store's order and another's key")
	}
	assert.Equal(t, map[gateway.StoreID]int{"north": 25, "south": 25}, seen)

	s.Store = "unknown"
	before := len(srv.requests())
	_, err := cmd.Execute(t.Context(), s)
	require.ErrorIs(t, err, gateway.CodeAuthentication, "a store without keys is refused")
	assert.Len(t, srv.requests(), before, "and nothing is sent in another's name")
}

// secrets looks for the canary wherever a program might print something.
func (c check) secrets(t *testing.T) {
	s := c.subject()
	token := "canary-token-3Jh8p"
	if s.Instrument != nil {
		i := *s.Instrument
		i.Token = gateway.NewSecret(token)
		s.Instrument = &i
	}
	var printed strings.Builder
	log := slog.New(slog.NewJSONHandler(&lockedWriter{w: &printed}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	watch := command.Override(c.Provider, c.op, command.Observe("canary", func(ctx context.Context, x transfer.Exchange) {
		log.InfoContext(ctx, "exchange", "subject", *x.Subject, "document", fmt.Sprint(x.Transfer.Document), "header", x.Transfer.Header, "url", x.Transfer.URL)
		fmt.Fprintf(&printed, "%v %+v", x.Transfer.Document, *x.Subject)
	}))
	a, _ := c.answer(t, "")
	for name, answer := range map[string]func(int, http.ResponseWriter, *http.Request){
		"success": func(_ int, w http.ResponseWriter, r *http.Request) { a.send(w, a.fill(s, "http://"+r.Host)) },
		"500":     raw(500, nil, ""), "401": raw(401, nil, "{}"), "HTML": raw(200, nil, "<html>"),
		"lost": func(_ int, w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		},
	} {
		srv := serve(t, answer)
		out, err := c.command(t, srv.URL, watch).Execute(t.Context(), s)
		fmt.Fprintf(&printed, "%v %+v %#v %v %+v %#v", out, out, out, err, err, err)
		log.Error(name, "err", err, "out", out)
		require.NotEmpty(t, srv.requests(), name)
	}
	pools, err := command.Assemble(c.Items("http://127.0.0.1:1", canaries())...)
	require.NoError(t, err)
	d, err := pools.For(c.Provider).Describe(c.op)
	require.NoError(t, err)
	asJSON, err := d.JSON()
	require.NoError(t, err)
	printed.WriteString(d.Tree() + d.Mermaid() + string(asJSON))
	for _, secret := range []string{canaries()["north"], canaries()["south"], token} {
		assert.False(t, holds(printed.String(), secret), "%q is printed somewhere", secret)
	}
}

// lockedWriter lets a log and a test write to one builder.
type lockedWriter struct {
	mu sync.Mutex
	w  *strings.Builder
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

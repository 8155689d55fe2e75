package command_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// way is one way to do the whole call; every one reads the same subject.
type way func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error)

// tuned is the transport by hand. As it comes, resty keeps three connections
// per host and is half as fast with 64 callers: that would be no fair opponent.
func tuned(tb testing.TB) *http.Client {
	tb.Helper()
	t := &http.Transport{MaxIdleConnsPerHost: client.DefaultMaxIdleConns, DisableCompression: true}
	tb.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t, Timeout: client.DefaultTimeout}
}

// throughCommand is our way, with the stock HTTP client.
func throughCommand(tb testing.TB, base string, edits ...command.Edit) way {
	tb.Helper()
	h, err := client.New(client.Config{})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = h.Close() })
	return benchCommand(tb, benchSpec(base, h), edits...).Execute
}

// throughResty is resty with typed structs, as its users write it.
func throughResty(tb testing.TB, base string) way {
	tb.Helper()
	c := resty.NewWithClient(tuned(tb)).SetBaseURL(base).SetHeader("X-Api-Key", benchCard.key.Reveal()).SetHeader("Accept", "application/json")
	return func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
		var a benchAnswer
		r, err := c.R().SetContext(ctx).SetHeader("Idempotency-Key", s.IdempotencyKey).SetBody(directStruct(&s)).SetResult(&a).Post(benchPath)
		if err != nil {
			return gateway.Outcome{}, err
		}
		return directOutcome(&s, r.StatusCode(), &a)
	}
}

// throughNetHTTP is net/http alone.
func throughNetHTTP(tb testing.TB, base string, c codec) way {
	tb.Helper()
	h := tuned(tb)
	return func(ctx context.Context, s gateway.Subject) (gateway.Outcome, error) {
		body, err := c.encode(&s)
		if err != nil {
			return gateway.Outcome{}, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+benchPath, bytes.NewReader(body))
		if err != nil {
			return gateway.Outcome{}, err
		}
		r.Header = directHeader(&s)
		resp, err := h.Do(r)
		if err != nil {
			return gateway.Outcome{}, err
		}
		defer func() { _ = resp.Body.Close() }()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			return gateway.Outcome{}, err
		}
		var a benchAnswer
		if err := c.decode(answer, &a); err != nil {
			return gateway.Outcome{}, err
		}
		return directOutcome(&s, resp.StatusCode, &a)
	}
}

func (w way) contender(ctx context.Context, name string) contender {
	s := benchSubject()
	return contender{name, func() error { _, err := w(ctx, s); return err }}
}

// BenchmarkP2 measures a full call over loopback HTTP against bare resty (P2)
// and bare net/http (P2b). CPU time is the caller's; the server is another process.
func BenchmarkP2(b *testing.B) {
	base := benchServer(b)
	ctx := b.Context()
	list := []contender{
		throughCommand(b, base).contender(ctx, "command"),
		throughResty(b, base).contender(ctx, "resty"),
		throughNetHTTP(b, base, typed).contender(ctx, "net/http"),
		throughNetHTTP(b, base, sameCodec).contender(ctx, "net/http with our codec"),
	}
	for _, callers := range []int{1, 64} {
		var t []timing
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			t = race(b, callers, 640, list...)
			allocated(b, list[0].call)
			b.ReportMetric(ratio(t[0].wall, t[1].wall).median, "ratio/op")
			b.ReportMetric(ratio(t[0].cpu, t[1].cpu).median, "cpu-ratio/op")
			b.ReportMetric(ratio(t[0].cpu, t[2].cpu).median, "cpu-ratio-nethttp/op")
			b.ReportMetric(ratio(t[0].cpu, t[3].cpu).median, "cpu-ratio-same-codec/op")
		})
		if len(t) == 0 {
			continue // another size was asked for
		}
		what := fmt.Sprintf("over loopback, callers=%d: ", callers)
		judge("P2", what+"wall against bare resty", ratio(t[0].wall, t[1].wall), 0.85)
		judge("P2", what+"CPU against bare resty", ratio(t[0].cpu, t[1].cpu), 0.75)
		judge("P2b", what+"CPU against bare net/http", ratio(t[0].cpu, t[2].cpu), 0.85)
		judge("P2b", what+"CPU against net/http, same codec", ratio(t[0].cpu, t[3].cpu), 1.20)
	}
}

func TestTheBenchmarkedCallsDoTheSame(t *testing.T) {
	t.Parallel()
	type call struct {
		path, body string
		header     http.Header
	}
	var mu sync.Mutex
	var calls []call
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, call{r.Method + " " + r.URL.Path, string(body), r.Header})
		assert.NoError(t, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		answerPayment(w, r)
	}))
	defer server.Close()
	ways := []way{
		throughNetHTTP(t, server.URL, typed), throughNetHTTP(t, server.URL, sameCodec),
		throughResty(t, server.URL), throughCommand(t, server.URL), dressed(t, server.URL, io.Discard),
	}
	var first gateway.Outcome
	for i, w := range ways {
		out, err := w(t.Context(), benchSubject())
		require.NoError(t, err)
		if i == 0 {
			first = out
		}
		assert.Equal(t, first, out)
		assert.Equal(t, calls[0].path, calls[i].path)
		assert.JSONEq(t, calls[0].body, calls[i].body)
		for _, name := range []string{"Accept", "Content-Type", "X-Api-Key", "Content-Length"} {
			assert.Equal(t, calls[0].header[name], calls[i].header[name], name)
		}
		assert.NotEmpty(t, calls[i].header["Idempotency-Key"])
	}
}

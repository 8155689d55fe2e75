package inbox_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// flood is how much comes at once.
type flood struct {
	large, bytes int // bodies without an announced length, and how long each would be
	slow         int // connections that send a byte now and then
	lasts        time.Duration
}

// resident returns how much memory a process has, in bytes.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	require.NoError(t, err)
	pages, err := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}

// endless is a body that goes on.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

// W7: bodies of a gigabyte and a thousand connections that drip do not fill the
// memory, are not accepted, and honest notifications are answered meanwhile.
// INBOX_FLOOD=all sends as much as the standard says, for a minute; otherwise it is
// a part of it, and how quickly is only told.
func TestW7AFloodFillsNoMemoryAndHoldsUpNobody(t *testing.T) {
	full := os.Getenv("INBOX_FLOOD") == "all"
	f := flood{large: 12, bytes: 64 << 20, slow: 200, lasts: 2 * time.Second}
	if full {
		f = flood{large: 100, bytes: 1 << 30, slow: 1000, lasts: time.Minute}
	}
	provider, err := simulator.Start(simulator.Config{ManualWebhooks: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, provider.Close()) })
	duty := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(duty.Close)
	url, pid, end := process(t, orders{Provider: provider.URL(), Duty: duty.URL, File: filepath.Join(t.TempDir(), "shop.db")})
	t.Cleanup(end)
	to := url + "/webhooks/sandbox/es"
	keys := sandbox.WebhookConfig{Keys: tenant.Single(sandbox.WebhookKeys{Secrets: []gateway.Secret{gateway.NewSecret(simulator.DefaultWebhookSecret)}})}
	w := newWorld(t)
	w.Paid("17")
	sample, id := w.bodies()[0], []byte(w.Provider.Events()[0].ID)
	made := 0
	honest := func() time.Duration {
		made++
		c := webhook.Call{Store: "es", Header: http.Header{"Content-Type": {"application/json"}}, Body: bytes.ReplaceAll(sample, id, fmt.Appendf(nil, "evt_honest_%d", made))}
		require.NoError(t, sandbox.WebhookScheme(keys).Sign(t.Context(), &c))
		r, err := c.Request(t.Context(), to)
		require.NoError(t, err)
		started := time.Now()
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
		assert.Contains(t, []int{200, 404}, resp.StatusCode, "404: a duty of nobody") // stored either way
		return time.Since(started)
	}
	for range 50 {
		honest()
	}
	before := resident(t, pid)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	for range f.slow {
		wg.Go(func() { drip(ctx, strings.TrimPrefix(url, "http://")) })
	}
	codes := make(chan int, f.large)
	for range f.large {
		wg.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, &endless{f.bytes})
			if !assert.NoError(t, err) {
				return
			}
			code := 0 // the server may hang up before all of it is sent
			if resp, err := http.DefaultClient.Do(r); err == nil {
				code = resp.StatusCode
				_ = resp.Body.Close()
			}
			codes <- code
		})
	}
	const honestly = 20 // so many are answered while it lasts, however busy the machine is
	most, took, began := before, []time.Duration(nil), time.Now()
	for time.Since(began) < f.lasts || len(took) <= honestly && time.Since(began) < 2*time.Minute {
		took = append(took, honest())
		most = max(most, resident(t, pid))
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	wg.Wait()
	close(codes)
	for code := range codes {
		assert.Contains(t, []int{0, 400, 413, 503}, code, "a body that is too large is refused; 503: it had waited for its turn for too long")
	}
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	t.Logf("flood: %d large bodies, %d slow connections: %d MiB more, honest ones within %s (99 %%)", f.large, f.slow, (most-before)>>20, p99.Round(time.Millisecond))
	// A connection costs net/http what it costs: two buffers and the stacks of its
	// goroutines, twice that before they are collected. Beyond it, what the flood may cost.
	connections := int64(f.slow) * 40 << 10
	assert.LessOrEqual(t, most-before, mostMemory+connections, "bytes of memory")
	assert.Greater(t, len(took), honestly, "honest notifications were answered meanwhile")
	if full {
		assert.LessOrEqual(t, p99, 100*time.Millisecond)
	}
}

// drip opens a connection and sends the request a byte at a time, and again when it
// is cut off.
func drip(ctx context.Context, address string) {
	text := "POST /webhooks/sandbox/es HTTP/1.1\r\nHost: shop\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 1000)
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return
		}
		for n := 0; n < len(text) && ctx.Err() == nil; n++ {
			if _, err := conn.Write([]byte{text[n]}); err != nil {
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
		_ = conn.Close()
	}
}

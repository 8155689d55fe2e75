package inbox_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/internal/measure"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
)

// The benchmark here answers goal P5: how many notifications can be taken a
// second, each one verified, read, and on the disk before it is acknowledged?
//
//	go test -run '^$' -bench '^BenchmarkP5' ./gateway/inbox | grep '^P5'
//
// 64 senders post over kept connections on loopback; they and the server share
// the machine. What is compared takes turns in one run; the ratio is of speeds.

const senders = 64

// BenchmarkP5 measures an inbox that defers against forced writes one after
// another, against the same server without a storage, and against one that only
// appends to a file, whose senders share each flush.
func BenchmarkP5(b *testing.B) {
	for store, goal := range map[string]float64{"sqlite": 0.95, "postgres": 1.10} {
		var times []measure.Timing
		var slow, flushes measure.Spread
		b.Run(store, func(b *testing.B) {
			dir := b.TempDir()
			write := measure.Floor(b, dir)
			shop := newTill(b, store, dir)
			lists := []*sending{
				shop.sending(b, "inbox", shop.box.Handler()), shop.sending(b, "no storage", plainly{shop.receiver, func([]byte) error { return nil }}),
				shop.sending(b, "a log", plainly{shop.receiver, newLog(b, dir).append}),
			}
			var all []measure.Contender
			for _, s := range lists {
				all = append(all, s.contender())
			}
			before := shop.flushed(b)
			times = measure.Race(b, append(all, measure.Contender{Name: "floor", Callers: 1, Calls: 400, Call: func(int) error { return write() }})...)
			flushes = measure.Of([]float64{float64(shop.flushed(b)-before) / float64(lists[0].sent.Load())})
			slow = lists[0].slow()
			b.ReportMetric(1/measure.Of(times[0].Wall).Median, "webhooks/s")
			b.ReportMetric(measure.Of(times[0].CPU).Median*1e6, "cpu-us/webhook")
			b.ReportMetric(1/measure.Of(times[3].Wall).Median, "floor/s")
		})
		if times == nil { // another one was asked for
			continue
		}
		speed := func(other int) measure.Spread { return measure.Ratio(times[other].Wall, times[0].Wall) }
		measure.AtLeast("P5", "durable webhooks, "+store+", 64 senders: against forced writes", speed(3), goal)
		measure.AtLeast("P5", "durable webhooks, "+store+": against the same server without a storage", speed(1), 0.50)
		measure.AtLeast("P5", "durable webhooks, "+store+": against a log whose senders share a flush", speed(2), 0.70)
		measure.AtMost("P5", "durable webhooks, "+store+": flushes for each", flushes, 0.15)
		measure.AtMost("P5", "durable webhooks, "+store+": 99th percentile of an answer, ms", slow, 20)
	}
}

// till is an inbox on a storage whose flushes are counted.
type till struct {
	db       *storage.DB
	box      *inbox.Inbox
	receiver webhook.Receiver
	keys     sandbox.WebhookConfig
	sample   []byte // a notification, with the id of its event
	id       []byte
	commits  atomic.Int64 // of SQLite, each of which is one flush
}

func newTill(b *testing.B, store, dir string) *till {
	b.Helper()
	w := newWorld(b)
	w.Paid("17")
	s := &till{keys: w.keys, receiver: sandbox.Webhook(w.keys), sample: w.bodies()[0], id: []byte(w.Provider.Events()[0].ID)}
	var err error
	if store == "postgres" {
		s.db, err = postgres.Open(b.Context(), postgrestest.Database(b))
	} else {
		s.db, err = sqlite.Open(b.Context(), filepath.Join(dir, "shop.db"), sqlite.Options{Committed: func(int) { s.commits.Add(1) }})
	}
	require.NoError(b, err)
	b.Cleanup(func() { _ = s.db.Close() })
	eng, err := engine.New(engine.Config{Pools: w.Pools, Storage: s.db})
	require.NoError(b, err)
	s.box, err = inbox.New(inbox.Config{Storage: s.db, Engine: eng, Receivers: map[string]webhook.Receiver{"sandbox": s.receiver}, Defer: true})
	require.NoError(b, err)
	return s
}

// flushed returns how often the storage has forced something to the disk.
func (s *till) flushed(b *testing.B) (n int64) {
	b.Helper()
	if n = s.commits.Load(); n > 0 {
		return n
	}
	require.NoError(b, s.db.View(b.Context(), func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		err := q.QueryRowContext(ctx, "SELECT wal_sync FROM pg_stat_wal").Scan(&n)
		if err != nil { // SQLite before its first commit
			return nil //nolint:nilerr // there is no such table
		}
		return nil
	}))
	return n
}

// sending posts signed notifications to one server, each sender on its own connection.
type sending struct {
	*till

	name    string
	b       *testing.B
	address string
	conns   [senders]net.Conn
	answers [senders]*bufio.Reader
	raw     [][]byte
	made    int
	sent    atomic.Int64
	mu      sync.Mutex
	took    []time.Duration
}

func (s *till) sending(b *testing.B, name string, h http.Handler) *sending {
	b.Helper()
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	g := &sending{till: s, name: name, b: b, address: server.Listener.Addr().String()}
	for n := range g.conns {
		conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", g.address)
		require.NoError(b, err)
		b.Cleanup(func() { _ = conn.Close() })
		g.conns[n], g.answers[n] = conn, bufio.NewReader(conn)
	}
	return g
}

func (g *sending) contender() measure.Contender {
	return measure.Contender{Name: g.name, Callers: senders, Calls: senders * 50, Ready: g.ready, Call: g.post}
}

// ready makes the requests of a round: signing them is their sender's work.
func (g *sending) ready(calls int) {
	g.raw = g.raw[:0]
	for range calls {
		g.made++
		body := bytes.ReplaceAll(g.sample, g.id, fmt.Appendf(nil, "evt_%s_%d", g.name[:1], g.made))
		c := webhook.Call{Store: "es", Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
		require.NoError(g.b, sandbox.WebhookScheme(g.keys).Sign(context.Background(), &c))
		r, err := c.Request(context.Background(), "http://"+g.address+"/webhooks/sandbox/es")
		require.NoError(g.b, err)
		var raw bytes.Buffer
		require.NoError(g.b, r.Write(&raw))
		g.raw = append(g.raw, raw.Bytes())
	}
}

// post sends one request; calls of one sender are those of its number modulo senders.
func (g *sending) post(n int) error {
	started := time.Now()
	k := n % senders
	if _, err := g.conns[k].Write(g.raw[n]); err != nil {
		return err
	}
	resp, err := http.ReadResponse(g.answers[k], nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d: %w", g.name, resp.StatusCode, err)
	}
	g.sent.Add(1)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.took = append(g.took, time.Since(started))
	return nil
}

// slow returns the 99th percentile of what an answer took, in milliseconds.
func (g *sending) slow() measure.Spread {
	slices.Sort(g.took)
	ms := g.took[len(g.took)*99/100].Seconds() * 1e3
	return measure.Of([]float64{ms})
}

// plainly is a server that verifies and reads like an inbox, and then only calls then.
type plainly struct {
	receiver webhook.Receiver
	then     func(body []byte) error
}

func (p plainly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	c := webhook.Call{Store: "es", Method: r.Method, URL: r.URL, Header: r.Header, Body: body}
	if err == nil {
		var trust webhook.Trust
		if trust, err = p.receiver.Verify(r.Context(), c); err == nil {
			_, err = p.receiver.Read(r.Context(), c, trust)
		}
	}
	if err == nil {
		err = p.then(body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// sharedLog appends to a file; whoever comes while a flush is under way shares the next one.
type sharedLog struct {
	f    *os.File
	jobs chan line
}

type line struct {
	body []byte
	done chan error
}

func newLog(b *testing.B, dir string) *sharedLog {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "log"))
	require.NoError(b, err)
	l := &sharedLog{f, make(chan line)}
	stopped := make(chan struct{})
	go l.write(stopped)
	b.Cleanup(func() { close(l.jobs); <-stopped; _ = f.Close() })
	return l
}

func (l *sharedLog) append(body []byte) error {
	one := line{body, make(chan error, 1)}
	l.jobs <- one
	return <-one.done
}

func (l *sharedLog) write(stopped chan<- struct{}) {
	defer close(stopped)
	for first := range l.jobs {
		group := []line{first}
	gather:
		for len(group) < 256 {
			select {
			case one, open := <-l.jobs:
				if !open {
					break gather
				}
				group = append(group, one)
			default:
				break gather
			}
		}
		var all []byte
		for _, one := range group {
			all = append(append(all, one.body...), '\n')
		}
		_, err := l.f.Write(all)
		if err == nil {
			err = measure.Force(l.f)
		}
		for _, one := range group {
			one.done <- err
		}
	}
}

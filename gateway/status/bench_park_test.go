package status_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

// BenchmarkP4 answers the goal P4: what does a parked request cost beside the
// least that a handler of net/http can do, which waits for a channel? Each server
// is a process of its own, and they take turns. The resident memory is measured
// after a collection, the fan-out from the change to the last byte at the last
// client. The service is measured with one payment for all and with one for each,
// and once the usual way, behind a wrapped writer.
//
//	go test -run '^$' -bench '^BenchmarkP4' -benchtime 5x ./gateway/status | grep '^P4'
func BenchmarkP4(b *testing.B) {
	const waiters = 10_000
	roles := []string{"minimal", "service", "own", "wrapped"}
	servers := make([]*parking, len(roles))
	for i, role := range roles {
		servers[i] = startParking(b, role, waiters)
	}
	memory, fanout := make([][]float64, len(roles)), make([][]float64, len(roles))
	for n := 0; b.Loop(); n++ {
		for k := range roles {
			i := (k + n) % len(roles)
			m, f := servers[i].round(b, n, waiters)
			memory[i], fanout[i] = append(memory[i], m), append(fanout[i], f)
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, role := range roles {
		b.ReportMetric(middle(memory[i]), role+"-B/waiter")
		b.ReportMetric(middle(fanout[i])*1000, role+"-fanout-ms")
	}
	tell := func(what string, at int, ours [][]float64, most float64) float64 {
		ratios := make([]float64, len(ours[0]))
		for i := range ratios {
			ratios[i] = ours[at][i] / ours[0][i]
		}
		slices.Sort(ratios)
		met := "met"
		if middle(ratios) > most {
			met = "MISSED"
		}
		fmt.Printf("P4   %-70s %7.2f (%.2f to %.2f) goal <= %.2f  %s\n", what, middle(ratios), ratios[0], ratios[len(ratios)-1], most, met)
		return middle(ratios)
	}
	b.ReportMetric(tell("memory per waiter, all of one payment, against net/http", 1, memory, 0.25), "memory-ratio/op")
	b.ReportMetric(tell("memory per waiter, each of its own payment", 2, memory, 0.25), "memory-own-ratio/op")
	b.ReportMetric(tell("memory per waiter, behind a wrapped writer (no goal)", 3, memory, 1.5), "memory-wrapped-ratio/op")
	b.ReportMetric(tell("answering all after one change", 1, fanout, 1.0), "fanout-ratio/op")
	b.ReportMetric(tell("answering all, behind a wrapped writer (no goal)", 3, fanout, 1.5), "fanout-wrapped-ratio/op")
}

func middle(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}

// parking is a server process.
type parking struct {
	in   io.Writer
	out  *bufio.Scanner
	port string
	path []string // for each client
	idle int      // bytes
}

func startParking(b *testing.B, role string, n int) *parking {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "STATUS_TEST_WAITERS="+strconv.Itoa(n), "STATUS_TEST_DIR="+b.TempDir())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	p := &parking{in: in, out: bufio.NewScanner(out)}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	p.port = p.line(b)
	for range n {
		p.path = append(p.path, p.line(b))
	}
	return p
}

func (p *parking) line(b *testing.B) string {
	b.Helper()
	require.True(b, p.out.Scan(), "the server has ended")
	return p.out.Text()
}

func (p *parking) ask(b *testing.B, what string) int {
	b.Helper()
	_, err := io.WriteString(p.in, what+"\n")
	require.NoError(b, err)
	n, err := strconv.Atoi(p.line(b))
	require.NoError(b, err)
	return n
}

// round parks everybody and answers them. It returns the bytes for each and the
// seconds until the last had its answer.
func (p *parking) round(b *testing.B, turn, n int) (memory, fanout float64) {
	b.Helper()
	if p.idle == 0 { // before anybody was ever parked: what stays behind counts
		p.idle = p.ask(b, "memory")
	}
	host := "127.0.0.1"
	if runtime.GOOS == "linux" { // connections that were closed keep their ports for a while
		host = fmt.Sprintf("127.0.1.%d", turn%250+1)
	}
	conns := make([]net.Conn, n)
	for i := range conns {
		var err error
		conns[i], err = net.Dial("tcp", net.JoinHostPort(host, p.port))
		require.NoError(b, err)
		_, err = io.WriteString(conns[i], "GET "+p.path[i]+" HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\r\n")
		require.NoError(b, err)
	}
	for p.ask(b, "count") < n {
		runtime.Gosched()
	}
	p.ask(b, "settle")
	memory = float64(p.ask(b, "memory")-p.idle) / float64(n)
	var all, ready sync.WaitGroup
	var wrong atomic.Int64
	ready.Add(n)
	for _, c := range conns {
		all.Go(func() {
			answer := make([]byte, 1024)
			ready.Done()
			if n, err := c.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200 OK") {
				wrong.Add(1)
			}
		})
	}
	ready.Wait()
	start := time.Now()
	p.ask(b, "wake")
	all.Wait()
	fanout = time.Since(start).Seconds()
	require.Zero(b, wrong.Load())
	for _, c := range conns {
		_ = c.Close()
	}
	for p.ask(b, "count") > 0 {
		runtime.Gosched()
	}
	return memory, fanout
}

// park is what a server process of the benchmark does.
func park(role string) error {
	n, err := strconv.Atoi(os.Getenv("STATUS_TEST_WAITERS"))
	if err != nil {
		return err
	}
	var s site
	if role == "minimal" {
		s = newMinimal(n)
	} else if s, err = newReal(role, n); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s} //nolint:gosec // a benchmark's
	go func() { _ = server.Serve(listener) }()
	out := bufio.NewWriter(os.Stdout)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	fmt.Fprintln(out, port)
	for i := range n {
		fmt.Fprintln(out, s.path(i))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		value := 0
		switch in.Text() {
		case "memory":
			value = resident()
		case "settle":
			s.settle()
		case "count":
			value = s.count()
		case "wake":
			if err := s.wake(); err != nil {
				return err
			}
		}
		fmt.Fprintln(out, value)
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return out.Flush()
}

func resident() int {
	for range 3 {
		runtime.GC()
		debug.FreeOSMemory()
	}
	if raw, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := strings.Fields(string(raw)); len(fields) > 1 {
			pages, _ := strconv.Atoi(fields[1])
			return pages * os.Getpagesize()
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.Sys - m.HeapReleased) //nolint:gosec // no process is that large
}

// site is a server of the benchmark.
type site interface {
	http.Handler
	path(i int) string
	count() int
	settle()
	wake() error
}

// minimal is the least: a channel, and the client's going away.
type minimal struct {
	n       int
	waiting atomic.Int64
	mu      sync.Mutex
	told    chan struct{}
}

func newMinimal(n int) *minimal { return &minimal{n: n, told: make(chan struct{})} }

func (m *minimal) path(int) string {
	return "/status?transactionId=AQACZXNwYXlfMTdIVUbcmjLyIvBrf2j9FKqJpfHAKeo-FibdIfCabcDwFQ&status=processing"
}

func (m *minimal) count() int { return int(m.waiting.Load()) }

func (m *minimal) settle() {}

func (m *minimal) wake() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.told)
	m.told = make(chan struct{})
	return nil
}

func (m *minimal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	told := m.told
	m.mu.Unlock()
	m.waiting.Add(1)
	defer m.waiting.Add(-1)
	select {
	case <-told:
	case <-r.Context().Done():
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, `{"update":true,"payload":{"status":{"code":"phase.1","message":"Your payment is being processed."},"action":{"code":"","payload":null}}}`)
}

// real is the service, on SQLite.
type real struct {
	http.Handler

	service *status.Service
	db      *storage.DB
	ids     []gateway.PaymentID
	paths   []string
	turn    int
}

func newReal(role string, n int) (*real, error) {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(os.Getenv("STATUS_TEST_DIR"), "shop.db"))
	if err != nil {
		return nil, err
	}
	tokens, err := status.NewTokens(newKey)
	if err != nil {
		return nil, err
	}
	service, err := status.New(status.Config{Storage: db, Tokens: tokens, MaxPerPayment: n, MaxWaiters: n, Hold: 10 * time.Minute, Poll: time.Hour})
	if err != nil {
		return nil, err
	}
	go func() { _ = service.Run(ctx) }()
	r := &real{Handler: service.Handler(), service: service, db: db}
	if role == "wrapped" {
		inner := r.Handler
		r.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { inner.ServeHTTP(wrapper{w}, q) })
	}
	payments := 1
	if role == "own" {
		payments = n
	}
	err = db.Update(ctx, func(tx *storage.Tx) error {
		for i := range payments {
			id := gateway.PaymentID(fmt.Sprintf("pay_%026d", i))
			r.ids = append(r.ids, id)
			if _, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: id, Key: string(id), Due: gateway.Minor(1000, "EUR")}); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range n {
		r.paths = append(r.paths, poll(tokens.Make(storage.PaymentKey{Store: "es", Payment: r.ids[i%payments]}, time.Time{}), "phase.0"))
	}
	return r, errors.Join(err, r.wake())
}

func (r *real) path(i int) string { return r.paths[i] }

func (r *real) count() int { return r.service.Waiters() }

// settle waits until the payments of all who wait were read: reads keep their order.
func (r *real) settle() {
	path := strings.Replace(r.paths[len(r.paths)-1], "status=phase.0&", "", 1)
	for range 2 {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, http.NoBody))
	}
}

// wake moves every payment to the next phase and back: phase.0 is what clients know.
func (r *real) wake() error {
	if r.turn == 0 {
		r.turn++
		return r.phases("phase.0")
	}
	if err := r.phases("phase.1"); err != nil {
		return err
	}
	for r.service.Waiters() > 0 {
		time.Sleep(time.Millisecond) // those who are to be told have read phase.1
	}
	return r.phases("phase.0")
}

func (r *real) phases(phase string) error {
	return r.db.Update(context.Background(), func(tx *storage.Tx) error {
		for _, id := range r.ids {
			if err := tx.SetBalances(gateway.Payment{Store: "es", ID: id, Phase: phase}); err != nil {
				return err
			}
		}
		return nil
	})
}

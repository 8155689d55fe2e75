package simulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a running payment provider. All methods are safe for concurrent use.
type Server struct {
	cfg    Config
	url    string
	http   *http.Server
	client *http.Client // posts webhooks
	wake   chan struct{}
	stop   context.CancelFunc
	ctx    context.Context //nolint:containedctx // ends hung and dripping connections on Close
	wg     sync.WaitGroup

	connections, received atomic.Int64

	mu sync.Mutex // guards everything below; never held while a network is waited for
	state
	accounts []Account
	journal  *journal
	access   map[string]accessToken
	calls    []Call
	tries    map[string]int
	next     map[Operation][]Fault
	lie      func(Call) Fault
	requests int64
	head     int // events before this index are delivered, given up or only listed
	closed   bool
}

// shutdownGrace is how long Close waits for answers that are being written.
const shutdownGrace = time.Second

// Start opens the journal, if there is one, and starts a provider on the loopback
// interface.
func Start(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, state: newState(), accounts: append([]Account{}, cfg.Accounts...), wake: make(chan struct{}, 1),
		access: map[string]accessToken{}, tries: map[string]int{}, next: map[Operation][]Fault{},
	}
	if s.journal, err = openJournal(cfg.Journal, &s.state); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		_ = s.journal.close()
		return nil, fmt.Errorf("simulator: listen: %w", err)
	}
	s.url = "http://" + listener.Addr().String()
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.client = newWebhookClient()
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 64 << 10, ErrorLog: silent,
	}
	s.wg.Go(func() { _ = s.http.Serve(&countingListener{listener, s}) })
	s.wg.Go(s.pump)
	return s, nil
}

// URL is the base address of the API, without a slash at the end. It is another
// one after each Start, unless Config.Address fixes it.
func (s *Server) URL() string { return s.url }

// Close stops the provider: hung connections are cut, answers being written get a
// moment, webhooks being delivered are given up, and the journal is closed. What is
// on the journal survives. Closing twice is harmless.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // someone does not hang up
	}
	s.wg.Wait()
	s.client.CloseIdleConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.close()
}

// Received returns how many connections were accepted and how many bytes were read
// from them since Start: the truth about what left a caller.
func (s *Server) Received() (connections, bytes int64) {
	return s.connections.Load(), s.received.Load()
}

// Payment returns the picture of one payment; id may also be one of its captures,
// refunds or disputes. The error is an [*Error] with code not_found.
func (s *Server) Payment(id string) (Payment, error) {
	s.lock()
	defer s.mu.Unlock()
	p := s.find(id)
	if p == nil {
		return Payment{}, notFound("payment", id)
	}
	return p.snapshot(), nil
}

// Payments returns the pictures of all payments of all accounts, oldest first.
func (s *Server) Payments() []Payment {
	s.lock()
	defer s.mu.Unlock()
	all := make([]Payment, 0, len(s.order))
	for _, id := range s.order {
		all = append(all, s.payments[id].snapshot())
	}
	return all
}

// poke wakes the goroutine that delivers webhooks.
func (s *Server) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// sleep waits in real time; it returns false when the server or the caller is gone.
func (s *Server) sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return false
}

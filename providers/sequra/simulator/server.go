package simulator

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// The account that the zero [Config] has.
const (
	Username = "sandbox-shop"
	Password = "sandbox-password"
	Merchant = "sandbox_merchant"
)

// Account is one merchant's.
type Account struct{ Username, Password, Merchant string }

// Config says how the provider behaves. The zero value works.
type Config struct {
	Accounts []Account // none means one of Username, Password and Merchant
	Address  string    // to listen at; "" is a free port of this machine
	Public   string    // the base URL that shoppers and shops see; "" is the listener's
	Manual   bool      // notifications wait for Deliver
	// Again are the pauses before a notification that was not taken is sent again;
	// none means 1, 2, 5, 10 and 30 seconds, and then it is given up.
	Again []time.Duration
	// Patience is how long a notification waits for its answer; 0 means 10 seconds.
	Patience time.Duration
}

// Server is a running provider. All methods are safe for concurrent use.
type Server struct {
	cfg    Config
	mux    *http.ServeMux
	http   *http.Server
	client *http.Client
	stop   context.CancelFunc
	ctx    context.Context //nolint:containedctx // ends what waits on Close
	wg     sync.WaitGroup

	mu           sync.Mutex // guards what follows; never held while a network is waited for
	public       string
	orders       map[string]*order
	sequence     []string // orders, oldest first
	notes        []*Notification
	faults       map[Operation][]Fault
	calls        map[Operation]int
	reports      [][]byte
	integrations map[string][]byte
	closed       bool
}

// New returns a provider without a listener: mount [Server.Handler], and set Public
// to where it is mounted.
func New(cfg Config) *Server {
	if len(cfg.Accounts) == 0 {
		cfg.Accounts = []Account{{Username, Password, Merchant}}
	}
	if len(cfg.Again) == 0 {
		cfg.Again = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}
	}
	if cfg.Patience == 0 {
		cfg.Patience = 10 * time.Second
	}
	s := &Server{
		cfg: cfg, public: cfg.Public, orders: map[string]*order{}, faults: map[Operation][]Fault{}, calls: map[Operation]int{}, integrations: map[string][]byte{},
		client: &http.Client{
			Timeout:       cfg.Patience,
			Transport:     &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.routes()
	return s
}

// Start returns a provider that listens.
func Start(cfg Config) (*Server, error) {
	s := New(cfg)
	if cfg.Address == "" {
		cfg.Address = "127.0.0.1:0"
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	if s.public == "" {
		s.public = "http://" + l.Addr().String()
	}
	s.http = &http.Server{Handler: s.mux, ReadHeaderTimeout: 10 * time.Second}
	s.wg.Go(func() { _ = s.http.Serve(l) })
	return s, nil
}

// URL is the base address of the API and of the forms, without a slash at the end.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.public
}

// Handler serves the API and the forms.
func (s *Server) Handler() http.Handler { return s.mux }

// Close ends the provider; what hangs is cut, and what was not delivered never is.
func (s *Server) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.stop()
	var err error
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err = s.http.Shutdown(ctx); err != nil {
			err = s.http.Close()
		}
	}
	s.wg.Wait()
	s.client.CloseIdleConnections()
	return err
}

// newRef returns a name like SeQura's: a random UUID.
func newRef() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // cannot fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

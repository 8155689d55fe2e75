package simulator

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// DefaultKey is the API key of a server whose Config names none.
const DefaultKey = "collana-test-key"

// Config is how a server behaves. The zero value is a patient, honest one.
type Config struct {
	APIKey      string                // "" means [DefaultKey]
	PublicURL   string                // where browsers find the pages; "" means the URL that Start listens on
	Credentials map[string]Credential // what callbacks bring, by authentication id
	AutoCapture []string              // methods whose PSP captures with the reservation
	// Manual keeps callbacks until the test sends them, see [Server.Callbacks].
	Manual bool
	Delay  time.Duration // before each callback that is not manual
	Slow   time.Duration // before each answer to a call, when all is done: callbacks come first
	Client *http.Client  // that calls back; nil makes one with a timeout of ten seconds
}

// Credential is how a tenant's callbacks are authenticated: by a user and a
// password or, with a TokenURL, by OAuth2 client credentials.
type Credential struct {
	User     string // or the client's id
	Password string // or the client's secret
	TokenURL string
}

// Server is a simulated Collana Pay. It is an http.Handler, and safe for concurrent use.
type Server struct {
	cfg    Config
	mux    *http.ServeMux
	server *http.Server

	mu           sync.Mutex
	url          string
	count        int
	run          string // tells the ids of one server from another's
	transactions map[string]*transaction
	interactions map[string]*interaction
	order        []string // of the transactions
	callbacks    []*Callback
	faults       map[string][]Fault
	fates        map[string][]fate
	requests     map[string]int
	closed       bool

	tokens map[string]token
	ctx    context.Context //nolint:containedctx // ends what was begun in the background
	stop   context.CancelFunc
	sent   sync.WaitGroup
}

// New returns a server that listens nowhere: mount it as a handler, with a PublicURL.
func New(cfg Config) *Server {
	if cfg.APIKey == "" {
		cfg.APIKey = DefaultKey
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 10 * time.Second}
	}
	run := make([]byte, 4)
	_, _ = rand.Read(run) // never fails
	s := &Server{
		cfg: cfg, url: cfg.PublicURL, run: hex.EncodeToString(run), transactions: map[string]*transaction{}, interactions: map[string]*interaction{},
		faults: map[string][]Fault{}, fates: map[string][]fate{}, requests: map[string]int{}, tokens: map[string]token{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.mux = http.NewServeMux()
	s.routes()
	return s
}

// Start returns a server that listens on this machine. Close it.
func Start(cfg Config) (*Server, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if cfg.PublicURL == "" {
		cfg.PublicURL = "http://" + l.Addr().String()
	}
	s := New(cfg)
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.sent.Go(func() { _ = s.server.Serve(l) })
	return s, nil
}

// URL returns where the server is.
func (s *Server) URL() string { return s.url }

// grace is how long Close waits for answers that are being written.
const grace = 5 * time.Second

// Close ends the server and what it has begun: calls that are being answered are
// answered at once, and no callback is begun any more. Closing twice is harmless.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	var err error
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if s.server.Shutdown(ctx) != nil { // somebody does not hang up
			err = s.server.Close()
		}
	}
	s.sent.Wait()
	s.cfg.Client.CloseIdleConnections()
	return err
}

// ServeHTTP serves the API and the pages.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// id makes the next id; the lock is held.
func (s *Server) id(prefix string) string {
	s.count++
	return prefix + "-" + s.run + "-" + strconv.Itoa(s.count)
}

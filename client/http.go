package client

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// HTTP is the client that talks to a provider over HTTP. It sends each request
// at most once, to the hosts it was given, and says of every failure whether
// anything can have left; see the package comment. Make one per provider
// account with [New]; it is safe for concurrent use. The zero HTTP is not usable.
type HTTP struct {
	cfg     Config
	hosts   map[endpoint]bool // nil: any
	own     *http.Transport
	foreign bool // Wrap put something else around or in place of own
	resty   *resty.Client
	agent   []string
}

// New returns a client, or an error that lists everything wrong with the config.
func New(c Config) (*HTTP, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	h := &HTTP{cfg: c.withDefaults()}
	h.agent = []string{h.cfg.UserAgent}
	for _, host := range c.Hosts {
		if h.hosts == nil {
			h.hosts = make(map[endpoint]bool, 2*len(c.Hosts))
		}
		for _, scheme := range []string{"https", "http"} {
			to, _ := endpointOf(scheme, host) // Validate has looked at it
			h.hosts[to] = true
		}
	}
	h.own = newTransport(h.cfg)
	var next http.RoundTripper = h.own
	if c.Wrap != nil {
		next, h.foreign = c.Wrap(h.own), true
	}
	h.resty = newResty(guard{next}, c.HTTP2)
	return h, nil
}

// newResty returns resty without its defaults that are unsafe for payments:
// a cookie jar, redirects followed, retries, output of requests to stderr.
func newResty(rt http.RoundTripper, http2 bool) *resty.Client {
	c := resty.NewWithClient(&http.Client{Transport: rt})
	c.SetRedirectPolicy(resty.RedirectPolicyFunc(func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }))
	c.SetRetryCount(0).SetDebug(false).SetLogger(silent{}).SetDoNotParseResponse(true).SetAllowGetMethodPayload(true)
	c.SetPreRequestHook(func(_ *resty.Client, r *http.Request) error {
		asSigned(r, http2)
		return nil
	})
	return c
}

// asSigned makes the request that resty prepared equal to the signed one:
// resty adds headers and chunks empty bodies, and a signature covers neither.
func asSigned(r *http.Request, http2 bool) {
	e, _ := evidenceOf(r)
	w := e.wire
	r.URL, r.Host, r.Header = w.URL, w.URL.Host, w.Header
	if len(w.Body) == 0 {
		r.Body, r.ContentLength = http.NoBody, 0
		if http2 {
			r.Body = noBody{}
		}
	}
	r.GetBody = nil // without it net/http cannot repeat a body; see onlyOnce for the rest
}

// PlaceRequest encodes, signs and sends the transfer once, and returns the
// answer whatever its status. An error means that there is no answer to rely on:
//
//   - [gateway.CodeUnavailable]: no byte of the request left
//   - [gateway.CodeIndeterminate]: it left, or may have
//   - [gateway.CodeInvalid], [gateway.CodeAuthentication]: it was refused here, nothing left
//
// When ctx ended, errors.Is finds [context.Canceled] or
// [context.DeadlineExceeded] behind the code.
func (c *HTTP) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	w, err := t.Wire(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.check(w); err != nil {
		return nil, err
	}
	if w.Header.Get("User-Agent") == "" {
		w.Header["User-Agent"] = c.agent
	}
	timeout := c.cfg.Timeout
	if t.Timeout > 0 {
		timeout = t.Timeout
	}
	try, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	e := newEvidence(try, w, c.cfg.HTTP2)

	resp, err := c.send(e)
	if err != nil {
		return nil, c.failure(ctx, timeout, e, 0, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := readBody(resp, c.cfg.MaxResponse, c.cfg.AllowUnframed)
	if err != nil {
		return nil, c.failure(ctx, timeout, e, resp.StatusCode, err)
	}
	if e.stale.Load() {
		return nil, c.failure(ctx, timeout, e, resp.StatusCode, errStale)
	}
	return &transfer.Response{Status: resp.StatusCode, Header: resp.Header, Body: body, Converter: c.cfg.Converter}, nil
}

// send returns the answer's head; its body is not read yet.
func (c *HTTP) send(e *evidence) (*http.Response, error) {
	w := e.wire
	r := c.resty.R().SetContext(httptrace.WithClientTrace(e, &e.trace))
	if len(w.Body) > 0 {
		r.SetBody(bytes.NewReader(w.Body)) // of a reader net/http takes the length and resty makes no copy
	}
	// The hook puts the real URL in: resty would parse and rebuild it.
	answer, err := r.Execute(w.Method, "https://x.invalid")
	if err != nil {
		return nil, err
	}
	if e.location != nil {
		answer.RawResponse.Header["Location"] = e.location
	}
	return answer.RawResponse, nil
}

// Close closes the connections that are not in use. Calls under way end normally.
func (c *HTTP) Close() error {
	c.own.CloseIdleConnections()
	return nil
}

// String describes the client: "http(30s, 1 MiB, api.example.com)".
func (c *HTTP) String() string {
	hosts := "any host"
	if len(c.cfg.Hosts) > 0 {
		hosts = strings.Join(slices.Sorted(slices.Values(c.cfg.Hosts)), " ")
	}
	return fmt.Sprintf("http(%s, %s, %s)", brief(c.cfg.Timeout), size(c.cfg.MaxResponse), hosts)
}

// brief writes a duration without its zero minutes and seconds.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func size(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// What a zero [Config] means.
const (
	DefaultTimeout      = 30 * time.Second
	DefaultDialTimeout  = 5 * time.Second
	DefaultIdleTimeout  = 30 * time.Second
	DefaultMaxResponse  = 1 << 20
	DefaultMaxIdleConns = 64
	DefaultUserAgent    = "gatewaycommand"
)

// Config says how [New] makes a client. The zero Config works and is safe:
// every https host, verified certificates, TLS 1.2 or newer, no proxy, answers
// up to 1 MiB within 30 seconds.
type Config struct {
	// Timeout bounds one try, from dialling to the last byte of the answer;
	// a transfer's own Timeout comes first. 0 means [DefaultTimeout].
	Timeout time.Duration
	// DialTimeout bounds name lookup and connecting. 0 means [DefaultDialTimeout].
	DialTimeout time.Duration
	// TLSHandshakeTimeout bounds the TLS handshake. 0 means [DefaultDialTimeout].
	TLSHandshakeTimeout time.Duration
	// IdleTimeout says how long an unused connection is kept. Keep it below what
	// the provider's side keeps: a request that meets a connection just closed
	// has an unknown fate. 0 means [DefaultIdleTimeout].
	IdleTimeout time.Duration

	// MaxResponse bounds an answer's body in bytes, counted after decompression.
	// 0 means [DefaultMaxResponse].
	MaxResponse int
	// AllowUnframed takes answers that have neither a length nor chunks and end
	// with the connection. Such an answer may be cut off anywhere without a
	// trace: allow it for a provider whose format shows a missing end, such as
	// JSON or XML read strictly. Otherwise it counts as no answer.
	AllowUnframed bool
	// MaxConns bounds the connections to one host; requests beyond it wait.
	// 0 means no bound.
	MaxConns int
	// MaxIdleConns bounds the unused connections kept for one host. 0 means
	// [DefaultMaxIdleConns].
	MaxIdleConns int

	// Hosts are the hosts that requests may go to: "api.example.com" for the
	// scheme's own port, "api.example.com:8443" for another. A transfer to any
	// other host is refused before anything is sent. Empty means every host.
	Hosts []string
	// AllowPlainHTTP allows http to hosts other than this machine.
	AllowPlainHTTP bool

	// MinTLS is the oldest TLS version to speak. 0 means TLS 1.2; an older one is refused.
	MinTLS uint16
	// RootCAs are the authorities to believe; nil means the system's.
	RootCAs *x509.CertPool
	// Certificates are this side's certificates, for providers that ask for one.
	Certificates []tls.Certificate

	// Proxy is the URL of a proxy, http or https, without credentials. The
	// environment is not read: where payments go is not decided by a variable.
	Proxy string
	// ProxyUser and ProxyPassword are the proxy's credentials.
	ProxyUser     string
	ProxyPassword gateway.Secret

	// HTTP2 allows HTTP/2. It is off unless asked for: with HTTP/1.1 a lost
	// connection loses one answer, with HTTP/2 all that are under way.
	HTTP2 bool
	// UserAgent is sent when a transfer has none. "" means [DefaultUserAgent].
	UserAgent string
	// Converter reads answers whose transfer names no converter; nil means [JSON].
	Converter transfer.Converter

	// Dial makes connections; nil means TCP. Tests give one end of a net.Pipe.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Wrap wraps or replaces the HTTP transport: to trace, to record, to answer
	// in its place. What it returns must send each request at most once, and may
	// return a [*gateway.Error], which is believed. Any other error counts as
	// "not sent" only when the request's [httptrace.ClientTrace] shows it.
	Wrap func(own http.RoundTripper) http.RoundTripper
}

// Validate reports everything that is wrong with the config, in one
// [gateway.CodeInternal] error that quotes no credentials.
func (c Config) Validate() error {
	var list []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			list = append(list, gateway.Errorf(gateway.CodeInternal, format, args...))
		}
	}
	wrong(c.Timeout < 0, "Timeout is negative")
	wrong(c.DialTimeout < 0, "DialTimeout is negative")
	wrong(c.TLSHandshakeTimeout < 0, "TLSHandshakeTimeout is negative")
	wrong(c.IdleTimeout < 0, "IdleTimeout is negative")
	wrong(c.MaxResponse < 0, "MaxResponse is negative")
	wrong(c.MaxConns < 0, "MaxConns is negative")
	wrong(c.MaxIdleConns < 0, "MaxIdleConns is negative")
	wrong(c.MinTLS != 0 && c.MinTLS < tls.VersionTLS12, "MinTLS is older than TLS 1.2")
	wrong(!headerValue(c.UserAgent), "UserAgent has a character that a header cannot hold")
	for _, h := range c.Hosts {
		_, err := endpointOf("https", h)
		wrong(err != nil, "host %q of Hosts is not a host or host:port", h)
	}
	_, err := c.proxy()
	wrong(err != nil, "Proxy must be http://host:port or https://host:port, without credentials, path or query")
	wrong(c.Proxy == "" && (c.ProxyUser != "" || !c.ProxyPassword.IsZero()), "proxy credentials are set, but no Proxy")
	if list == nil {
		return nil
	}
	return &gateway.Error{Code: gateway.CodeInternal, Stage: stage, Detail: "the client's configuration", Err: errors.Join(list...)}
}

var errProxy = errors.New("not a proxy URL")

// proxy returns the proxy's URL with its credentials, nil when there is none.
// Its error quotes nothing: a URL may hold credentials that somebody put there.
func (c Config) proxy() (*url.URL, error) {
	if c.Proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Proxy)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
		u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errProxy
	}
	if c.ProxyUser != "" || !c.ProxyPassword.IsZero() {
		u.User = url.UserPassword(c.ProxyUser, c.ProxyPassword.Reveal())
	}
	return u, nil
}

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	or := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	or(&c.Timeout, DefaultTimeout)
	or(&c.DialTimeout, DefaultDialTimeout)
	or(&c.TLSHandshakeTimeout, DefaultDialTimeout)
	or(&c.IdleTimeout, DefaultIdleTimeout)
	if c.MaxResponse == 0 {
		c.MaxResponse = DefaultMaxResponse
	}
	if c.MaxIdleConns == 0 {
		c.MaxIdleConns = DefaultMaxIdleConns
	}
	if c.MinTLS == 0 {
		c.MinTLS = tls.VersionTLS12
	}
	if c.UserAgent == "" {
		c.UserAgent = DefaultUserAgent
	}
	if c.Converter == nil {
		c.Converter = JSON
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: c.DialTimeout, KeepAlive: 30 * time.Second}).DialContext
	} else {
		c.Dial = dialWithin(c.DialTimeout, c.Dial)
	}
	return c
}

// dialWithin bounds a dial function that may know no bound of its own.
func dialWithin(d time.Duration, dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return dial(ctx, network, address)
	}
}

package client

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// stage is what this package's errors say where they happened.
const stage = "client"

func invalid(format string, args ...any) error {
	e := gateway.Invalid(format, args...)
	e.Stage = stage
	return e
}

// check refuses what must not leave. It runs after signing, because a signer may change all of it.
func (c *HTTP) check(w *transfer.Wire) error {
	if !httpguts.ValidHeaderFieldName(w.Method) { // a method is a token too
		return invalid("the method %q is none", w.Method)
	}
	switch w.Method {
	case http.MethodConnect, http.MethodTrace:
		return invalid("the method %s is not for payments", w.Method)
	case http.MethodHead, http.MethodOptions:
		if len(w.Body) > 0 {
			return invalid("a %s request has no body", w.Method) // resty would drop it silently
		}
	}
	if err := c.checkURL(w.URL); err != nil {
		return err
	}
	for name, values := range w.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return invalid("the header name %q is not allowed", name)
		}
		for _, v := range values {
			if !headerValue(v) {
				return invalid("the header %s has a character that a header cannot hold", name)
			}
		}
	}
	// net/http would ignore this header and resty would obey it: it names
	// another host than the one that was checked.
	if host := w.Header.Get("Host"); host != "" && !strings.EqualFold(host, w.URL.Host) {
		return invalid("the header Host is not the host of the URL")
	}
	return nil
}

func (c *HTTP) checkURL(u *url.URL) error {
	switch {
	case u.User != nil:
		return invalid("the URL has credentials in it: put them into a Signer")
	case u.Opaque != "" || u.Scheme != "https" && u.Scheme != "http":
		return invalid("the URL is neither https nor http")
	}
	to, err := endpointOf(u.Scheme, u.Host)
	if err != nil {
		return invalid("the URL's host is not a host name")
	}
	if c.hosts != nil && !c.hosts[to] {
		// The host is quoted, so that a missing entry is found at once; it is no secret.
		return invalid("the host %.260q is none of those that this client may send to", to)
	}
	if u.Scheme == "http" && !c.cfg.AllowPlainHTTP && !loopback(to.name) {
		return invalid("plain http to %.260q: use https, or set AllowPlainHTTP", to)
	}
	return nil
}

// endpoint is a host in one spelling.
type endpoint struct{ name, port string }

func (e endpoint) String() string { return net.JoinHostPort(e.name, e.port) }

// endpointOf reads "host" or "host:port". It takes ASCII only: a look-alike
// letter would be another host.
func endpointOf(scheme, host string) (endpoint, error) {
	u := url.URL{Host: host}
	e := endpoint{strings.ToLower(u.Hostname()), u.Port()}
	if e.port == "" {
		e.port = "443"
		if scheme == "http" {
			e.port = "80"
		}
	}
	if n, err := strconv.ParseUint(e.port, 10, 16); err != nil || n == 0 {
		return endpoint{}, errHost
	}
	if strings.Contains(e.name, ":") { // only an IPv6 address may
		if net.ParseIP(e.name) == nil || !strings.HasPrefix(host, "[") {
			return endpoint{}, errHost
		}
	} else if e.name == "" || strings.Trim(e.name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return endpoint{}, errHost
	}
	return e, nil
}

var errHost = errors.New("not a host name")

func loopback(name string) bool {
	if name == "localhost" {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

func headerValue(v string) bool { return httpguts.ValidHeaderFieldValue(v) }

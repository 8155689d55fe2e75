package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// failure says what is known about a try without an answer. Its text comes
// from the words in this file and nothing else: the errors of net/http quote
// URLs with their queries, headers and bits of answers.
func (c *HTTP) failure(ctx context.Context, timeout time.Duration, e *evidence, status int, err error) error {
	if own, ok := errors.AsType[*gateway.Error](err); ok {
		return own
	}
	if !e.entered.Load() {
		return invalid("no request can be made of the transfer")
	}
	code, when := gateway.CodeIndeterminate, "before the answer was complete"
	if status == 0 {
		when = "before the answer"
		if e.notSent(c.foreign) {
			code, when = gateway.CodeUnavailable, "before anything was sent"
		}
	}
	var f *gateway.Error
	switch ended := endOf(e, err); {
	case errors.Is(ended, context.Canceled):
		f = gateway.Errorf(code, "%w %s", context.Canceled, when)
	case ended != nil && ctx.Err() == nil:
		f = gateway.Errorf(code, "timed out after %s, %s: %w", brief(timeout), when, context.DeadlineExceeded)
	case ended != nil:
		f = gateway.Errorf(code, "the caller's deadline passed %s: %w", when, context.DeadlineExceeded)
	default:
		what, cause := c.words(e, err)
		if cause != nil {
			f = gateway.Errorf(code, "%w %s", cause, when)
		} else {
			f = gateway.Errorf(code, "%s, %s", what, when)
		}
	}
	if status != 0 {
		f.Detail += " (status " + strconv.Itoa(status) + ")"
	}
	f.Stage = stage
	return f
}

// endOf returns why the try's context ended, when that is what the error is
// about: the limits of dialling and handshakes look like deadlines too.
func endOf(try context.Context, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return try.Err()
	}
	return nil
}

// words returns what happened in this package's own words, or a cause whose
// text is safe because the operating system wrote it.
func (c *HTTP) words(e *evidence, err error) (string, error) {
	switch {
	case errors.Is(err, errTooLarge):
		return "the answer is larger than " + size(c.cfg.MaxResponse), nil
	case errors.Is(err, errEncoding):
		return "the answer is encoded in a way that nobody asked for", nil
	case errors.Is(err, errGzip):
		return "the answer cannot be decompressed", nil
	case errors.Is(err, errUnframed):
		return "the answer does not say where it ends", nil
	case errors.Is(err, errStatus):
		return "the answer's status is none", nil
	case errors.Is(err, errUpgrade):
		return "the provider changed the protocol", nil
	case errors.Is(err, errStale):
		return "an answer was there before the request was", nil
	case errors.Is(err, errSecondTry):
		return "the kept connection was closed", nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF) && e.gotConn.Load():
		return "the connection was lost", nil
	}
	if s := tlsWords(e, err); s != "" {
		return s, nil
	}
	return c.netWords(e, err)
}

func tlsWords(e *evidence, err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "tls: certificate of an unknown authority"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "tls: certificate for another host"
	}
	if cert, ok := errors.AsType[x509.CertificateInvalidError](err); ok && cert.Reason == x509.Expired {
		return "tls: certificate expired or not yet valid"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "tls: certificate not valid"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "tls: the other side does not speak TLS"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return "refused with " + op.Err.Error() // an alert: a text of crypto/tls, or a number
	}
	switch {
	case e.gotConn.Load() || !e.tls.Load():
		return ""
	case isTimeout(err):
		return "tls: handshake timed out"
	}
	return "tls: handshake failed"
}

// errnos are the causes that are passed on as they are.
var errnos = []syscall.Errno{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, syscall.ENETUNREACH,
	syscall.EHOSTUNREACH, syscall.ETIMEDOUT, syscall.EADDRNOTAVAIL, syscall.EMFILE, syscall.ENFILE,
}

func (c *HTTP) netWords(e *evidence, err error) (string, error) {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		switch {
		case dns.IsNotFound:
			return "no such host", nil
		case dns.IsTimeout:
			return "the name lookup timed out", nil
		}
		return "the name lookup failed", nil
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return "the proxy cannot be reached", nil
	}
	for _, n := range errnos {
		if errors.Is(err, n) {
			return "", n
		}
	}
	switch {
	case isTimeout(err) && !e.gotConn.Load():
		return "connecting timed out after " + brief(c.cfg.DialTimeout), nil
	case strings.Contains(err.Error(), "server response headers exceeded"):
		return "the answer's headers are larger than " + size(maxHeaderBytes), nil
	case strings.Contains(err.Error(), "malformed"):
		return "the answer is no HTTP", nil
	case e.gotConn.Load():
		return "the connection was lost", nil
	}
	return "no connection", nil
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

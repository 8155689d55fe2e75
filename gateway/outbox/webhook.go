package outbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// maxResponse is how much of a response is read, in bytes; none of it is kept.
const maxResponse = 16 << 10

// WebhookConfig is what a webhook needs. Zero values get the defaults.
type WebhookConfig struct {
	URL     string           // of the receiver: https, without user and password. It is never printed: its path may be a secret
	Secrets []gateway.Secret // base64, with or without whsec_ before it, 24 to 64 bytes; while one is rotated both, the new one first

	Timeout       time.Duration  // of one delivery; default 15 s
	MaxRetryAfter time.Duration  // the longest Retry-After that is honoured; default 1 h
	AllowPrefixes []netip.Prefix // addresses that would be refused and are meant: an intranet, a test's loopback
	RootCAs       *x509.CertPool // nil means the system's
	Now           func() time.Time
}

// Webhook is a [Handler] that posts events to an HTTPS endpoint, signed as the
// Standard Webhooks specification says. It is safe for concurrent use. [Webhook.Close]
// it when nobody uses it any more.
//
// The body is {"type", "timestamp", "data": {"store", "payment", "body"}}, the
// same bytes for every try. The header webhook-id is [Event].Delivery, the same
// for every try: receivers deduplicate by it.
//
// An answer of 2xx acknowledges. 410 Gone parks the whole subscriber at once
// ([Gone]). Everything else, and no answer, means "later"; a Retry-After is
// honoured up to MaxRetryAfter. Redirects are not followed, proxies are not used,
// and what the receiver writes is not kept.
//
// Addresses that are not on the public internet are refused when the connection
// is made, after the name was resolved, so that no name that changes its mind
// leads inside: loopback, private, link-local, shared and reserved networks,
// multicast, the metadata addresses of clouds, and addresses that carry such
// ones (IPv4-mapped, NAT64, 6to4, Teredo).
type Webhook struct {
	url     gateway.Secret
	secrets []gateway.Secret
	dialer  *net.Dialer
	client  *http.Client
	cfg     WebhookConfig // without the two above
}

var _ Handler = (*Webhook)(nil)

// NewWebhook returns a webhook. It calls nobody.
func NewWebhook(cfg WebhookConfig) (*Webhook, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.MaxRetryAfter == 0 {
		cfg.MaxRetryAfter = time.Hour
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Timeout < 0 || cfg.MaxRetryAfter < 0 {
		return nil, gateway.Errorf(gateway.CodeInternal, "a webhook needs nothing negative")
	}
	guard := newGuard(cfg.AllowPrefixes)
	if err := checkURL(cfg.URL, guard); err != nil {
		return nil, err
	}
	if len(cfg.Secrets) == 0 {
		return nil, gateway.Errorf(gateway.CodeInternal, "a webhook needs a secret: without one anybody could pretend to be us")
	}
	for i, s := range cfg.Secrets {
		if err := checkSecret(s); err != nil {
			return nil, gateway.Errorf(gateway.CodeInternal, "secret %d of the webhook %w", i+1, err)
		}
	}
	dialer := &net.Dialer{Timeout: cfg.Timeout, Control: guard.Safe}
	w := &Webhook{url: gateway.NewSecret(cfg.URL), secrets: slices.Clone(cfg.Secrets), dialer: dialer, client: newClient(cfg, dialer), cfg: cfg}
	w.cfg.URL, w.cfg.Secrets = "", nil
	return w, nil
}

func newClient(cfg WebhookConfig, dialer *net.Dialer) *http.Client {
	return &http.Client{
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // no Proxy: it would connect for us, past the guard
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
			TLSHandshakeTimeout:    cfg.Timeout,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        30 * time.Second,
		},
	}
}

// Close closes the connections that are idle.
func (w *Webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}

// Handle posts an event. Its errors tell nothing of the URL, the secrets, or what
// the receiver wrote.
func (w *Webhook) Handle(ctx context.Context, e Event) error {
	body, err := payload(e)
	if err != nil {
		return Permanent(err)
	}
	req, err := w.request(ctx, e, body)
	if err != nil {
		return Permanent(err)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return gateway.Errorf(gateway.CodeUnavailable, "the webhook's endpoint %s", reason(err))
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxResponse)) // so that the connection can be used again
	return w.judge(resp)
}

func (w *Webhook) request(ctx context.Context, e Event, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.Reveal(), bytes.NewReader(body))
	if err != nil { // its text quotes the URL
		return nil, gateway.Errorf(gateway.CodeInternal, "the webhook's request cannot be made")
	}
	now := w.cfg.Now()
	signatures, err := sign(w.secrets, e.Delivery, now, body)
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "gatewaycommand-webhook")
	req.Header.Set(standardwebhooks.HeaderWebhookID, e.Delivery)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signatures)
	return req, nil
}

// judge says what an answer means.
func (w *Webhook) judge(resp *http.Response) error {
	status := resp.StatusCode
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusGone:
		return Gone(gateway.Errorf(gateway.CodeUnavailable, "the webhook's endpoint answered 410: it wants nothing any more"))
	}
	err := gateway.Errorf(gateway.CodeUnavailable, "the webhook's endpoint answered %d", status)
	if status == http.StatusTooManyRequests {
		err.Code = gateway.CodeRateLimited
	}
	err.RetryAfter = min(retryAfter(resp.Header.Get("Retry-After"), w.cfg.Now()), w.cfg.MaxRetryAfter)
	return err
}

// payload returns the body: the same bytes whenever the event is told.
func payload(e Event) ([]byte, error) {
	type data struct {
		Store   gateway.StoreID   `json:"store"`
		Payment gateway.PaymentID `json:"payment"`
		Body    json.RawMessage   `json:"body"`
	}
	raw, err := json.Marshal(struct {
		Type      string `json:"type"`
		Timestamp string `json:"timestamp"`
		Data      data   `json:"data"`
	}{e.Kind, e.Created.UTC().Format(time.RFC3339Nano), data{e.Store, e.Payment, e.Body}})
	if err != nil {
		return nil, gateway.Errorf(gateway.CodeInternal, "event %s holds no JSON and cannot be posted", e.ID)
	}
	return raw, nil
}

// reason says why there is no answer, without quoting anything.
func reason(err error) string {
	_, unknown := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case refused(err):
		return "has an address that is not allowed: it is not on the public internet"
	case unknown:
		return "has a name that cannot be resolved"
	case untrusted:
		return "has a certificate that is not trusted"
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return "did not answer in time"
	case errors.Is(err, context.Canceled):
		return "was not waited for"
	}
	return "could not be reached"
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[*url.Error](err)
	return ok && e.Timeout()
}

// Format prints that it is a webhook, and nothing of it.
func (w *Webhook) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "webhook") }

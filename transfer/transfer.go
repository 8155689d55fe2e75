package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// Transfer is one request ready to send, not yet encoded and not yet signed.
// It belongs to one execution of one command and is not shared.
type Transfer struct {
	Store    gateway.StoreID
	Method   string
	URL      *url.URL
	Header   http.Header
	Document *request.Document // the body, or with InQuery the query
	Encoder  request.Encoder   // nil: no body unless Body is set
	InQuery  bool              // the document goes into the query, form encoded
	Body     []byte            // raw bytes instead of a document; set Content-Type in Header
	Signer   Signer            // nil: the endpoint needs no credentials

	// Safe says that the call may be repeated whatever became of the first one,
	// because it changes nothing worth money.
	Safe bool
	// NotExecuted lists the statuses with which the provider says that it
	// refused before executing, such as 429: those may be sent again.
	NotExecuted []int
	// Timeout bounds one try, from dialling to the last byte of the answer; 0 leaves it to the client.
	Timeout time.Duration
	// Converter reads the answer; nil leaves it to the client, and then to strict JSON.
	Converter Converter
	// RequestIDHeader names the answer's header with the provider's id of this exchange.
	RequestIDHeader string
}

// Factory makes the transfer of one command execution. It gets the subject, for
// identifiers in the path and the idempotency key, and the document that the
// builders made and the filters passed. It must not keep or change either.
// Factories are shared by all calls and must be safe for concurrent use.
type Factory interface {
	Create(ctx context.Context, s gateway.Subject, doc *request.Document) (*Transfer, error)
}

// Func is a [Factory] made of a function.
type Func func(ctx context.Context, s gateway.Subject, doc *request.Document) (*Transfer, error)

// Create calls f.
func (f Func) Create(ctx context.Context, s gateway.Subject, doc *request.Document) (*Transfer, error) {
	return f(ctx, s, doc)
}

// Digest identifies the request without its secrets and credentials, in
// hexadecimal. Two transfers with one idempotency key must have one digest.
func (t *Transfer) Digest() string {
	h := sha256.New()
	part := func(s string) {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	part(t.Method)
	if t.URL != nil {
		part(t.URL.Host)
		part(t.URL.EscapedPath())
		part(t.URL.RawQuery)
	}
	if t.Encoder != nil {
		part(t.Encoder.ContentType())
	}
	if t.Document != nil {
		part(t.Document.Digest())
	}
	_, _ = h.Write(t.Body)
	return hex.EncodeToString(h.Sum(nil))
}

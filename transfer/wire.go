package transfer

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// Wire is the request as it leaves: bytes, not readers. It holds secrets; it
// is made for one try and must not be logged.
type Wire struct {
	Store  gateway.StoreID
	Method string
	URL    *url.URL
	Header http.Header
	Body   []byte
}

// Signer puts a store's credentials on a request that is about to leave: a
// header, a hash of the body, a field in it. It runs last, after every filter,
// once per try. Signers are shared and must be safe for concurrent use.
type Signer interface {
	Sign(ctx context.Context, w *Wire) error
}

// SignerFunc is a [Signer] made of a function.
type SignerFunc func(ctx context.Context, w *Wire) error

// Sign calls f.
func (f SignerFunc) Sign(ctx context.Context, w *Wire) error { return f(ctx, w) }

// Signers returns a signer that runs several, in the order given.
func Signers(list ...Signer) Signer {
	return SignerFunc(func(ctx context.Context, w *Wire) error {
		for _, s := range list {
			if err := s.Sign(ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

// Wire encodes the document and signs the bytes. Every client that ends a
// chain calls it once per try, scripted ones too. A signer's uncoded error is
// [gateway.CodeAuthentication]; nothing has been sent when Wire fails, and the
// fate of a token request never passes for the payment's.
func (t *Transfer) Wire(ctx context.Context) (*Wire, error) {
	if t.URL == nil {
		return nil, wireError(gateway.Errorf(gateway.CodeInternal, "the transfer has no URL"), gateway.CodeInternal)
	}
	both := &struct {
		Wire
		url url.URL
	}{url: *t.URL} // made together
	w := &both.Wire
	*w = Wire{Store: t.Store, Method: t.Method, URL: &both.url, Header: t.Header.Clone(), Body: t.Body}
	if w.Header == nil {
		w.Header = make(http.Header, 4)
	}
	if err := t.encode(w); err != nil {
		return nil, wireError(err, gateway.CodeInvalid)
	}
	if t.Signer != nil {
		if err := sign(ctx, t.Signer, w); err != nil {
			e := wireError(err, gateway.CodeAuthentication)
			e.Stage = "sign"
			return nil, e
		}
	}
	return w, nil
}

// sign keeps a signer's panic from looking like a lost answer: nothing was sent.
func sign(ctx context.Context, s Signer, w *Wire) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = gateway.Errorf(gateway.CodeInternal, "the signer panicked; nothing was sent")
		}
	}()
	return s.Sign(ctx, w)
}

func (t *Transfer) encode(w *Wire) error {
	switch {
	case t.Document == nil || t.Body != nil:
		return nil
	case t.InQuery:
		return encodeQuery(w, t.Document)
	case t.Encoder == nil:
		return nil
	}
	body, err := t.Encoder.Append(nil, t.Document)
	if err != nil {
		return err
	}
	w.Body = body
	if w.Header.Get("Content-Type") == "" {
		w.Header.Set("Content-Type", t.Encoder.ContentType())
	}
	return nil
}

// encodeQuery refuses secrets: URLs are logged by every proxy on the way.
func encodeQuery(w *Wire, doc *request.Document) error {
	secret := ""
	doc.Walk(func(path string, v request.Value) bool {
		if v.Kind() == request.KindSecret {
			secret = path
		}
		return secret == ""
	})
	if secret != "" {
		return gateway.Invalid("field %q is secret and would travel in the URL: send it in a header or the body", secret)
	}
	query, err := request.Form.Append(nil, doc)
	if err != nil || len(query) == 0 {
		return err
	}
	if w.URL.RawQuery != "" {
		w.URL.RawQuery += "&"
	}
	w.URL.RawQuery += inURL.Replace(string(query))
	return nil
}

// inURL escapes what a form body may hold as it is and a URL may not (RFC 3986, section 3.4).
var inURL = strings.NewReplacer("[", "%5B", "]", "%5D")

// wireError codes an error of encoding or signing. What became of a token
// request says nothing about the payment: the payment itself was not sent. That
// no token was found must not read as if no payment had been found.
func wireError(err error, fallback gateway.Code) *gateway.Error {
	e := *gateway.AsError(err, fallback)
	switch e.Code {
	case "":
		e.Code = fallback
	case gateway.CodeIndeterminate, gateway.CodeDeclined:
		e.Code = gateway.CodeUnavailable
	case gateway.CodeNotFound, gateway.CodeConflict, gateway.CodeUnsupported:
		e.Code = gateway.CodeAuthentication
	}
	e.Reason, e.Message, e.Reference = "", "", "" // the token request's own
	return &e
}

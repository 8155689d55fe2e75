package transfer

import (
	"reflect"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// Exchange is one finished call: what it was about, what was sent and what was
// answered. Validators, handlers and observers read it and change nothing. It
// lives until the command returns, and is not safe for concurrent use.
type Exchange struct {
	Subject  *gateway.Subject
	Transfer *Transfer
	Response *Response
	read     *reading
}

// reading keeps what was decoded, so that each validator and handler decodes nothing again.
type reading struct {
	doc   *request.Document
	err   error
	done  bool
	bound []any
	room  [2]any // for bound: few exchanges are read into more types
}

// NewExchange returns the exchange of a transfer and its response. Call
// [Exchange.Release] when nobody reads it any more.
func NewExchange(s *gateway.Subject, t *Transfer, r *Response) Exchange {
	return Exchange{Subject: s, Transfer: t, Response: r, read: &reading{}}
}

// Document returns the decoded answer. It is decoded once; an answer that
// cannot be read is a [gateway.CodeIndeterminate] error every time.
func (x Exchange) Document() (*request.Document, error) {
	if !x.read.done {
		x.read.done = true
		x.read.doc, x.read.err = x.convert()
	}
	return x.read.doc, x.read.err
}

func (x Exchange) convert() (*request.Document, error) {
	c := x.Transfer.Converter
	if c == nil {
		c = x.Response.Converter
	}
	if c == nil {
		c = JSON
	}
	doc, err := c.Convert(x.Response)
	if err != nil {
		// The body stays out of the text: it may hold anything.
		return nil, gateway.Errorf(gateway.CodeIndeterminate, "the answer (status %d, %d bytes of %.60q) cannot be read: %w",
			x.Response.Status, len(x.Response.Body), x.Response.MediaType(), err)
	}
	return doc, nil
}

// Value returns the value at a path of the answer, such as "charges/data/0/id".
// It is absent when the answer has no such path or cannot be read.
func (x Exchange) Value(path string) request.Value {
	doc, err := x.Document()
	if err != nil {
		return request.Value{}
	}
	return doc.Value(path)
}

// RequestID returns the provider's id of this exchange, "" when it gave none.
func (x Exchange) RequestID() string {
	if x.Transfer == nil || x.Response == nil || x.Transfer.RequestIDHeader == "" {
		return ""
	}
	return x.Response.Header.Get(x.Transfer.RequestIDHeader)
}

// Release gives the memory of the decoded answer back. Values read from it
// before stay valid; [request.Value] handles do not.
func (x Exchange) Release() {
	if x.read != nil && x.read.doc != nil {
		x.read.doc.Release()
		*x.read = reading{done: true, err: errOver}
	}
}

var errOver error = gateway.Errorf(gateway.CodeInternal, "the exchange is over: read the answer before the command returns")

// As decodes the answer into a T, once per exchange however many validators
// and handlers ask. T is usually a struct with json tags; see [request.Value.Bind].
// An answer that does not fit is a [gateway.CodeIndeterminate] error.
func As[T any](x Exchange) (T, error) {
	for _, v := range x.read.bound {
		if t, ok := v.(*T); ok {
			return *t, nil
		}
	}
	var t T
	doc, err := x.Document()
	if err != nil {
		return t, err
	}
	if err := doc.Root().Bind(&t); err != nil {
		return t, gateway.Errorf(gateway.CodeIndeterminate, "the answer (status %d) does not fit %s: %w", x.Response.Status, reflect.TypeFor[T](), err)
	}
	if x.read.bound == nil {
		x.read.bound = x.read.room[:0]
	}
	x.read.bound = append(x.read.bound, &t)
	return t, nil
}

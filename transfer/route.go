package transfer

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// Route is the stock [Factory]: a method and a path of one provider's API, with
// everything that its calls have in common. It is a value; copies share Vars,
// Header and NotExecuted, which must not be changed once a route uses them.
//
// Path may hold placeholders in braces, each one path segment or part of one:
//
//	{target} {payment} {operation} {store}   of the subject
//	{ref.NAME}                               the newest reference of that name of the payment
//	{input.NAME}                             what the shopper brought back
//	{NAME}                                   a [Var] of Vars
//
// What fills a placeholder is checked with [gateway.CheckID] (a Var may have its
// own check), then escaped, so that no identifier can lead to another path.
type Route struct {
	Method string
	Base   string // scheme, host and an optional path prefix
	Path   string
	Vars   map[string]Var
	Header map[string]string // sent with every call; never credentials, those are for the Signer

	Encoder   request.Encoder // the body's form: request.JSON, request.Form, request.XML(...); nil sends none
	InQuery   bool            // the document goes into the query; always so for GET and HEAD
	Converter Converter       // how answers are read; nil means strict JSON
	Signer    Signer

	// KeyHeader names the header that takes the subject's idempotency key. A
	// call without a key is then refused, unless it is Safe.
	KeyHeader       string
	KeyMax          int // the longest key that the provider takes; 0 means 255
	RequestIDHeader string

	Safe        bool // see [Transfer]; always so for GET and HEAD
	NotExecuted []int
	Timeout     time.Duration
}

// Var fills a placeholder of a path from the subject.
type Var struct {
	From  func(s gateway.Subject) string
	Check func(value string) error // nil means [gateway.CheckID]
}

// Create returns the transfer. It fails with [gateway.CodeInvalid] when an
// identifier is missing or not allowed, or the idempotency key is missing.
func (r Route) Create(_ context.Context, s gateway.Subject, doc *request.Document) (*Transfer, error) {
	path, err := r.expand(&s)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(strings.TrimSuffix(r.Base, "/") + path)
	if err != nil {
		// url.Parse quotes the whole URL; identifiers are checked, so the base is at fault.
		return nil, gateway.Errorf(gateway.CodeInternal, "base URL and path %q do not make a URL", r.Path)
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	t := &Transfer{
		Store: s.Store, Method: r.Method, URL: u, Document: doc,
		Encoder: r.Encoder, InQuery: r.InQuery || reads, Signer: r.Signer, Safe: r.Safe || reads,
		NotExecuted: r.NotExecuted, Timeout: r.Timeout, Converter: r.Converter, RequestIDHeader: r.RequestIDHeader,
	}
	if err := r.checkKey(s.IdempotencyKey, t.Safe); err != nil {
		return nil, err
	}
	t.Header = r.header(s.IdempotencyKey)
	return t, nil
}

// header returns the call's own headers. Their values share one array, each
// with room for itself only, so that adding to one cannot reach another.
func (r *Route) header(key string) http.Header {
	h, values := make(http.Header, len(r.Header)+4), make([]string, 0, len(r.Header)+1)
	set := func(name, value string) {
		values = append(values, value)
		h[http.CanonicalHeaderKey(name)] = values[len(values)-1 : len(values) : len(values)]
	}
	for name, value := range r.Header {
		set(name, value)
	}
	if r.KeyHeader != "" && key != "" {
		set(r.KeyHeader, key)
	}
	return h
}

func (r *Route) checkKey(key string, safe bool) error {
	if r.KeyHeader == "" {
		return nil
	}
	if key == "" {
		if safe {
			return nil
		}
		return gateway.Invalid("the subject has no IdempotencyKey, and %s needs one: give each call its own and reuse it when the call is repeated", r.KeyHeader)
	}
	most := r.KeyMax
	if most == 0 {
		most = 255
	}
	if len(key) > most {
		return gateway.Invalid("the IdempotencyKey has %d characters, %s takes at most %d", len(key), r.KeyHeader, most)
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] >= 0x7f {
			return gateway.Invalid("the IdempotencyKey has %q at position %d; only printable ASCII without spaces is allowed", key[i], i)
		}
	}
	return nil
}

// expand fills the placeholders.
func (r *Route) expand(s *gateway.Subject) (string, error) {
	if strings.IndexByte(r.Path, '{') < 0 {
		return r.Path, nil
	}
	var b strings.Builder
	b.Grow(len(r.Path) + 48)
	for rest := r.Path; ; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return "", gateway.Errorf(gateway.CodeInternal, "path %q has a brace that does not close", r.Path)
		}
		value, check, known := r.lookup(name, s)
		if !known {
			return "", gateway.Errorf(gateway.CodeInternal, "path %q has placeholder {%s}, which is neither stock nor in Vars", r.Path, name)
		}
		if err := check(value); err != nil {
			return "", gateway.Errorf(gateway.CodeInvalid, "%s, needed for {%s} of %s: %w", fieldOf(name), name, r.Path, err)
		}
		if value == "." || value == ".." {
			return "", gateway.Invalid("%s must not be %q, it would lead to another path", fieldOf(name), value)
		}
		if strings.Contains(b.String(), "?") { // in a query, "&" and "=" would add to it
			b.WriteString(url.QueryEscape(value))
		} else {
			b.WriteString(url.PathEscape(value))
		}
		rest = tail
	}
}

func (r *Route) lookup(name string, s *gateway.Subject) (value string, check func(string) error, known bool) {
	check = func(id string) error { return gateway.CheckID("the identifier", id) }
	if v, ok := r.Vars[name]; ok {
		if v.Check != nil {
			check = v.Check
		}
		return v.From(*s), check, true
	}
	switch name {
	case "target":
		return s.Target, check, true
	case "payment":
		return string(s.Payment.ID), check, true
	case "operation":
		return string(s.Operation), check, true
	case "store":
		return string(s.Store), check, true
	}
	if ref, ok := strings.CutPrefix(name, "ref."); ok {
		return s.Payment.Refs.Get(ref), check, true
	}
	if input, ok := strings.CutPrefix(name, "input."); ok {
		return s.Input[input], check, true
	}
	return "", nil, false
}

func fieldOf(placeholder string) string {
	switch placeholder {
	case "target":
		return "the subject's Target"
	case "payment":
		return "the subject's Payment.ID"
	case "operation":
		return "the subject's Operation"
	case "store":
		return "the subject's Store"
	}
	if ref, ok := strings.CutPrefix(placeholder, "ref."); ok {
		return "the payment's reference " + ref
	}
	if input, ok := strings.CutPrefix(placeholder, "input."); ok {
		return "the subject's Input " + input
	}
	return "the value"
}

// methods are the HTTP methods that a Route may use.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// Check reports what is wrong with the route; assembly calls it, so that a
// mistake stops the start and not the first payment.
func (r Route) Check() error {
	if !slices.Contains(methods, r.Method) {
		return gateway.Errorf(gateway.CodeInternal, "method %q is none of %s", r.Method, strings.Join(methods, ", "))
	}
	u, err := url.Parse(r.Base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
		return gateway.Errorf(gateway.CodeInternal, "the base URL must be https://host, with at most a path behind it")
	}
	if u.User != nil {
		return gateway.Errorf(gateway.CodeInternal, "the base URL has credentials in it: put them into a Signer")
	}
	if r.Path != "" && r.Path[0] != '/' {
		return gateway.Errorf(gateway.CodeInternal, "path %q must begin with a slash", r.Path)
	}
	for name, v := range r.Vars {
		if v.From == nil {
			return gateway.Errorf(gateway.CodeInternal, "variable %q has no From", name)
		}
	}
	return r.checkPlaceholders()
}

func (r Route) checkPlaceholders() error {
	for rest := r.Path; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return gateway.Errorf(gateway.CodeInternal, "path %q has a brace that does not close", r.Path)
		}
		// Known names only: what fills them is the business of each call.
		if _, listed := r.Vars[name]; !listed && fieldOf(name) == "the value" {
			return gateway.Errorf(gateway.CodeInternal, "path %q has placeholder {%s}, which is neither stock nor in Vars", r.Path, name)
		}
		rest = tail
	}
}

// WithPath returns the route with another path; method, host and signer stay.
func (r Route) WithPath(path string) Factory {
	r.Path = path
	return r
}

// WithMethod returns the route with another method.
func (r Route) WithMethod(method string) Factory {
	r.Method = method
	return r
}

// String returns the method and the path, with placeholders.
func (r Route) String() string { return r.Method + " " + r.Path }

// Path returns an edit for command.WrapTransfer: the same transfer to another
// path of the same host, signed by the same signer. A factory that has no
// WithPath method makes assembly fail.
func Path(path string) func(Factory) Factory {
	return func(f Factory) Factory {
		if p, ok := f.(interface{ WithPath(string) Factory }); ok {
			return p.WithPath(path)
		}
		return nil
	}
}

// Method returns an edit for command.WrapTransfer: the same transfer with another method.
func Method(method string) func(Factory) Factory {
	return func(f Factory) Factory {
		if p, ok := f.(interface{ WithMethod(string) Factory }); ok {
			return p.WithMethod(method)
		}
		return nil
	}
}

package webhook

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Call is one notification as it came, before anything of it is believed.
type Call struct {
	Store  gateway.StoreID // that the route names; never from the body
	Method string          // "" means POST
	URL    *url.URL        // path and query as they came; nil means none
	Header http.Header
	Body   []byte // the raw bytes, not decoded and not decompressed
}

// Request makes the HTTP request that would bring this call to a handler or a
// server at url. It is for tests and for [Replay].
func (c Call) Request(ctx context.Context, url string) (*http.Request, error) {
	method := c.Method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(c.Body))
	if err != nil {
		return nil, gateway.Invalid("the notification cannot be made a request: its method or URL is wrong")
	}
	if c.Header != nil {
		r.Header = c.Header.Clone()
	}
	return r, nil
}

// maxHeader is how long a signature header may be, in bytes.
const maxHeader = 8 << 10

// Value returns the one value of a header. One that is missing, empty, there
// twice, oversized, or not printable ASCII is refused.
func (c Call) Value(name string) (string, error) {
	values := c.Header.Values(name)
	switch {
	case len(values) == 0:
		return "", refused("the header %s is missing", name)
	case len(values) > 1:
		return "", refused("the header %s is there %d times", name, len(values))
	case values[0] == "":
		return "", refused("the header %s is empty", name)
	case len(values[0]) > maxHeader:
		return "", refused("the header %s is oversized", name)
	case !printable(values[0]):
		return "", refused("the header %s has characters that no signature has", name)
	}
	return values[0], nil
}

// Form reads a form-urlencoded body. A field that is there twice is
// [gateway.CodeInvalid], because readers disagree which one counts; so is a body
// that is no form. Nothing of it is verified by that.
func (c Call) Form() (map[string]string, error) {
	if !utf8.Valid(c.Body) {
		return nil, gateway.Invalid("the notification is not UTF-8")
	}
	values, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return nil, gateway.Invalid("the notification is no form")
	}
	fields := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) != 1 || !utf8.ValidString(name) || !utf8.ValidString(all[0]) {
			return nil, gateway.Invalid("the notification's form has a field twice, or one that is not UTF-8")
		}
		fields[name] = all[0]
	}
	return fields, nil
}

// refused is why a notification is not believed. It quotes nothing that came but names.
func refused(format string, args ...any) error {
	return gateway.Errorf(gateway.CodeAuthentication, "the notification is refused: "+format, args...)
}

package stripe_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"

	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// The two oracles judge the shape of requests and answers by the API's own
// specification, and know nothing of money: stripe-mock as Stripe uses it, and
// kin-openapi, which also reads answers. Each is loaded once, when a test asks.

var mock = sync.OnceValues(func() (*server.StubServer, error) {
	defer silence()()
	spec, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		return nil, err
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		return nil, err
	}
	return server.NewStubServer(fixtures, spec, false, false)
})

var specification = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(embedded.OpenAPISpec)
})

// printing guards os.Stdout, to which stripe-mock prints whatever it is told.
var printing sync.Mutex

func silence() (restore func()) {
	printing.Lock()
	stdout := os.Stdout
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err == nil {
		os.Stdout = null
	}
	return func() {
		os.Stdout = stdout
		if err == nil {
			_ = null.Close()
		}
		printing.Unlock()
	}
}

// mocked sends a request to stripe-mock, in this process, and returns its verdict.
func mocked(t *testing.T, w *transfer.Wire) (status int, body string) {
	t.Helper()
	stub, err := mock()
	require.NoError(t, err)
	r := httptest.NewRequest(w.Method, w.URL.String(), bytes.NewReader(w.Body))
	r.Header = w.Header.Clone()
	r.Header.Set("Authorization", "Bearer sk_test_123")
	rec := httptest.NewRecorder()
	restore := silence()
	defer restore()
	stub.HandleRequest(rec, r)
	return rec.Code, rec.Body.String()
}

// specified finds what the specification says of a method and a path. A path
// that is written out goes before one with a placeholder.
func specified(t *testing.T, method, path string) *openapi3.Operation {
	t.Helper()
	doc, err := specification()
	require.NoError(t, err)
	if item := doc.Paths.Value(path); item != nil {
		return item.GetOperation(method)
	}
	steps := strings.Split(path, "/")
	for template, item := range doc.Paths.Map() {
		if matches(strings.Split(template, "/"), steps) {
			return item.GetOperation(method)
		}
	}
	return nil
}

func matches(template, steps []string) bool {
	if len(template) != len(steps) {
		return false
	}
	for i, s := range template {
		if !strings.HasPrefix(s, "{") && s != steps[i] {
			return false
		}
	}
	return true
}

// requested holds a request against the specification: its body, or its query.
func requested(t *testing.T, w *transfer.Wire) error {
	t.Helper()
	op := specified(t, w.Method, w.URL.Path)
	if op == nil {
		return fmt.Errorf("%s %s is not documented", w.Method, w.URL.Path)
	}
	sent := tree(t, fields(t, w))
	if w.Method == http.MethodPost {
		return conforms(op.RequestBody.Value.Content.Get("application/x-www-form-urlencoded").Schema.Value, sent, true)
	}
	query := openapi3.NewObjectSchema()
	for _, p := range op.Parameters {
		if p.Value.In == "query" {
			query.Properties[p.Value.Name] = p.Value.Schema
		}
	}
	no := false
	query.AdditionalProperties.Has = &no
	return conforms(query, sent, true)
}

// answered holds an answer against the specification.
func answered(t *testing.T, w *transfer.Wire, status int, body map[string]any) error {
	t.Helper()
	op := specified(t, w.Method, w.URL.Path)
	require.NotNil(t, op)
	says := op.Responses.Value(strconv.Itoa(status))
	if says == nil {
		says = op.Responses.Default()
	}
	return conforms(says.Value.Content.Get("application/json").Schema.Value, body, false)
}

package stripe_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// request is what an operation sends in a situation.
func request(t *testing.T, op gateway.Operation, file string, change func(*gateway.Subject)) *transfer.Wire {
	t.Helper()
	s := open(t, answer(t, file))
	_, err := s.run(op, change)
	require.NoError(t, err)
	return s.script.Sent()[0]
}

// everyRequest is a request of every operation, as the kit makes them, and of every situation.
func everyRequest(t *testing.T) map[string]*transfer.Wire {
	t.Helper()
	all := map[string]*transfer.Wire{}
	for _, op := range open(t).pool.Operations() {
		all[string(op)] = request(t, op, string(op), func(s *gateway.Subject) { *s = shaped(op, *s) })
	}
	for name, c := range situations() {
		all[name] = request(t, c.op, c.file, c.change)
	}
	return all
}

func TestEveryRequestIsOneThatTheSpecificationKnows(t *testing.T) {
	t.Parallel()
	for name, w := range everyRequest(t) {
		require.NoError(t, requested(t, w), name)
	}
}

func TestEveryRequestIsAcceptedByStripesOwnMock(t *testing.T) {
	t.Parallel()
	for name, w := range everyRequest(t) {
		status, body := mocked(t, w)
		assert.Equal(t, 200, status, "%s: %s", name, body)
	}
}

func TestEveryCannedAnswerIsOneThatTheSpecificationKnows(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(os.DirFS("testdata/answers"), "*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(file, ".json")
		op, _, _ := strings.Cut(name, ".")
		w := request(t, gateway.Operation(op), op, func(s *gateway.Subject) { *s = shaped(gateway.Operation(op), *s) })
		status, body := fixture(t, name)
		require.NoError(t, answered(t, w, status, plain(t, body)), name)
	}
}

// plain has the numbers that kin-openapi knows.
func plain(t *testing.T, o object) object {
	t.Helper()
	raw, err := json.Marshal(o)
	require.NoError(t, err)
	var p object
	require.NoError(t, json.Unmarshal(raw, &p))
	return p
}

// An oracle that finds nothing wrong with a mistake proves nothing.
func TestTheOraclesFindPlantedMistakes(t *testing.T) {
	t.Parallel()
	const nested = "a misspelt nested field"
	good := request(t, gateway.OpAuthorize, "authorize", func(*gateway.Subject) {})
	for name, plant := range map[string]func(url.Values){
		"a misspelt field":     func(v url.Values) { v.Set("ammount", v.Get("amount")) },
		nested:                 func(v url.Values) { v.Set("automatic_payment_methods[enable]", "true") },
		"a wrong word":         func(v url.Values) { v.Set("capture_method", "manually") },
		"a missing field":      func(v url.Values) { v.Del("currency") },
		"a text for a number":  func(v url.Values) { v.Set("amount", "ten") },
		"a text for an object": func(v url.Values) { v.Set("shipping", "home") },
	} {
		values := maps.Clone(fields(t, good))
		plant(values)
		bad := *good
		bad.Body = []byte(values.Encode())
		require.Error(t, requested(t, &bad), name)
		if name == nested {
			continue // stripe-mock looks at the outermost names only
		}
		status, _ := mocked(t, &bad)
		assert.Equal(t, 400, status, name)
	}
	bad := *good
	u := *good.URL
	bad.URL = &u
	u.Path = "/v1/payment_intent"
	require.Error(t, requested(t, &bad), "a path that is not there")

	for name, plant := range map[string]func(object){
		"a misspelt field":        set("amount_recieved", 0),
		"a misspelt nested field": set("latest_charge/payment_method_details/card/last_4", "4242"),
		"a wrong word":            set("status", "requires_capturing"),
		"a missing field":         func(o object) { delete(o, "created") },
		"a text for a number":     set("amount", "ten"),
		"a null":                  set("livemode", nil),
	} {
		status, body := fixture(t, "authorize", plant)
		require.Error(t, answered(t, good, status, plain(t, body)), name)
	}
}

func TestTheDefaultVersionIsTheSpecifications(t *testing.T) {
	t.Parallel()
	doc, err := specification()
	require.NoError(t, err)
	assert.Equal(t, doc.Info.Version, stripe.DefaultVersion)
}

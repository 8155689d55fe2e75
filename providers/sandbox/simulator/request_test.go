package simulator_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestMalformedRequestIsRefusedAndNamesTheField(t *testing.T) {
	t.Parallel()
	const rest = `,"instrument":"tok_ok"}`
	for name, c := range map[string]struct{ body, code, field string }{
		"empty":                 {" ", "malformed_json", ""},
		"null":                  {"null", "malformed_json", ""},
		"array":                 {"[]", "malformed_json", ""},
		"cut off":               {`{"amount":`, "malformed_json", ""},
		"second value":          {`{"amount":{"value":1,"currency":"EUR"}` + rest + `{}`, "malformed_json", ""},
		"bad UTF-8":             {"{\"reference\":\"\xff\"}", "malformed_json", ""},
		"too deep":              {`{"metadata":{"a":[[[[[[[[[[1]]]]]]]]]]}}`, "malformed_json", "metadata.a[][][][][][][]"},
		"unknown field":         {`{"amount":{"value":1,"currency":"EUR"},"amuont":1` + rest, "unknown_field", "amuont"},
		"unknown inner field":   {`{"amount":{"value":1,"currency":"EUR","x":1}` + rest, "unknown_field", "amount.x"},
		"other case":            {`{"Amount":{"value":1,"currency":"EUR"}` + rest, "missing_field", "amount"},
		"duplicate field":       {`{"amount":{"value":1,"value":2,"currency":"EUR"}` + rest, "duplicate_field", "amount.value"},
		"duplicate by escape":   {`{"capture":true,"c\u0061pture":false}`, "duplicate_field", "capture"},
		"no amount":             {`{"instrument":"tok_ok"}`, "missing_field", "amount"},
		"no value":              {`{"amount":{"currency":"EUR"}` + rest, "missing_field", "amount.value"},
		"no currency":           {`{"amount":{"value":1}` + rest, "missing_field", "amount.currency"},
		"null amount":           {`{"amount":null` + rest, "invalid_field", "amount"},
		"fraction":              {`{"amount":{"value":10.0,"currency":"EUR"}` + rest, "amount_invalid", "amount.value"},
		"exponent":              {`{"amount":{"value":1e3,"currency":"EUR"}` + rest, "amount_invalid", "amount.value"},
		"string":                {`{"amount":{"value":"1","currency":"EUR"}` + rest, "amount_invalid", "amount.value"},
		"zero":                  {`{"amount":{"value":0,"currency":"EUR"}` + rest, "amount_invalid", "amount.value"},
		"minus zero":            {`{"amount":{"value":-0,"currency":"EUR"}` + rest, "amount_invalid", "amount.value"},
		"negative":              {`{"amount":{"value":-1,"currency":"EUR"}` + rest, "amount_invalid", "amount.value"},
		"beyond int64":          {`{"amount":{"value":9223372036854775808,"currency":"EUR"}` + rest, "amount_invalid", "amount.value"},
		"unknown currency":      {`{"amount":{"value":1,"currency":"XXX"}` + rest, "currency_unknown", "amount.currency"},
		"small currency":        {`{"amount":{"value":1,"currency":"eur"}` + rest, "currency_unknown", "amount.currency"},
		"no instrument":         {`{"amount":{"value":1,"currency":"EUR"}}`, "missing_field", "instrument"},
		"empty instrument":      {`{"amount":{"value":1,"currency":"EUR"},"instrument":""}`, "missing_field", "instrument"},
		"flag as string":        {`{"amount":{"value":1,"currency":"EUR"},"capture":"true"` + rest, "invalid_field", "capture"},
		"long reference":        {`{"amount":{"value":1,"currency":"EUR"},"reference":"` + strings.Repeat("x", 129) + `"` + rest, "invalid_field", "reference"},
		"control character":     {`{"amount":{"value":1,"currency":"EUR"},"reference":"a\nb"` + rest, "invalid_field", "reference"},
		"return to a script":    {`{"amount":{"value":1,"currency":"EUR"},"return_url":"javascript:alert(1)"` + rest, "invalid_field", "return_url"},
		"return with password":  {`{"amount":{"value":1,"currency":"EUR"},"return_url":"https://a:b@c.example/"` + rest, "invalid_field", "return_url"},
		"metadata with numbers": {`{"amount":{"value":1,"currency":"EUR"},"metadata":{"a":1}` + rest, "invalid_field", "metadata.a"},
		"metadata as list":      {`{"amount":{"value":1,"currency":"EUR"},"metadata":[]` + rest, "invalid_field", "metadata"},
		"line without name":     {`{"amount":{"value":1,"currency":"EUR"},"lines":[{"quantity":1,"unit_amount":1}]` + rest, "missing_field", "lines[0].name"},
		"line of nothing":       {`{"amount":{"value":1,"currency":"EUR"},"lines":[{"name":"a","quantity":0,"unit_amount":1}]` + rest, "invalid_field", "lines[0].quantity"},
		"line as number":        {`{"amount":{"value":1,"currency":"EUR"},"lines":[1]` + rest, "invalid_field", "lines"},
		"lines as object":       {`{"amount":{"value":1,"currency":"EUR"},"lines":{}` + rest, "invalid_field", "lines"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Config{})
			r := b.post("/v1/payments", c.body)
			assert.Equal(t, http.StatusBadRequest, r.status)
			e := r.refusal(t)
			assert.Equal(t, []string{"invalid_request", c.code, c.field}, []string{e.Type, e.Code, e.Field})
			assert.NotEmpty(t, e.Message)
			assert.Empty(t, b.Payments())
		})
	}
}

func TestBodyOfEveryPostIsReadStrictly(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	for _, path := range []string{"/v1/instruments", "/captures", "/releases", "/refunds", "/adjustments", "/cancel", "/confirm"} {
		if !strings.HasPrefix(path, "/v1") {
			path = "/v1/payments/" + p.ID + path
		}
		r := b.post(path, object{"amount": eur(1), "instrument": simulator.TokenOK, "surprise": 1})
		assert.Equal(t, http.StatusBadRequest, r.status, path)
		assert.Equal(t, "unknown_field", r.code(t), path)
	}
	assert.Equal(t, []string{"hold 1000"}, b.kinds())
}

func TestIdempotencyKeyIsRequiredAndBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	assert.Equal(t, "key_missing", b.payWith("", payment(simulator.TokenOK)).code(t))
	assert.Equal(t, "key_invalid", b.payWith(strings.Repeat("k", 65), payment(simulator.TokenOK)).code(t))
	assert.Equal(t, "key_invalid", b.payWith("k k", payment(simulator.TokenOK)).code(t))
	assert.Equal(t, http.StatusCreated, b.payWith(strings.Repeat("k", 64), payment(simulator.TokenOK)).status)
}

func TestRequestsThatAreNotForThisAPIAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	plain := func(change func(*http.Request)) response {
		req, err := http.NewRequest(http.MethodPost, b.URL()+"/v1/payments", strings.NewReader(`{}`))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+b.key)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "k")
		change(req)
		return b.send(req)
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
		code   string
	}{
		"no key":         {func(r *http.Request) { r.Header.Del("Authorization") }, 401, "unauthorized"},
		"wrong key":      {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401, "unauthorized"},
		"wrong scheme":   {func(r *http.Request) { r.SetBasicAuth(b.key, "") }, 401, "unauthorized"},
		"two keys":       {func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+b.key) }, 401, "unauthorized"},
		"unknown token":  {func(r *http.Request) { r.Header.Set("Authorization", "Bearer at_x") }, 401, "unauthorized"},
		"no type":        {func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "unsupported_media_type"},
		"other type":     {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, "unsupported_media_type"},
		"other charset":  {func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=latin1") }, 415, "unsupported_media_type"},
		"encoded":        {func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415, "unsupported_media_type"},
		"no such route":  {func(r *http.Request) { r.URL.Path = "/v1/nothing" }, 404, "not_found"},
		"path games":     {func(r *http.Request) { r.URL.Path = "/v1/x/../payments" }, 404, "not_found"},
		"slash at end":   {func(r *http.Request) { r.URL.Path = "/v1/payments/" }, 404, "not_found"},
		"wrong method":   {func(r *http.Request) { r.Method = http.MethodPut }, 405, "method_not_allowed"},
		"two idem. keys": {func(r *http.Request) { r.Header.Add("Idempotency-Key", "l") }, 400, "key_missing"},
		"too large": {func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat(" ", 1<<17))), 1<<17
		}, 413, "body_too_large"},
	} {
		r := plain(c.change)
		assert.Equal(t, c.status, r.status, name)
		assert.Equal(t, c.code, r.code(t), name)
		assert.NotEmpty(t, r.header.Get("Request-Id"), name)
		if c.status == 405 {
			assert.Equal(t, "POST, GET", r.header.Get("Allow"))
		}
	}
	assert.Empty(t, b.Payments())
}

func TestPingAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	r := b.get("/v1/ping")
	assert.Equal(t, http.StatusOK, r.status)
	assert.JSONEq(t, `{"ok":true}`, string(r.body))
	connections, bytes := b.Received()
	assert.Equal(t, int64(1), connections)
	assert.Greater(t, bytes, int64(50))
}

func TestHalfARequestReachesNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.URL(), "http://"))
	require.NoError(t, err)
	_, err = conn.Write([]byte("POST /v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b.key +
		"\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: 100\r\n\r\n{\"amount\""))
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	answer, _ := io.ReadAll(conn)
	require.NoError(t, conn.Close())
	assert.Contains(t, string(answer), "malformed_json")
	assert.Empty(t, b.Payments())
	assert.Equal(t, 9, b.Calls()[0].Bytes)
}

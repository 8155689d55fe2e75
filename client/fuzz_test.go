package client_test

import (
	"io"
	"net/http"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Whatever a provider writes into Retry-After, the wait is between nothing and the limit.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"", "0", "7", "-1", "1e9", "1000000000", "9223372036854775807", "18446744073709551616", " 5 ", "5.5", "0x10",
		"Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Friday, 31-Dec-99 23:59:59 GMT", "Fri Dec 31 23:59:59 1999", "soon\x00",
	} {
		f.Add(seed, int64(1_700_000_000), int64(30*time.Second))
	}
	f.Fuzz(func(t *testing.T, value string, now, most int64) {
		r := &transfer.Response{Header: http.Header{"Retry-After": {value}}}
		limit := time.Duration(max(most, 0))
		got := r.RetryAfter(time.Unix(now, 0), limit)
		assert.GreaterOrEqual(t, got, time.Duration(0))
		assert.LessOrEqual(t, got, limit)
	})
}

// Whatever comes, the converters give a document or an error that quotes nothing, and never both or neither.
func FuzzByContentType(f *testing.F) {
	for contentType, body := range map[string]string{
		"application/json": `{"a":[1,"x",null,{"b":1e400}]}`, "application/x-www-form-urlencoded": "a[b][0]=x&a[b][1]=%zz", "text/xml": "<a b='c'>x<d/></a>",
		"text/html": errorPage, "text/plain": "x\x00y", "": "{}", "application/x+json": "[", "a/b;c=\"": "<html", "+xml": "<?xml version='1.0' encoding='utf-16'?><a/>",
	} {
		f.Add(contentType, []byte(body), 200)
	}
	f.Add("application/json", []byte{}, 204)
	all := []transfer.Converter{client.ByContentType(nil), client.ByContentType(map[string]transfer.Converter{"text/html": client.HTMLForm, "": client.Text}), client.JSON, client.Form, client.XML, client.HTMLForm, client.Text}
	f.Fuzz(func(t *testing.T, contentType string, body []byte, status int) {
		for _, c := range all {
			doc, err := c.Convert(response(status, contentType, string(body)))
			require.Equal(t, err == nil, doc != nil)
			if err != nil {
				assert.True(t, utf8.ValidString(err.Error()))
				assert.Less(t, len(err.Error()), 500)
				continue
			}
			doc.Release()
		}
	})
}

// Whatever bytes a provider answers with, the client gives an answer with a
// status or says that it does not know; it never says that nothing was sent.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		ok("{}"), answer("302 Found", "", "Location: :"), "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nab", squeezed(squeeze("{}")),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "\x15\x03\x01\x00\x02\x02\x28",
		"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 100 C\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := clienttest.NewFaults(t, after(string(raw)))
		r, err := open(t, client.Config{Timeout: 2 * time.Second}).PlaceRequest(t.Context(), post(t, s.URL(), "{}"))
		require.Len(t, s.Requests(), 1)
		if err != nil {
			require.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err), err)
			require.NotErrorIs(t, err, io.EOF)
			return
		}
		require.GreaterOrEqual(t, r.Status, 100)
		require.LessOrEqual(t, len(r.Body), client.DefaultMaxResponse)
	})
}

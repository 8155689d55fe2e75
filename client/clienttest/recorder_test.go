package clienttest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

const canary = "sk_live_CANARY+1/2"

// echo answers with what it was sent, which holds every secret.
func echo(t *testing.T) *httptest.Server {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.Header().Set("Request-Id", fmt.Sprint("req_", n))
		w.Header().Set("X-Internal", canary)
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s
}

func recorded(t *testing.T, base string, r *clienttest.Recorder, sends ...*transfer.Transfer) ([]*transfer.Response, error) {
	t.Helper()
	h, err := client.New(client.Config{Wrap: r.Wrap})
	require.NoError(t, err)
	defer func() { _ = h.Close() }()
	host, err := url.Parse(base)
	require.NoError(t, err)
	var list []*transfer.Response
	for _, send := range sends {
		send.URL.Scheme, send.URL.Host = "http", host.Host
		resp, err := h.PlaceRequest(t.Context(), send)
		if err != nil {
			return list, err
		}
		list = append(list, resp)
	}
	return list, nil
}

func of(contentType, path, body string) *transfer.Transfer {
	t := to("POST", path, body)
	t.Header.Set("Content-Type", contentType)
	t.Header.Set("X-Api-Key", canary)
	if p, q, ok := strings.Cut(path, "?"); ok {
		t.URL.Path, t.URL.RawQuery = p, q
	}
	return t
}

func requests() []*transfer.Transfer {
	return []*transfer.Transfer{
		of("application/json", "/v1/payments?token="+url.QueryEscape(canary)+"&x=1", `{"amount":1000,"card":{"number":"4111111111111111","cvc":737},"list":[{"CVC":"737"}],"note":"`+canary+`","n":1.50}`),
		of("application/x-www-form-urlencoded", "/v1/form", "amount=1000&card[cvc]=737&card%5Bnumber%5D=4111111111111111&key="+url.QueryEscape(canary)),
		of("text/xml", "/v1/xml", `<a:Pay xmlns:a="x" cvc="737"><a:Number t="1">4111111111111111</a:Number><key>`+canary+`</key></a:Pay>`),
		of("text/plain", "/v1/text", "basic "+base64.StdEncoding.EncodeToString([]byte("user:"+canary))+" hex "+hex.EncodeToString([]byte(canary))),
		of("application/json", "/v1/payments?token="+url.QueryEscape(canary)+"&x=1", `{"amount":1000,"card":{"number":"4111111111111111","cvc":737},"list":[{"CVC":"737"}],"note":"`+canary+`","n":1.50}`),
	}
}

func recorder(file string, mode clienttest.Mode) *clienttest.Recorder {
	return &clienttest.Recorder{
		File: file, Mode: mode, Secrets: []gateway.Secret{gateway.NewSecret(canary)}, Fields: []string{"number", "cvc"}, Headers: []string{"request-id"},
	}
}

func TestARecordingReplaysWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "testdata", "exchanges.json")
	server := echo(t)
	r := recorder(file, clienttest.Record)
	live, err := recorded(t, server.URL, r, requests()...)
	require.NoError(t, err)
	assert.Contains(t, string(live[0].Body), canary, "the caller gets the answer as it came")
	require.NoError(t, r.Save())

	data, err := os.ReadFile(file) //nolint:gosec // a temporary file
	require.NoError(t, err)
	data = regexp.MustCompile(`"digest": ".*"`).ReplaceAll(data, nil) // any three digits may stand there
	for _, secret := range []string{canary, "CANARY", "4111", "737", url.QueryEscape(canary), base64.StdEncoding.EncodeToString([]byte(canary))[:12], "Authorization", "X-Internal"} {
		assert.NotContains(t, string(data), secret)
	}
	assert.Contains(t, string(data), `\"amount\":1000`)
	assert.Contains(t, string(data), `\"n\":1.50`, "what is not masked keeps its bytes")

	assert.Contains(t, string(data), `"basic *** hex ***"`)

	server.Close() // from here on nothing can be sent
	again, err := recorded(t, server.URL, recorder(file, clienttest.Replay), requests()...)
	require.NoError(t, err)
	require.Len(t, again, 5)
	for i := range again {
		assert.Equal(t, live[i].Status, again[i].Status)
		assert.Equal(t, live[i].Header.Get("Request-Id"), again[i].Header.Get("Request-Id"), "the same request twice gets both answers in order")
	}
	assert.Contains(t, string(again[0].Body), `{"amount":1000,"card":{"number":"***","cvc":"***"},"list":[{"CVC":"***"}],"note":"***","n":1.50}`)
	assert.Equal(t, "amount=1000&card[cvc]=***&card%5Bnumber%5D=***&key=***", string(again[1].Body))
	assert.Equal(t, `<a:Pay xmlns:a="x" cvc="***"><a:Number t="1">***</a:Number><key>***</key></a:Pay>`, string(again[2].Body))
}

func TestARecordingIsTheSameWhateverTheOrder(t *testing.T) {
	t.Parallel()
	var files [2][]byte
	for i := range files {
		file := filepath.Join(t.TempDir(), "x.json")
		r := recorder(file, clienttest.Record)
		a, b := of("application/json", "/a", `{"n":1}`), of("application/json", "/b", `{"n":2}`)
		if i == 1 {
			a, b = b, a
		}
		r.Headers = nil
		_, err := recorded(t, echo(t).URL, r, a, b)
		require.NoError(t, err)
		require.NoError(t, r.Save())
		files[i], err = os.ReadFile(file) //nolint:gosec // a temporary file
		require.NoError(t, err)
	}
	assert.Equal(t, string(files[0]), string(files[1]))
}

func TestAReplayRefusesWhatWasNotRecorded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.json")
	r := recorder(file, clienttest.Record)
	_, err := recorded(t, echo(t).URL, r, of("application/json", "/a", `{"amount":1}`))
	require.NoError(t, err)
	require.NoError(t, r.Save())
	for name, send := range map[string]*transfer.Transfer{
		"another body": of("application/json", "/a", `{"amount":2}`), "another path": of("application/json", "/b", `{"amount":1}`),
		"another query": of("application/json", "/a?x=1", `{"amount":1}`),
	} {
		_, err := recorded(t, "http://127.0.0.1:1", recorder(file, clienttest.Replay), send)
		require.ErrorContains(t, err, "record it again", name)
		assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(err))
	}
	once := recorder(file, clienttest.Replay)
	_, err = recorded(t, "http://127.0.0.1:1", once, of("application/json", "/a", `{"amount":1}`), of("application/json", "/a", `{"amount":1}`))
	require.ErrorContains(t, err, "no (further) recording", "it was sent once")
	require.NoError(t, once.Save(), "replaying, there is nothing to save")
	_, err = recorded(t, "http://127.0.0.1:1", recorder(file+".none", clienttest.Replay), of("application/json", "/a", "{}"))
	require.ErrorContains(t, err, "cannot be read")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	_, err = recorded(t, "http://127.0.0.1:1", recorder(file, clienttest.Replay), of("application/json", "/a", "{}"))
	require.ErrorContains(t, err, "x.json is no recording")
}

// Whatever masking overlooks, the last look at the whole file finds.
func TestARecordingWithASecretIsNotSaved(t *testing.T) {
	t.Parallel()
	split := canary[:9] + `\u0043` + canary[10:] // JSON may write a letter so
	compressed := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(s))
		_ = z.Close()
		return b.String()
	}
	for name, try := range map[string]struct {
		coding, body, says string
		secrets            []string
	}{
		"escaped in JSON":          {body: `{"a":"` + split + `"}`},
		"compressed":               {coding: "gzip", body: compressed(`{"a":"` + canary + `"}`)},
		"compressed, broken":       {coding: "gzip", body: "x", says: "cannot be decompressed"},
		"compressed otherwise":     {coding: "br", body: "x", says: "cannot look into"},
		"bytes that are no text":   {body: "\xff\xfe", says: "is no text"},
		"a secret that is a digit": {body: "{}", secrets: []string{"737"}, says: "fewer than 8 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if try.coding != "" {
					w.Header().Set("Content-Encoding", try.coding)
				}
				_, _ = io.WriteString(w, try.body)
			}))
			defer server.Close()
			file := filepath.Join(t.TempDir(), "x.json")
			r := recorder(file, clienttest.Record)
			for _, s := range try.secrets {
				r.Secrets = append(r.Secrets, gateway.NewSecret(s))
			}
			_, _ = recorded(t, server.URL, r, of("application/json", "/a", "{}"))
			err := r.Save()
			if try.says != "" {
				require.ErrorContains(t, err, try.says)
				assert.NoFileExists(t, file)
				return
			}
			require.NoError(t, err)
			data, err := os.ReadFile(file) //nolint:gosec // a temporary file
			require.NoError(t, err)
			assert.NotContains(t, string(data), "CANARY")
			assert.NotContains(t, string(data), `\u0043ANARY`)
		})
	}
}

func TestAListedHeaderIsMaskedToo(t *testing.T) {
	t.Parallel()
	r := recorder(filepath.Join(t.TempDir(), "x.json"), clienttest.Record)
	r.Headers = append(r.Headers, "X-Api-Key", "X-Internal")
	_, err := recorded(t, echo(t).URL, r, of("application/json", "/a", "{}"))
	require.NoError(t, err)
	require.NoError(t, r.Save())
	data, err := os.ReadFile(r.File)
	require.NoError(t, err)
	assert.Contains(t, string(data), `"X-Api-Key": "***"`)
	assert.NotContains(t, string(data), "CANARY")
}

func TestARefusalNamesNoSecret(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.json")
	r := recorder(file, clienttest.Record)
	r.Secrets = append(r.Secrets, gateway.NewSecret(`"response": {`)) // stands in every recording, out of masking's reach
	_, err := recorded(t, echo(t).URL, r, of("application/json", "/a", "{}"))
	require.NoError(t, err)
	err = r.Save()
	require.ErrorContains(t, err, "the recording holds secret 2 and was not saved")
	assert.NotContains(t, err.Error(), "response")
	assert.NoFileExists(t, file)
}

package webhook_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// C31: what a provider sent to a machine that can be reached is played at home,
// signed anew, and the recording holds no secret.
func TestC31ARecordingIsPlayedAgain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "calls.jsonl")
	out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	scheme := func(when time.Time) webhook.Timestamped {
		return webhook.Timestamped{Secrets: fixed(secret), Header: "X-Signature", Window: at(when)}
	}
	var bodies []string
	verified := func(when *time.Time) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			_, err = scheme(*when).Verify(r.Context(), webhook.Call{Store: "es", Header: r.Header, Body: body})
			assert.NoError(t, err)
			bodies = append(bodies, r.URL.Path+" "+string(body))
			w.WriteHeader(202)
		})
	}
	when := now
	recorder := &webhook.Recorder{Next: verified(&when), W: out, Secrets: []gateway.Secret{gateway.NewSecret("canary-7f3a")}}
	server := httptest.NewServer(recorder)
	t.Cleanup(server.Close)
	for _, body := range []string{`{"n":1}`, `{"n":2}`} {
		c := webhook.Call{Store: "es", Header: http.Header{"Authorization": {"Basic canary"}, "X-Other": {"canary-7f3a"}}, Body: []byte(body)}
		require.NoError(t, scheme(now).Sign(t.Context(), &c))
		r, err := c.Request(t.Context(), server.URL+"/webhooks/acme/es?token=canary&a=b")
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, 202, resp.StatusCode)
	}
	require.NoError(t, out.Close())
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "canary")
	assert.NotContains(t, string(raw), "v1=")

	first := bodies
	bodies, when = nil, now.AddDate(1, 0, 0)
	codes, err := webhook.Replay(t.Context(), webhook.Replaying{From: bytes.NewReader(raw), To: verified(&when), Sign: scheme(when), Store: "es"})
	require.NoError(t, err)
	assert.Equal(t, []int{202, 202}, codes)
	assert.Equal(t, first, bodies)
}

func TestARecordingMasksCardsAndForms(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 100))
		assert.Error(t, err)
	})
	r := &webhook.Recorder{Next: next, W: &out, Max: 100}
	form := "card=4111+1111&pan=4111111111111111&order=1234567890123&m_signature=abcdef&sq_state=approved" + strings.Repeat("&x=y", 50)
	q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/x", strings.NewReader(form))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.ServeHTTP(httptest.NewRecorder(), q)
	assert.Contains(t, out.String(), "411111******1111")
	assert.Contains(t, out.String(), "1234567890123", "no card")
	assert.NotContains(t, out.String(), "abcdef")
	assert.Contains(t, out.String(), "sq_state=approved")
}

func TestARecordingThatIsNone(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"x", "{}", `{"url":"%zz","header":{}}`} {
		_, err := webhook.Replay(t.Context(), webhook.Replaying{From: strings.NewReader(bad), To: http.NotFoundHandler()})
		require.ErrorIs(t, err, gateway.CodeInvalid)
	}
	codes, err := webhook.Replay(t.Context(), webhook.Replaying{From: strings.NewReader(`{"method":"POST","url":"/x","header":{},"body":""}` + "\n"), To: http.NotFoundHandler()})
	require.NoError(t, err)
	assert.Equal(t, []int{404}, codes)
}

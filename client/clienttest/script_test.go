package clienttest_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ client.Client = (*clienttest.Script)(nil)

func to(method, path, body string) *transfer.Transfer {
	return &transfer.Transfer{
		Store: "shop", Method: method, URL: &url.URL{Scheme: "https", Host: "api.example.com", Path: path},
		Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body),
		Signer: transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error {
			w.Header.Set("Authorization", "Bearer key")
			return nil
		}),
	}
}

func TestAScriptAnswersInOrderAndRepeatsTheLast(t *testing.T) {
	t.Parallel()
	s := clienttest.NewScript(clienttest.Answer(500, `{"n":1}`), clienttest.NotSent(), clienttest.Lost(), clienttest.Fail(gateway.CodeInvalid), clienttest.Answer(200, `{"n":2}`))
	r, err := s.PlaceRequest(t.Context(), to("POST", "/pay", "{}"))
	require.NoError(t, err)
	assert.Equal(t, 500, r.Status)
	assert.Equal(t, "application/json", r.MediaType())
	for _, want := range []gateway.Code{gateway.CodeUnavailable, gateway.CodeIndeterminate, gateway.CodeInvalid, "", ""} {
		_, err = s.PlaceRequest(t.Context(), to("POST", "/pay", "{}"))
		assert.Equal(t, want, gateway.CodeOf(err))
	}
	assert.Len(t, s.Tried(), 6)
	assert.Len(t, s.Sent(), 5, "all but the one that was not sent")
}

func TestAScriptKeepsWhatWouldHaveLeft(t *testing.T) {
	t.Parallel()
	s := clienttest.NewScript(clienttest.Answer(200, "{}"))
	_, err := s.PlaceRequest(t.Context(), to("POST", "/pay", `{"amount":1}`))
	require.NoError(t, err)
	w := s.Sent()[0]
	assert.Equal(t, `{"amount":1}`, string(w.Body))
	assert.Equal(t, "Bearer key", w.Header.Get("Authorization"), "it is signed")
	w.Body[0], w.URL.Path = 'x', "/other"
	w.Header.Set("Authorization", "changed")
	again := s.Sent()[0]
	assert.Equal(t, `{"amount":1}`, string(again.Body), "the copies are the caller's")
	assert.Equal(t, "/pay", again.URL.Path)
	assert.Equal(t, "Bearer key", again.Header.Get("Authorization"))
}

func TestAScriptFailsToSignAsTheRealClientDoes(t *testing.T) {
	t.Parallel()
	s := clienttest.NewScript(clienttest.Answer(200, "{}"))
	unsigned := to("POST", "/pay", "{}")
	unsigned.Signer = transfer.SignerFunc(func(context.Context, *transfer.Wire) error { return errors.New("no key") })
	_, err := s.PlaceRequest(t.Context(), unsigned)
	assert.Equal(t, gateway.CodeAuthentication, gateway.CodeOf(err))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.PlaceRequest(ctx, to("POST", "/pay", "{}"))
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, gateway.CodeUnavailable, gateway.CodeOf(err))
	assert.Empty(t, s.Tried())
}

func TestAScriptMatchesMethodAndPath(t *testing.T) {
	t.Parallel()
	s := clienttest.NewScript(clienttest.Answer(404, "{}")).
		On("POST /v1/payments", clienttest.Answer(201, "{}")).
		On("POST /v1/payments/*/capture", clienttest.Answer(202, "{}"), clienttest.Answer(203, "{}"))
	for _, try := range []struct {
		method, path string
		want         int
	}{
		{"POST", "/v1/payments", 201},
		{"GET", "/v1/payments", 404},
		{"POST", "/v1/payments/pi_1/capture", 202},
		{"POST", "/v1/payments/pi_1/capture/x", 404},
		{"POST", "/v1/payments/pi_2/capture", 203},
		{"POST", "/v1/payments", 201},
	} {
		r, err := s.PlaceRequest(t.Context(), to(try.method, try.path, "{}"))
		require.NoError(t, err)
		assert.Equal(t, try.want, r.Status, "%s %s", try.method, try.path)
	}
	assert.Panics(t, func() { s.On("/v1", clienttest.Lost()) }, "a method is missing")
	assert.Panics(t, func() { s.On("POST /v1") }, "steps are missing")
	assert.Panics(t, func() { s.On("POST [", clienttest.Lost()) }, "the pattern is broken")
	assert.Equal(t, "script", s.String())
}

// complaints is a testing.TB that keeps errors and runs its cleanups when told.
type complaints struct {
	testing.TB
	list     []string
	cleanups []func()
}

func (c *complaints) Helper()                           {}
func (c *complaints) Cleanup(f func())                  { c.cleanups = append(c.cleanups, f) }
func (c *complaints) Errorf(format string, args ...any) { c.list = append(c.list, format) }

func TestAStrictScriptWantsExactlyItsRequests(t *testing.T) {
	t.Parallel()
	few := &complaints{TB: t}
	s := clienttest.NewScript(clienttest.Answer(200, "{}")).On("GET /x", clienttest.Answer(200, "{}")).Strict(few)
	_, err := s.PlaceRequest(t.Context(), to("POST", "/pay", "{}"))
	require.NoError(t, err)
	_, err = s.PlaceRequest(t.Context(), to("POST", "/pay", "{}"))
	require.ErrorContains(t, err, "no step for request 2 to POST /pay")
	assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(err))
	assert.Len(t, few.list, 1)
	few.cleanups[0]()
	assert.Len(t, few.list, 2, "GET /x was never used")

	_, err = clienttest.NewScript().PlaceRequest(t.Context(), to("POST", "/pay", "{}"))
	require.ErrorContains(t, err, "no step", "a script without steps answers nothing, strict or not")
}

func TestAScriptBlocksAndWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := clienttest.NewScript(clienttest.After(300*time.Millisecond, clienttest.Answer(200, "{}")), clienttest.After(time.Hour, clienttest.Answer(200, "{}")), clienttest.Block())
		start := time.Now()
		_, err := s.PlaceRequest(ctx, to("POST", "/pay", "{}"))
		require.NoError(t, err)
		assert.Equal(t, 300*time.Millisecond, time.Since(start))
		_, err = s.PlaceRequest(ctx, to("POST", "/pay", "{}"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err))
		assert.Equal(t, time.Second, time.Since(start))
		again, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err = s.PlaceRequest(again, to("POST", "/pay", "{}"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, gateway.CodeIndeterminate, gateway.CodeOf(err))
	})
}

func TestAScriptIsSharedByManyCallers(t *testing.T) {
	t.Parallel()
	s := clienttest.NewScript(clienttest.AnswerWith(transfer.Response{Status: 200, Body: []byte("x")}))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r, err := s.PlaceRequest(t.Context(), to("POST", "/pay", "{}"))
			if assert.NoError(t, err) {
				r.Body[0] = 'y' // its own copy
				r.Header.Set("X", "y")
			}
		})
	}
	wg.Wait()
	assert.Len(t, s.Sent(), 16)
}

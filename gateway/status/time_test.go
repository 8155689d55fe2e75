package status_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
)

// In a bubble time passes by itself: a request that is held for 30 seconds is
// answered then, to the microsecond, and nothing reads the payment meanwhile.
func TestC24ARequestIsHeldForThirtySeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newService(t, openSQLite(t))
		token := w.pay("pay_17")
		for _, c := range []struct {
			path   string
			status int
			body   string
		}{
			{poll(token, "processing"), http.StatusOK, `{"update":false,"payload":null}`},
			{"/v1/payments/" + token + "?known=" + w.version(token), http.StatusNoContent, ""},
		} {
			began := time.Now()
			rec := httptest.NewRecorder()
			w.service.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, c.path, http.NoBody))
			assert.Equal(t, 30*time.Second, time.Since(began))
			assert.Equal(t, c.status, rec.Code)
			assert.Equal(t, c.body, rec.Body.String())
		}
	})
}

// version returns the version without a server.
func (w *world) version(token string) string {
	w.Helper()
	rec := httptest.NewRecorder()
	w.service.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v1/payments/"+token, http.NoBody))
	require.Equal(w, http.StatusOK, rec.Code)
	return answer{rec.Code, rec.Header(), rec.Body.String()}.view(w).Version
}

func TestAHeldRequestIsAnsweredAtTheVeryMomentOfTheChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newService(t, openSQLite(t))
		token := w.pay("pay_17")
		rec := httptest.NewRecorder()
		done := make(chan time.Duration)
		began := time.Now()
		go func() {
			w.service.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, poll(token, "processing"), http.NoBody))
			done <- time.Since(began)
		}()
		time.Sleep(7 * time.Second)
		w.move("pay_17", gateway.StateSucceeded)
		assert.Equal(t, 7*time.Second, <-done)
		assert.Contains(t, rec.Body.String(), `"code":"succeeded"`)
	})
}

// C23: what is told, and when, does not depend on how it is carried: a poll of
// codes, one of versions and a stream are told the same thing at the same change.
func TestC23TheTransportIsApartFromWhatIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	codes, versions := w.later(poll(token, "processing")), w.later("/v1/payments/"+token+"?known="+w.view(token).Version)
	_, stream := w.stream(token, "")
	told(t, stream)
	w.held(3)
	w.phase("pay_17", "prepare.pending")
	_, v := told(t, stream)
	assert.Equal(t, v, await(t, versions).view(t))
	assert.Contains(t, await(t, codes).body, `"code":"`+v.Code()+`"`)
}

func TestCodesHaveTheirHTTPStatus(t *testing.T) {
	t.Parallel()
	assert.Equal(t, http.StatusOK, status.HTTPStatus(""))
	assert.Equal(t, http.StatusInternalServerError, status.HTTPStatus("no such code"))
	seen := map[int]gateway.Code{}
	for _, c := range gateway.Codes() {
		s := status.HTTPStatus(c)
		assert.Empty(t, seen[s], "%s and %s are told apart", c, seen[s])
		assert.NotEmpty(t, http.StatusText(s))
		seen[s] = c
	}
	assert.Equal(t, http.StatusAccepted, status.HTTPStatus(gateway.CodeOf(context.DeadlineExceeded)), "what nobody knows is no failure")
}

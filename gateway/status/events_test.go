package status_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
)

// stream opens a stream of events, which the test's end closes.
func (w *world) stream(token, last string) (*http.Response, <-chan event) {
	w.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(w.Context()))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+"/v1/payments/"+token+"/events", http.NoBody)
	require.NoError(w, err)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := w.client.Do(r)
	require.NoError(w, err)
	w.Cleanup(func() { stop(); _ = res.Body.Close() })
	return res, events(res.Body)
}

// told returns the next event that has data.
func told(t *testing.T, all <-chan event) (e event, v status.View) {
	t.Helper()
	for e.data == "" {
		var open bool
		select {
		case e, open = <-all:
			require.True(t, open, "the stream has ended")
		case <-time.After(25 * time.Second):
			require.Fail(t, "nothing came")
		}
	}
	require.NoError(t, json.Unmarshal([]byte(e.data), &v))
	assert.Equal(t, "status", e.name)
	assert.Equal(t, v.Version, e.id)
	return e, v
}

func TestAStreamTellsEveryChangeAndEndsWithTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	res, all := w.stream(token, "")
	assert.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	assert.Equal(t, event{retry: "2000"}, await(t, all), "how long to wait before connecting again")
	first, v := told(t, all)
	assert.Equal(t, status.WordProcessing, v.Status)
	w.phase("pay_17", "reserve.pending")
	second, v := told(t, all)
	assert.Equal(t, "reserve.pending", v.Phase)
	assert.NotEqual(t, first.id, second.id)
	w.move("pay_17", gateway.StateSucceeded)
	last, v := told(t, all)
	assert.True(t, v.Terminal)
	_, open := <-all
	assert.False(t, open, "nothing more will come")
	w.held(0)

	res, _ = w.stream(token, last.id)
	assert.Equal(t, http.StatusNoContent, res.StatusCode, "a browser that connects again is to stop")
	_, all = w.stream(token, second.id)
	e, _ := told(t, all)
	assert.Equal(t, last.id, e.id, "one that missed it is told")
}

func TestAStreamGoesOnWhereItWasCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.pay("pay_17")
	_, all := w.stream(token, "")
	first, _ := told(t, all)
	_, again := w.stream(token, first.id)
	assert.Equal(t, event{retry: "2000"}, await(t, again))
	assert.Equal(t, event{}, await(t, again), "a comment, and nothing that is known")
	w.held(2)
	w.phase("pay_17", "reserve.pending")
	_, v := told(t, again)
	assert.Equal(t, "reserve.pending", v.Phase)
}

func TestAStreamIsKeptAlive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *status.Config) { c.Heartbeat = 10 * time.Millisecond })
	_, all := w.stream(w.pay("pay_17"), "")
	told(t, all)
	for range 3 {
		assert.Equal(t, event{}, await(t, all))
	}
	w.held(1)
}

func TestAStreamEndsAfterAWhileSoThatItsTokenIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *status.Config) { c.Stream = 2 * time.Second })
	_, all := w.stream(w.pay("pay_17"), "")
	told(t, all)
	for range all { //nolint:revive // until it ends
	}
	w.held(0)
}

package client_test

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// A server that answers twice leaves an answer in the connection's buffer. When
// the next request takes the connection at once, net/http may hand it that one.
func TestAnAnswerIsNeverTakenForAnotherRequests(t *testing.T) {
	t.Parallel()
	f := clienttest.NewFaults(t, func(c *clienttest.FaultConn) {
		for r := c.Request(); r != nil; r = c.Request() {
			id, _ := io.ReadAll(r.Body)
			c.Send(ok(string(id)) + ok(string(id)))
		}
	})
	h := open(t, client.Config{MaxConns: 1, Timeout: 5 * time.Second})
	var wg sync.WaitGroup
	var right, wrong, unknown atomic.Int32
	for caller := range 8 {
		wg.Go(func() {
			for i := range 150 {
				id := fmt.Sprintf(`{"id":"%d-%d"}`, caller, i)
				r, err := h.PlaceRequest(t.Context(), post(t, f.URL(), id))
				switch {
				case err != nil:
					assert.NotEqual(t, gateway.CodeInternal, gateway.CodeOf(err))
					unknown.Add(1)
				case string(r.Body) == id:
					right.Add(1)
				default:
					wrong.Add(1)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("right %d, unknown %d", right.Load(), unknown.Load())
	assert.Zero(t, wrong.Load(), "false answers")
	assert.Positive(t, right.Load())
}

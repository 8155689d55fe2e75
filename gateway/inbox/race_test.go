package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
)

// Return, notification, poll and task learn of one success at the same moment:
// the operation succeeds once, and one event tells it.
func TestEverybodyAtOnceMakesOneTransition(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on)
		var paid []gateway.Payment
		for n := range 4 {
			p := w.challenged(fmt.Sprint(n))
			require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
			paid = append(paid, p)
		}
		events := w.Provider.Events()
		var wg sync.WaitGroup
		start := make(chan struct{})
		together := func(do func(ctx context.Context) error) {
			wg.Go(func() {
				<-start
				assert.NoError(t, do(t.Context()))
			})
		}
		for _, p := range paid {
			op := w.first(p.ID).ID
			together(func(ctx context.Context) error { return w.Engine.ResolveOne(ctx, enginetest.Store, op) })
			together(func(ctx context.Context) error {
				_, err := w.Engine.Refresh(ctx, enginetest.Store, p.ID, "")
				return err
			})
		}
		for _, body := range w.bodies() {
			c := webhook.Call{Store: enginetest.Store, Header: http.Header{}, Body: body}
			require.NoError(t, sandbox.WebhookScheme(w.keys).Sign(t.Context(), &c))
			for range 2 {
				together(func(ctx context.Context) error {
					r, err := c.Request(ctx, w.url+"/webhooks/sandbox/es")
					if err != nil {
						return err
					}
					resp, err := http.DefaultClient.Do(r)
					if err != nil {
						return err
					}
					assert.Equal(t, 200, resp.StatusCode)
					return resp.Body.Close()
				})
			}
		}
		together(func(ctx context.Context) error { _, err := w.box.Sweep(ctx, 100); return err })
		together(func(ctx context.Context) error { _, err := w.Engine.Resolve(ctx, 100); return err })
		close(start)
		wg.Wait()
		w.sweep()
		for _, p := range paid {
			told := strings.Join(w.told(p.ID), " ")
			assert.Equal(t, 1, strings.Count(told, "operation.succeeded"), told)
			assert.Equal(t, 1, strings.Count(told, "money.hold"), told)
			w.equal(w.Payment(p.ID))
			assert.Empty(t, w.odd(p.ID))
		}
		assert.Len(t, w.items(storage.InboxDone), len(events))
	})
}

package inbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
)

// A provider whose API is slow is answered before its patience ends: the event is
// stored, and what was begun goes on.
func TestASlowProviderIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.challenged("17")
	require.NoError(t, w.Provider.CompleteChallenge(p.Refs.Get("payment")))
	box, err := inbox.New(inbox.Config{
		Storage: w.DB, Engine: w.Patient(), Receivers: map[string]webhook.Receiver{"sandbox": sandbox.Webhook(w.keys)}, Patience: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	t.Cleanup(box.Wait)
	w.mount(box.Handler())
	bodies := w.bodies()
	held, release := w.Hold()
	code, _ := w.post("es", bodies[len(bodies)-1])
	assert.Equal(t, 200, code)
	<-held // its API is asked, and has not answered
	stored := w.items(storage.InboxReceived)
	require.Len(t, stored, 1)
	assert.Empty(t, stored[0].Failure, "it is worked on")
	release()
	box.Wait()
	assert.Len(t, w.items(storage.InboxDone), 1)
	assert.Equal(t, gateway.StateSucceeded, w.first(p.ID).State)
	w.equal(w.Payment(p.ID))
}

// A duty that takes too long is not acknowledged.
func TestASlowDutyIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withGate(func(ctx context.Context, d inbox.Duty) error {
		if d.Resumed {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}), option{inbox: func(c *inbox.Config) { c.Patience = 50 * time.Millisecond }})
	w.Paid("17")
	code, _ := w.post("es", w.bodies()[0])
	assert.Equal(t, 503, code)
	w.box.Wait()
	require.Eventually(t, func() bool { // each time may be too slow on a machine that is busy
		w.Advance(time.Minute)
		code, _ := w.post("es", w.bodies()[0])
		w.box.Wait()
		return code == 200
	}, 30*time.Second, time.Millisecond)
	assert.Equal(t, webhook.CaseAgain, webhook.CaseOf(context.DeadlineExceeded))
}

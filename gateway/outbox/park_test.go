package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/outbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// broken fails until it is mended.
type broken struct {
	recorder

	err error
}

func newBroken(err error) *broken {
	b := &broken{err: err}
	b.fail = func(outbox.Event) error { return b.err }
	return b
}

func TestADeliveryIsParkedAfterItsTriesAndWaitsForAnOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := newBroken(errNo)
	d := w.one(b, func(c *outbox.Config) { c.MaxTries = 3 })
	w.tell("p", "e1", "e2")
	for range 5 {
		w.once(d)
		w.clock.Advance(2 * time.Minute)
	}
	parked := w.deliveries(d, storage.DeliveryQuery{States: []storage.DeliveryState{storage.DeliveryParked}})
	require.Len(t, parked, 1)
	assert.Equal(t, int64(3), parked[0].Tries)
	assert.Equal(t, "no", parked[0].Failure)
	backlogs, err := d.Backlogs(t.Context())
	require.NoError(t, err)
	require.Len(t, backlogs, 1)
	assert.Equal(t, [2]int64{1, 1}, [2]int64{backlogs[0].Pending, backlogs[0].Parked}, "what follows waits")

	b.err = nil
	assert.Zero(t, w.once(d), "nothing happens by itself")
	n, err := d.Retry(t.Context(), "one")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, 2, w.once(d))
	assert.Equal(t, []string{"e1", "e2"}, b.kinds(""))
	assert.Equal(t, int64(1), b.told[0].Try, "its tries are fresh")
}

func TestADeliveryIsParkedWhenItHasFailedForTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.one(newBroken(errNo), func(c *outbox.Config) { c.MaxAge = time.Hour })
	w.tell("p", "e")
	w.clock.Advance(24 * time.Hour) // it is the failing that ages, not the waiting
	w.once(d)
	assert.Equal(t, storage.DeliveryPending, w.only(d).State)
	w.clock.Advance(time.Hour)
	w.once(d)
	assert.Equal(t, storage.DeliveryParked, w.only(d).State)
}

func TestAPermanentFailureIsParkedAtOnceAndMayBeSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := newBroken(outbox.Permanent(errNo))
	d := w.one(b)
	w.tell("p", "e1", "e2")
	assert.Equal(t, 1, w.once(d))
	parked := w.deliveries(d, storage.DeliveryQuery{States: []storage.DeliveryState{storage.DeliveryParked}})
	require.Len(t, parked, 1)
	b.err = nil
	require.NoError(t, d.Skip(t.Context(), "one", parked[0].Event.ID))
	require.ErrorIs(t, d.Skip(t.Context(), "one", parked[0].Event.ID), gateway.CodeNotFound)
	w.once(d)
	assert.Equal(t, []string{"e2"}, b.kinds(""))
	assert.NoError(t, outbox.Permanent(nil))
	assert.NoError(t, outbox.Gone(nil))
}

func TestAGoneSubscriberIsParkedAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := newBroken(outbox.Gone(errNo))
	d := w.one(b)
	w.tell("p", "e1")
	w.tell("q", "f1")
	w.once(d)
	w.tell("p", "e2")
	assert.Zero(t, w.once(d))
	backlogs, err := d.Backlogs(t.Context())
	require.NoError(t, err)
	assert.Equal(t, [2]int64{3, 0}, [2]int64{backlogs[0].Pending, backlogs[0].Parked})
	assert.Equal(t, "no", backlogs[0].Failure)
	assert.False(t, backlogs[0].Subscription.Parked.IsZero())
	b.err = nil
	require.NoError(t, d.Resume(t.Context(), "one"))
	assert.Equal(t, 3, w.once(d))
	assert.Equal(t, []string{"e1", "e2"}, b.kinds("p"))
	require.NoError(t, d.Park(t.Context(), "one", "maintenance"))
	w.tell("p", "e3")
	assert.Zero(t, w.once(d))
	require.ErrorIs(t, d.Park(t.Context(), "nobody", ""), gateway.CodeNotFound)
}

func TestAWaitIsNeverShorterThanAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.one(newBroken(&gateway.Error{Code: gateway.CodeRateLimited, RetryAfter: time.Hour}))
	w.tell("p", "e")
	w.once(d)
	assert.Equal(t, w.clock.Now().Add(time.Hour), w.only(d).Due)
}

func TestARemovedSubscriberHoldsNothingBackAndItsEventsCanBePruned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := newBroken(errNo)
	var well recorder
	d := w.dispatcher([]outbox.Subscriber{{Name: "broken", Handler: b}, {Name: "well", Handler: &well}})
	w.tell("p", "e1", "e2")
	w.once(d)
	w.clock.Advance(time.Hour)
	prune := func() int {
		n, err := d.Prune(t.Context(), w.clock.Now(), 10)
		require.NoError(t, err)
		return n
	}
	assert.Zero(t, prune(), "one was not told")
	require.NoError(t, d.Remove(t.Context(), "broken"))
	require.ErrorIs(t, d.Remove(t.Context(), "broken"), gateway.CodeNotFound)
	w.clock.Advance(time.Hour)
	assert.Equal(t, 2, prune())
	assert.Empty(t, w.deliveries(d, storage.DeliveryQuery{}))
	w.tell("p", "e3")
	w.once(d)
	assert.Equal(t, []string{"e1", "e2", "e3"}, well.kinds(""))
}

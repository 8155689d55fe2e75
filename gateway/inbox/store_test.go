package inbox_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Notifications that come at once share transactions; each event is stored once,
// and each sender is answered for its own.
func TestManyAtOnceAreEachStoredOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		w := newWorld(t, on, option{inbox: deferred})
		w.Paid("17")
		sample, id := w.bodies()[0], []byte(w.Provider.Events()[0].ID)
		const events, times = 60, 3
		var wg sync.WaitGroup
		var good atomic.Int64
		for n := range events * times {
			wg.Go(func() {
				code, _ := w.post("es", bytes.ReplaceAll(sample, id, fmt.Appendf(nil, "evt_many_%d", n%events)))
				if code == 200 {
					good.Add(1)
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, events*times, good.Load())
		stored := w.items(storage.InboxReceived)
		assert.Len(t, stored, events)
		for _, i := range stored {
			assert.Zero(t, i.Attempt, "nobody works on it yet")
		}
	})
}

// A notification that could not be written within the provider's patience is not
// acknowledged, and is not written later behind its back.
func TestWhoWaitsTooLongToBeStoredIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, option{inbox: func(c *inbox.Config) { c.Defer, c.Patience = true, 200*time.Millisecond }})
	w.Paid("17")
	sample, id := w.bodies()[0], []byte(w.Provider.Events()[0].ID)
	post := func(name string) int {
		code, _ := w.post("es", bytes.ReplaceAll(sample, id, []byte(name)))
		return code
	}
	holds, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		assert.NoError(t, w.DB.Update(t.Context(), func(*storage.Tx) error { close(holds); <-release; return nil }))
	})
	<-holds
	first := make(chan int, 1)
	wg.Go(func() { first <- post("evt_first") })
	require.Eventually(t, w.box.Writing, 30*time.Second, time.Millisecond)
	assert.Equal(t, 503, post("evt_second"))
	close(release)
	assert.Equal(t, 200, <-first, "the database is at work on it: its answer is waited for")
	wg.Wait()
	assert.Equal(t, 200, post("evt_third"))
	var names []string
	for _, i := range w.items(storage.InboxReceived) {
		names = append(names, i.Event)
	}
	assert.ElementsMatch(t, []string{"evt_first", "evt_third"}, names)
}

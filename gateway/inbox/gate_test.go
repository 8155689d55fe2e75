package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// gated marks every event as one with a duty.
type gated struct{ webhook.Reader }

func (g gated) Read(ctx context.Context, c webhook.Call) ([]webhook.Event, error) {
	events, err := g.Reader.Read(ctx, c)
	for n := range events {
		events[n].Gate = true
	}
	return events, err
}

func withGate(gate inbox.GateFunc) option {
	return option{
		recv: func(r webhook.Receiver) webhook.Receiver { r.Reader = gated{r.Reader}; return r },
		inbox: func(c *inbox.Config) {
			if gate != nil {
				c.Gates = map[string]inbox.Gate{"sandbox": gate}
			}
		},
	}
}

// A duty comes before the acknowledgement: what it answers is what the provider
// is answered, it is resumed when the provider comes again, and it is done once.
func TestAGateIsResumedOnRedelivery(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		var answer atomic.Pointer[error]
		var passed []inbox.Duty
		w := newWorld(t, on, withGate(func(_ context.Context, d inbox.Duty) error {
			passed = append(passed, d)
			return *answer.Load()
		}))
		p := w.Paid("17")
		body := w.bodies()[0]
		for _, one := range []struct {
			err  error
			want int
		}{
			{gateway.Errorf(gateway.CodeConflict, "the cart changed"), 409},
			{gateway.Errorf(gateway.CodeUnavailable, "down"), 503},
			{gateway.Errorf(gateway.CodeAuthentication, "our keys"), 503},
			{errors.New("anything"), 503},
			{webhook.Gone(errors.New("the order was given up")), 410},
			{nil, 200},
			{errors.New("it is not called any more"), 200},
		} {
			answer.Store(&one.err)
			code, _ := w.post("es", body)
			assert.Equal(t, one.want, code, "%v", one.err)
			if one.want != 200 {
				assert.Len(t, w.items(storage.InboxGating), 1)
				w.Advance(24 * time.Hour)
				w.sweep()
				assert.Len(t, w.items(storage.InboxGating), 1, "only the provider resumes it")
			}
		}
		require.Len(t, passed, 6)
		assert.False(t, passed[0].Resumed)
		for _, d := range passed[1:] {
			assert.True(t, d.Resumed)
		}
		assert.Equal(t, p.ID, passed[0].Payment.ID)
		assert.Equal(t, "payment.authorized", passed[0].Event.Kind)
		assert.Len(t, w.items(storage.InboxDone), 1)
	})
}

// S45: a duty whose payment is not here is 404, and is done when it appears.
func TestS45ADutyOfNobodyIsNotFound(t *testing.T) {
	t.Parallel()
	calls := 0
	w := newWorld(t, withGate(func(context.Context, inbox.Duty) error { calls++; return nil }))
	p := w.Paid("17")
	body := w.bodies()[0]
	code, _ := w.post("fr", body)
	assert.Equal(t, 404, code)
	w.sweep()
	n := w.create("fr", "k")
	require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error {
		return tx.AddRefs("fr", n.ID, gateway.Refs{{Owner: "sandbox", Name: "payment", Value: p.Refs.Get("payment")}})
	}))
	assert.Zero(t, calls)
	code, _ = w.post("fr", body)
	assert.Equal(t, 200, code)
	assert.Equal(t, 1, calls)

	other := w.bodies()[1]
	code, _ = w.post("xx", other)
	assert.Equal(t, 404, code)
	w.Advance(73 * time.Hour)
	w.sweep()
	all, err := w.box.List(t.Context(), "xx", storage.InboxForeign, 0)
	require.NoError(t, err)
	assert.Len(t, all, 1)
}

// Without its gate an event with a duty is never acknowledged; an operator who has
// done the duty replays it.
func TestADutyWithoutAGate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withGate(nil))
	w.Paid("17")
	code, _ := w.post("es", w.bodies()[0])
	assert.Equal(t, 503, code)
	item := w.items(storage.InboxReceived)[0]
	got, err := w.box.Replay(t.Context(), "es", "sandbox", item.Event)
	require.NoError(t, err)
	assert.Equal(t, "internal", got.Failure)
}

// Two deliveries at once do a duty once; the one that finds it under way is told
// to come again.
func TestADutyIsDoneByOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on option) {
		inside, leave := make(chan struct{}), make(chan struct{})
		var calls atomic.Int64
		w := newWorld(t, on, withGate(func(context.Context, inbox.Duty) error {
			calls.Add(1)
			close(inside)
			<-leave
			return nil
		}))
		w.Paid("17")
		body := w.bodies()[0]
		var wg sync.WaitGroup
		wg.Go(func() {
			code, _ := w.post("es", body)
			assert.Equal(t, 200, code)
		})
		<-inside
		code, _ := w.post("es", body)
		assert.Equal(t, 503, code)
		_, err := w.box.Replay(t.Context(), enginetest.Store, "sandbox", w.Provider.Events()[0].ID)
		require.ErrorIs(t, err, gateway.CodeConflict)
		close(leave)
		wg.Wait()
		assert.Equal(t, int64(1), calls.Load())
	})
}

// A gate that panics is an error of ours, and is resumed.
func TestAGateMayPanic(t *testing.T) {
	t.Parallel()
	calls := 0
	w := newWorld(t, withGate(func(_ context.Context, d inbox.Duty) error {
		if calls++; calls == 1 {
			panic(enginetest.Canary)
		}
		assert.True(t, d.Resumed)
		return nil
	}))
	w.Paid("17")
	code, _ := w.post("es", w.bodies()[0])
	assert.Equal(t, 503, code)
	code, _ = w.post("es", w.bodies()[0])
	assert.Equal(t, 200, code)
	assert.NotContains(t, w.log.String(), enginetest.Canary)
}

// A duty that names two payments is done for neither, and is not answered as if it
// had been.
func TestADutyThatNamesTwoPaymentsIsAConflict(t *testing.T) {
	t.Parallel()
	calls := 0
	w := newWorld(t, withGate(func(context.Context, inbox.Duty) error { calls++; return nil }))
	p := w.Paid("17")
	other := w.Create("18")
	body := bytes.Replace(w.bodies()[0], []byte(`"id":"`+p.Refs.Get("payment")), []byte(`"id":"pay_other`), 1)
	require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error {
		return tx.AddRefs(enginetest.Store, other.ID, gateway.Refs{{Owner: "sandbox", Name: "payment", Value: "pay_other"}})
	}))
	for range 2 {
		code, _ := w.post("es", body)
		assert.Equal(t, 409, code)
	}
	assert.Zero(t, calls)
	assert.Equal(t, []string{"webhook"}, w.odd(p.ID))
}

package sequra_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/task"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/leased"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

// history is the shop's orders with their comments.
type history struct {
	mu       sync.Mutex
	status   map[string]string
	comments map[string][]string
	failures []error
	known    func(order string) bool
	noisy    func(ctx context.Context, order string) // what the shop does when a status changes
}

func (h *history) UpdateStatus(ctx context.Context, store gateway.StoreID, order, status, comment string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.failures) > 0 {
		err := h.failures[0]
		h.failures = h.failures[1:]
		return err
	}
	if h.known != nil && !h.known(order) {
		return gateway.Errorf(gateway.CodeNotFound, "store %s has no order %s", store, order)
	}
	if h.status == nil {
		h.status, h.comments = map[string]string{}, map[string][]string{}
	}
	if h.status[order] != status {
		h.status[order] = status
		h.comments[order] = append(h.comments[order], comment)
		if h.noisy != nil {
			h.noisy(ctx, order)
		}
	}
	return nil
}

func (h *history) ReportOrderIDs(_ context.Context, _ gateway.StoreID, page, limit int) (ids []string, err error) {
	for n := page * limit; n < min((page+1)*limit, sequra.ReportPage+3); n++ {
		ids = append(ids, fmt.Sprint(n))
	}
	return ids, nil
}

// S49: SeQura's states in the shop's words, with the history's comment; an order
// that is missing, and the shop's own failure, are told as they are.
func TestS49TheShopsOrderIsTold(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{"approved": "processing", "cancelled": "canceled", "needs_review": "payment_review", "shipped": "shipped"} {
		h := &history{}
		require.NoError(t, sequra.StatusUpdate{Store: "es", Order: "A14/1", State: state}.Apply(t.Context(), h))
		assert.Equal(t, want, h.status["A14/1"])
	}
	assert.Equal(t, "SeQura payment status updated to: cancelled (Reason code: 7) - the shopper asked for it",
		sequra.StatusUpdate{State: "cancelled", ReasonCode: 7, Message: "the shopper asked for it"}.Comment())
	assert.Equal(t, "SeQura payment status updated to: approved", sequra.StatusUpdate{State: "approved"}.Comment())
	h := &history{known: func(string) bool { return false }}
	require.ErrorIs(t, sequra.StatusUpdate{Order: "A14/9", State: "approved"}.Apply(t.Context(), h), gateway.CodeNotFound)
	require.ErrorIs(t, sequra.StatusUpdate{State: "approved"}.Apply(t.Context(), h), gateway.CodeNotFound)
	down := errors.New("the shop's database is down")
	require.ErrorIs(t, sequra.StatusUpdate{Order: "A14/1", State: "approved"}.Apply(t.Context(), &history{failures: []error{down}}), down)

	var reported []string
	require.NoError(t, sequra.EachReported(t.Context(), "es", h, func(order string) error { reported = append(reported, order); return nil }))
	assert.Len(t, reported, sequra.ReportPage+3, "page after page")
	assert.Equal(t, 5000, sequra.ReportPage)
	require.ErrorIs(t, sequra.EachReported(t.Context(), "es", h, func(string) error { return down }), down)
}

// An update that was overtaken is not what the payment says any more.
func TestAnUpdateThatWasOvertakenIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	approved, review, cancelled := sequra.StatusUpdate{State: sequra.Approved}, sequra.StatusUpdate{State: sequra.NeedsReview}, sequra.StatusUpdate{State: sequra.Cancelled}
	still := func() [3]bool {
		now := w.payment(p.ID)
		return [3]bool{review.Still(now), approved.Still(now), cancelled.Still(now)}
	}
	require.Equal(t, 200, w.decide(p, simulator.Review))
	assert.Equal(t, [3]bool{true, false, true}, still())
	require.Equal(t, 200, w.decide(p, simulator.Approve))
	assert.Equal(t, [3]bool{false, true, true}, still())
	require.Equal(t, 200, w.decide(p, simulator.Reject))
	assert.Equal(t, [3]bool{false, false, true}, still())
}

var updateOrder = task.NewKind[sequra.StatusUpdate]("sequra_test.order_update")

// S42, S46: the shop's order is told by a task, with high priority and in its store,
// again until it works; what the shop does because of it is not echoed.
func TestS42S46TheShopsOrderIsToldByATask(t *testing.T) {
	t.Parallel()
	var q *leased.Queue
	var db *storage.DB
	w := newWorld(t, setting{duty: func(d *sequra.Duty) {
		d.Updates = sequra.UpdatesFunc(func(ctx context.Context, u sequra.StatusUpdate) error {
			return db.Update(ctx, func(tx *storage.Tx) error {
				item := updateOrder.Of(u)
				item.Store, item.Key, item.Queue, item.Priority = u.Store, u.Key(), task.QueueOrderSync, task.High
				_, _, err := q.Enqueue(ctx, tx, item)
				return err
			})
		})
	}})
	db = w.db
	var echoed int
	h := &history{failures: []error{errors.New("busy")}, noisy: func(ctx context.Context, _ string) {
		if !sequra.Processing(ctx) {
			echoed++
		}
	}}
	var stores []gateway.StoreID
	var err error
	q, err = leased.New(task.Config{Storage: db, Handlers: []task.Handler{updateOrder.Handle(func(ctx context.Context, _ *task.Run, u sequra.StatusUpdate) error {
		store, _ := task.StoreOf(ctx)
		stores = append(stores, store)
		p, err := w.eng.Payment(ctx, u.Store, u.Payment)
		if err != nil || !u.Still(p) {
			return err
		}
		return u.Apply(ctx, h)
	})}})
	require.NoError(t, err)
	p := w.held("17")
	items, err := q.List(t.Context(), "es", task.Filter{Queue: task.QueueOrderSync})
	require.NoError(t, err)
	require.Len(t, items, 1)
	assert.Equal(t, task.High, items[0].Priority)
	for range 3 {
		_, err = q.Work(t.Context(), 10)
		require.NoError(t, err)
		w.advance(time.Hour)
	}
	assert.Equal(t, map[string]string{"A14/1": "processing"}, h.status)
	assert.Equal(t, []string{"SeQura payment status updated to: approved"}, h.comments["A14/1"])
	assert.Equal(t, []gateway.StoreID{"es", "es"}, stores, "it failed once, and is run in its store")
	assert.Zero(t, echoed)
	assert.False(t, sequra.Processing(t.Context()))
	w.equal(p.ID)
}

// S49: on approval the invoice is made with an online capture; that it fails never
// makes the notification fail, and it is made later.
func TestS49AFailingCaptureNeverFailsTheNotification(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setting{engine: func(c *engine.Config) {
		c.Policy = func(gateway.Payment, string) engine.Policy { return engine.Policy{Capture: engine.CaptureAtOnce} }
	}})
	p := w.begin("17")
	w.sequra.Next(simulator.OpUpdate, simulator.ServerError, simulator.RateLimited, simulator.CutBefore)
	assert.Equal(t, 200, w.decide(p, simulator.Approve))
	assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID))
	assert.Zero(t, w.payment(p.ID).Balances.Captured.Minor())
	for range 12 {
		w.advance(10 * time.Minute)
		_, err := w.eng.Resolve(t.Context(), 100)
		require.NoError(t, err)
	}
	assert.Equal(t, eur(3000), w.payment(p.ID).Balances.Captured)
	w.equal(p.ID)
}

// A 404 is good news of an order that SeQura has cancelled, and of no other: what is
// not there was not shipped.
func TestWhatIsGoneWasNotShipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.held("17")
	_, err := w.sequra.Decide(p.Refs.Get("order"), simulator.Reject) // and its notification is lost
	require.NoError(t, err)
	require.NoError(t, w.eng.Record(t.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceOperator, Outcome: gateway.Outcome{Phase: "cancelled"}}))
	err = w.capture(p, "ship", func(r *engine.Request) { r.All = true })
	require.ErrorIs(t, err, gateway.CodeNotFound)
	assert.Zero(t, w.payment(p.ID).Balances.Captured.Minor())
	_, err = w.eng.Void(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "void"})
	require.NoError(t, err)
	w.equal(p.ID)
}

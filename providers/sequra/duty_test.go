package sequra_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

// form is an honest notification of a payment, as SeQura posts it.
func (w *world) form(p gateway.Payment, change ...string) url.Values {
	w.Helper()
	ops, _, err := w.eng.History(w.Context(), "es", p.ID)
	require.NoError(w, err)
	signature, err := w.api.Scheme().Of(w.Context(), "es", string(p.ID), string(ops[0].ID))
	require.NoError(w, err)
	f := url.Values{
		"order_ref": {p.Refs.Get("order")}, "order_ref_1": {""}, "product_code": {"pp3"}, "sq_state": {"approved"}, "approved_since": {"3"},
		"m_signature": {signature}, "m_storeId": {"es"}, "m_payment": {string(p.ID)}, "m_operation": {string(ops[0].ID)},
	}
	for n := 0; n < len(change); n += 2 {
		f.Set(change[n], change[n+1])
	}
	return f
}

// S41, S42, S43, S44, S45, S47: what comes is a form with our own parameters; an
// order that is not here is 404, a signature or a state that is none 400, an
// unknown event 501 with its name, and the store is the route's.
func TestS41S42S43S44S45S47ANotificationIsAForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	other := w.begin("18")
	_, err := w.sequra.Decide(p.Refs.Get("order"), simulator.Approve)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		form url.Values
		want int
		text string
	}{
		"another order":          {w.form(p, "order_ref", "6f1b54b0-0000-4000-8000-000000000000"), 404, "not_found"},
		"another one's order":    {w.form(p, "order_ref", other.Refs.Get("order")), 409, "conflict"}, // names two payments: noted, never applied
		"no signature":           {w.form(p, "m_signature", ""), 400, "refused"},
		"another one's name":     {w.form(p, "m_payment", string(other.ID)), 400, "refused"},
		"another store":          {w.form(p, "m_storeId", "fr"), 400, "refused"},
		"a state that is none":   {w.form(p, "sq_state", "shipped"), 400, "malformed"},
		"no state":               {w.form(p, "sq_state", "", "approved_since", ""), 400, "malformed"},
		"an order that is none":  {w.form(p, "order_ref", "../merchants"), 400, "malformed"},
		"an event nobody knows":  {w.form(p, "event", "celebrated"), 501, `{"error":"Unknown event 'celebrated'"}`},
		"an event like a script": {w.form(p, "event", "<script>\n"), 501, `{"error":"Unknown event '\u003cscript\u003e '"}`},
	} {
		status, body := w.post(c.form)
		assert.Equal(t, c.want, status, name)
		assert.Contains(t, body, c.text, name)
	}
	assert.Zero(t, w.orders.calls, "nothing of that was applied")
	assert.Equal(t, gateway.StateActionRequired, w.begun(p.ID))
	old := w.form(p, "sq_state", "") // an older notification tells no state
	old.Del("m_storeId")             // and no store: the route does
	status, body := w.post(old)
	assert.Equal(t, 200, status)
	assert.Empty(t, body, "SeQura expects an empty answer")
	assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID))
	assert.NotContains(t, w.log.String(), w.form(p).Get("m_signature"))
}

// S46, S47: what SeQura was answered well it need not send again; what it sends
// again all the same is answered the same, and nothing is done twice.
func TestS46S47ARedeliveryIsAnsweredTheSameAndDoesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	n, err := w.sequra.Decide(p.Refs.Get("order"), simulator.Approve)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 6 { // at once, and some of them are told to come again
		wg.Go(func() {
			status, err := w.sequra.Deliver(n.ID)
			assert.NoError(t, err)
			assert.Contains(t, []int{200, 409, 503}, status)
		})
	}
	wg.Wait()
	for range 3 {
		assert.Equal(t, 200, w.deliver(n.ID))
	}
	order, _ := w.sequra.Order(p.Refs.Get("order"))
	assert.Equal(t, 2, order.Acknowledged)
	assert.Equal(t, 1, w.orders.calls)
	assert.Equal(t, []string{"A14/1 approved"}, w.told())
	w.equal(p.ID)
}

// S48: 409 only where the order cannot be confirmed as it is now; a fault that may
// pass is 503 and never 410, which would have SeQura pay back.
func TestS48AFaultThatMayPassIsNeverGone(t *testing.T) {
	t.Parallel()
	for _, fault := range simulator.Faults() {
		for _, at := range []int{0, 1} { // the confirmation, or telling the number
			t.Run(string(fault)+[]string{" at once", " after the order was made"}[at], func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				p := w.begin("17")
				w.sequra.Next(simulator.OpAcknowledge, append(make([]simulator.Fault, at), fault)...)
				n, err := w.sequra.Decide(p.Refs.Get("order"), simulator.Approve)
				require.NoError(t, err)
				first := w.deliver(n.ID)
				if first != 200 { // garbage with 200 says that it was accepted
					assert.Equal(t, 503, first)
					for range 3 {
						w.advance(2 * time.Minute)
						first = w.deliver(n.ID)
					}
				}
				assert.Equal(t, 200, first)
				assert.Equal(t, eur(3000), w.payment(p.ID).Balances.Authorized)
				assert.Len(t, w.orders.made, 1)
				w.equal(p.ID)
			})
		}
	}
}

// S48: a shop that cannot make its order now is a fault of ours: SeQura comes
// again, and is not told twice that the order is confirmed.
func TestS48AShopThatFailsIsAFaultOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	w.orders.failing(gateway.Errorf(gateway.CodeAuthentication, "the shop's database"))
	assert.Equal(t, 503, w.decide(p, simulator.Approve))
	w.orders.failing(errors.New("anything"))
	assert.Equal(t, 503, w.deliver(1))
	w.orders.failing(nil)
	assert.Equal(t, 200, w.deliver(1))
	order, _ := w.sequra.Order(p.Refs.Get("order"))
	assert.Equal(t, 2, order.Acknowledged, "confirmed once, however often the shop failed")
}

// S45, S48: a cart that has changed is refused by SeQura, whose answer goes back as
// 409; the order is not made, and can be confirmed when the cart is right again.
func TestS45S48AChangedCartIsAConflict(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := basket("").Lines
	w := newWorld(t, setting{duty: func(d *sequra.Duty) {
		d.Current = func(context.Context, gateway.Payment) (sequra.Order, error) {
			mu.Lock()
			defer mu.Unlock()
			return sequra.Order{Lines: now}, nil
		}
	}})
	p := w.begin("17")
	swap := func(lines []gateway.Line) {
		mu.Lock()
		defer mu.Unlock()
		now = lines
	}
	changed := basket("").Lines
	changed[0].SKU = "trousers" // the same money, and other goods: only SeQura can tell
	swap(changed)
	assert.Equal(t, 409, w.decide(p, simulator.Approve))
	dearer := basket("").Lines
	dearer[0].Quantity = 3 // other money: it is not even sent
	swap(dearer)
	calls := w.sequra.Calls(simulator.OpAcknowledge)
	assert.Equal(t, 409, w.deliver(1))
	assert.Equal(t, calls, w.sequra.Calls(simulator.OpAcknowledge))
	assert.Zero(t, w.orders.calls)
	assert.Zero(t, w.payment(p.ID).Balances.Authorized.Minor())
	swap(basket("").Lines)
	assert.Equal(t, 200, w.deliver(1))
	w.equal(p.ID)
}

// S48: a number that another order has is refused by SeQura: 409, nothing is held,
// and the next number is taken.
func TestS48ANumberThatIsTakenIsAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.orders.name = func(int) string { return "A14/1" }
	first := w.held("17")
	second := w.begin("18")
	assert.Equal(t, 409, w.decide(second, simulator.Approve))
	assert.Zero(t, w.payment(second.ID).Balances.Authorized.Minor())
	w.orders.mu.Lock()
	w.orders.made[second.ID] = "A14/2"
	w.orders.mu.Unlock()
	assert.Equal(t, 200, w.deliver(2))
	w.equal(first.ID)
	w.equal(second.ID)
}

// S47: an approval of a payment that has ended is answered 410, and SeQura pays the
// shopper back.
func TestS47AnApprovalOfWhatHasEndedIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	n, err := w.sequra.Decide(p.Refs.Get("order"), simulator.Approve)
	require.NoError(t, err)
	_, err = w.eng.Cancel(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "stop"})
	require.NoError(t, err)
	assert.Equal(t, gateway.StateCancelled, w.begun(p.ID))
	assert.Equal(t, 410, w.deliver(n.ID))
	order, _ := w.sequra.Order(p.Refs.Get("order"))
	assert.Equal(t, simulator.Cancelled, order.State)
	assert.Zero(t, w.orders.calls)
	w.equal(p.ID)
}

// A shopper who goes away: the order is cancelled at SeQura when the time is over.
func TestAnAbandonedFormIsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	w.advance(2 * time.Hour)
	_, err := w.eng.Resolve(t.Context(), 100)
	require.NoError(t, err)
	assert.Equal(t, gateway.StateCancelled, w.begun(p.ID))
	order, _ := w.sequra.Order(p.Refs.Get("order"))
	assert.Equal(t, simulator.Cancelled, order.State)
}

// S44, S46: what SeQura cancels is cancelled here: while it waits, under review, and
// when it is held. What was shipped stays as it is.
func TestS44S46WhatSeQuraCancelsIsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reviewed := w.begin("17")
	require.Equal(t, 200, w.decide(reviewed, simulator.Review))
	assert.Equal(t, 200, w.decide(reviewed, simulator.Reject))
	assert.Equal(t, gateway.StateCancelled, w.begun(reviewed.ID))
	w.equal(reviewed.ID)

	held := w.held("18")
	assert.Equal(t, 200, w.decide(held, simulator.Reject))
	assert.Equal(t, gateway.PaymentVoided, w.payment(held.ID).Status())
	w.equal(held.ID)

	shipped := w.held("19")
	_, err := w.eng.Capture(t.Context(), engine.Request{Store: "es", Payment: shipped.ID, Key: "ship", All: true})
	require.NoError(t, err)
	assert.Equal(t, 200, w.decide(shipped, simulator.Reject))
	assert.Equal(t, gateway.PaymentCaptured, w.payment(shipped.ID).Status())
	w.equal(shipped.ID)
	assert.Equal(t, []string{"A14/1 needs_review", "A14/1 cancelled", "A14/2 approved", "A14/2 cancelled", "A14/3 approved", "A14/3 cancelled"}, w.told())
}

// A lie: a notification with our signature that says more than is true moves
// nothing, because SeQura itself is asked to accept what it says.
func TestAForgedStateMovesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	for range 2 {
		status, _ := w.post(w.form(p))
		assert.Equal(t, 409, status, "SeQura has not approved it")
	}
	assert.Zero(t, w.orders.calls)
	assert.Zero(t, w.payment(p.ID).Balances.Authorized.Minor())
	assert.Equal(t, 200, w.decide(p, simulator.Approve), "and the truth is still heard")
	w.equal(p.ID)
}

// Notifications in any order, each several times: the same money.
func TestNotificationsInAnyOrderMakeTheSameMoney(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func([]simulator.Notification) []simulator.Notification{
		"as they were": nil,
		"reversed": func(all []simulator.Notification) []simulator.Notification {
			return []simulator.Notification{all[1], all[0]}
		},
	} {
		w := newWorld(t)
		p := w.begin("17")
		for _, d := range []simulator.Decision{simulator.Review, simulator.Approve} {
			_, err := w.sequra.Decide(p.Refs.Get("order"), d)
			require.NoError(t, err)
		}
		statuses := w.sequra.DeliverAll(order, 2)
		for _, s := range statuses {
			assert.Equal(t, 200, s, "%s: %v", name, statuses)
		}
		assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID), name)
		w.equal(p.ID)
	}
}

// unfinished is an engine whose process ended after the money was booked and before
// the operation was.
type unfinished struct {
	sequra.Engine
	state gateway.OperationState
	told  []gateway.Outcome
	done  []string
}

func (u *unfinished) Begun(context.Context, gateway.StoreID, gateway.PaymentID, string) (gateway.OperationID, gateway.OperationState, error) {
	return "op_1", u.state, nil
}

func (u *unfinished) Do(_ context.Context, _ gateway.Operation, _, key string, _ gateway.Subject) error {
	u.done = append(u.done, key)
	return nil
}

func (u *unfinished) Tell(_ context.Context, _ gateway.StoreID, _ gateway.PaymentID, _ gateway.OperationID, out gateway.Outcome) error {
	u.told, u.state = append(u.told, out), gateway.StateSucceeded
	return nil
}

// A process that ended between the money and the operation leaves no order that is
// confirmed for SeQura and waits here for ever.
func TestAnOperationWhoseMoneyIsBookedEnds(t *testing.T) {
	t.Parallel()
	e := &unfinished{state: gateway.StateAwaiting}
	duty := sequra.Duty{Engine: e, Orders: &orders{}}
	p := gateway.Payment{ID: "pay_1", Store: "es", Refs: gateway.Refs{{Owner: "sequra", Name: "order", Value: aRef}, {Owner: "sequra", Name: "order_ref_1", Value: "A14/1"}}}
	err := duty.Pass(t.Context(), p, webhook.Event{Kind: sequra.Approved, Refs: gateway.Refs{{Name: "order", Value: aRef}}})
	require.NoError(t, err)
	assert.Equal(t, []string{"sequra/op_1/confirmed/placed"}, e.done, "it has its number: it is told once more, which changes nothing")
	assert.Len(t, e.told, 1)

	require.ErrorIs(t, sequra.Duty{}.Pass(t.Context(), p, webhook.Event{}), gateway.CodeInternal)
	err = duty.Pass(t.Context(), p, webhook.Event{Kind: "celebrated", Refs: gateway.Refs{{Name: "order", Value: aRef}}})
	require.ErrorIs(t, err, gateway.CodeInvalid)
}

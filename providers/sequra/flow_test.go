package sequra_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

// From the cart to the goods and back: asked for credit, filled in the form in a
// browser, approved, confirmed before the answer, placed, shipped, given back.
func TestAnOrderIsPaidShippedAndGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setting{simulator: func(c *simulator.Config) { c.Manual = false }})
	p := w.create("17")
	r, err := w.eng.Authorize(t.Context(), w.request(p, "17"))
	require.NoError(t, err)
	require.NotNil(t, r.Operation.Action)
	assert.Equal(t, gateway.ActionHTML, r.Operation.Action.Kind)

	action := formAction.FindStringSubmatch(r.Operation.Action.HTML)
	require.Len(t, action, 2, r.Operation.Action.HTML)
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, action[1], strings.NewReader(url.Values{"decision": {"approve"}}.Encode()))
	require.NoError(t, err)
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Do(post)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, 303, resp.StatusCode, "%s", body)
	assert.Equal(t, "https://shop.example/thanks", resp.Header.Get("Location"))

	p = w.payment(p.ID)
	assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID))
	assert.Equal(t, eur(3000), p.Balances.Authorized)
	assert.Equal(t, "A14/1", p.Refs.Get("order_ref_1"))
	assert.Equal(t, []string{"A14/1 approved"}, w.told())
	assert.Equal(t, []bool{true}, w.orders.ctx)
	w.equal(p.ID)

	_, err = w.eng.Capture(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "ship", All: true})
	require.NoError(t, err)
	w.equal(p.ID)
	_, err = w.eng.Refund(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "back", All: true})
	require.NoError(t, err)
	w.equal(p.ID)
	assert.Equal(t, gateway.PaymentRefunded, w.payment(p.ID).Status())
	order, _ := w.sequra.Order(p.Refs.Get("order"))
	assert.Equal(t, simulator.Money{Held: 3000, Shipped: 3000, Returned: 3000}, order.Money)
	assert.Equal(t, 2, order.Acknowledged, "confirmed, and told its number")
}

// A review: the order is acknowledged and made, nothing is held, no deadline of the
// shopper's ends it, and the approval that comes days later sells it.
func TestAReviewedOrderIsHeldOnlyWhenItIsApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	assert.Equal(t, 200, w.decide(p, simulator.Review))
	assert.Equal(t, gateway.StateAwaiting, w.begun(p.ID))
	assert.Zero(t, w.payment(p.ID).Balances.Authorized.Minor())
	order, _ := w.sequra.Order(p.Refs.Get("order"))
	assert.Equal(t, simulator.OnHold, order.State)
	assert.Equal(t, "A14/1", order.OrderRef1)
	w.advance(3 * 24 * time.Hour)
	_, err := w.eng.Resolve(t.Context(), 100)
	require.NoError(t, err)
	assert.Equal(t, gateway.StateAwaiting, w.begun(p.ID))
	assert.Equal(t, 200, w.decide(p, simulator.Approve))
	assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID))
	assert.Equal(t, eur(3000), w.payment(p.ID).Balances.Authorized)
	assert.Equal(t, []string{sequra.NeedsReview}, w.orders.state, "the order is made once")
	assert.Equal(t, []string{"A14/1 needs_review", "A14/1 approved"}, w.told())
	w.equal(p.ID)
}

// A review that takes longer than anybody expected: a person is asked to see to it,
// and the approval that comes all the same sells the order.
func TestAnApprovalAfterAnyWaitIsHeard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	require.Equal(t, 200, w.decide(p, simulator.Review))
	w.advance(15 * 24 * time.Hour)
	_, err := w.eng.Resolve(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, gateway.StateParked, w.begun(p.ID))
	assert.Equal(t, 200, w.decide(p, simulator.Approve))
	assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID))
	w.equal(p.ID)
}

// SeQura that does not take the confirmation for hours: nobody gives the sale up.
// An order that it refuses is given up, when the shopper's time is over.
func TestAnApprovalIsNotGivenUpBecauseNobodyAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	n, err := w.sequra.Decide(p.Refs.Get("order"), simulator.Approve)
	require.NoError(t, err)
	for range 5 {
		w.sequra.Next(simulator.OpAcknowledge, simulator.ServerError, simulator.ServerError, simulator.ServerError)
		require.Equal(t, 503, w.deliver(n.ID))
		w.advance(50 * time.Minute)
		_, err := w.eng.Resolve(t.Context(), 100)
		require.NoError(t, err)
	}
	for range 6 { // what went wrong is over after some of these
		if w.deliver(n.ID) == 200 {
			break
		}
		w.advance(10 * time.Minute)
	}
	assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID))
	w.equal(p.ID)

	refused := w.begin("18")
	status, _ := w.post(w.form(refused))
	require.Equal(t, 409, status)
	w.advance(2 * time.Hour)
	_, err = w.eng.Resolve(t.Context(), 100)
	require.NoError(t, err)
	assert.Equal(t, gateway.StateCancelled, w.begun(refused.ID))
}

// A shop that cannot make its order for hours: the sale is not given up, and SeQura
// is told its number when there is one.
func TestAConfirmedOrderIsNotGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	w.orders.failing(gateway.Errorf(gateway.CodeUnavailable, "the shop is down"))
	require.Equal(t, 503, w.decide(p, simulator.Approve))
	for range 6 {
		w.advance(2 * time.Hour)
		_, err := w.eng.Resolve(t.Context(), 100)
		require.NoError(t, err)
		require.Equal(t, 503, w.deliver(1))
	}
	order, _ := w.sequra.Order(p.Refs.Get("order"))
	assert.Equal(t, simulator.Confirmed, order.State)
	w.orders.failing(nil)
	require.Equal(t, 200, w.deliver(1))
	w.equal(p.ID)
	assert.Equal(t, eur(3000), w.payment(p.ID).Balances.Authorized)
}

// SeQura has given up, and an operator takes the duty up where it was.
func TestAnOperatorTakesADutyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.begin("17")
	w.orders.failing(gateway.Errorf(gateway.CodeUnavailable, "the shop is down"))
	require.Equal(t, 503, w.decide(p, simulator.Approve))
	w.advance(5 * 24 * time.Hour)
	_, err := w.eng.Resolve(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, gateway.StateParked, w.begun(p.ID))
	w.orders.failing(nil)
	waiting, err := w.box.List(t.Context(), "es", storage.InboxGating, 0)
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	item, err := w.box.Replay(t.Context(), "es", "sequra", waiting[0].Event)
	require.NoError(t, err)
	assert.Equal(t, storage.InboxDone, item.State, item.Failure)
	assert.Equal(t, gateway.StateSucceeded, w.begun(p.ID))
	w.equal(p.ID)
}

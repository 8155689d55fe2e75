package collana_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

// C6, C16, C18 to C21: each callback moves the payment on, and the next call is
// made before the callback is answered.
func TestEachCallbackMovesThePaymentOnAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, r, err := s.pay(collana.CreditCard)
	require.NoError(t, err)
	require.Equal(t, gateway.StateAwaiting, r.Operation.State, "202 is accepted, and nothing more")
	phase := func(want string) {
		t.Helper()
		assert.Equal(t, want, s.payment(id).Phase)
	}
	phase(collana.PhaseCreateSend)
	assert.Zero(t, s.collana.Requests(simulator.Prepares), "C8: a create is awaited too, although no PSP was asked")
	refs := s.payment(id).Refs
	assert.Equal(t, s.collana.Transactions()[0], refs.Get("transaction"), "C5, C13: the payment keeps both names")
	assert.NotEmpty(t, refs.Get("interaction/"+string(r.Operation.ID)))

	s.tell(s.last(simulator.Transactions, simulator.Successful))
	assert.Equal(t, 1, s.collana.Requests(simulator.Prepares), "the next call was made at once")
	phase(collana.PhasePrepareSend)

	s.tell(s.last(simulator.Prepares, simulator.Pending))
	phase(collana.PhasePreparePending)
	frame := s.action(id, gateway.ActionIframe)
	assert.Empty(t, s.shopper(frame, "approve"), "a frame leads nowhere")

	s.tell(s.last(simulator.Prepares, simulator.Successful))
	assert.Equal(t, 1, s.collana.Requests(simulator.Reservations))
	s.tell(s.last(simulator.Reservations, simulator.Pending))
	phase(collana.PhaseReservePending)
	bank := s.action(id, gateway.ActionRedirect)
	assert.Equal(t, "https://shop.example/return/17", s.shopper(bank, "approve"))

	s.tell(s.last(simulator.Reservations, simulator.Successful))
	phase(collana.PhaseReserveDone)
	o := s.operation(id)
	assert.Equal(t, gateway.StateSucceeded, o.State)
	assert.Nil(t, o.Action, "the action and its URL are cleared")
	b := s.balanced(id)
	assert.Equal(t, eur(9990), b.Authorized)
	assert.True(t, b.Captured.IsZero())
	assert.Len(t, s.collana.Transactions(), 1)
}

// C7: what was reserved is captured in parts, given back in parts, and let go.
func TestCapturesRefundsAndVoidsAreTheProvidersMoney(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id := s.paid()
	run := func(how func(context.Context, engine.Request) (engine.Result, error), key string, amount gateway.Money, endpoint string) gateway.OperationState {
		t.Helper()
		r, err := how(t.Context(), engine.Request{Store: store, Payment: id, Key: key, Amount: amount, All: false})
		require.NoError(t, err)
		require.Equal(t, gateway.StateAwaiting, r.Operation.State, "accepted, and told later")
		s.tell(s.last(endpoint, simulator.Successful))
		ops, _, err := s.engine.History(t.Context(), store, id)
		require.NoError(t, err)
		s.balanced(id)
		return ops[len(ops)-1].State
	}
	assert.Equal(t, gateway.StateSucceeded, run(s.engine.Capture, "ship-1", eur(4000), simulator.Captures))
	assert.Equal(t, gateway.StateSucceeded, run(s.engine.Capture, "ship-2", eur(1000), simulator.Captures))
	assert.Equal(t, gateway.StateSucceeded, run(s.engine.Refund, "back-1", eur(1500), simulator.Refunds))
	assert.Equal(t, gateway.StateSucceeded, run(s.engine.Void, "rest", gateway.Money{}, simulator.Voids))
	b := s.balanced(id)
	assert.Equal(t, []int64{9990, 4990, 5000, 1500}, []int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor()})
	assert.Equal(t, gateway.PaymentPartiallyRefunded, s.payment(id).Status())
}

package collana_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

// newest returns the payment's newest operation.
func (s *shop) newest(id gateway.PaymentID) storage.Operation {
	s.Helper()
	ops, _, err := s.engine.History(s.Context(), store, id)
	require.NoError(s, err)
	return ops[len(ops)-1]
}

func (s *shop) capture(id gateway.PaymentID, key string, cents int64) (engine.Result, error) {
	return s.engine.Capture(s.Context(), engine.Request{Store: store, Payment: id, Key: key, Amount: eur(cents)})
}

// A capture that was accepted and that the PSP refuses is failed, and what it held
// back is free again.
func TestACaptureThatThePSPRefusesIsFailed(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		s := open(t, nil)
		id := s.paid()
		s.collana.Decline(simulator.Captures)
		_, err := s.capture(id, "ship", 4000)
		require.NoError(t, err)
		if told {
			s.tell(s.last(simulator.Captures, simulator.Failed))
		} else {
			s.resolve(6 * time.Second)
		}
		assert.Equal(t, gateway.StateFailed, s.newest(id).State)
		assert.Equal(t, gateway.CodeDeclined, s.newest(id).Code)
		assert.Equal(t, eur(9990), s.payment(id).Capturable())
		assert.True(t, s.balanced(id).Captured.IsZero())
	}
}

// What is captured takes a while: it is awaited, a second one is refused, and
// nothing is sent again.
func TestOneCaptureAtATime(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id := s.paid()
	s.collana.Hold(simulator.Captures)
	_, err := s.capture(id, "ship", 4000)
	require.NoError(t, err)
	_, err = s.capture(id, "ship-2", 4000)
	require.ErrorIs(t, err, gateway.CodeConflict)
	for range 5 {
		s.resolve(10 * time.Minute)
	}
	assert.Equal(t, gateway.StateAwaiting, s.newest(id).State)
	s.collana.Finish(s.collana.Transactions()[0], simulator.Captures, true)
	s.tell(s.last(simulator.Captures, simulator.Successful))
	assert.Equal(t, gateway.StateSucceeded, s.newest(id).State)
	assert.Equal(t, 1, s.collana.Requests(simulator.Captures))
	assert.Equal(t, eur(4000), s.balanced(id).Captured)
}

// A capture whose answer was lost is found by its callback, which names it; it is
// never sent again.
func TestALostCaptureIsFoundByItsCallback(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id := s.paid()
	s.collana.Next(simulator.Captures, simulator.HangUpAfter)
	_, err := s.capture(id, "ship", 4000)
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	s.tell(s.last(simulator.Captures, simulator.Successful))
	assert.Equal(t, gateway.StateSucceeded, s.newest(id).State)
	assert.Equal(t, 1, s.collana.Requests(simulator.Captures))
	assert.Equal(t, eur(4000), s.balanced(id).Captured)
}

// Without the callback nobody can tell whose a capture in the status is: it is not
// guessed, and a person says so.
func TestALostCaptureWithoutItsCallbackIsForAPerson(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id := s.paid()
	s.collana.Next(simulator.Captures, simulator.ErrorAfter)
	_, err := s.capture(id, "ship", 4000)
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	for range 6 {
		s.resolve(30 * time.Minute)
	}
	o := s.newest(id)
	require.Equal(t, gateway.StateParked, o.State)
	assert.Equal(t, 1, s.collana.Requests(simulator.Captures))
	assert.True(t, s.payment(id).Balances.Captured.IsZero(), "nothing was guessed")
	out, err := s.pools.For("collana").Get(gateway.OpFetch).Execute(t.Context(), gateway.Subject{Store: store, Target: s.collana.Transactions()[0]})
	require.NoError(t, err)
	taken := out.Movements[len(out.Movements)-1]
	require.Equal(t, gateway.MoveCapture, taken.Kind)
	require.NoError(t, s.engine.Settle(t.Context(), engine.Settlement{
		Store: store, Operation: o.ID, Happened: true, By: "Ana", Note: "the portal shows it", Movements: []gateway.Movement{taken},
	}))
	s.tell(s.last(simulator.Captures, simulator.Successful)) // at last
	assert.Equal(t, gateway.StateSucceeded, s.newest(id).State)
	assert.Equal(t, eur(4000), s.balanced(id).Captured)
}

// What is done in the ERP system or by Collana itself (a capture on posting, an
// automatic void of the rest, a refund) is booked as nobody's command.
func TestWhatHappensElsewhereIsBooked(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		s := open(t, nil)
		id := s.paid()
		transaction := s.collana.Transactions()[0]
		for _, happens := range []struct {
			endpoint string
			amount   int64
		}{{simulator.Captures, 6000}, {simulator.Voids, 3990}, {simulator.Refunds, 1000}} {
			s.collana.Happen(transaction, happens.endpoint, happens.amount)
			if told {
				c := s.last(happens.endpoint, simulator.Successful)
				s.tell(c, c)
			} else {
				_, err := s.engine.Refresh(t.Context(), store, id, "collana")
				require.NoError(t, err)
			}
		}
		b := s.balanced(id)
		assert.Equal(t, []int64{9990, 3990, 6000, 1000}, []int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor()})
		for _, m := range s.payment(id).Movements[1:] {
			assert.Empty(t, m.Operation, "%s", m.Kind)
		}
	}
}

// What a partial capture leaves is Collana's settings' to say: a capture that claims
// to be the last one is refused, before anything is sent.
func TestAFinalPartialCaptureIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id := s.paid()
	_, err := s.engine.Capture(t.Context(), engine.Request{Store: store, Payment: id, Key: "ship", Amount: eur(4000), Final: true})
	require.ErrorIs(t, err, gateway.CodeUnsupported)
	assert.Zero(t, s.collana.Requests(simulator.Captures))
	_, err = s.engine.Capture(t.Context(), engine.Request{Store: store, Payment: id, Key: "all", Amount: eur(9990), Final: true})
	require.NoError(t, err)
	s.tell(s.last(simulator.Captures, simulator.Successful))
	assert.Equal(t, eur(9990), s.balanced(id).Captured)
}

// A payment that waits for its shopper is cancelled at Collana, and cannot be
// completed any more.
func TestAWaitingPaymentIsCancelled(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, _, err := s.pay(collana.CreditCard)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	s.tell(s.last(simulator.Prepares, simulator.Pending))
	frame := s.action(id, gateway.ActionIframe)
	_, err = s.engine.Cancel(t.Context(), engine.Request{Store: store, Payment: id, Key: "cancel"})
	require.NoError(t, err)
	s.tell(s.last(simulator.Voids, simulator.Successful))
	assert.Equal(t, gateway.StateSucceeded, s.newest(id).State)
	assert.Equal(t, gateway.StateCancelled, s.operation(id).State)
	s.shopper(frame, "approve") // too late
	s.finish(id)
	assert.True(t, s.balanced(id).Authorized.IsZero())
	assert.Zero(t, s.collana.Requests(simulator.Reservations))
}

// A shopper who never comes back is waited for, and then the payment is cancelled.
func TestAnAbandonedPaymentIsCancelledAtCollana(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, _, err := s.pay(collana.PayPal)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	s.tell(s.last(simulator.Prepares, simulator.Pending))
	bank := s.action(id, gateway.ActionRedirect)
	for range 6 {
		s.resolve(30 * time.Minute)
	}
	assert.Equal(t, 1, s.collana.Requests(simulator.Voids))
	assert.Equal(t, gateway.StateCancelled, s.operation(id).State)
	s.shopper(bank, "approve")
	for range 3 {
		s.resolve(time.Hour)
	}
	assert.True(t, s.balanced(id).Authorized.IsZero())
}

// A transaction that another program began is taken over with its money.
func TestATransactionIsAdopted(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	transaction := s.elsewhere(collana.Invoice)
	r, err := s.engine.Adopt(t.Context(), engine.Adoption{
		Store: store, Key: "old-1", Provider: "collana", Amount: eur(2500), Refs: gateway.Refs{{Name: "transaction", Value: transaction}},
	})
	require.NoError(t, err)
	assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
	assert.Equal(t, eur(2500), s.balanced(r.Payment.ID).Authorized)
	_, err = s.capture(r.Payment.ID, "ship", 2500)
	require.NoError(t, err)
	s.tell(s.last(simulator.Captures, simulator.Successful))
	assert.Equal(t, eur(2500), s.balanced(r.Payment.ID).Captured)
}

// elsewhere makes a reserved transaction without the engine.
func (s *shop) elsewhere(method string) string {
	s.Helper()
	pool := s.pools.For("collana")
	subject := gateway.Subject{Store: store, Operation: "op_other", Amount: eur(2500), Extras: gateway.With(collana.Method.Of(method))}
	for _, op := range []gateway.Operation{collana.OpCreate, collana.OpPrepare, collana.OpReserve} {
		out, err := pool.Get(op).Execute(s.Context(), subject)
		require.NoError(s, err)
		subject.Target, subject.Amount = out.Reference("transaction"), gateway.Money{}
	}
	return subject.Target
}

// A transaction that was begun at the PSP itself is imported, and then adopted.
func TestATransactionOfThePSPIsImported(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	out, err := s.pools.For("collana").Get(collana.OpImportTransaction).Execute(t.Context(), gateway.Subject{
		Store: store, Operation: "op_import", Amount: eur(2500), Extras: gateway.With(collana.PSPTransaction.Of("psp-17"), collana.Method.Of(collana.CreditCard)),
	})
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusAwaiting, out.Status)
	r, err := s.engine.Adopt(t.Context(), engine.Adoption{
		Store: store, Key: "old-2", Provider: "collana", Amount: eur(2500), Refs: gateway.Refs{{Name: "transaction", Value: out.Reference("transaction")}},
	})
	require.NoError(t, err)
	assert.Equal(t, eur(2500), s.balanced(r.Payment.ID).Authorized)
	s.tell(s.last(simulator.Imports, simulator.Successful))
	assert.Equal(t, eur(2500), s.balanced(r.Payment.ID).Authorized, "its callback brings nothing new")
}

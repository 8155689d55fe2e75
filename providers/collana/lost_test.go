package collana_test

import (
	"context"
	"runtime"
	"sync/atomic"
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

// finish plays a payment to its end by the status alone.
func (s *shop) finish(id gateway.PaymentID) {
	s.Helper()
	seen := map[string]bool{}
	for range 60 {
		if o := s.operation(id); o.State.Terminal() || o.State == gateway.StateParked {
			return
		}
		s.step(id, seen)
	}
}

// The callback of a create whose answer was lost says whose it is, and the payment
// goes on with the transaction that was made.
func TestALostAnswerOfCreateIsFoundByItsCallback(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.ErrorAfter, simulator.HangUpAfter} {
		s := open(t, nil)
		s.collana.Next(simulator.Transactions, fault)
		id, r, err := s.pay(collana.CreditCard)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, fault)
		require.Equal(t, gateway.StateUnknown, r.Operation.State)
		s.tell(s.last(simulator.Transactions, simulator.Successful))
		assert.Equal(t, gateway.StateAwaiting, s.operation(id).State)
		assert.Equal(t, 1, s.collana.Requests(simulator.Prepares), "the next call was made at once")
		s.finish(id)
		s.once(id)
	}
}

// A create is sent again when neither its answer nor its callback comes. Whatever
// was made beside it takes no money, also when its callback comes later.
func TestALostCreateNeverMakesASecondTransactionThatTakesMoney(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.ErrorAfter, simulator.HangUpAfter, simulator.ErrorBefore, simulator.HangUpBefore} {
		for _, late := range []int{0, 1, 2, 4} { // callbacks after which the lost one comes
			s := open(t, nil)
			s.collana.Next(simulator.Transactions, fault)
			id, _, err := s.pay(collana.CreditCard)
			require.ErrorIs(t, err, gateway.CodeIndeterminate)
			s.resolve(6 * time.Second)
			require.Equal(t, 2, s.collana.Requests(simulator.Transactions), "nobody told which transaction it made")
			all := s.collana.Transactions()
			seen := map[string]bool{}
			for range 40 {
				if len(s.collana.Callbacks()) > late+1 {
					break
				}
				s.step(id, seen)
			}
			if len(all) == 2 {
				require.Equal(t, all[0], s.collana.Callbacks()[0].Transaction)
				s.tell(s.collana.Callbacks()[0])
			}
			s.finish(id)
			for range 6 { // what was kept of the late callback is looked at again, and comes to an end
				s.resolve(20 * time.Minute)
			}
			assert.Equal(t, gateway.StateSucceeded, s.operation(id).State, "%s, %d", fault, late)
			assert.Equal(t, eur(9990), s.balanced(id).Authorized)
			assert.Equal(t, 1, s.collana.Requests(simulator.Prepares))
			assert.Equal(t, 1, s.collana.Requests(simulator.Reservations))
			if len(all) == 2 {
				first, found := s.collana.Ledger(all[0])
				require.True(t, found)
				assert.Equal(t, simulator.Ledger{Currency: "EUR"}, first, "the transaction that nobody goes on with stays empty")
			}
			waiting := 0
			require.NoError(t, s.db.View(t.Context(), func(tx *storage.Tx) error {
				due, err := tx.DueInbox(s.now().Add(time.Hour), 100)
				waiting = len(due)
				return err
			}))
			assert.Zero(t, waiting, "no callback is worked on for ever")
		}
	}
}

// A prepare whose answer was lost is looked for; it is sent again only when the
// status does not show it, and what was prepared twice is reserved once.
func TestALostPrepareIsLookedForBeforeItIsSentAgain(t *testing.T) {
	t.Parallel()
	for fault, times := range map[simulator.Fault]int{
		simulator.ErrorAfter: 1, simulator.HangUpAfter: 1, simulator.ErrorBefore: 2, simulator.HangUpBefore: 2,
	} {
		s := open(t, nil)
		s.collana.Next(simulator.Prepares, fault)
		id, _, err := s.pay(collana.CreditCard)
		require.NoError(t, err)
		s.tell(s.last(simulator.Transactions, simulator.Successful))
		assert.Equal(t, gateway.StateUnknown, s.operation(id).State)
		s.finish(id)
		assert.Equal(t, times, s.collana.Requests(simulator.Prepares), fault)
		assert.Equal(t, 1, s.collana.Requests(simulator.Reservations), fault)
		assert.Equal(t, gateway.StateSucceeded, s.operation(id).State, fault)
		assert.Equal(t, eur(9990), s.balanced(id).Authorized)
	}
}

// A reservation is never sent twice. What the status shows goes on; what it does
// not show waits for the callback, and then for a person.
func TestALostReservationIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	for fault, end := range map[simulator.Fault]gateway.OperationState{
		simulator.ErrorAfter: gateway.StateSucceeded, simulator.HangUpAfter: gateway.StateSucceeded,
		simulator.ErrorBefore: gateway.StateParked, simulator.HangUpBefore: gateway.StateParked,
	} {
		s := open(t, nil)
		s.collana.Next(simulator.Reservations, fault)
		id, _, err := s.pay(collana.CreditCard)
		require.NoError(t, err)
		for range 3 {
			s.finish(id)
			s.advance(time.Hour)
		}
		assert.Equal(t, 1, s.collana.Requests(simulator.Reservations), fault)
		o := s.operation(id)
		assert.Equal(t, end, o.State, fault)
		s.balanced(id)
		if end == gateway.StateParked { // the portal shows that there is none
			require.NoError(t, s.engine.Settle(t.Context(), engine.Settlement{Store: store, Operation: o.ID, By: "Ana", Note: "no reservation in the portal"}))
			assert.Equal(t, gateway.StateFailed, s.operation(id).State)
		}
	}
}

// A reservation that was given up, and is executed all the same, settles what was
// parked: its callback is evidence.
func TestALateReservationSettlesWhatWasParked(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	s.collana.Next(simulator.Reservations, simulator.HangUpBefore)
	id, _, err := s.pay(collana.Invoice)
	require.NoError(t, err)
	for range 3 {
		s.finish(id)
		s.advance(time.Hour)
	}
	require.Equal(t, gateway.StateParked, s.operation(id).State)
	s.collana.Happen(s.collana.Transactions()[0], simulator.Reservations, 9990)
	s.tell(s.last(simulator.Reservations, simulator.Successful))
	assert.Equal(t, gateway.StateSucceeded, s.operation(id).State)
	assert.Equal(t, eur(9990), s.balanced(id).Authorized)
}

// That the status cannot be asked shows nothing: what is unknown stays so, and is
// neither sent again nor given up.
func TestAStatusThatCannotBeAskedShowsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, _, err := s.pay(collana.Invoice)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	s.collana.Next(simulator.Reservations, simulator.HangUpAfter)
	s.collana.Next("Status", simulator.Honest) // of the prepare
	for range 50 {
		s.collana.Next("Status", simulator.ErrorBefore, simulator.HangUpBefore)
	}
	s.tell(s.last(simulator.Prepares, simulator.Successful))
	for range 5 {
		s.resolve(time.Hour)
	}
	require.Equal(t, gateway.StateUnknown, s.operation(id).State)
	for range 200 { // until it can be asked again
		if _, err := s.pools.For("collana").Get(gateway.OpFetch).Execute(t.Context(), gateway.Subject{Store: store, Target: s.collana.Transactions()[0]}); err == nil {
			break
		}
	}
	s.resolve(24 * time.Hour)
	assert.Equal(t, gateway.StateSucceeded, s.operation(id).State)
	assert.Equal(t, eur(9990), s.balanced(id).Authorized)
	assert.Equal(t, 1, s.collana.Requests(simulator.Reservations))
}

// C12: a transient error leads back to where the payment was, and is tried again by
// itself; a serious one ends the payment, and the shopper may choose again.
func TestTransientErrorsAreTriedAgainAndSeriousOnesEndIt(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	s.collana.Next(simulator.Transactions, simulator.Busy)
	s.collana.Next(simulator.Prepares, simulator.Busy)
	s.collana.Next(simulator.Reservations, simulator.Busy, simulator.Busy)
	id, r, err := s.pay(collana.CreditCard)
	require.ErrorIs(t, err, gateway.CodeRateLimited)
	require.Equal(t, gateway.StateOpen, r.Operation.State, "nothing was done, and it is tried again")
	s.finish(id)
	assert.Equal(t, gateway.StateSucceeded, s.operation(id).State)
	assert.Equal(t, eur(9990), s.balanced(id).Authorized)
	assert.Equal(t, 3, s.collana.Requests(simulator.Reservations))

	for _, endpoint := range []string{simulator.Transactions, simulator.Prepares, simulator.Reservations} {
		s := open(t, nil)
		s.collana.Next(endpoint, simulator.Refused)
		id, _, err := s.pay(collana.CreditCard)
		if endpoint == simulator.Transactions {
			require.ErrorIs(t, err, gateway.CodeInvalid)
		}
		s.finish(id)
		o := s.operation(id)
		require.Equal(t, gateway.StateFailed, o.State, endpoint)
		assert.Equal(t, gateway.CodeInvalid, o.Code)
		// Back at the choice of methods: the same payment, another method.
		again, err := s.engine.Authorize(t.Context(), engine.Request{
			Store: store, Payment: id, Key: "order-17-again", Provider: "collana", All: true, Extras: gateway.With(collana.Method.Of(collana.Invoice)),
		})
		require.NoError(t, err)
		s.tell(s.last(simulator.Transactions, simulator.Successful))
		s.tell(s.last(simulator.Prepares, simulator.Successful))
		s.tell(s.last(simulator.Reservations, simulator.Successful))
		ops, _, err := s.engine.History(t.Context(), store, id)
		require.NoError(t, err)
		assert.Equal(t, again.Operation.ID, ops[1].ID)
		assert.Equal(t, gateway.StateSucceeded, ops[1].State)
		assert.Equal(t, eur(9990), s.balanced(id).Authorized)
	}
}

// C11: whatever is not 202 is no acceptance: 200 is not believed, and nothing is
// sent again on it that moves money.
func TestOnly202IsAcceptance(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	s.collana.Next(simulator.Reservations, simulator.OK)
	id, _, err := s.pay(collana.Invoice)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	s.tell(s.last(simulator.Prepares, simulator.Successful))
	assert.Equal(t, gateway.StateUnknown, s.operation(id).State)
	s.resolve(time.Minute)
	assert.Equal(t, 1, s.collana.Requests(simulator.Reservations))
	assert.True(t, s.balanced(id).Authorized.IsZero())
}

// Between a callback and the next call the process dies: the engine's own look
// makes that call, once.
func TestACrashBetweenACallbackAndTheNextCallIsMadeGood(t *testing.T) {
	t.Parallel()
	for _, step := range []gateway.Operation{collana.OpPrepare, collana.OpReserve} {
		var died atomic.Int32
		s := open(t, func(c *setup) {
			c.hooks = []engine.Hook{{Name: "crash", Built: func(_ context.Context, call engine.Call, _ string) error {
				if call.Step.Name == step && died.CompareAndSwap(0, 1) {
					runtime.Goexit() // as far as the database knows, the process is gone
				}
				return nil
			}}}
		})
		id, _, err := s.pay(collana.Invoice)
		require.NoError(t, err)
		s.tell(s.last(simulator.Transactions, simulator.Successful))
		if step == collana.OpReserve {
			s.tell(s.last(simulator.Prepares, simulator.Successful))
		}
		require.Equal(t, int32(1), died.Load())
		require.Equal(t, gateway.StateOpen, s.operation(id).State, "the next call is written down")
		for range 4 {
			s.resolve(5 * time.Minute)
		}
		for _, c := range s.collana.Callbacks() {
			s.tell(c)
		}
		s.once(id)
	}
}

// A callback that comes before the answer to the call that it is about waits for
// that answer, and the payment goes on at once.
func TestACallbackThatIsFasterThanTheAnswerIsNotLost(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *setup) { c.simulator.Manual, c.simulator.Slow = false, 100*time.Millisecond })
	for n := range 3 {
		p, err := s.engine.Create(t.Context(), engine.NewPayment{Store: store, Key: "order-" + string(rune('a'+n)), Amount: eur(1000)})
		require.NoError(t, err)
		r, err := s.engine.Authorize(t.Context(), engine.Request{
			Store: store, Payment: p.ID, Key: "pay-" + string(rune('a'+n)), Provider: "collana", All: true, Extras: gateway.With(collana.Method.Of(collana.Invoice)),
		})
		require.NoError(t, err)
		require.Eventually(t, func() bool { return s.operation(p.ID).State == gateway.StateSucceeded }, 30*time.Second, 5*time.Millisecond, "%s", r.Operation.ID)
	}
	assert.Equal(t, int64(3000), s.collana.Total("EUR").Authorized)
	assert.Equal(t, 3, s.collana.Requests(simulator.Reservations))
}

// While Collana's API is down, payments are tried ever more seldom, and given up when
// the shopper's time is over: no person has to look after them.
func TestAnOutageIsSurvivedWithoutHammering(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{simulator.Transactions, simulator.Prepares} {
		s := open(t, nil)
		for range 200 {
			s.collana.Next(endpoint, simulator.ErrorBefore)
		}
		id, _, _ := s.pay(collana.Invoice) // what comes of it is seen below
		for range 150 {
			s.resolve(time.Minute)
		}
		assert.Less(t, s.collana.Requests(endpoint), 8, endpoint)
		assert.Equal(t, gateway.StateCancelled, s.operation(id).State, endpoint)
		assert.Equal(t, gateway.CodeUnavailable, s.operation(id).Code)
		s.collana.Calm()
		r, err := s.engine.Authorize(t.Context(), engine.Request{
			Store: store, Payment: id, Key: "order-17-again", Provider: "collana", All: true, Extras: gateway.With(collana.Method.Of(collana.Invoice)),
		})
		require.NoError(t, err)
		for range 5 {
			s.resolve(time.Minute)
		}
		assert.Equal(t, gateway.StateSucceeded, s.newest(id).State, "%s", r.Operation.ID)
		assert.Equal(t, eur(9990), s.balanced(id).Authorized)
	}
}

// A prepare that was accepted and never comes to an end is cancelled at Collana.
func TestAPaymentThatHangsBeforeItsReservationIsCancelled(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	s.collana.Hold(simulator.Prepares)
	id, _, err := s.pay(collana.CreditCard)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	for range 8 {
		s.resolve(30 * time.Minute)
	}
	assert.Equal(t, gateway.StateCancelled, s.operation(id).State)
	assert.Equal(t, 1, s.collana.Requests(simulator.Voids))
	assert.True(t, s.balanced(id).Authorized.IsZero())
}

// A second try to pay, after the first was declined, has a create of its own: when
// its answer is lost, the first one's transaction is not taken for it.
func TestALostCreateOfASecondTryIsNotTheFirstOnes(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		s := open(t, nil)
		s.collana.Decline(simulator.Reservations)
		id, _, err := s.pay(collana.Invoice)
		require.NoError(t, err)
		s.finish(id)
		require.Equal(t, gateway.StateFailed, s.operation(id).State)
		s.collana.Next(simulator.Transactions, simulator.HangUpAfter)
		_, err = s.engine.Authorize(t.Context(), engine.Request{
			Store: store, Payment: id, Key: "order-17-again", Provider: "collana", Amount: eur(5000), Extras: gateway.With(collana.Method.Of(collana.Invoice)),
		})
		require.ErrorIs(t, err, gateway.CodeIndeterminate)
		if told {
			s.tell(s.last(simulator.Transactions, simulator.Successful))
		}
		for range 10 {
			s.resolve(3 * time.Minute)
		}
		assert.Equal(t, gateway.StateSucceeded, s.newest(id).State)
		assert.Equal(t, eur(5000), s.balanced(id).Authorized, "of the second try")
		assert.Len(t, s.collana.Transactions(), map[bool]int{true: 2, false: 3}[told])
		first, _ := s.collana.Ledger(s.collana.Transactions()[0])
		assert.Zero(t, first.Authorized)
		for _, c := range s.collana.Callbacks() {
			s.tell(c)
		}
		assert.Equal(t, eur(5000), s.balanced(id).Authorized)
	}
}

package collana_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

// cardCallbacks are the callbacks of a card payment, in the order in which they are made.
var cardCallbacks = []string{
	"Transactions Successful", "Prepares Pending", "Prepares Successful", "Reservations Pending", "Reservations Successful",
}

// step does what happens next without any callback: the shopper acts on what is
// shown, or time passes and the engine looks by itself.
func (s *shop) step(id gateway.PaymentID, seen map[string]bool) {
	s.Helper()
	if o := s.operation(id); o.State == gateway.StateActionRequired && o.Action != nil && o.Action.URL != "" && !seen[o.Action.URL] {
		seen[o.Action.URL] = true
		s.shopper(o.Action.URL, "approve")
		return
	}
	s.resolve(35 * time.Second)
}

// made returns a callback once it is made.
func (s *shop) made(name string) *simulator.Callback {
	for _, c := range s.collana.Callbacks() {
		if c.Endpoint+" "+c.Status == name {
			return c
		}
	}
	return nil
}

// once checks that each call of the flow was made once, and the money is right.
func (s *shop) once(id gateway.PaymentID) {
	s.Helper()
	assert.Equal(s, gateway.StateSucceeded, s.operation(id).State)
	assert.Equal(s, collana.PhaseReserveDone, s.payment(id).Phase)
	for _, endpoint := range []string{simulator.Transactions, simulator.Prepares, simulator.Reservations} {
		assert.Equal(s, 1, s.collana.Requests(endpoint), endpoint)
	}
	assert.Equal(s, eur(9990), s.balanced(id).Authorized)
}

// C3: whatever the order in which the callbacks come, how late and how often, the
// payment is made once. Each of the 120 orders is a payment of its own: a callback
// that comes before its turn is waited for, as if all before it were delayed, and
// the payment then goes on by the status alone.
func TestCallbacksInEveryOrderMakeOnePayment(t *testing.T) {
	t.Parallel()
	for _, order := range permutations(cardCallbacks) {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			s := open(t, nil)
			id, _, err := s.pay(collana.CreditCard)
			require.NoError(t, err)
			seen := map[string]bool{}
			for _, name := range order {
				for range 30 {
					if s.made(name) != nil {
						break
					}
					s.step(id, seen)
				}
				c := s.made(name)
				require.NotNil(t, c, "%s was never made", name)
				s.tell(c, c)
			}
			for range 30 {
				if s.operation(id).State.Terminal() {
					break
				}
				s.step(id, seen)
			}
			for _, c := range s.collana.Callbacks() {
				s.tell(c) // once more, when all is over
			}
			s.once(id)
			assert.Len(t, s.collana.Callbacks(), 5)
		})
	}
}

func permutations(of []string) (all [][]string) {
	if len(of) < 2 {
		return [][]string{slices.Clone(of)}
	}
	for i := range of {
		rest := slices.Delete(slices.Clone(of), i, i+1)
		for _, tail := range permutations(rest) {
			all = append(all, append([]string{of[i]}, tail...))
		}
	}
	return all
}

// Callbacks that come several times at one moment start the next call once.
func TestCallbacksAtOneMomentStartTheNextCallOnce(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, _, err := s.pay(collana.CreditCard)
	require.NoError(t, err)
	seen, told := map[string]bool{}, 0
	for range 60 {
		if s.operation(id).State.Terminal() {
			break
		}
		all := s.collana.Callbacks()
		if told == len(all) {
			s.step(id, seen)
			continue
		}
		var at sync.WaitGroup
		for range 8 {
			at.Go(func() {
				code, err := all[told].Send(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, 200, code)
			})
		}
		at.Wait()
		told++
	}
	s.once(id)
}

// Callbacks that never come are not needed: the status says it all.
func TestLostCallbacksAreFoundByTheStatus(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, _, err := s.pay(collana.CreditCard)
	require.NoError(t, err)
	seen := map[string]bool{}
	for range 40 {
		if s.operation(id).State.Terminal() {
			break
		}
		s.step(id, seen)
	}
	s.once(id)
}

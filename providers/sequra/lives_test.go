package sequra_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

// life is one order of thirty pieces at 1.00, to which anything may happen.
type life struct {
	*world
	*rand.Rand
	id   gateway.PaymentID
	step int
}

func (l *life) fault(op simulator.Operation) {
	if l.IntN(3) == 0 {
		all := simulator.Faults()
		f := all[l.IntN(len(all))]
		if f == simulator.Hang { // a second each
			f = simulator.CutBefore
		}
		l.sequra.Next(op, f)
	}
}

// settle lets time pass until nothing is under way.
func (l *life) settle() {
	l.Helper()
	for range 8 {
		l.advance(5 * time.Minute)
		_, err := l.eng.Resolve(l.Context(), 100)
		require.NoError(l, err)
	}
}

// pieces are the carts that a payment has when so many are shipped and so many are not.
func pieces(shipped, unshipped int64) gateway.Extras {
	of := func(n int64) []gateway.Line {
		if n == 0 {
			return nil
		}
		return []gateway.Line{line("piece", 100, n)}
	}
	return gateway.With(sequra.Parcels.Of(sequra.Carts{Shipped: of(shipped), Unshipped: of(unshipped)}))
}

// act does something to the order that may be done to it.
func (l *life) act() {
	l.Helper()
	p := l.payment(l.id)
	b := p.Balances
	net, open := (b.Captured.Minor()-b.Refunded.Minor())/100, p.Releasable().Minor()/100
	l.step++
	r := engine.Request{Store: "es", Payment: l.id, Key: fmt.Sprintf("step-%d", l.step)}
	l.fault(simulator.OpUpdate)
	var err error
	switch l.IntN(8) {
	case 0, 1, 2, 3:
		if open == 0 {
			return
		}
		n := 1 + l.Int64N(open)
		r.Amount, r.Final = eur(n*100), l.IntN(6) == 0
		rest := open - n
		if r.Final {
			rest = 0
		}
		r.Extras = pieces(net+n, rest)
		_, err = l.eng.Capture(l.Context(), r)
	case 4, 5, 6:
		if net == 0 {
			return
		}
		n := 1 + l.Int64N(net)
		r.Amount, r.Extras = eur(n*100), pieces(net-n, open)
		_, err = l.eng.Refund(l.Context(), r)
	case 7:
		if open == 0 {
			return
		}
		r.Extras = pieces(net, 0)
		_, err = l.eng.Void(l.Context(), r)
	}
	if code := gateway.CodeOf(err); code != "" && code != gateway.CodeIndeterminate && code != gateway.CodeUnavailable && code != gateway.CodeRateLimited && code != gateway.CodeConflict {
		require.NoError(l, err)
	}
	if l.IntN(2) == 0 {
		l.settle()
	}
}

// Whatever happens, in whatever order, with whatever answers lost and whatever
// notifications sent twice or late: both ledgers say the same in money.
func TestLedgersAgreeWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			l := &life{world: newWorld(t), Rand: rand.New(rand.NewPCG(seed, 7))}
			p, err := l.eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: "k", Amount: eur(3000), Order: &gateway.Order{
				Lines: []gateway.Line{line("piece", 100, 30)}, Customer: &gateway.Customer{Email: "ada@shop.example"},
			}})
			require.NoError(t, err)
			l.id = p.ID
			l.fault(simulator.OpSolicit)
			l.fault(simulator.OpForm)
			_, _ = l.eng.Authorize(t.Context(), l.request(p, "17"))
			l.settle()
			order := l.payment(l.id).Refs.Get("order")
			decisions := []simulator.Decision{simulator.Approve}
			if l.IntN(2) == 0 {
				decisions = []simulator.Decision{simulator.Review, simulator.Approve}
			}
			for _, d := range decisions {
				_, err := l.sequra.Decide(order, d)
				require.NoError(t, err)
			}
			for range 6 {
				l.fault(simulator.OpAcknowledge)
				l.sequra.DeliverAll(func(all []simulator.Notification) []simulator.Notification {
					l.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
					return all
				}, l.IntN(2))
				l.settle()
			}
			for _, n := range l.sequra.Notifications() {
				for range 4 {
					if status, _ := l.sequra.Deliver(n.ID); status == 200 {
						break
					}
					l.settle()
				}
			}
			require.Equal(t, eur(3000), l.payment(l.id).Balances.Authorized, "it is held in the end")
			assert.Len(t, l.orders.made, 1)
			for range 12 {
				l.act()
			}
			l.settle()
			l.settle()
			l.equal(l.id)
			ops, _, err := l.eng.History(t.Context(), "es", l.id)
			require.NoError(t, err)
			for _, o := range ops {
				assert.True(t, o.State.Terminal(), "%s %s is %s: %s", o.Kind, o.Key, o.State, o.Detail)
			}
		})
	}
}

package collana_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

// lives is how many payments of the campaign are lived, each with its own seed.
const lives = 80

// A payment's whole life while everything that can go wrong does: answers are lost
// before and after the call, the API is busy or broken, callbacks are lost, come
// twice, late and in any order, shoppers say no or go away. In the end our books are
// Collana's, nothing was held or taken twice, and what nobody can know is parked.
func TestWhateverGoesWrongTheMoneyIsRight(t *testing.T) {
	t.Parallel()
	var tally tally
	t.Run("lives", func(t *testing.T) {
		for seed := range uint64(lives) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				l := &life{shop: open(t, nil), r: rand.New(rand.NewPCG(seed, 17)), seen: map[string]bool{}} //nolint:gosec // repeatable on purpose
				l.live(&tally)
			})
		}
	})
	t.Logf("of %d lives: %d held money, %d moved it, %d left something for a person, %d lost answers were met, %d times it was tried again", lives, tally.held.Load(), tally.moved.Load(), tally.parked.Load(), tally.unknown.Load(), tally.again.Load())
	assert.Greater(t, tally.held.Load(), int64(lives/3), "the campaign is not about nothing")
	assert.Greater(t, tally.moved.Load(), int64(lives/10))
	assert.Positive(t, tally.parked.Load())
	assert.Greater(t, tally.unknown.Load(), int64(lives/2))
	assert.Positive(t, tally.again.Load())
}

// tally says what a campaign met.
type tally struct{ held, moved, parked, unknown, again atomic.Int64 }

// life is one payment's.
type life struct {
	*shop

	r    *rand.Rand
	id   gateway.PaymentID
	seen map[string]bool
}

var methods = []string{collana.CreditCard, collana.CreditCard, collana.PayPal, collana.Invoice}

func (l *life) live(t *tally) {
	for _, endpoint := range []string{simulator.Transactions, simulator.Prepares, simulator.Reservations, simulator.Captures, simulator.Refunds, simulator.Voids} {
		for range l.r.IntN(3) {
			l.collana.Next(endpoint, l.fault())
		}
	}
	how := l.engine.Authorize
	if l.r.IntN(4) == 0 {
		how = l.engine.Purchase
	}
	id, _, _ := l.begin(how, methods[l.r.IntN(len(methods))])
	l.id = id
	for range 25 {
		l.happen()
	}
	for try := 0; try < 2 && l.newest(id).State.Terminal() && l.payment(id).Status() == gateway.PaymentNew; try++ {
		l.collana.Next(simulator.Transactions, l.fault())
		_, _ = l.engine.Authorize(l.Context(), engine.Request{ // what comes of it is judged at the end
			Store: store, Payment: id, Key: fmt.Sprint("again-", try), Provider: "collana", All: true, Extras: gateway.With(collana.Method.Of(methods[l.r.IntN(len(methods))])),
		})
		t.again.Add(1)
		for range 20 {
			l.happen()
		}
	}
	if !l.payment(id).Balances.Authorized.IsZero() {
		l.after()
	}
	for range 30 { // faults end, and days pass
		l.resolve(3 * time.Hour)
	}
	l.collana.Calm()
	_, err := l.engine.Refresh(l.Context(), store, id, "collana")
	if len(l.collana.Transactions()) > 0 && l.payment(id).Refs.Get("transaction") != "" {
		require.NoError(l, err)
	}
	l.judge(t)
}

func (l *life) fault() simulator.Fault {
	all := []simulator.Fault{
		simulator.Honest, simulator.Honest, simulator.ErrorBefore, simulator.ErrorAfter, simulator.HangUpBefore, simulator.HangUpAfter, simulator.Busy, simulator.OtherSpelling,
	}
	return all[l.r.IntN(len(all))]
}

// happen is one thing that happens next.
func (l *life) happen() {
	switch n := l.r.IntN(10); {
	case n < 4: // a callback, any of them, perhaps again; those that are never picked are lost
		all := l.collana.Callbacks()
		if len(all) == 0 {
			return
		}
		at := l.r.IntN(len(all))
		l.tell(all[at])
	case n < 7:
		l.resolve(time.Duration(1+l.r.IntN(300)) * time.Second)
	case n < 8:
		l.collana.Next("Status", l.fault())
	default:
		o := l.begun()
		if o.State != gateway.StateActionRequired || o.Action == nil || l.seen[o.Action.URL] {
			return
		}
		l.seen[o.Action.URL] = true
		l.shopper(o.Action.URL, map[bool]string{true: "approve", false: "decline"}[l.r.IntN(6) > 0])
	}
}

// after is what a shop does with what is held.
func (l *life) after() {
	for n := range 1 + l.r.IntN(4) {
		r := engine.Request{Store: store, Payment: l.id, Key: fmt.Sprint("after-", n)}
		amount := eur(int64(100 * (1 + l.r.IntN(40))))
		switch l.r.IntN(4) {
		case 0:
			_, _ = l.engine.Void(l.Context(), r) // what comes of it is judged at the end
		case 1:
			r.Amount = amount
			_, _ = l.engine.Refund(l.Context(), r)
		default:
			r.Amount = amount
			_, _ = l.engine.Capture(l.Context(), r)
		}
		for range 4 {
			l.happen()
		}
	}
}

// judge compares the books. What is parked is what nobody could know: ours may then
// be behind, and never ahead.
func (l *life) judge(t *tally) {
	ops, tries, err := l.engine.History(l.Context(), store, l.id)
	require.NoError(l, err)
	parked := false
	for _, o := range ops {
		assert.True(l, o.State.Terminal() || o.State == gateway.StateParked || o.State == gateway.StateAwaiting, "%s is %s: %s", o.Kind, o.State, o.Detail)
		parked = parked || !o.State.Terminal()
		for _, try := range tries[o.ID] {
			if try.Code == gateway.CodeIndeterminate {
				t.unknown.Add(1)
				break
			}
		}
	}
	if parked {
		t.parked.Add(1)
	}
	b, theirs := l.payment(l.id).Balances, l.collana.Total("EUR")
	assert.LessOrEqual(l, theirs.Authorized, int64(9990), "nothing is held twice")
	if theirs.Authorized > 0 {
		t.held.Add(1)
	}
	if theirs.Captured > 0 {
		t.moved.Add(1)
	}
	ours := []int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor()}
	for n, their := range []int64{theirs.Authorized, theirs.Released, theirs.Captured, theirs.Refunded} {
		assert.LessOrEqual(l, ours[n], their, "we book nothing that did not happen")
		if !parked {
			assert.Equal(l, their, ours[n], "our books are Collana's")
		}
	}
	if !parked {
		p := l.payment(l.id)
		assert.Equal(l, [3]int64{}, [3]int64{p.Reserved.Capturing.Minor(), p.Reserved.Releasing.Minor(), p.Reserved.Refunding.Minor()}, "nothing is held back any more")
	}
	if l.Failed() {
		for _, o := range ops {
			l.Logf("%s %s %s %q next %s", o.Kind, o.State, o.Code, o.Detail, o.NextCheck)
		}
		l.Logf("theirs %+v", theirs)
	}
}

// begun returns the newest operation that the shopper waits for.
func (l *life) begun() storage.Operation {
	ops, _, err := l.engine.History(l.Context(), store, l.id)
	require.NoError(l, err)
	for _, o := range slices.Backward(ops) {
		if o.Kind == gateway.OpAuthorize || o.Kind == gateway.OpPurchase {
			return o
		}
	}
	return storage.Operation{}
}

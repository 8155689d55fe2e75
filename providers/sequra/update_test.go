package sequra_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

func line(sku string, cents, quantity int64) gateway.Line {
	kind := gateway.LineProduct
	switch sku {
	case "ship":
		kind = gateway.LineShipping
	case "spring":
		kind = gateway.LineDiscount
	}
	return gateway.Line{SKU: sku, Name: sku, Kind: kind, Quantity: quantity, Price: eur(cents)}
}

func (w *world) do(what func(r engine.Request) (engine.Result, error), p gateway.Payment, key string, change func(*engine.Request)) error {
	w.Helper()
	r := engine.Request{Store: "es", Payment: p.ID, Key: key}
	change(&r)
	_, err := what(r)
	return err
}

func (w *world) capture(p gateway.Payment, key string, change func(*engine.Request)) error {
	w.Helper()
	return w.do(func(r engine.Request) (engine.Result, error) { return w.eng.Capture(w.Context(), r) }, p, key, change)
}

func (w *world) refund(p gateway.Payment, key string, change func(*engine.Request)) error {
	w.Helper()
	return w.do(func(r engine.Request) (engine.Result, error) { return w.eng.Refund(w.Context(), r) }, p, key, change)
}

// Two parcels and a partial return: what is told is all that is shipped each time,
// and both ledgers agree after every step.
func TestAnOrderIsShippedInParcels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.held("17")
	require.NoError(t, w.capture(p, "first", func(r *engine.Request) {
		r.Amount, r.Lines = eur(1300), []gateway.Line{line("shirt", 1300, 1)}
	}))
	w.equal(p.ID)
	require.NoError(t, w.capture(p, "second", func(r *engine.Request) { r.All = true }), "all that is left: there is only one way to mean that")
	w.equal(p.ID)
	require.NoError(t, w.refund(p, "one back", func(r *engine.Request) {
		r.Amount, r.Lines = eur(1300), []gateway.Line{line("shirt", 1300, 1)}
	}))
	w.equal(p.ID)
	err := w.refund(p, "another", func(r *engine.Request) { r.Amount, r.Lines = eur(1300), []gateway.Line{line("shirt", 1300, 1)} })
	require.ErrorIs(t, err, gateway.CodeInvalid, "which of them are still shipped does not follow any more")
	require.ErrorContains(t, err, "sequra.Parcels")
	require.NoError(t, w.refund(p, "another, told", func(r *engine.Request) {
		r.Amount = eur(1300)
		r.Extras = gateway.With(sequra.Parcels.Of(sequra.Carts{Shipped: []gateway.Line{line("ship", 600, 1), line("spring", -200, 1)}}))
	}))
	w.equal(p.ID)
	require.NoError(t, w.refund(p, "the rest", func(r *engine.Request) { r.All = true }))
	w.equal(p.ID)
	order, _ := w.sequra.Order(p.Refs.Get("order"))
	assert.Equal(t, simulator.Money{Held: 3000, Shipped: 3000, Returned: 3000}, order.Money)
	assert.Equal(t, 5, order.Updates)
}

// A last parcel that is not everything: the rest is let go of, in both ledgers. And
// a void of what is left after one.
func TestTheRestIsLetGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	final := w.held("17")
	require.NoError(t, w.capture(final, "last", func(r *engine.Request) {
		r.Amount, r.Final, r.Lines = eur(1700), true, []gateway.Line{line("shirt", 1300, 1), line("ship", 600, 1), line("spring", -200, 1)}
	}))
	w.equal(final.ID)
	assert.Equal(t, eur(1300), w.payment(final.ID).Balances.Released)

	part := w.held("18")
	require.NoError(t, w.capture(part, "first", func(r *engine.Request) { r.Amount, r.Lines = eur(2600), []gateway.Line{line("shirt", 1300, 2)} }))
	void := func(key string, change func(*engine.Request)) error {
		return w.do(func(r engine.Request) (engine.Result, error) { return w.eng.Void(w.Context(), r) }, part, key, change)
	}
	require.ErrorIs(t, void("void", func(*engine.Request) {}), gateway.CodeInvalid, "what is shipped must be told")
	require.NoError(t, void("void, told", func(r *engine.Request) {
		r.Extras = gateway.With(sequra.Parcels.Of(sequra.Carts{Shipped: []gateway.Line{line("shirt", 1300, 2)}}))
	}))
	w.equal(part.ID)

	whole := w.held("19")
	_, err := w.eng.Void(t.Context(), engine.Request{Store: "es", Payment: whole.ID, Key: "void whole"})
	require.NoError(t, err, "both carts are empty")
	w.equal(whole.ID)
	assert.Equal(t, gateway.PaymentVoided, w.payment(whole.ID).Status())
}

// Carts that do not say what is to be shipped are refused here, with a typed error,
// and nothing is sent.
func TestCartsThatDoNotAddUpAreNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.held("17")
	for name, change := range map[string]func(*engine.Request){
		"lines of another amount": func(r *engine.Request) { r.Amount, r.Lines = eur(1300), []gateway.Line{line("shirt", 1300, 2)} },
		"nothing told":            func(r *engine.Request) { r.Amount = eur(1300) },
		"what was not bought":     func(r *engine.Request) { r.Amount, r.Lines = eur(1300), []gateway.Line{line("hat", 1300, 1)} },
		"more than was bought":    func(r *engine.Request) { r.Amount, r.Lines = eur(1300*2+400), []gateway.Line{line("shirt", 1300, 3)} },
		"carts of another amount": func(r *engine.Request) {
			r.Amount = eur(1300)
			r.Extras = gateway.With(sequra.Parcels.Of(sequra.Carts{Shipped: []gateway.Line{line("shirt", 1300, 2)}, Unshipped: []gateway.Line{line("ship", 600, 1)}}))
		},
		"no quantity": func(r *engine.Request) {
			r.Amount = eur(1300)
			r.Extras = gateway.With(sequra.Parcels.Of(sequra.Carts{Shipped: []gateway.Line{line("shirt", 1300, 1), line("hat", 100, 0)}, Unshipped: []gateway.Line{line("shirt", 1300, 1), line("ship", 400, 1)}}))
		},
	} {
		require.ErrorIs(t, w.capture(p, name, change), gateway.CodeInvalid, name)
	}
	assert.Zero(t, w.sequra.Calls(simulator.OpUpdate))
	w.equal(p.ID)
	_, err := w.pools.For("sequra").Get(gateway.OpCapture).Execute(t.Context(), gateway.Subject{
		Store: "es", Payment: w.payment(p.ID), Order: basket("17"), Amount: eur(1300), Target: p.Refs.Get("order"), Lines: []gateway.Line{line("shirt", 1300, 1), line("ship", 600, 1)},
	})
	var totals *sequra.TotalsError
	require.ErrorAs(t, err, &totals)
	assert.Equal(t, sequra.TotalsError{Items: 1900, Total: 1300}, *totals)
}

// An answer that is lost: the carts are told again, which changes nothing, and the
// money moves once. Nothing else is told of the order meanwhile.
func TestALostUpdateIsToldAgainAndMovesMoneyOnce(t *testing.T) {
	t.Parallel()
	for _, fault := range simulator.Faults() {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.held("17")
			w.sequra.Next(simulator.OpUpdate, fault)
			err := w.capture(p, "ship", func(r *engine.Request) { r.Amount, r.Lines = eur(2600), []gateway.Line{line("shirt", 1300, 2)} })
			if fault != simulator.Garbage {
				require.Error(t, err)
				assert.NotEqual(t, gateway.CodeDeclined, gateway.CodeOf(err))
				err = w.capture(p, "more", func(r *engine.Request) {
					r.Amount, r.Lines = eur(400), []gateway.Line{line("ship", 600, 1), line("spring", -200, 1)}
				})
				require.ErrorIs(t, err, gateway.CodeConflict, "one at a time: carts are absolute")
			}
			for range 6 {
				w.advance(3 * time.Minute)
				_, err := w.eng.Resolve(t.Context(), 100)
				require.NoError(t, err)
			}
			assert.Equal(t, eur(2600), w.payment(p.ID).Balances.Captured)
			w.equal(p.ID)
			require.NoError(t, w.refund(p, "back", func(r *engine.Request) {
				r.All = true
				r.Extras = gateway.With(sequra.Parcels.Of(sequra.Carts{Unshipped: []gateway.Line{line("ship", 600, 1), line("spring", -200, 1)}}))
			}))
			w.equal(p.ID)
		})
	}
}

// While an update of another kind is under way, nothing is sent: it would undo it.
func TestUpdatesOfTwoKindsDoNotUndoOneAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.held("17")
	require.NoError(t, w.capture(p, "first", func(r *engine.Request) { r.Amount, r.Lines = eur(2600), []gateway.Line{line("shirt", 1300, 2)} }))
	rest := gateway.With(sequra.Parcels.Of(sequra.Carts{Unshipped: []gateway.Line{line("ship", 600, 1), line("spring", -200, 1)}}))
	w.sequra.Next(simulator.OpUpdate, simulator.LostAnswer)
	require.ErrorIs(t, w.refund(p, "back", func(r *engine.Request) { r.Amount, r.Extras = eur(2600), rest }), gateway.CodeIndeterminate)
	calls := w.sequra.Calls(simulator.OpUpdate)
	require.ErrorIs(t, w.capture(p, "more", func(r *engine.Request) { r.All = true }), gateway.CodeConflict)
	assert.Equal(t, calls, w.sequra.Calls(simulator.OpUpdate), "nothing was sent")
	w.advance(time.Minute)
	_, err := w.eng.Resolve(t.Context(), 100)
	require.NoError(t, err)
	assert.Equal(t, eur(2600), w.payment(p.ID).Balances.Refunded)
	w.equal(p.ID)
	require.NoError(t, w.capture(p, "more, later", func(r *engine.Request) {
		r.All = true
		r.Extras = gateway.With(sequra.Parcels.Of(sequra.Carts{Shipped: []gateway.Line{line("ship", 600, 1), line("spring", -200, 1)}}))
	}))
	w.equal(p.ID)
}

// Items that do not add up to the order are refused; who wants the difference to
// be an item of its own says so.
func TestADifferenceIsAnItemOnlyWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		due  int64
		want simulator.Money
	}{"less": {2999, simulator.Money{Held: 2999}}, "more": {3001, simulator.Money{Held: 3001}}} {
		p, err := w.eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: name, Amount: eur(c.due), Order: basket("order-" + name)})
		require.NoError(t, err)
		_, err = w.eng.Authorize(t.Context(), w.request(p, name))
		require.ErrorIs(t, err, gateway.CodeInvalid)
		require.ErrorContains(t, err, "the difference is")
		var totals *sequra.TotalsError
		assert.False(t, errors.As(err, &totals) && totals.Items != 3000)
		assert.Empty(t, w.payment(p.ID).Refs, "nothing was sent")
		r := w.request(p, name+" again")
		r.Extras = gateway.With(sequra.Details.Of(sequra.Order{Balance: true}))
		got, err := w.eng.Authorize(t.Context(), r)
		require.NoError(t, err)
		ops, _, err := w.eng.History(t.Context(), "es", p.ID)
		require.NoError(t, err)
		require.Equal(t, gateway.StateActionRequired, ops[len(ops)-1].State)
		require.Equal(t, 200, w.decide(got.Payment, simulator.Approve))
		order, _ := w.sequra.Order(got.Payment.Refs.Get("order"))
		assert.Equal(t, c.want, order.Money)
		require.NoError(t, w.capture(got.Payment, name+" ship", func(r *engine.Request) { r.All = true }), "and it is told again with the rest")
		w.equal(p.ID)
	}
}

// Every answer that is lost on the way to the form: the shopper gets one, and only
// the order that it is for is ever sold.
func TestALostSolicitationLeavesOneOrderThatIsSold(t *testing.T) {
	t.Parallel()
	for _, op := range []simulator.Operation{simulator.OpSolicit, simulator.OpForm} {
		for _, fault := range simulator.Faults() {
			t.Run(string(op)+" "+string(fault), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				p := w.create("17")
				w.sequra.Next(op, fault)
				_, err := w.eng.Authorize(t.Context(), w.request(p, "17"))
				if op == simulator.OpForm && fault == simulator.Garbage {
					require.NoError(t, err, "a form is whatever HTML it is")
				} else {
					require.Error(t, err)
				}
				for range 4 {
					w.advance(2 * time.Minute)
					_, err := w.eng.Resolve(t.Context(), 100)
					require.NoError(t, err)
				}
				p = w.payment(p.ID)
				require.Equal(t, gateway.StateActionRequired, w.begun(p.ID))
				require.Equal(t, 200, w.decide(p, simulator.Approve))
				w.equal(p.ID)
				var held int64
				for _, o := range w.sequra.Orders() {
					held += o.Money.Held
				}
				assert.Equal(t, int64(3000), held)
			})
		}
	}
}

// The command itself refuses too, whatever engine is around it: a payment of which
// something else is under way cannot be told as a whole.
func TestACommandTellsNothingWhileSomethingElseIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.held("17")
	for op, reserved := range map[gateway.Operation][]gateway.Reservations{
		gateway.OpCapture: {{Refunding: eur(1)}, {Releasing: eur(1)}},
		gateway.OpVoid:    {{Refunding: eur(1)}, {Capturing: eur(1)}},
		gateway.OpRefund:  {{Capturing: eur(1)}, {Releasing: eur(1)}},
	} {
		for _, r := range reserved {
			s := gateway.Subject{Store: "es", Operation: "op_9", Payment: w.payment(p.ID), Order: basket("17"), Target: p.Refs.Get("order")}
			s.Payment.Reserved = r
			switch op {
			case gateway.OpCapture:
				s.Amount = eur(3000)
			case gateway.OpRefund:
				s.Payment.Balances.Captured, s.Amount = eur(3000), eur(3000)
			}
			_, err := w.pools.For("sequra").Get(op).Execute(t.Context(), s)
			require.ErrorIs(t, err, gateway.CodeConflict, "%s %+v", op, r)
			s.Payment.Reserved = gateway.Reservations{}
			s.BeforeSend = func(context.Context, string) error { return errors.New("it would have been sent") }
			_, err = w.pools.For("sequra").Get(op).Execute(t.Context(), s)
			require.ErrorContains(t, err, "it would have been sent", "%s", op)
		}
	}
	assert.Zero(t, w.sequra.Calls(simulator.OpUpdate))
}

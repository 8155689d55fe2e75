package engine_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// trace is a hook that writes down when it is called.
type trace struct {
	mu    sync.Mutex
	calls []string
}

func (l *trace) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, s)
}

func (l *trace) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.calls
	l.calls = nil
	return all
}

func (l *trace) hook(name string) engine.Hook {
	return engine.Hook{
		Name:   name,
		Permit: func(_ context.Context, c engine.Call) error { l.add(name + " permit " + string(c.Kind)); return nil },
		Before: func(_ context.Context, c engine.Call, _ *engine.Request) error {
			l.add(name + " before " + string(c.Kind))
			return nil
		},
		Built: func(_ context.Context, c engine.Call, digest string) error {
			if digest == "" || c.Operation.ID == "" || c.Step.Number != 1 {
				return errors.New("the call is not identified")
			}
			l.add(name + " built " + string(c.Kind))
			return nil
		},
		Sent: func(_ context.Context, c engine.Call, _ gateway.Outcome, _ error) {
			l.add(name + " sent " + string(c.Kind))
		},
		Respond: func(_ context.Context, c engine.Call, out *gateway.Outcome) {
			l.add(name + " respond " + string(c.Kind))
			out.Phase = "seen by " + name
			out.Movements = nil
		},
		Partial: func(_ context.Context, c engine.Call, m gateway.Movement) map[string]string {
			l.add(name + " partial " + string(m.Kind))
			return map[string]string{"warehouse": "7"}
		},
	}
}

func hooked(hooks ...engine.Hook) func(*engine.Config, link) {
	return func(cfg *engine.Config, _ link) { cfg.Hooks = hooks }
}

// H3, H6 to H8: the hooks around authorize, purchase, capture, refund and void
// are called in their order, those of several in the order in which they were
// given; and then what happened is told.
func TestH3H6H7H8HooksAreCalledInTheirOrder(t *testing.T) {
	t.Parallel()
	var l trace
	w := newWorldWith(t, simulator.Rules{}, hooked(l.hook("a"), l.hook("b")))
	want := func(kind string, partial string) (all []string) {
		for _, at := range []string{"permit", "before", "built", "sent", "respond"} {
			all = append(all, "a "+at+" "+kind, "b "+at+" "+kind)
		}
		if partial != "" {
			all = append(all, "a partial "+partial, "b partial "+partial)
		}
		return all
	}
	p := w.held("17")
	assert.Equal(t, want("authorize", ""), l.take())
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	assert.Equal(t, want("capture", "capture"), l.take(), "H3: a part moved")
	assert.Equal(t, "seen by b", r.Outcome.Phase, "H3: the caller sees what the hooks made of it")
	assert.Equal(t, eur(400), r.Payment.Balances.Captured, "and the ledger what the provider said")
	assert.Empty(t, r.Payment.Phase)
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	assert.Empty(t, l.take(), "what was done is not done again")
	_, err = w.eng.Refund(t.Context(), w.request(p, "back", amount(400)))
	require.NoError(t, err)
	assert.Equal(t, want("refund", ""), l.take())
	_, err = w.eng.Void(t.Context(), w.request(p, "void"))
	require.NoError(t, err)
	assert.Equal(t, want("void", ""), l.take())
	q := w.create("18")
	_, err = w.eng.Purchase(t.Context(), w.request(q, "buy", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.NoError(t, err)
	assert.Equal(t, want("purchase", ""), l.take())
	w.server.Next(simulator.OpRefund, simulator.ResetAfter)
	_, err = w.eng.Refund(t.Context(), w.request(q, "lost", amount(1000)))
	require.Error(t, err)
	assert.Equal(t, want("refund", "")[:6], l.take(), "no answer came: there is nothing to show")
	w.converge()
	w.equal()
}

// H5: a part of a payment keeps its provider and references, and what a hook
// noted of it, in the transaction that books it.
func TestH5AHookNotesSomethingAboutAPart(t *testing.T) {
	t.Parallel()
	var l trace
	w := newWorldWith(t, simulator.Rules{}, hooked(l.hook("stock")))
	p := w.held("17")
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	notes, err := w.eng.Notes(t.Context(), "es", p.ID, r.Operation.ID, "stock")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"warehouse": "7"}, notes)
	assert.Equal(t, "sandbox", r.Payment.Movements[len(r.Payment.Movements)-1].Provider)
	assert.NotEmpty(t, r.Payment.Refs.Get("payment"))
	notes, err = w.eng.Notes(t.Context(), "es", p.ID, r.Operation.ID, "another")
	require.NoError(t, err)
	assert.Empty(t, notes)
}

// H6: what comes before the call may adjust the request, or refuse it; nothing is sent then.
func TestH6BeforeHooksAdjustOrRefuse(t *testing.T) {
	t.Parallel()
	var refuse error
	adjust := func(*engine.Request) {}
	hook := engine.Hook{Name: "risk", Before: func(_ context.Context, _ engine.Call, r *engine.Request) error { adjust(r); return refuse }}
	w := newWorldWith(t, simulator.Rules{}, hooked(hook))
	p := w.held("17")
	adjust = func(r *engine.Request) { r.Amount = eur(300) }
	request := w.request(p, "ship", amount(400))
	r, err := w.eng.Capture(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, eur(300), r.Payment.Balances.Captured)
	adjust = func(r *engine.Request) { r.Amount = eur(1) }
	r, err = w.eng.Capture(t.Context(), request)
	require.NoError(t, err, "the same command: what the hook decided stands")
	assert.Equal(t, eur(300), r.Payment.Balances.Captured)

	adjust = func(r *engine.Request) { r.Payment = "pay_another" }
	_, err = w.eng.Capture(t.Context(), w.request(p, "x", amount(1)))
	require.ErrorIs(t, err, gateway.CodeInternal)
	require.ErrorContains(t, err, "risk")
	adjust = func(*engine.Request) { panic("a secret") }
	_, err = w.eng.Capture(t.Context(), w.request(p, "x", amount(1)))
	require.ErrorIs(t, err, gateway.CodeInternal)
	assert.NotContains(t, err.Error(), "a secret")
	adjust = func(*engine.Request) {}
	for _, c := range []struct {
		err  error
		want gateway.Code
	}{
		{gateway.Errorf(gateway.CodeDeclined, "too risky"), gateway.CodeDeclined},
		{errors.New("plain"), gateway.CodeConflict},
		{gateway.Errorf(gateway.CodeIndeterminate, "?"), gateway.CodeInvalid},
	} {
		refuse = c.err
		calls := len(w.server.Calls())
		_, err = w.eng.Capture(t.Context(), w.request(p, "x", amount(1)))
		assert.Equal(t, c.want, gateway.CodeOf(err), "%v", err)
		assert.Len(t, w.server.Calls(), calls)
	}
	ops, _, err := w.eng.History(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Len(t, ops, 2, "what was refused is not written down")
	w.equal()
}

// The last refusal: everything is built, nothing is sent, and the operation ends as refused.
func TestABuiltHookStopsWhatIsReadyToGo(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func() error{
		"an error": func() error { return gateway.Errorf(gateway.CodeConflict, "no") },
		"a panic":  func() error { panic("no") },
		"a doubt":  func() error { return gateway.Errorf(gateway.CodeIndeterminate, "no") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := false
			w := newWorldWith(t, simulator.Rules{}, hooked(engine.Hook{Name: "last", Built: func(context.Context, engine.Call, string) error {
				if !on {
					return nil
				}
				return refuse()
			}}))
			p := w.held("17")
			on = true
			calls := len(w.server.Calls())
			r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
			require.Error(t, err)
			assert.Equal(t, gateway.StateFailed, r.Operation.State, "%v", err)
			assert.Equal(t, eur(0), r.Payment.Reserved.Capturing)
			assert.Len(t, w.server.Calls(), calls)
			w.equal()
		})
	}
}

// What comes after the call cannot lose what the provider said.
func TestHooksAfterTheAnswerLoseNothing(t *testing.T) {
	t.Parallel()
	bad := engine.Hook{
		Name: "bad",
		Sent: func(_ context.Context, _ engine.Call, out gateway.Outcome, _ error) {
			out.Movements[0].Amount = eur(1)
			panic("x")
		},
		Respond: func(_ context.Context, _ engine.Call, out *gateway.Outcome) { *out = gateway.Outcome{}; panic("x") },
		Partial: func(context.Context, engine.Call, gateway.Movement) map[string]string { panic("x") },
	}
	w := newWorldWith(t, simulator.Rules{}, hooked(bad))
	p := w.held("17")
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	assert.Equal(t, eur(400), r.Payment.Balances.Captured)
	w.equal()
}

// H1: what happened to a payment is told, in the transaction that recorded it:
// authorized, awaited, captured, refunded, voided, cancelled, card created.
func TestH1WhatHappenedIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{AsyncCapture: true, ChallengeValidity: 96 * time.Hour})
	p := w.held("17")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	awaited := w.told(p.ID)
	w.server.Advance(2 * time.Minute)
	w.later(2 * time.Minute)
	_, err = w.eng.Refund(t.Context(), w.request(p, "back", amount(100)))
	require.NoError(t, err)
	_, err = w.eng.Void(t.Context(), w.request(p, "void"))
	require.NoError(t, err)
	assert.Equal(t, []string{"money.hold", "operation.succeeded", "operation.awaiting"}, awaited)
	assert.Equal(t, []string{
		"money.hold", "operation.succeeded", "operation.awaiting", "money.capture", "operation.succeeded",
		"money.refund", "operation.succeeded", "money.release", "operation.succeeded",
	}, w.told(p.ID))
	q := w.challenged("18")
	_, err = w.eng.Cancel(t.Context(), w.request(q, "cancel"))
	require.NoError(t, err)
	assert.Equal(t, []string{"operation.action_required", "operation.succeeded", "operation.cancelled"}, w.told(q.ID))
	r, err := w.eng.Verify(t.Context(), engine.Request{Store: "es", Key: "v", Provider: "sandbox", Amount: eur(0), Instrument: card(simulator.TokenOK)})
	require.NoError(t, err)
	assert.Contains(t, w.told(r.Payment.ID), "instrument.stored")
}

// told returns the kinds of a payment's events, oldest first.
func (w *world) told(id gateway.PaymentID) (kinds []string) {
	w.Helper()
	require.NoError(w, w.db.View(w.Context(), func(tx *storage.Tx) error {
		all, err := tx.Events("es", id)
		for _, e := range all {
			kinds = append(kinds, e.Kind)
		}
		return err
	}))
	return kinds
}

// H9: what "pay" does is decided by the configuration, or by one hook; two that
// want to decide stop the start.
func TestH9OneHookMayDecideWhatRuns(t *testing.T) {
	t.Parallel()
	pay := func(w *world) gateway.Operation {
		r, err := w.eng.Pay(t.Context(), w.request(w.create("17"), "pay", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
		require.NoError(t, err)
		again, err := w.eng.Pay(t.Context(), w.request(r.Payment, "pay", amount(1000)))
		require.NoError(t, err)
		assert.Equal(t, r.Operation.ID, again.Operation.ID)
		return r.Operation.Kind
	}
	assert.Equal(t, gateway.OpPurchase, pay(newWorld(t, simulator.Rules{})))
	assert.Equal(t, gateway.OpAuthorize, pay(newWorldWith(t, simulator.Rules{}, func(c *engine.Config, _ link) { c.Pay = gateway.OpAuthorize })))
	var l trace
	assert.Equal(t, gateway.OpPurchase, pay(newWorldWith(t, simulator.Rules{}, hooked(l.hook("no opinion")))))
	decide := func(name string, kind gateway.Operation) engine.Hook {
		return engine.Hook{Name: name, Override: map[gateway.Operation]func(context.Context, engine.Call) (gateway.Operation, error){
			engine.OpPay: func(_ context.Context, c engine.Call) (gateway.Operation, error) {
				assert.Equal(t, engine.OpPay, c.Kind)
				return kind, nil
			},
		}}
	}
	assert.Equal(t, gateway.OpAuthorize, pay(newWorldWith(t, simulator.Rules{}, hooked(decide("a", gateway.OpAuthorize)))))
	w := newWorldWith(t, simulator.Rules{}, hooked(decide("a", "unheard_of")))
	_, err := w.eng.Pay(t.Context(), w.request(w.create("17"), "pay", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeUnsupported)
	_, err = engine.New(engine.Config{Pools: pools(t, link{url: "http://127.0.0.1:1"}), Storage: w.db, Hooks: []engine.Hook{decide("a", gateway.OpPurchase), decide("b", gateway.OpPurchase)}})
	require.ErrorIs(t, err, gateway.CodeInternal)
	require.ErrorContains(t, err, "pay is overridden by a and by b")
	_, err = engine.New(engine.Config{Pools: pools(t, link{url: "http://127.0.0.1:1"}), Storage: w.db, Hooks: []engine.Hook{{}, {Name: "x"}, {Name: "x"}}})
	require.ErrorContains(t, err, "hook 1 needs a Name")
	require.ErrorContains(t, err, "hook 3 needs a Name")
}

// H1, the permission hooks: what they refuse is refused, and can be asked before.
func TestH1PermissionHooksAreAsked(t *testing.T) {
	t.Parallel()
	for _, kind := range []gateway.Operation{gateway.OpCapture, gateway.OpRefund, gateway.OpVoid} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, simulator.Rules{}, hooked(engine.Hook{Name: "staff", Permit: func(_ context.Context, c engine.Call) error {
				if c.Kind == kind {
					return gateway.Errorf(gateway.CodeUnsupported, "only the manager may %s", kind)
				}
				return nil
			}}))
			p := w.held("17")
			request := w.request(p, "x")
			if kind != gateway.OpVoid {
				request.Amount = eur(100)
			}
			if kind == gateway.OpRefund {
				_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(500)))
				require.NoError(t, err)
			}
			do := map[gateway.Operation]func(context.Context, engine.Request) (engine.Result, error){
				gateway.OpCapture: w.eng.Capture, gateway.OpRefund: w.eng.Refund, gateway.OpVoid: w.eng.Void,
			}[kind]
			_, err := do(t.Context(), request)
			require.ErrorIs(t, err, gateway.CodeUnsupported)
			require.ErrorContains(t, err, "only the manager")
			require.ErrorIs(t, w.eng.Can(t.Context(), kind, request), gateway.CodeUnsupported)
			w.equal()
		})
	}
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	require.NoError(t, w.eng.Can(t.Context(), gateway.OpCapture, w.request(p, "", amount(1000))))
	require.ErrorIs(t, w.eng.Can(t.Context(), gateway.OpCapture, w.request(p, "", amount(1001))), gateway.CodeConflict)
	require.ErrorIs(t, w.eng.Can(t.Context(), gateway.OpRefund, w.request(p, "", amount(1))), gateway.CodeConflict)
	require.ErrorIs(t, w.eng.Can(t.Context(), "unheard_of", w.request(p, "")), gateway.CodeUnsupported)
}

// H5: how often a payment is captured and refunded in parts is the shop's to say.
func TestH5PartsAreLimitedByTheShop(t *testing.T) {
	t.Parallel()
	steps := []int64{400, 300, 300}
	for parts, want := range map[engine.Parts][]int64{
		engine.PartsMany: {400, 300, 300}, engine.PartsOnce: {400}, engine.PartsNone: {}, engine.PartsOff: {},
	} {
		t.Run(string(parts), func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, simulator.Rules{}, func(c *engine.Config, _ link) {
				c.Limits = func(gateway.StoreID, string) engine.Limits { return engine.Limits{Capture: parts} }
			})
			p := w.held("17")
			done := []int64{}
			for i, n := range steps {
				if _, err := w.eng.Capture(t.Context(), w.request(p, "ship"+string(rune('1'+i)), amount(n))); err == nil {
					done = append(done, n)
				}
			}
			assert.Equal(t, want, done)
			if parts == engine.PartsNone {
				_, err := w.eng.Capture(t.Context(), w.request(p, "all", amount(1000)))
				require.NoError(t, err)
			}
			w = newWorldWith(t, simulator.Rules{}, func(c *engine.Config, _ link) {
				c.Limits = func(gateway.StoreID, string) engine.Limits { return engine.Limits{Refund: parts} }
			})
			p = w.held("18")
			_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
			require.NoError(t, err)
			done = []int64{}
			for i, n := range steps {
				if _, err := w.eng.Refund(t.Context(), w.request(p, "back"+string(rune('1'+i)), amount(n))); err == nil {
					done = append(done, n)
				}
			}
			assert.True(t, slices.Equal(want, done), "%v, not %v", done, want)
		})
	}
}

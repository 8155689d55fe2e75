package engine_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// promising changes what the sandbox promises of one endpoint.
func promising(op gateway.Operation, f func(e *gateway.Endpoint)) command.Item {
	return command.Override("sandbox", op, command.Promise(f))
}

// with makes an engine whose sandbox has more items.
func with(t *testing.T, items ...command.Item) func(*engine.Config, link) {
	return func(cfg *engine.Config, at link) { cfg.Pools = pools(t, at, items...) }
}

func TestAnAdjustmentChangesWhatIsHeld(t *testing.T) {
	t.Parallel()
	for _, fault := range append([]simulator.Fault{simulator.NoFault}, simulator.Faults()...) {
		for _, total := range []int64{1500, 700} {
			t.Run(string(fault), func(t *testing.T) {
				t.Parallel()
				if fault == simulator.SuccessThenReversed {
					fault = simulator.WebhookFirst
				}
				w := newWorld(t, simulator.Rules{})
				p := w.held("17")
				w.server.Next(simulator.OpAdjust, fault)
				r, err := w.eng.Adjust(t.Context(), w.request(p, "adjust", amount(total)))
				if fault == simulator.NoFault {
					require.NoError(t, err)
					assert.Equal(t, eur(total), r.Payment.Balances.Authorized)
				}
				w.converge()
				assert.Empty(t, w.open(p.ID), w.story(p.ID))
				assert.Equal(t, eur(total), w.load(p.ID).Balances.Authorized, w.story(p.ID))
				w.equal()
			})
		}
	}
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	for n, code := range map[int64]gateway.Code{399: gateway.CodeConflict, 1000: gateway.CodeConflict, 0: gateway.CodeInvalid} {
		_, err = w.eng.Adjust(t.Context(), w.request(p, "adjust", amount(n)))
		assert.Equal(t, code, gateway.CodeOf(err), "%d: %v", n, err)
	}
	_, err = w.eng.Adjust(t.Context(), w.request(p, "adjust", func(r *engine.Request) { r.All = true }))
	require.ErrorIs(t, err, gateway.CodeInvalid)
	w.equal()
}

// Less is to be held: while nobody knows whether it is, what would be let go is not captured.
func TestWhatAnAdjustmentLetsGoIsNotCaptured(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	w.server.Next(simulator.OpAdjust, simulator.ResetAfter)
	_, err := w.eng.Adjust(t.Context(), w.request(p, "adjust", amount(600)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(601)))
	require.ErrorIs(t, err, gateway.CodeConflict)
	_, err = w.eng.Capture(t.Context(), w.request(p, "ship", amount(600)))
	require.NoError(t, err)
	w.converge()
	assert.Empty(t, w.open(p.ID), w.story(p.ID))
	w.equal()
}

func TestAVerifiedInstrumentIsStoredAndPaysAgain(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.NoFault, simulator.ResetAfter, simulator.ResetBefore, simulator.RateLimited, simulator.HTMLBody} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Rules{})
			r := engine.Request{Store: "es", Key: "verify", Provider: "sandbox", Amount: eur(0), Instrument: card(simulator.TokenOK)}
			w.server.Next(simulator.OpCreateInstrument, fault)
			_, err := w.eng.Verify(t.Context(), r)
			assert.Equal(t, fault == simulator.NoFault, err == nil, "%v", err)
			w.converge()
			got, err := w.eng.Verify(t.Context(), r)
			require.NoError(t, err, w.story(got.Payment.ID))
			require.NotEmpty(t, got.Instrument)
			assert.False(t, got.Payment.Balances.Authorized.IsPositive())
			i, err := w.eng.Instrument(t.Context(), "es", got.Instrument)
			require.NoError(t, err)
			assert.True(t, i.Public.Token.IsZero())
			assert.NotEmpty(t, i.Public.Last4)
			all, err := w.eng.Instruments(t.Context(), "es", "sandbox", i.Public.Customer)
			require.NoError(t, err)
			require.Len(t, all, 1)

			p := w.create("17")
			w.server.Next(simulator.OpCreatePayment, simulator.ResetBefore) // it is sent again by the engine, which has the token
			_, err = w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Saved = got.Instrument }))
			require.Error(t, err)
			w.converge()
			assert.Equal(t, eur(1000), w.load(p.ID).Balances.Authorized, w.story(p.ID))

			_, err = w.eng.Forget(t.Context(), engine.Request{Store: "es", Key: "forget", Saved: got.Instrument})
			require.NoError(t, err)
			_, err = w.eng.Authorize(t.Context(), w.request(w.create("18"), "auth-18", amount(1000), func(r *engine.Request) { r.Saved = got.Instrument }))
			require.ErrorIs(t, err, gateway.CodeConflict, "it was forgotten")
			all, err = w.eng.Instruments(t.Context(), "es", "sandbox", i.Public.Customer)
			require.NoError(t, err)
			assert.Empty(t, all)
			w.equal()
		})
	}
	w := newWorld(t, simulator.Rules{})
	_, err := w.eng.Verify(t.Context(), engine.Request{Store: "es", Key: "v", Provider: "sandbox", Instrument: card(simulator.TokenOK)})
	require.ErrorIs(t, err, gateway.CodeInvalid, "in which currency?")
	_, err = w.eng.Verify(t.Context(), engine.Request{Store: "es", Key: "v", Provider: "sandbox", Amount: eur(1), Instrument: card(simulator.TokenOK)})
	require.ErrorIs(t, err, gateway.CodeInvalid, "that is Authorize")
	_, err = w.eng.Forget(t.Context(), engine.Request{Store: "es", Key: "f", Saved: "ins_none"})
	require.ErrorIs(t, err, gateway.CodeNotFound)
}

// A payment that another program made is taken over: it can be captured and refunded here.
func TestAPaymentBegunElsewhereIsAdopted(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.NoFault, simulator.ResetAfter, simulator.ServerErrorBefore, simulator.GarbageBody} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Rules{})
			elsewhere := w.elsewhere(1000)
			a := engine.Adoption{Store: "es", Key: "old-17", Provider: "sandbox", Amount: eur(1000), Order: &gateway.Order{Number: "17"}, Refs: gateway.Refs{{Name: "payment", Value: elsewhere}}}
			w.server.Next(simulator.OpGetPayment, fault)
			r, err := w.eng.Adopt(t.Context(), a)
			assert.Equal(t, fault == simulator.NoFault, err == nil, "%v", err)
			w.converge()
			again, err := w.eng.Adopt(t.Context(), a)
			require.NoError(t, err, w.story(r.Payment.ID))
			assert.Equal(t, r.Payment.ID, again.Payment.ID)
			assert.Equal(t, eur(1000), again.Payment.Balances.Authorized, w.story(r.Payment.ID))
			_, err = w.eng.Capture(t.Context(), engine.Request{Store: "es", Payment: r.Payment.ID, Key: "ship", Amount: eur(1000)})
			require.NoError(t, err)
			_, err = w.eng.Refund(t.Context(), engine.Request{Store: "es", Payment: r.Payment.ID, Key: "back", Amount: eur(300)})
			require.NoError(t, err)
			a.Key = "another"
			_, err = w.eng.Adopt(t.Context(), a)
			require.ErrorIs(t, err, gateway.CodeConflict, "it is ours already")
			w.equal()
		})
	}
	w := newWorld(t, simulator.Rules{})
	_, err := w.eng.Adopt(t.Context(), engine.Adoption{Store: "es", Key: "k", Amount: eur(1)})
	require.ErrorIs(t, err, gateway.CodeInvalid)
	stated, err := w.eng.Adopt(t.Context(), engine.Adoption{
		Store: "es", Key: "told", Provider: "acme", Amount: eur(500), Refs: gateway.Refs{{Name: "payment", Value: "x"}},
		Movements: []gateway.Movement{{Kind: gateway.MoveCapture, Amount: eur(500), Reference: "c1"}},
	})
	require.NoError(t, err)
	assert.Equal(t, eur(500), stated.Payment.Refundable())
}

// elsewhere makes a payment at the provider that no engine knows.
func (w *world) elsewhere(minor int64) (id string) {
	w.Helper()
	out, err := pools(w.T, link{url: w.server.URL()}).For("sandbox").Get(gateway.OpAuthorize).Execute(w.Context(), gateway.Subject{
		Store: "es", Operation: "elsewhere", Amount: eur(minor), Instrument: card(simulator.TokenOK), IdempotencyKey: "elsewhere",
	})
	require.NoError(w, err)
	return out.Reference("payment")
}

func TestOneOrderIsPaidOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	order := func(key string, split bool) gateway.Payment {
		p, err := w.eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: key, Amount: eur(1000), Order: &gateway.Order{Number: "17"}, Split: split})
		require.NoError(t, err)
		return p
	}
	pay := func(p gateway.Payment, key, token string) error {
		_, err := w.eng.Authorize(t.Context(), w.request(p, key, amount(1000), func(r *engine.Request) { r.Instrument = card(token) }))
		return err
	}
	first, second := order("tab-1", false), order("tab-2", false)
	results := make(chan error, 2)
	go func() { results <- pay(first, "a", simulator.TokenOK) }()
	go func() { results <- pay(second, "b", simulator.TokenOK) }()
	one, two := <-results, <-results
	assert.NotEqual(t, one == nil, two == nil, "two tabs: %v, %v", one, two)
	require.ErrorIs(t, errors.Join(one, two), gateway.CodeConflict)
	require.Len(t, w.server.Payments(), 1)
	loser, winner := second, first
	if w.load(second.ID).Balances.Authorized.IsPositive() {
		loser, winner = first, second
	}
	require.ErrorIs(t, pay(loser, "again", simulator.TokenOK), gateway.CodeConflict)
	_, err := w.eng.Void(t.Context(), w.request(winner, "void"))
	require.NoError(t, err)
	require.NoError(t, pay(loser, "at last", simulator.TokenOK), "the other one gave its money back")

	w2 := newWorld(t, simulator.Rules{})
	w = w2
	voucher, rest := order("voucher", true), order("card", true)
	require.NoError(t, pay(voucher, "a", simulator.TokenOK))
	require.NoError(t, pay(rest, "b", simulator.TokenOK), "both were created to split the order")
	require.ErrorIs(t, pay(order("third", false), "c", simulator.TokenOK), gateway.CodeConflict)
	w.equal()
}

// A provider that refunds captures: one refund goes over several of them, oldest
// first, one call each, whatever becomes of the answers.
func TestARefundIsSpreadOverCaptures(t *testing.T) {
	t.Parallel()
	byCapture := promising(gateway.OpRefund, func(e *gateway.Endpoint) { e.RefundTarget = gateway.RefundCapture })
	for _, fault := range append([]simulator.Fault{simulator.NoFault}, simulator.Faults()...) {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			if fault == simulator.SuccessThenReversed {
				fault = simulator.WebhookFirst
			}
			w := newWorldWith(t, simulator.Rules{}, with(t, byCapture))
			p := w.held("17")
			for i, n := range []int64{400, 350, 250} {
				_, err := w.eng.Capture(t.Context(), w.request(p, "ship"+string(rune('1'+i)), amount(n)))
				require.NoError(t, err)
			}
			w.server.Next(simulator.OpRefund, simulator.NoFault, fault)
			r, err := w.eng.Refund(t.Context(), w.request(p, "back", amount(800)))
			if fault == simulator.NoFault {
				require.NoError(t, err)
				assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
			}
			_, err = w.eng.Refund(t.Context(), w.request(p, "too much", amount(201)))
			require.ErrorIs(t, err, gateway.CodeConflict)
			w.converge()
			assert.Empty(t, w.open(p.ID), w.story(p.ID))
			got := w.load(p.ID)
			assert.Equal(t, eur(800), got.Balances.Refunded, w.story(p.ID))
			var spread []int64
			for _, m := range got.Movements {
				if m.Kind == gateway.MoveCapture {
					spread = append(spread, m.Amount.Minor()-got.RefundableOf(m.Reference).Minor())
				}
			}
			assert.Equal(t, []int64{400, 350, 50}, spread, "oldest first")
			w.equal()

			capture := got.Movements[len(got.Movements)-1].Parent
			_, err = w.eng.Refund(t.Context(), w.request(p, "named", amount(201), func(r *engine.Request) { r.Target = capture }))
			require.ErrorIs(t, err, gateway.CodeConflict, "more than that capture has left")
		})
	}
}

// A provider without a sale: purchase is a flow of two calls.
func flowing(t *testing.T) func(*engine.Config, link) {
	return func(cfg *engine.Config, at link) {
		cfg.Pools = poolsWith(t, at, map[gateway.Operation]command.Flow{gateway.OpPurchase: {Steps: []gateway.Operation{gateway.OpAuthorize, gateway.OpCapture}}})
	}
}

func TestAFlowOfCallsIsOneOperation(t *testing.T) {
	t.Parallel()
	for _, op := range []simulator.Operation{simulator.OpCreatePayment, simulator.OpCapture} {
		for _, fault := range append([]simulator.Fault{simulator.NoFault}, simulator.Faults()...) {
			t.Run(string(op)+" "+string(fault), func(t *testing.T) {
				t.Parallel()
				if fault == simulator.SuccessThenReversed {
					fault = simulator.WebhookFirst
				}
				w := newWorldWith(t, simulator.Rules{}, flowing(t))
				p := w.create("17")
				w.server.Next(op, fault)
				r, err := w.eng.Purchase(t.Context(), w.request(p, "buy", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
				if fault == simulator.NoFault {
					require.NoError(t, err)
					assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
				}
				w.converge()
				assert.Empty(t, w.open(p.ID), w.story(p.ID))
				assert.Equal(t, eur(1000), w.load(p.ID).Balances.Captured, w.story(p.ID))
				w.equal()
				ops, tries, err := w.eng.History(t.Context(), "es", p.ID)
				require.NoError(t, err)
				assert.Len(t, ops, 1)
				assert.NotEmpty(t, tries[ops[0].ID])
				var steps []storage.Step
				require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) (err error) { steps, err = tx.Steps("es", ops[0].ID); return err }))
				if len(steps) == 2 {
					assert.NotEqual(t, steps[0].Key, steps[1].Key, "two calls never share a key")
				}
			})
		}
	}
}

func TestADisputeIsKeptAndToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	d := gateway.Dispute{Reference: "dis_1", Capture: "cap_1", Reason: "fraud", Amount: eur(300), State: gateway.DisputeOpen}
	tell := func() {
		require.NoError(t, w.eng.Record(t.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceWebhook, Outcome: gateway.Outcome{Dispute: &d}}))
	}
	tell()
	tell()
	d.State = gateway.DisputeWon
	tell()
	var events []string
	require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Events("es", p.ID)
		for _, e := range all {
			if e.Kind == "dispute.open" || e.Kind == "dispute.won" {
				events = append(events, e.Kind)
			}
		}
		disputes, derr := tx.Disputes("es", p.ID)
		require.Len(t, disputes, 1)
		assert.Equal(t, gateway.DisputeWon, disputes[0].State)
		return errors.Join(err, derr)
	}))
	assert.Equal(t, []string{"dispute.open", "dispute.won"}, events)
}

func TestTheCaptureLimitIsTheSmallerOfTheProvidersAndTheShops(t *testing.T) {
	t.Parallel()
	provider := gateway.OverCapture{BasisPoints: 1500, AtMost: map[string]int64{"EUR": 7500}}
	for name, c := range map[string]struct {
		shop *gateway.OverCapture
		most int64
	}{
		"the provider's":  {nil, 1150},
		"the shop's":      {&gateway.OverCapture{BasisPoints: 1000, AtMost: map[string]int64{"EUR": 100}}, 1100},
		"the shop's none": {&gateway.OverCapture{}, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, simulator.Rules{OverCapture: simulator.OverCapture{Percent: 15}}, with(t, promising(gateway.OpCapture, func(e *gateway.Endpoint) { e.OverCapture = provider })), func(cfg *engine.Config, _ link) {
				cfg.Limits = func(gateway.StoreID, string) engine.Limits { return engine.Limits{OverCapture: c.shop} }
			})
			p := w.held("17")
			assert.Equal(t, eur(c.most), p.Capturable())
			_, err := w.eng.Capture(t.Context(), w.request(p, "too much", amount(c.most+1)))
			require.ErrorIs(t, err, gateway.CodeConflict)
			r, err := w.eng.Capture(t.Context(), w.request(p, "all", amount(c.most)))
			require.NoError(t, err)
			assert.Equal(t, eur(c.most), r.Payment.Balances.Captured)
			w.equal()
			q := w.held("18")
			r, err = w.eng.Capture(t.Context(), w.request(q, "18", func(r *engine.Request) { r.All = true }))
			require.NoError(t, err)
			assert.Equal(t, eur(1000), r.Payment.Balances.Captured, "all is what is held, and no more")
		})
	}
}

// A final capture takes the rest of the hold with it: while nobody knows whether
// it happened, nothing else may take that rest; and then the payment is closed.
func TestAFinalCaptureTakesTheRestOfTheHold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules simulator.Rules
		edits []command.Item
		final bool
	}{
		"because the caller says so": {final: true},
		"because the provider releases what is left": {
			rules: simulator.Rules{RemainderAfterPartial: simulator.RemainderReleased},
			edits: []command.Item{promising(gateway.OpCapture, func(e *gateway.Endpoint) { e.RemainderAfterPartial = gateway.RemainderReleased })},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, c.rules, with(t, c.edits...))
			p := w.held("17")
			w.server.Next(simulator.OpCapture, simulator.ResetAfter)
			_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400), func(r *engine.Request) { r.Final = c.final }))
			require.ErrorIs(t, err, gateway.CodeIndeterminate)
			_, err = w.eng.Capture(t.Context(), w.request(p, "more", amount(1)))
			require.ErrorIs(t, err, gateway.CodeConflict)
			_, err = w.eng.Void(t.Context(), w.request(p, "void"))
			require.ErrorIs(t, err, gateway.CodeConflict)
			w.converge()
			got := w.load(p.ID)
			assert.Equal(t, eur(400), got.Balances.Captured, w.story(p.ID))
			assert.Equal(t, eur(600), got.Balances.Released, w.story(p.ID))
			assert.True(t, got.Closed)
			w.equal()
		})
	}
}

func TestAProviderThatTakesOneAtATimeGetsOneAtATime(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{}, with(t, promising(gateway.OpCapture, func(e *gateway.Endpoint) { e.OneAtATime = true })))
	p := w.held("17")
	w.server.Next(simulator.OpCapture, simulator.ResetAfter)
	_, err := w.eng.Capture(t.Context(), w.request(p, "one", amount(100)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	_, err = w.eng.Capture(t.Context(), w.request(p, "two", amount(100)))
	require.ErrorIs(t, err, gateway.CodeConflict)
	w.converge()
	_, err = w.eng.Capture(t.Context(), w.request(p, "two", amount(100)))
	require.NoError(t, err)
	w.equal()
}

// Calls that each tell all of an order wait for each other, of whatever kind they are.
func TestCallsThatTellAllOfAnOrderWaitForEachOther(t *testing.T) {
	t.Parallel()
	one := func(e *gateway.Endpoint) { e.OneAtATime = true }
	for kinds, refused := range map[int]bool{0: false, 1: true} {
		edits := []command.Item{promising(gateway.OpCapture, one), promising(gateway.OpRefund, one)}
		w := newWorldWith(t, simulator.Rules{}, with(t, edits[:kinds+1]...))
		p := w.held("17")
		_, err := w.eng.Capture(t.Context(), w.request(p, "one", amount(100)))
		require.NoError(t, err)
		w.server.Next(simulator.OpCapture, simulator.ResetAfter)
		_, err = w.eng.Capture(t.Context(), w.request(p, "two", amount(200)))
		require.ErrorIs(t, err, gateway.CodeIndeterminate)
		_, err = w.eng.Refund(t.Context(), w.request(p, "back", amount(50)))
		assert.Equal(t, refused, gateway.CodeOf(err) == gateway.CodeConflict, err)
		w.converge()
		_, err = w.eng.Refund(t.Context(), w.request(p, "back", amount(50)))
		require.NoError(t, err)
		w.equal()
	}
}

// A void releases whatever is not captured yet: while a capture is open, that may
// be what it is about to take.
func TestAVoidWaitsForAnOpenCapture(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{AsyncCapture: true})
	p := w.held("17")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	_, err = w.eng.Void(t.Context(), w.request(p, "void"))
	require.ErrorIs(t, err, gateway.CodeConflict)
	w.converge()
	_, err = w.eng.Void(t.Context(), w.request(p, "void"))
	require.NoError(t, err)
	assert.Equal(t, eur(600), w.load(p.ID).Balances.Released)
	w.equal()
}

package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPaymentsLifeIsTheProvidersLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	assert.Equal(t, gateway.PaymentAuthorized, p.Status())
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship-1", amount(400)))
	require.NoError(t, err)
	assert.Equal(t, gateway.PaymentPartiallyCaptured, r.Payment.Status())
	r, err = w.eng.Capture(t.Context(), w.request(p, "ship-2", amount(500), func(r *engine.Request) { r.Final = true }))
	require.NoError(t, err)
	assert.Equal(t, gateway.PaymentCaptured, r.Payment.Status())
	assert.True(t, r.Payment.Closed)
	r, err = w.eng.Refund(t.Context(), w.request(p, "back-1", amount(300)))
	require.NoError(t, err)
	assert.Equal(t, eur(300), r.Payment.Balances.Refunded)
	r, err = w.eng.Refund(t.Context(), w.request(p, "back-2", func(r *engine.Request) { r.All = true }))
	require.NoError(t, err)
	assert.Equal(t, gateway.PaymentRefunded, r.Payment.Status())
	assert.Equal(t, gateway.Reservations{Capturing: eur(0), Releasing: eur(0), Refunding: eur(0)}, r.Payment.Reserved)
	assert.Empty(t, w.open(p.ID))
	w.equal()

	var kinds []string
	require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) error {
		events, err := tx.Events("es", p.ID)
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		return err
	}))
	assert.ElementsMatch(t, []string{
		"money.hold", "operation.succeeded", "money.capture", "operation.succeeded", "money.capture", "money.release", "operation.succeeded",
		"money.refund", "operation.succeeded", "money.refund", "operation.succeeded",
	}, kinds)
}

func TestTheSameKeyGivesTheSameAnswerAndOneEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	var wg sync.WaitGroup
	results := make([]engine.Result, 40)
	for i := range results {
		wg.Go(func() {
			r, err := w.eng.Capture(context.Background(), w.request(p, "ship", amount(400)))
			assert.NoError(t, err)
			results[i] = r
		})
	}
	wg.Wait()
	for _, r := range results {
		assert.Equal(t, results[0].Operation.ID, r.Operation.ID)
		assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
		assert.Equal(t, eur(400), r.Payment.Balances.Captured)
	}
	captures := 0
	for _, c := range w.server.Calls() {
		if c.Operation == simulator.OpCapture {
			captures++
		}
	}
	assert.Equal(t, 1, captures, "and one call")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(401)))
	require.ErrorIs(t, err, gateway.CodeConflict)
	_, err = w.eng.Refund(t.Context(), w.request(p, "ship", amount(400)))
	require.ErrorIs(t, err, gateway.CodeConflict)
	again, err := w.eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: "17", Amount: eur(1000), Order: &gateway.Order{Number: "17"}})
	require.NoError(t, err)
	assert.Equal(t, p.ID, again.ID)
	_, err = w.eng.Create(t.Context(), engine.NewPayment{Store: "es", Key: "17", Amount: eur(1001), Order: &gateway.Order{Number: "17"}})
	require.ErrorIs(t, err, gateway.CodeConflict)
	w.equal()
}

// E8: sixteen at once, and never more than is held.
func TestCapturesAtOnceNeverTakeMoreThanIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			_, err := w.eng.Capture(context.Background(), w.request(p, "ship-"+string(rune('a'+i)), amount(300)))
			if err != nil {
				assert.ErrorIs(t, err, gateway.CodeConflict)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, eur(900), w.load(p.ID).Balances.Captured)
	for _, c := range w.server.Calls() {
		assert.NotEqual(t, 422, c.Status, "what cannot be captured is not even asked for")
	}
	w.equal()
}

func TestBadRequestsWriteNothingAndSayWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	for name, c := range map[string]struct {
		do   func(context.Context, engine.Request) (engine.Result, error)
		r    engine.Request
		code gateway.Code
	}{
		"no key":              {w.eng.Capture, w.request(p, "", amount(1)), gateway.CodeInvalid},
		"no store":            {w.eng.Capture, engine.Request{Payment: p.ID, Key: "x"}, gateway.CodeInvalid},
		"unknown payment":     {w.eng.Capture, w.request(gateway.Payment{Store: "es", ID: "pay_none"}, "x", amount(1)), gateway.CodeNotFound},
		"another store":       {w.eng.Capture, w.request(gateway.Payment{Store: "fr", ID: p.ID}, "x", amount(1)), gateway.CodeNotFound},
		"no amount":           {w.eng.Capture, w.request(p, "x"), gateway.CodeInvalid},
		"amount and all":      {w.eng.Capture, w.request(p, "x", amount(1), func(r *engine.Request) { r.All = true }), gateway.CodeInvalid},
		"nothing":             {w.eng.Capture, w.request(p, "x", amount(0)), gateway.CodeInvalid},
		"less than nothing":   {w.eng.Refund, w.request(p, "x", amount(-1)), gateway.CodeInvalid},
		"another currency":    {w.eng.Capture, w.request(p, "x", func(r *engine.Request) { r.Amount = gateway.Minor(1, "USD") }), gateway.CodeInvalid},
		"over what is held":   {w.eng.Capture, w.request(p, "x", amount(1001)), gateway.CodeConflict},
		"refund of nothing":   {w.eng.Refund, w.request(p, "x", amount(1)), gateway.CodeConflict},
		"a second hold":       {w.eng.Authorize, w.request(p, "x", amount(1000)), gateway.CodeConflict},
		"void with an amount": {w.eng.Void, w.request(p, "x", amount(1)), gateway.CodeInvalid},
		"unknown provider":    {w.eng.Capture, w.request(p, "x", amount(1), func(r *engine.Request) { r.Provider = "acme" }), gateway.CodeUnsupported},
	} {
		_, err := c.do(t.Context(), c.r)
		assert.Equal(t, c.code, gateway.CodeOf(err), "%s: %v", name, err)
	}
	before := w.load(p.ID)
	assert.Equal(t, eur(0), before.Reserved.Capturing)
	ops, _, err := w.eng.History(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Len(t, ops, 1)
	for _, n := range []engine.NewPayment{{}, {Store: "es", Key: "k"}, {Store: "es", Key: "k", Amount: eur(0)}, {Store: "es", Key: "k", Amount: gateway.Minor(1, "EURO")}, {Key: "k", Amount: eur(1)}} {
		_, err := w.eng.Create(t.Context(), n)
		require.ErrorIs(t, err, gateway.CodeInvalid)
	}
	_, err = engine.New(engine.Config{})
	require.ErrorIs(t, err, gateway.CodeInternal)
}

func TestADeclineIsToldAndMayBeOvercome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.create("17")
	r, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenInsufficientFunds) }))
	require.ErrorIs(t, err, gateway.CodeDeclined)
	assert.Equal(t, decline.InsufficientFunds, gateway.AsError(err, "").Reason)
	assert.Equal(t, gateway.StateActionRequired, r.Operation.State, "this provider does not say that a decline is final")
	_, err = w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenInsufficientFunds) }))
	require.ErrorIs(t, err, gateway.CodeDeclined, "the same key gives the same answer")
	w.later(2 * time.Hour)
	assert.Empty(t, w.open(p.ID), w.story(p.ID))
	ops, _, _ := w.eng.History(t.Context(), "es", p.ID)
	assert.Equal(t, gateway.StateFailed, ops[0].State)
	w.equal()
}

func TestWhatWasNotSentIsSentByTheEngine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	w.server.Next(simulator.OpCapture, simulator.RateLimited)
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.ErrorIs(t, err, gateway.CodeRateLimited)
	assert.Equal(t, gateway.StateOpen, r.Operation.State)
	assert.Equal(t, eur(400), r.Payment.Reserved.Capturing)
	w.converge()
	assert.Equal(t, eur(400), w.load(p.ID).Balances.Captured)
	w.equal()
}

// Every fault of the provider at every operation: in the end the ledgers are
// equal, nothing moved twice, and nothing is left open.
func TestEveryLieAtEveryOperationEndsInEqualLedgers(t *testing.T) {
	t.Parallel()
	ops := map[simulator.Operation]func(w *world) gateway.PaymentID{
		simulator.OpCreatePayment: func(w *world) gateway.PaymentID {
			p := w.create("17")
			_, _ = w.eng.Authorize(w.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
			return p.ID
		},
		simulator.OpCapture: func(w *world) gateway.PaymentID {
			p := w.held("17")
			_, _ = w.eng.Capture(w.Context(), w.request(p, "ship", amount(400), func(r *engine.Request) { r.Final = true }))
			return p.ID
		},
		simulator.OpRelease: func(w *world) gateway.PaymentID {
			p := w.held("17")
			_, _ = w.eng.Void(w.Context(), w.request(p, "void"))
			return p.ID
		},
		simulator.OpRefund: func(w *world) gateway.PaymentID {
			p := w.held("17")
			_, err := w.eng.Capture(w.Context(), w.request(p, "ship", amount(1000)))
			require.NoError(w, err)
			_, _ = w.eng.Refund(w.Context(), w.request(p, "back", amount(300)))
			return p.ID
		},
	}
	for op, run := range ops {
		for _, fault := range simulator.Faults() {
			t.Run(string(op)+" "+string(fault), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, simulator.Rules{})
				w.server.Next(op, fault)
				id := run(w)
				w.converge()
				if fault == simulator.SuccessThenReversed { // nobody tells us, so we ask
					_, err := w.eng.Refresh(t.Context(), "es", id, "sandbox")
					require.NoError(t, err)
				}
				w.equal()
				assert.Empty(t, w.open(id), w.story(id))
				moved := 0
				for _, e := range w.server.Ledger() {
					if map[simulator.Operation]simulator.Kind{simulator.OpCreatePayment: simulator.KindHold, simulator.OpCapture: simulator.KindCapture, simulator.OpRelease: simulator.KindRelease, simulator.OpRefund: simulator.KindRefund}[op] == e.Kind {
						moved++
					}
				}
				assert.LessOrEqual(t, moved, map[bool]int{true: 2, false: 1}[op == simulator.OpCapture && fault == simulator.SuccessThenReversed], "it moved twice\n%s", w.story(id))
			})
		}
	}
}

// Wrong identity is never applied: not to this payment, not to the other.
func TestEvidenceThatNamesAnotherPaymentsOperationIsNotApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p, q := w.held("17"), w.held("18")
	r, err := w.eng.Capture(t.Context(), w.request(q, "ship", amount(600)))
	require.NoError(t, err)
	lie := gateway.Movement{Kind: gateway.MoveRefund, Amount: eur(600), Provider: "sandbox", Reference: "ref_x", Operation: r.Operation.ID}
	err = w.eng.Record(t.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceWebhook, Outcome: gateway.Outcome{Movements: []gateway.Movement{lie}}})
	require.ErrorIs(t, err, gateway.CodeConflict)
	assert.Equal(t, eur(0), w.load(p.ID).Balances.Refunded)
	assert.Equal(t, eur(0), w.load(q.ID).Balances.Refunded)
	require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) error {
		odd, err := tx.Discrepancies("es", p.ID)
		assert.Len(t, odd, 1)
		return err
	}))
	w.equal()
}

// A refund made in the provider's dashboard, seen while one of ours is open, is booked once, and as nobody's.
func TestWhatHappensElsewhereIsBookedOnceAndAsNobodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
	require.NoError(t, err)
	w.server.Next(simulator.OpRefund, simulator.ResetAfter)
	_, err = w.eng.Refund(t.Context(), w.request(p, "back", amount(300)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	_, err = w.server.RefundInDashboard(w.server.Payments()[0].ID, 200)
	require.NoError(t, err)
	for range 3 {
		_, err = w.eng.Refresh(t.Context(), "es", p.ID, "sandbox")
		require.NoError(t, err)
	}
	w.converge()
	_, err = w.eng.Refresh(t.Context(), "es", p.ID, "sandbox")
	require.NoError(t, err)
	assert.Equal(t, eur(500), w.load(p.ID).Balances.Refunded)
	assert.Empty(t, w.open(p.ID), w.story(p.ID))
	w.equal()
}

func TestAnOperatorSettlesWhatNobodyKnows(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{}, func(c *engine.Config, at link) {
		c.Sealer = nil
		with(t, promising(gateway.OpAuthorize, func(e *gateway.Endpoint) { e.CancelByKey = "" }))(c, at)
	})
	p := w.create("17")
	w.server.Next(simulator.OpCreatePayment, simulator.ResetBefore)
	r, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	w.converge()
	open := w.open(p.ID)
	require.Len(t, open, 1)
	assert.Equal(t, gateway.StateParked, open[0].State, "without its instrument it is not sent again, and not called failed\n%s", w.story(p.ID))
	s := engine.Settlement{Store: "es", Operation: r.Operation.ID}
	require.ErrorIs(t, w.eng.Settle(t.Context(), s), gateway.CodeInvalid, "who says so, and why?")
	s.By, s.Note = "ada", "the dashboard shows no such payment"
	require.NoError(t, w.eng.Settle(t.Context(), s))
	require.ErrorIs(t, w.eng.Settle(t.Context(), s), gateway.CodeConflict, "it has ended")
	assert.Empty(t, w.open(p.ID))
	_, err = w.eng.Authorize(t.Context(), w.request(p, "auth-2", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenOK) }))
	require.NoError(t, err, "the payment may be paid again")
	w.equal()
}

// A challenge, passed or not, however the answers get lost: the authorization that waited for it ends with it.
func TestAChallengeThatIsContinuedSettlesWhatWaitedForIt(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.NoFault, simulator.ResetAfter, simulator.ResetBefore, simulator.HTMLBody} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Rules{ConfirmAfterChallenge: true})
			p := w.create("17")
			r, err := w.eng.Purchase(t.Context(), w.request(p, "buy", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenChallenge) }))
			require.NoError(t, err)
			require.Equal(t, gateway.StateActionRequired, r.Operation.State)
			assert.Equal(t, gateway.ActionRedirect, r.Operation.Action.Kind)
			_, err = w.eng.Authorize(t.Context(), w.request(p, "twice", amount(1000)))
			require.ErrorIs(t, err, gateway.CodeConflict, "two tabs must not pay twice")
			require.NoError(t, w.server.CompleteChallenge(w.server.Payments()[0].ID))
			w.server.Next(simulator.OpConfirm, fault)
			_, err = w.eng.Continue(t.Context(), w.request(p, "continue", func(r *engine.Request) { r.Input = map[string]string{"result": "approved"} }))
			assert.Equal(t, fault == simulator.NoFault, err == nil, "%v", err)
			if err == nil {
				assert.Empty(t, w.open(p.ID), w.story(p.ID))
			}
			w.converge()
			assert.Empty(t, w.open(p.ID), w.story(p.ID))
			assert.Equal(t, eur(1000), w.load(p.ID).Balances.Captured)
			w.equal()
		})
	}
}

// A caller who gives up while the call is under way does not make an unknown of
// it: the answer is recorded.
func TestACallerWhoGivesUpDoesNotTakeTheCallAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	ctx, giveUp := context.WithCancel(t.Context())
	w.server.Lie(func(c simulator.Call) simulator.Fault {
		if c.Operation == simulator.OpCapture {
			giveUp()
		}
		return simulator.NoFault
	})
	r, err := w.eng.Capture(ctx, w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	assert.Equal(t, gateway.StateSucceeded, r.Operation.State, w.story(p.ID))
	w.equal()
}

// While a refund of ours is still open, one that the provider shows as nobody's
// may be ours: it is booked when ours has ended, and once.
func TestAnEventOfOthersWaitsWhileOursIsStillOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
	require.NoError(t, err)
	w.server.Next(simulator.OpRefund, simulator.ResetAfter)
	_, err = w.eng.Refund(t.Context(), w.request(p, "back", amount(300)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	theirs := w.server.Payments()[0]
	event := gateway.Movement{Kind: gateway.MoveRefund, Amount: eur(300), Reference: theirs.Refunds[0].ID, Parent: theirs.Captures[0].ID, Provider: "sandbox"}
	tell := func() {
		require.NoError(t, w.eng.Record(t.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceWebhook, Outcome: gateway.Outcome{Movements: []gateway.Movement{event}}}))
	}
	tell() // a webhook that does not say whose it is
	assert.Equal(t, eur(0), w.load(p.ID).Balances.Refunded, "it may be ours")
	w.converge()
	assert.Equal(t, eur(300), w.load(p.ID).Balances.Refunded, w.story(p.ID))
	tell()
	assert.Empty(t, w.open(p.ID), w.story(p.ID))
	w.equal()
}

// A provider that forgets a key it promised to remember says "already captured"
// when it is asked again: that is evidence, and never a failure.
func TestAlreadyDoneOnAResendIsNoFailure(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, simulator.Rules{IdempotencyTTL: -1}, with(t, promising(gateway.OpCapture, func(e *gateway.Endpoint) { e.LookupByRef = "" })))
	p := w.held("17")
	w.server.Next(simulator.OpCapture, simulator.ResetAfter)
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	w.later(time.Minute)
	open := w.open(p.ID)
	require.Len(t, open, 1, w.story(p.ID))
	assert.Contains(t, w.story(p.ID), "already_captured", "it was sent again")
	assert.Contains(t, []gateway.OperationState{gateway.StateUnknown, gateway.StateParked}, open[0].State)
	_, err = w.eng.Refresh(t.Context(), "es", p.ID, "")
	require.NoError(t, err)
	assert.Empty(t, w.open(p.ID), "and settled by what the provider shows")
	w.equal()
}

// The answer to a command is made of what was just recorded. It is what the same
// command is answered later, when all of it is read.
func TestAnAnswerIsWhatIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.create("17")
	for i, do := range []struct {
		call   func(context.Context, engine.Request) (engine.Result, error)
		amount int64
	}{{w.eng.Authorize, 1000}, {w.eng.Adjust, 900}, {w.eng.Capture, 300}, {w.eng.Capture, 200}, {w.eng.Refund, 100}, {w.eng.Void, 0}} {
		r := engine.Request{Store: "es", Payment: p.ID, Provider: "sandbox", Key: fmt.Sprint(i)}
		if do.amount > 0 {
			r.Amount = eur(do.amount)
		}
		if i == 0 {
			r.Instrument = card(simulator.TokenOK)
		}
		first, err := do.call(t.Context(), r)
		require.NoError(t, err, i)
		again, err := do.call(t.Context(), r)
		require.NoError(t, err, i)
		first.Outcome = gateway.Outcome{}
		assert.Equal(t, again, first, i)
	}
}

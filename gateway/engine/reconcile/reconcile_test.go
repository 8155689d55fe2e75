package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestEqualBooksAreEqual(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{"1", "2", "3"} {
		p := w.Paid(key)
		_, err := w.Engine.Refund(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: key + "-back", Amount: enginetest.EUR(100)})
		require.NoError(t, err)
		_, err = w.Engine.Void(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: key + "-void"})
		require.NoError(t, err)
	}
	for name, s := range map[string]reconcile.Source{"listing": w.Listing(2), "report": w.report(nil)} {
		r := w.reconcile(s)
		assert.Empty(t, r.Differences, name)
		assert.Empty(t, r.Incomplete, name)
		assert.Equal(t, [3]int{3, 3, reconcile.ExitEqual}, [3]int{r.Theirs, r.Matched, r.ExitCode()}, name)
	}
}

func TestADashboardRefundIsFoundAndApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, s := range map[string]reconcile.Source{"listing": w.Listing(2), "report": w.report(nil)} {
		p := w.Paid(name)
		refund, err := w.Provider.RefundInDashboard(p.Refs.Get("payment"), 250)
		require.NoError(t, err)
		r := w.reconcile(s)
		require.Len(t, r.Differences, 1, name)
		d := r.Differences[0]
		assert.Equal(t, reconcile.Mismatch, d.Kind)
		assert.Equal(t, p.ID, d.Payment)
		require.Len(t, d.Lacking, 1)
		assert.Equal(t, refund.ID, d.Lacking[0].Reference)
		assert.Equal(t, enginetest.EUR(250), d.Lacking[0].Amount)
		assert.Empty(t, d.Applied)
		assert.Equal(t, enginetest.EUR(0), w.Payment(p.ID).Balances.Refunded, "looking changes nothing")

		r = w.reconcile(s, apply)
		require.Len(t, r.Differences, 1)
		assert.Equal(t, r.Differences[0].Lacking, r.Differences[0].Applied)
		assert.Equal(t, reconcile.ExitDifferent, r.ExitCode())
		assert.Equal(t, enginetest.EUR(250), w.Payment(p.ID).Balances.Refunded)
		again := w.reconcile(s, apply)
		assert.True(t, again.Equal(), "%+v", again)
	}
}

func TestAPaymentMadeWithoutUsIsAnOrphan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.Pools.For("sandbox").Get(gateway.OpPurchase).Execute(t.Context(), gateway.Subject{
		Store: "es", Operation: "op_elsewhere", Amount: enginetest.EUR(700), Instrument: &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}, IdempotencyKey: "k1",
	})
	require.NoError(t, err)
	for name, s := range map[string]reconcile.Source{"listing": w.Listing(2), "report": w.report(nil)} {
		r := w.reconcile(s, apply)
		require.Len(t, r.Differences, 1, name)
		d := r.Differences[0]
		assert.Equal(t, reconcile.Orphan, d.Kind)
		assert.Equal(t, out.Reference("payment"), d.Reference)
		assert.Contains(t, d.Amounts, reconcile.Amount{Balance: "captured", Theirs: enginetest.EUR(700)})
		assert.Empty(t, d.Applied, "there is no payment of ours that it could belong to")
		assert.Equal(t, reconcile.ExitDifferent, r.ExitCode())
	}
}

func TestMoneyThatTheProviderDoesNotShowIsMissingOnceItShould(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := w.Engine.Create(t.Context(), engine.NewPayment{Store: "es", Key: "ghost", Amount: enginetest.EUR(1000)})
	require.NoError(t, err)
	require.NoError(t, w.Engine.Record(t.Context(), engine.Evidence{Store: "es", Payment: p.ID, Source: gateway.SourceOperator, Outcome: gateway.Outcome{
		Movements: []gateway.Movement{{Kind: gateway.MoveCapture, Amount: enginetest.EUR(300), Provider: "sandbox", Reference: "cap_ghost"}},
	}}))
	for name, s := range map[string]reconcile.Source{"listing": w.Listing(2), "report": w.report(nil)} {
		young := w.reconcile(s, func(o *reconcile.Options) { o.Lag = time.Hour })
		assert.True(t, young.Equal(), "%s: the provider may not show it yet", name)
		r := w.reconcile(s, apply)
		require.Len(t, r.Differences, 1, name)
		d := r.Differences[0]
		assert.Equal(t, reconcile.Missing, d.Kind)
		assert.Equal(t, p.ID, d.Payment)
		assert.Equal(t, []reconcile.Amount{{Balance: "captured", Ours: enginetest.EUR(300)}}, d.Amounts)
		assert.Equal(t, enginetest.EUR(300), w.Payment(p.ID).Balances.Captured, "nothing of ours is taken back")
	}
}

func TestALostAnswerIsLookedUpFirstAndIsNoDifference(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	w.Provider.Next(simulator.OpCapture, simulator.ResetAfter)
	_, err := w.Engine.Capture(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "more", Amount: enginetest.EUR(100)})
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	w.Advance(time.Minute)
	r := w.reconcile(w.Listing(2))
	assert.Equal(t, 1, r.Resolved)
	assert.True(t, r.Equal(), "%+v", r)
	assert.Equal(t, enginetest.EUR(700), w.Payment(p.ID).Balances.Captured)
}

// stated returns a source that states these records.
func stated(whole bool, all ...reconcile.Record) reconcile.Source {
	return reconcile.SourceFunc(func(context.Context, reconcile.Window, string) (reconcile.Page, error) {
		return reconcile.Page{Records: all, Whole: whole}, nil
	})
}

func TestAnotherAmountIsAMismatchAndIsNotApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	rec := reconcile.Record{Refs: gateway.Refs{{Name: "payment", Value: p.Refs.Get("payment")}}, Movements: append([]gateway.Movement(nil), p.Movements...)}
	rec.Movements[1].Amount = enginetest.EUR(601)
	r := w.reconcile(stated(true, rec), apply)
	require.Len(t, r.Differences, 1)
	d := r.Differences[0]
	assert.Equal(t, []reconcile.Amount{{Balance: "captured", Ours: enginetest.EUR(600), Theirs: enginetest.EUR(601)}}, d.Amounts)
	require.Len(t, d.Changed, 1)
	assert.Empty(t, d.Applied)
	rec.Movements = p.Movements[:1]
	r = w.reconcile(stated(true, rec))
	require.Len(t, r.Differences, 1)
	require.Len(t, r.Differences[0].Surplus, 1, "they show the hold, and not the capture")
	assert.Equal(t, gateway.MoveCapture, r.Differences[0].Surplus[0].Kind)
	assert.Equal(t, enginetest.EUR(600), w.Payment(p.ID).Balances.Captured)
}

func TestWhatNamesTwoPaymentsIsAppliedToNeither(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.Paid("17"), w.Paid("18")
	stolen := gateway.Movement{Kind: gateway.MoveRefund, Amount: enginetest.EUR(600), Reference: "re_x", Operation: q.Movements[1].Operation}
	r := w.reconcile(stated(false, reconcile.Record{Refs: gateway.Refs{{Name: "payment", Value: p.Refs.Get("payment")}}, Movements: []gateway.Movement{stolen}}), apply)
	require.NotEmpty(t, r.Differences)
	require.Len(t, r.Differences[0].Problems, 1)
	assert.Contains(t, r.Differences[0].Problems[0], "two payments")
	assert.Equal(t, enginetest.EUR(0), w.Payment(p.ID).Balances.Refunded)
	assert.Equal(t, enginetest.EUR(0), w.Payment(q.ID).Balances.Refunded)
}

func TestABalanceChangedByHandIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	p.Balances.Captured = enginetest.EUR(900)
	require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error { return tx.SetBalances(p) }))
	r := w.reconcile(w.Listing(2))
	require.Len(t, r.Differences, 1)
	assert.Contains(t, r.Differences[0].Problems[0], "by hand")
}

func TestASourceThatBreaksOffIsIncompleteAndNothingIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Paid("17")
	for name, f := range map[string]reconcile.SourceFunc{
		"an error": func(context.Context, reconcile.Window, string) (reconcile.Page, error) {
			return reconcile.Page{}, errors.New("gone")
		},
		"a circle": func(context.Context, reconcile.Window, string) (reconcile.Page, error) {
			return reconcile.Page{Next: "again"}, nil
		},
	} {
		r := w.reconcile(f, apply)
		assert.Equal(t, reconcile.ExitIncomplete, r.ExitCode(), name)
		assert.Empty(t, r.Differences, name)
	}
}

func TestAReportIsReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Paid("17")
	for name, change := range map[string]func([]byte) []byte{
		"cut off": func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte("total"))] },
		"a line is missing": func(b []byte) []byte {
			i := bytes.IndexByte(b, '\n') + 1
			return append(b[:i:i], b[i+bytes.IndexByte(b[i:], '\n')+1:]...)
		},
		"another form":    func(b []byte) []byte { return bytes.Replace(b, []byte("payment"), []byte("order"), 1) },
		"more at the end": func(b []byte) []byte { return append(b, b[bytes.LastIndex(b, []byte("total")):]...) },
		"no number":       func(b []byte) []byte { return bytes.Replace(b, []byte(",1000,"), []byte(",1e3,"), 1) },
		"ragged":          func(b []byte) []byte { return append(b, "x,y\n"...) },
		"nothing":         func([]byte) []byte { return nil },
	} {
		r := w.reconcile(w.report(change))
		assert.Equal(t, reconcile.ExitIncomplete, r.ExitCode(), name)
	}
}

func TestAReportReadsBackFromItsJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	_, err := w.Provider.RefundInDashboard(p.Refs.Get("payment"), 250)
	require.NoError(t, err)
	r := w.reconcile(w.Listing(2), apply)
	var b bytes.Buffer
	require.NoError(t, r.WriteJSON(&b))
	var back reconcile.Report
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&back))
	assert.Equal(t, r, back)
	r.Differences[0].Problems = []string{"\x1b[2J"}
	require.NoError(t, r.WriteText(&b))
	assert.Contains(t, b.String(), "theirs only: refund 2.50 EUR")
	assert.Contains(t, b.String(), "now recorded")
	assert.NotContains(t, b.String(), "\x1b")
}

func TestOptionsThatCannotBeRightAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := reconcile.Options{Engine: w.Engine, DB: w.DB, Store: "es", Provider: "sandbox", Since: midnight, Source: w.Listing(2)}
	for _, spoil := range []func(*reconcile.Options){
		func(o *reconcile.Options) { o.Engine = nil }, func(o *reconcile.Options) { o.Store = "" },
		func(o *reconcile.Options) { o.Since = time.Time{} }, func(o *reconcile.Options) { o.Until = midnight },
	} {
		o := good
		spoil(&o)
		_, err := reconcile.Reconcile(t.Context(), o)
		require.Error(t, err)
	}
}

package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// refund is a line of a report about a refund that nobody here made.
func refund(reference, parent string) gateway.Movement {
	return gateway.Movement{Kind: gateway.MoveRefund, Amount: enginetest.EUR(100), Reference: reference, Parent: parent, At: enginetest.Noon}
}

func TestALineThatNamesOnlyWhatMovedIsBookedToItsPayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	w.Paid("18")
	s := stated(false, reconcile.Record{Movements: []gateway.Movement{refund("re_1", p.Movements[1].Reference)}})
	found := w.reconcile(s, apply).Differences
	require.NotEmpty(t, found)
	assert.Equal(t, reconcile.Mismatch, found[0].Kind)
	assert.Equal(t, p.ID, found[0].Payment)
	assert.Len(t, found[0].Applied, 1)
	assert.Equal(t, enginetest.EUR(100), w.Payment(p.ID).Balances.Refunded)
	w.reconcile(s, apply)
	assert.Equal(t, enginetest.EUR(100), w.Payment(p.ID).Balances.Refunded, "once, however often it is applied")
}

// The process died before the provider's id of the payment was written down: only
// the line with our operation knows whose the others are.
func TestLinesThatShareAnIdBelongTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	op := p.Movements[0].Operation
	linked := reconcile.Record{
		Refs: gateway.Refs{{Name: "order", Value: "theirs_9"}}, Operations: []gateway.OperationID{op},
	}
	loose := reconcile.Record{Refs: gateway.Refs{{Name: "order", Value: "theirs_9"}}, Movements: []gateway.Movement{refund("re_9", "")}}
	for _, s := range []reconcile.Source{stated(false, loose, linked), stated(false, linked, loose)} {
		r := w.reconcile(s, apply)
		assert.Equal(t, [2]int{1, 1}, [2]int{r.Theirs, r.Matched})
	}
	assert.Equal(t, enginetest.EUR(100), w.Payment(p.ID).Balances.Refunded)
	assert.Equal(t, "theirs_9", w.Payment(p.ID).Refs.Get("order"), "and the next line finds it by itself")
}

// Two lines of one batch have its id in common, and nothing else.
func TestWhatIsOnlyBesideAPaymentIsAnOrphan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	ours, theirs := refund("re_1", "batch_7"), refund("re_2", "batch_7")
	for why, orphan := range map[string]reconcile.Record{
		"another payment": {Refs: gateway.Refs{{Name: "payment", Value: "pay_x"}}, Movements: []gateway.Movement{theirs}},
		"no payment":      {Movements: []gateway.Movement{theirs}},
	} {
		r := w.reconcile(stated(false, reconcile.Record{Refs: gateway.Refs{{Name: "payment", Value: p.Refs.Get("payment")}}, Movements: []gateway.Movement{ours}}, orphan), apply)
		var kinds []reconcile.Kind
		for _, d := range r.Differences {
			kinds = append(kinds, d.Kind)
			assert.NotContains(t, d.Applied, reconcile.LineOf(theirs), why)
		}
		assert.Contains(t, kinds, reconcile.Orphan, why)
		assert.Equal(t, enginetest.EUR(100), w.Payment(p.ID).Balances.Refunded, why)
	}
}

func TestAWrongIdentityIsNeverApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.Paid("17"), w.Paid("18")
	require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error {
		for _, one := range []gateway.Payment{p, q} {
			if err := tx.AddRefs(one.Store, one.ID, gateway.Refs{{Owner: "sandbox", Name: "customer", Value: "cus_1"}}); err != nil {
				return err
			}
		}
		return nil
	}))
	far := w.Create("19") // its money is at one of two merchant accounts
	require.NoError(t, w.Engine.Record(t.Context(), engine.Evidence{Store: far.Store, Payment: far.ID, Source: gateway.SourceOperator, Outcome: gateway.Outcome{
		Movements: []gateway.Movement{{Kind: gateway.MoveCapture, Amount: enginetest.EUR(300), Provider: "sandbox", Account: "m1", Reference: "cap_m1", At: enginetest.Noon}},
	}}))
	elsewhere := refund("re_m2", "cap_m1")
	elsewhere.Account = "m2"
	payment := func(p gateway.Payment) gateway.Ref {
		return gateway.Ref{Name: "payment", Value: p.Refs.Get("payment")}
	}
	for why, all := range map[string][]reconcile.Record{
		"an id that two payments have":     {{Refs: gateway.Refs{{Name: "customer", Value: "cus_1"}}, Movements: []gateway.Movement{refund("re_1", "")}}},
		"one's payment, another's capture": {{Refs: gateway.Refs{payment(p)}, Movements: []gateway.Movement{refund("re_2", q.Movements[1].Reference)}}},
		"one's payment, another's too":     {{Refs: gateway.Refs{payment(p), payment(q)}, Movements: []gateway.Movement{refund("re_3", "")}}},
		"another merchant account":         {{Movements: []gateway.Movement{elsewhere}}},
		"another payment of theirs":        {{Refs: gateway.Refs{{Name: "payment", Value: "pay_x"}}, Movements: []gateway.Movement{refund("re_5", p.Movements[1].Reference)}}},
		"an id shared with lines of two payments": {
			{Refs: gateway.Refs{{Name: "batch", Value: "b_1"}}, Operations: []gateway.OperationID{p.Movements[0].Operation}},
			{Refs: gateway.Refs{{Name: "batch", Value: "b_1"}}, Operations: []gateway.OperationID{q.Movements[0].Operation}},
			{Refs: gateway.Refs{{Name: "batch", Value: "b_1"}}, Movements: []gateway.Movement{refund("re_4", "")}},
		},
	} {
		r := w.reconcile(stated(false, all...), apply)
		said := ""
		for _, d := range r.Differences {
			assert.Empty(t, d.Applied, why)
			for _, problem := range d.Problems {
				said += problem
			}
		}
		assert.Contains(t, said, "applied", why)
		assert.Equal(t, reconcile.ExitDifferent, r.ExitCode(), why)
	}
	for _, one := range []gateway.Payment{p, q, far} {
		assert.True(t, w.Payment(one.ID).Balances.Refunded.IsZero())
	}
}

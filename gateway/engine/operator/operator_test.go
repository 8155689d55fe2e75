package operator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/operator"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

func TestReconcileAppliesADashboardRefundAndIsEqualThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	_, err := w.Provider.RefundInDashboard(p.Refs.Get("payment"), 250)
	require.NoError(t, err)
	out, code := w.run("reconcile")
	assert.Equal(t, operator.ExitFound, code)
	assert.Contains(t, out, "theirs only: refund 2.50 EUR")
	out, code = w.run("reconcile", "-apply", "-json", "-since", "2026-11-21", "-provider", "sandbox")
	assert.Equal(t, operator.ExitFound, code)
	var report reconcile.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Len(t, report.Differences, 1)
	assert.Len(t, report.Differences[0].Applied, 1)
	out, code = w.run("reconcile", "-apply")
	assert.Equal(t, operator.ExitOK, code)
	assert.Contains(t, out, "\nequal\n")
	require.NoError(t, w.Provider.Close())
	out, code = w.run("reconcile")
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "incomplete")
}

func TestSettleEndsAParkedOperationAndRefusesOneThatEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, op := w.Parked("17")
	out, code := w.run("parked")
	assert.Equal(t, operator.ExitOK, code)
	assert.Contains(t, out, op)
	assert.Contains(t, out, "1 operations")
	args := []string{"settle", "-operation", string(op), "-happened", "-reference", "auth_7", "-by", "ada", "-note", "seen in the dashboard"}
	out, code = w.run(args...)
	require.Equal(t, operator.ExitOK, code, out)
	assert.Contains(t, out, "succeeded")
	got, err := w.Engine.Payment(t.Context(), "es", p.ID)
	require.NoError(t, err)
	assert.Equal(t, enginetest.EUR(1000), got.Balances.Authorized)
	out, code = w.run(args...)
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "succeeded already")
	out, _ = w.run("parked")
	assert.Contains(t, out, "0 operations")
}

func TestSettleAsFailedFreesThePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, op := w.Parked("17")
	out, code := w.run("settle", "-json", "-operation", string(op), "-failed", "-by", "ada", "-note", "the provider has none")
	require.Equal(t, operator.ExitOK, code, out)
	var said struct {
		Operation struct{ State gateway.OperationState }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	assert.Equal(t, gateway.StateFailed, said.Operation.State)
	_, err := w.Engine.Authorize(t.Context(), enginetest.Authorization(p, "again"))
	require.NoError(t, err)
}

func TestSettleSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, op := w.Parked("17")
	for want, args := range map[string][]string{
		"which with -operation":     {"-failed"},
		"-happened or -failed":      {"-operation", string(op)},
		"-reference":                {"-operation", string(op), "-happened"},
		"who decides":               {"-operation", string(op), "-failed"},
		"has no -amount":            {"-operation", string(op), "-failed", "-amount", "1"},
		"there is no operation":     {"-operation", "op_none", "-failed"},
		"more than nothing":         {"-operation", string(op), "-happened", "-reference", "a", "-amount", "0"},
		"too many":                  {"-operation", string(op), "-failed", "x"},
		"flag provided but not def": {"-wrong"},
	} {
		out, code := w.run(append([]string{"settle"}, args...)...)
		assert.Equal(t, operator.ExitFailed, code, want)
		assert.Contains(t, out, want)
	}
	out, _ := w.run("parked")
	assert.Contains(t, out, "1 operations", "nothing was settled")
}

func TestPaymentShowsTheWholeHistoryAndNothingPersonal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.SetDispute("es", "sandbox", p.ID, gateway.Dispute{Reference: "dis_1", Amount: enginetest.EUR(100), State: gateway.DisputeOpen, Reason: "fraud"})
		_, perr := tx.InsertPlan(storage.Plan{Store: "es", Payment: p.ID, Name: "release", Kind: gateway.OpVoid, Why: "the rest was not captured"})
		return errors.Join(err, perr, tx.AppendDiscrepancy("es", p.ID, "contradiction", map[string]string{"problem": "another \x1b amount", "secret": enginetest.Canary}))
	}))
	for _, args := range [][]string{{string(p.ID)}, {"-order", "order-17"}, {"-ref", p.Refs.Get("payment")}} {
		out, code := w.run(append([]string{"payment"}, args...)...)
		require.Equal(t, operator.ExitOK, code, out)
		for _, want := range []string{"partially_captured", "capture 6.00 EUR", "authorize", "money.hold", "an answer to rely on", p.Refs.Get("payment"), "contradiction another", "dispute dis_1: open, 1.00 EUR fraud", "plan release: void"} {
			assert.Contains(t, out, want)
		}
		assert.NotContains(t, out, "\x1b")
	}
	out, code := w.run("payment", "-json", string(p.ID))
	require.Equal(t, operator.ExitOK, code)
	var said struct {
		Captured   gateway.Money
		Movements  []reconcile.Line
		Operations []struct{ Attempts []any }
		Events     []any
		Disputes   []any
		Plans      []any
	}
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	assert.Equal(t, enginetest.EUR(600), said.Captured)
	require.Len(t, said.Movements, 2)
	assert.Len(t, said.Operations, 2)
	assert.Len(t, said.Operations[0].Attempts, 1)
	assert.Len(t, said.Disputes, 1)
	assert.Len(t, said.Plans, 1)
	w.Paid("18")
	for want, args := range map[string][]string{
		"not_found": {"pay_none"}, "by its id, or by": {}, "no payment": {"-order", "none"}, "there is no payment": {"-store", "fr", string(p.ID)},
	} {
		out, code := w.run(append([]string{"payment"}, args...)...)
		assert.Equal(t, operator.ExitFailed, code)
		assert.Contains(t, out, want)
	}
}

func TestStatsCountAndSum(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Paid("17")
	w.Paid("18")
	out, code := w.run("stats")
	assert.Equal(t, operator.ExitOK, code)
	assert.Contains(t, out, "2 payments partially_captured")
	assert.Contains(t, out, "captured 12.00 EUR")
	out, _ = w.run("stats", "-json")
	var said struct {
		Payments []struct{ Captured gateway.Money }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	assert.Equal(t, enginetest.EUR(1200), said.Payments[0].Captured)
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	w.cfg.Unmapped = func() map[string]int { return nil }
	out, code := w.run("doctor")
	require.Equal(t, operator.ExitOK, code, out)
	w.Parked("18")
	require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error { return tx.AppendDiscrepancy("es", p.ID, "contradiction", "x") }))
	w.cfg.Unmapped = func() map[string]int { return map[string]int{"weird_code": 3} }
	out, code = w.run("doctor")
	assert.Equal(t, operator.ExitFound, code)
	for _, want := range []string{"ok   database", "FAIL parked", "FAIL discrepancies", `FAIL error codes: "weird_code" 3 times`} {
		assert.Contains(t, out, want)
	}
	require.NoError(t, w.DB.Close())
	out, code = w.run("doctor", "-json")
	assert.Equal(t, operator.ExitFound, code)
	assert.Contains(t, out, `"ok": false`)
}

func TestDoctorSeesThatNobodyLooksAfterWhatIsDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	o := storage.Operation{Store: "es", ID: "op_lost", Payment: p.ID, Kind: gateway.OpCapture, Provider: "sandbox", Key: "lost", State: gateway.StateUnknown, NextCheck: w.DB.Now()}
	require.NoError(t, w.DB.Update(t.Context(), func(tx *storage.Tx) error { _, _, err := tx.InsertOperation(o); return err }))
	w.Advance(25 * time.Hour)
	out, code := w.run("doctor")
	assert.Equal(t, operator.ExitFound, code)
	assert.Contains(t, out, "FAIL due operations: the oldest, op_lost")
	assert.Contains(t, out, "FAIL unknown for a day: 1: op_lost")
}

func TestEverySubcommandExplainsItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	overview, code := w.run("help")
	assert.Equal(t, operator.ExitOK, code)
	for _, name := range []string{"reconcile", "parked", "payment", "settle", "discrepancies", "inbox", "deliveries", "tasks", "erase", "stats", "doctor"} {
		assert.Contains(t, overview, "  "+name+" ")
		out, code := w.run(name, "-h")
		assert.Equal(t, operator.ExitOK, code)
		assert.Contains(t, out, "usage: "+name)
		assert.Contains(t, out, "-json")
	}
	for want, args := range map[string][]string{
		"commands:": {}, `no command "refund"`: {"refund"}, "which store": {"stats", "-store", ""}, "no books of provider": {"reconcile", "-provider", "acme"},
		"is no date": {"reconcile", "-since", "yesterday"}, "is no state": {"parked", "-state", "lost"}, `"code": "invalid"`: {"parked", "-json", "-state", "lost"},
	} {
		out, code := w.run(args...)
		assert.Equal(t, operator.ExitFailed, code)
		assert.Contains(t, out, want)
	}
	var out bytes.Buffer
	assert.Equal(t, operator.ExitFailed, operator.Run(t.Context(), operator.Config{}, []string{"stats"}, &out))
	assert.Contains(t, out.String(), "no Engine")
}

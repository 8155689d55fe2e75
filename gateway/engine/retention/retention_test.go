package retention_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/retention"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	code := postgrestest.Main(m)
	if code == 0 {
		if err := goleak.Find(goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener")); err != nil {
			println(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

const day = 24 * time.Hour

func run(t *testing.T, s *enginetest.Shop, p retention.Policy, change ...func(*retention.Options)) retention.Report {
	t.Helper()
	o := retention.Options{DB: s.DB, Store: enginetest.Store, Policy: p}
	for _, f := range change {
		f(&o)
	}
	r, err := retention.Run(t.Context(), o)
	require.NoError(t, err)
	return r
}

// ended makes a payment that is authorized, captured in part, and void of the rest.
func ended(t *testing.T, s *enginetest.Shop, key string) gateway.Payment {
	t.Helper()
	p := s.Paid(key)
	r, err := s.Engine.Void(t.Context(), engine.Request{Store: p.Store, Payment: p.ID, Key: key + "-void"})
	require.NoError(t, err)
	return r.Payment
}

// S62: what is personal of a payment that ended long ago goes, and its money stays:
// it can be shown, reconciled and refunded.
func TestWhatEndedLongAgoIsErasedAndItsLedgerStays(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	p, held := ended(t, s, "17"), s.Paid("18")
	policy := retention.Policy{Personal: 30 * day}
	assert.Equal(t, retention.Report{}, run(t, s, policy), "it is too young")
	s.Advance(31 * day)
	young := ended(t, s, "19")
	r := run(t, s, policy)
	assert.Equal(t, int64(1), r.Payments, "%s still holds money, %s is young", held.ID, young.ID)
	assert.Equal(t, int64(4), r.Details, "the order, and what its three operations were asked with")
	assert.Equal(t, retention.Report{}, run(t, s, policy), "once")
	after := s.Payment(p.ID)
	assert.Equal(t, p.Movements, after.Movements)
	assert.Equal(t, p.Balances, after.Balances)
	assert.Equal(t, p.Refs, after.Refs)
	back, err := s.Engine.Refund(t.Context(), engine.Request{Store: p.Store, Payment: p.ID, Key: "late", Amount: enginetest.EUR(100), Reason: enginetest.Canary})
	require.NoError(t, err, "it can still be refunded")
	assert.Equal(t, enginetest.EUR(100), back.Payment.Balances.Refunded)
	assert.Equal(t, retention.Report{}, run(t, s, policy), "the refund is young")
	s.Advance(31 * day)
	r = run(t, s, policy)
	assert.Equal(t, [2]int64{2, 5}, [2]int64{r.Payments, r.Details}, "what the refund wrote goes in its turn")
	policy.Held = 60 * day
	assert.Equal(t, int64(1), run(t, s, policy).Payments, "what holds money goes when the policy says so")
}

// No canary of any person is left in the file, in no table.
func TestNothingPersonalIsLeftAnywhere(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	p := ended(t, s, "17")
	var file string
	require.NoError(t, s.DB.View(t.Context(), func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		return q.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file)
	}))
	bytes := func() (all string) {
		names, err := filepath.Glob(file + "*")
		require.NoError(t, err)
		for _, name := range names {
			raw, err := os.ReadFile(name)
			require.NoError(t, err)
			all += string(raw)
		}
		return all
	}
	require.True(t, strings.Contains(bytes(), enginetest.Canary))
	_, err := retention.Erase(t.Context(), s.DB, retention.Request{Store: p.Store, Payment: p.ID})
	require.NoError(t, err)
	require.NoError(t, s.DB.Close()) // writes the log back
	assert.False(t, strings.Contains(bytes(), enginetest.Canary))
}

func TestOnePersonsRequestIsServedAtOnceOrRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	held, done := s.Paid("17"), ended(t, s, "18")
	parked, op := s.Parked("19")
	erase := func(p gateway.Payment, all bool) (retention.Erasure, error) {
		return retention.Erase(t.Context(), s.DB, retention.Request{Store: p.Store, Payment: p.ID, Held: all, Instruments: all})
	}
	require.NoError(t, s.DB.Update(t.Context(), func(tx *storage.Tx) error {
		for _, p := range []gateway.Payment{held, done} {
			kept := storage.Instrument{
				Store: p.Store, ID: "ins_" + string(p.ID), Provider: "sandbox", Payment: p.ID, Operation: p.Movements[0].Operation, Token: "encrypted",
				Public: gateway.Instrument{Brand: "visa", Last4: "4242"},
			}
			if _, err := tx.InsertInstrument(kept); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err := erase(held, false)
	require.ErrorIs(t, err, gateway.CodeConflict)
	require.ErrorContains(t, err, "still holds 4.00 EUR")
	gone, err := erase(held, true)
	require.NoError(t, err)
	assert.Contains(t, gone.Details, "order")
	assert.Equal(t, int64(1), gone.Instruments, "when the person asks for that, too")
	_, err = erase(parked, true)
	require.ErrorIs(t, err, gateway.CodeConflict)
	require.ErrorContains(t, err, string(op))
	gone, err = erase(done, false)
	require.NoError(t, err)
	assert.Len(t, gone.Details, 4)
	require.NoError(t, s.DB.View(t.Context(), func(tx *storage.Tx) error {
		for _, p := range []gateway.Payment{held, done} {
			have, err := tx.Instrument(p.Store, "ins_"+string(p.ID))
			require.NoError(t, err)
			assert.Equal(t, p.ID == done.ID, have.Forgotten.IsZero())
			assert.Equal(t, p.ID == done.ID, have.Token+have.Public.Last4 != "")
		}
		return nil
	}))
	_, err = erase(gateway.Payment{Store: "fr", ID: done.ID}, false)
	require.ErrorIs(t, err, gateway.CodeNotFound)
}

// S61: clean-up is bounded, says how much it removed, and goes on the next time.
func TestARunIsBoundedAndGoesOnTheNextTime(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	for i := range 5 {
		ended(t, s, fmt.Sprint(i))
	}
	s.Advance(31 * day)
	policy := retention.Policy{Personal: 30 * day, Attempts: 30 * day}
	signs := 0
	small := func(o *retention.Options) {
		o.Batch, o.Most, o.Alive = 2, 1, func(context.Context) error { signs++; return nil }
	}
	r := run(t, s, policy, small)
	assert.Equal(t, [3]any{int64(2), int64(2), true}, [3]any{r.Payments, r.Attempts, r.More})
	assert.Equal(t, 2, signs, "a sign of life after every batch")
	r = run(t, s, policy, func(o *retention.Options) { o.Batch = 2 })
	assert.Equal(t, [3]any{int64(3), int64(13), false}, [3]any{r.Payments, r.Attempts, r.More})
	_, err := retention.Run(t.Context(), retention.Options{DB: s.DB, Store: enginetest.Store, Policy: policy, Alive: func(context.Context) error { return errors.New("the claim was lost") }})
	require.ErrorContains(t, err, "the claim was lost")
}

func TestOnlyResolvedDiscrepanciesArePruned(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	p := s.Paid("17")
	require.NoError(t, s.DB.Update(t.Context(), func(tx *storage.Tx) error {
		if err := errors.Join(tx.AppendDiscrepancy(p.Store, p.ID, "d", 1), tx.AppendDiscrepancy(p.Store, p.ID, "d", 2)); err != nil {
			return err
		}
		all, err := tx.Discrepancies(p.Store, p.ID)
		return errors.Join(err, tx.ResolveDiscrepancy(p.Store, all[0].ID, "ada", "seen"))
	}))
	s.Advance(31 * day)
	assert.Equal(t, int64(1), run(t, s, retention.Policy{Discrepancies: 30 * day}).Discrepancies)
	assert.Equal(t, int64(0), run(t, s, retention.Policy{Discrepancies: 30 * day}).Discrepancies)
}

func TestOptionsThatCannotBeRightRemoveNothing(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	for _, o := range []retention.Options{
		{Store: "es"},
		{DB: s.DB},
		{DB: s.DB, Store: "es", Policy: retention.Policy{Personal: -1}},
		{DB: s.DB, Store: "es", Batch: -1},
		{DB: s.DB, Store: "es", Policy: retention.Policy{Held: day}},
		{DB: s.DB, Store: "es", Policy: retention.Policy{Personal: 2 * day, Held: day}},
	} {
		_, err := retention.Run(t.Context(), o)
		require.Error(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := retention.Run(ctx, retention.Options{DB: s.DB, Store: "es", Policy: retention.Policy{Personal: day}})
	require.ErrorIs(t, err, gateway.CodeUnavailable)
}

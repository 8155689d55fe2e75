package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// cases are those of payments.md section 5, each with the test that shows how it comes out.
var cases = map[string][]string{
	"multiple and final capture":                 {"TestAPaymentsLifeIsTheProvidersLedger", "TestAFinalCaptureTakesTheRestOfTheHold"},
	"void after a partial capture":               {"TestAPaymentsLifeIsTheProvidersLedger", "TestAVoidWaitsForAnOpenCapture"},
	"over-capture":                               {"TestTheCaptureLimitIsTheSmallerOfTheProvidersAndTheShops"},
	"refund over several captures":               {"TestARefundIsSpreadOverCaptures"},
	"accepted, result later":                     {"TestWhatIsAcceptedAndNeverSettledIsParked", "TestH1WhatHappenedIsTold"},
	"capture or refund failed after success":     {"TestACaptureThatFailsAfterwardsAndIsTakenAgain"},
	"decline then success on one resource":       {"TestADeclineIsOvercomeOnTheSameResource"},
	"chargeback, dispute won or lost":            {"TestAChargebackBoundsWhatCanBeRefunded", "TestADisputeIsKeptAndToldOnce"},
	"authorization expires":                      {"TestALateCaptureIsNotRefusedByUs"},
	"incremental authorization, reauthorize":     {"TestAnAdjustmentChangesWhatIsHeld", "TestARenewalIsToldFromNothingHappened", "TestAHoldIsRenewedAgainAndAgain"},
	"redirect abandoned, then success":           {"TestAnAbandonedRedirectIsCancelledAtTheProvider", "TestMoneyThatComesTooLateIsKeptOrGivenBack"},
	"zero-amount verification, token stored":     {"TestAVerifiedInstrumentIsStoredAndPaysAgain"},
	"off-session and merchant-initiated payment": {"TestAVerifiedInstrumentIsStoredAndPaysAgain", "TestADeclineIsToldAndMayBeOvercome"},
	"short, over, late; partial; surcharge":      {"TestTheTrueAmountIsBooked"},
	"other settlement currency, fees":            {"TestSettlementAndFeeStandBesideTheMovement"},
	"several payments for one order":             {"TestOneOrderIsPaidOnce"},
	"fallback to another provider":               {"TestAnotherProviderMayPayOnlyWhenTheFirstCannotAnyMore"},
	"existing payments taken over":               {"TestAPaymentBegunElsewhereIsAdopted"},
	"the provider cannot list":                   nil, // gateway/engine/reconcile reads its report
	"the same command 1,000 times":               {"TestTheSameCommandAThousandTimesFromEightProcessesHasOneEffect"},
	"old and new binary on one database":         {"TestAnOlderBinarysRowsAreGoneOnWith"},
}

func TestEveryCaseHasItsTest(t *testing.T) {
	t.Parallel()
	have := testNames(t)
	assert.Len(t, cases, 21)
	for name, tests := range cases {
		for _, test := range tests {
			assert.True(t, have[test], "%s: there is no %s", name, test)
		}
	}
}

func TestWhatIsAcceptedAndNeverSettledIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{AsyncCapture: true, SettleAfter: -1})
	p := w.held("17")
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	require.Equal(t, gateway.StateAwaiting, r.Operation.State)
	w.converge()
	open := w.open(p.ID)
	require.Len(t, open, 1)
	assert.Equal(t, gateway.StateParked, open[0].State, w.story(p.ID))
	assert.Equal(t, eur(400), w.load(p.ID).Reserved.Capturing, "the reservation stays")
	captures := 0
	for _, c := range w.server.Calls() {
		if c.Operation == simulator.OpCapture {
			captures++
		}
	}
	assert.Equal(t, 1, captures, "what was accepted is never sent again")
	require.NoError(t, w.server.SettlePending(w.server.Payments()[0].Captures[0].ID, true))
	_, err = w.eng.Refresh(t.Context(), "es", p.ID, "")
	require.NoError(t, err)
	assert.Empty(t, w.open(p.ID), "evidence settles what is parked")
	w.equal()
}

func TestACaptureThatFailsAfterwardsAndIsTakenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	id := w.server.Payments()[0].ID
	see := func(captured int64) {
		_, err := w.eng.Refresh(t.Context(), "es", p.ID, "")
		require.NoError(t, err)
		assert.Equal(t, eur(captured), w.load(p.ID).Balances.Captured)
		w.equal()
	}
	require.NoError(t, w.server.ReverseCapture(id))
	see(0)
	assert.Contains(t, w.told(p.ID), "capture.reversed")
	again, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err)
	assert.Equal(t, r.Operation.ID, again.Operation.ID, "the operation stays as it ended")
	require.NoError(t, w.server.Recapture(id))
	see(400)
	require.NoError(t, w.server.ReverseCapture(id))
	see(0)
}

func TestADeclineIsOvercomeOnTheSameResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.create("17")
	_, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenDeclineThenSuccess) }))
	require.ErrorIs(t, err, gateway.CodeDeclined)
	require.Equal(t, gateway.StateActionRequired, w.first(p.ID))
	r, err := w.eng.Continue(t.Context(), w.request(p, "again", func(r *engine.Request) { r.Instrument = card(simulator.TokenDeclineThenSuccess) }))
	require.NoError(t, err, w.story(p.ID))
	assert.Equal(t, eur(1000), r.Payment.Balances.Authorized)
	assert.Equal(t, gateway.StateSucceeded, w.first(p.ID), w.story(p.ID))
	assert.Len(t, w.server.Payments(), 1, "the same resource")
	w.equal()
}

func TestAChargebackBoundsWhatCanBeRefunded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
	require.NoError(t, err)
	d, err := w.server.Chargeback(w.server.Payments()[0].ID, 700)
	require.NoError(t, err)
	see := func(refundable int64, state gateway.DisputeState) {
		_, err := w.eng.Refresh(t.Context(), "es", p.ID, "")
		require.NoError(t, err)
		assert.Equal(t, eur(refundable), w.load(p.ID).Refundable())
		require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) error {
			all, err := tx.Disputes("es", p.ID)
			require.Len(t, all, 1)
			assert.Equal(t, state, all[0].State)
			assert.Equal(t, eur(700), all[0].Amount)
			return err
		}))
		w.equal()
	}
	see(300, gateway.DisputeOpen)
	_, err = w.eng.Refund(t.Context(), w.request(p, "back", amount(301)))
	require.ErrorIs(t, err, gateway.CodeConflict)
	require.NoError(t, w.server.ResolveDispute(d.ID, true))
	see(1000, gateway.DisputeWon)
}

func TestALateCaptureIsNotRefusedByUs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{AuthorizationValidity: time.Hour, ExpiryGrace: 24 * time.Hour})
	p := w.held("17")
	expires, known := p.HoldExpires()
	require.True(t, known)
	w.later(2 * time.Hour)
	require.True(t, w.db.Now().After(expires))
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.NoError(t, err, "the provider decides")
	require.NoError(t, w.server.ExpireAuthorization(w.server.Payments()[0].ID))
	assert.Equal(t, eur(0), w.load(p.ID).Balances.Released, "only evidence releases a hold")
	_, err = w.eng.Refresh(t.Context(), "es", p.ID, "")
	require.NoError(t, err)
	assert.Equal(t, eur(600), w.load(p.ID).Balances.Released)
	w.equal()
}

// Less or more than was asked for may be true: it is booked once lookups agree.
func TestTheTrueAmountIsBooked(t *testing.T) {
	t.Parallel()
	for token, want := range map[string][2]int64{ // held, captured
		simulator.TokenPartial: {600, 0}, simulator.TokenSurcharge: {1020, 0}, simulator.TokenShortTransfer: {900, 900}, simulator.TokenOverTransfer: {1100, 1100},
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Rules{})
			p := w.create("17")
			_, _ = w.eng.Purchase(t.Context(), w.request(p, "buy", amount(1000), func(r *engine.Request) { r.Instrument = card(token) }))
			w.converge()
			got := w.load(p.ID).Balances
			want := want
			if !strings.Contains(token, "transfer") {
				want[1] = want[0] // a purchase takes what it holds
			}
			assert.Equal(t, want, [2]int64{got.Authorized.Minor(), got.Captured.Minor()}, w.story(p.ID))
			assert.Empty(t, w.open(p.ID), w.story(p.ID))
			w.equal()
		})
	}
}

func TestSettlementAndFeeStandBesideTheMovement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.create("17")
	_, err := w.eng.Authorize(t.Context(), w.request(p, "auth", amount(1000), func(r *engine.Request) { r.Instrument = card(simulator.TokenForeignSettlement) }))
	require.NoError(t, err)
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
	require.NoError(t, err)
	for _, m := range r.Payment.Movements {
		if m.Kind == gateway.MoveCapture {
			require.NotNil(t, m.Settled)
			assert.NotEqual(t, "EUR", m.Settled.Amount.Currency())
			assert.True(t, m.Settled.Fee.IsPositive())
		}
	}
	assert.Equal(t, eur(1000), r.Payment.Balances.Captured, "balances are in the payment's currency only")
	w.equal()
}

// Holds belong to providers: another provider is asked only when the first one
// certainly has nothing and will have nothing.
func TestAnotherProviderMayPayOnlyWhenTheFirstCannotAnyMore(t *testing.T) {
	t.Parallel()
	backup, err := simulator.Start(simulator.Config{ManualWebhooks: true, Seed: 2})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, backup.Close()) })
	w := newWorldWith(t, simulator.Rules{ChallengeValidity: 96 * time.Hour}, func(cfg *engine.Config, at link) {
		both, err := command.Assemble(provider(t, "sandbox", at), provider(t, "backup", link{url: backup.URL()}))
		require.NoError(t, err)
		cfg.Pools = both
	})
	elsewhere := func(p gateway.Payment) error {
		_, err := w.eng.Authorize(t.Context(), w.request(p, p.Order+"-backup", amount(1000), func(r *engine.Request) { r.Provider, r.Instrument = "backup", card(simulator.TokenOK) }))
		return err
	}
	first := func(key, token string) gateway.Payment {
		p := w.create(key)
		_, _ = w.eng.Authorize(t.Context(), w.request(p, key+"-first", amount(1000), func(r *engine.Request) { r.Instrument = card(token) }))
		return p
	}
	declined := first("declined", simulator.TokenDeclined)
	require.NoError(t, elsewhere(declined))
	assert.Equal(t, "backup", w.load(declined.ID).Movements[0].Provider)

	waiting := first("waiting", simulator.TokenChallenge)
	require.ErrorIs(t, elsewhere(waiting), gateway.CodeConflict, "the shopper may still act there")
	_, err = w.eng.Cancel(t.Context(), w.request(waiting, "cancel", func(r *engine.Request) { r.Provider = "" }))
	require.NoError(t, err)
	require.NoError(t, elsewhere(waiting))

	w.server.Next(simulator.OpCreatePayment, simulator.ResetAfter)
	unknown := first("unknown", simulator.TokenOK)
	require.ErrorIs(t, elsewhere(unknown), gateway.CodeConflict, "it may have been paid there")
	w.converge()
	assert.Equal(t, "sandbox", w.load(unknown.ID).Movements[0].Provider)
	assert.Len(t, backup.Payments(), 2)
}

// An older binary wrote rows without what later migrations added: steps without
// an amount or target, payments that say nothing of splitting. They are gone on with.
func TestAnOlderBinarysRowsAreGoneOnWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Rules{})
	p := w.held("17")
	w.server.Next(simulator.OpCapture, simulator.ResetAfter)
	_, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(400)))
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	// The statements of the first release, on the schema of this one.
	require.NoError(t, w.db.Update(t.Context(), func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		for _, old := range []string{
			`INSERT INTO payment (store, id, command_key, fingerprint, order_ref, currency, due, phase, status, created_us, updated_us)
				VALUES ('es', 'pay_old', 'old', 'f', 'old', 'EUR', 1000, '', 'new', 1, 1)`,
			`INSERT INTO operation (store, id, payment, kind, provider, command_key, fingerprint, amount, target, final, state, reserved, next_check_us, deadline_us, created_us, updated_us)
				VALUES ('es', 'op_old', 'pay_old', 'authorize', 'sandbox', 'old-auth', 'f', 1000, '', 0, 'open', 0, 1, NULL, 1, 1)`,
			`INSERT INTO step (store, operation, number, name, provider_key, effect, state) VALUES ('es', 'op_old', 1, 'authorize', 'old-key', 'hold', 'prepared')`,
			`INSERT INTO detail (store, payment, name, body) VALUES ('es', 'pay_old', 'request/op_old', '{}')`,
		} {
			if _, err := q.ExecContext(ctx, old); err != nil {
				return err
			}
		}
		return nil
	}))
	w.converge()
	assert.Equal(t, eur(400), w.load(p.ID).Balances.Captured)
	ops, _, err := w.eng.History(t.Context(), "es", "pay_old")
	require.NoError(t, err)
	assert.True(t, ops[0].State.Terminal(), w.story("pay_old"))
	w.equal()
}

package sandbox_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewaytest"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// quick bounds a call to a provider that never answers.
const quick = time.Second

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, gatewaytest.Harness{
		Provider: "sandbox",
		Items: func(base string, canaries map[gateway.StoreID]string) []command.Item {
			keys := tenant.Fixed[sandbox.Keys]{}
			for store, canary := range canaries {
				keys[store] = sandbox.Keys{Secret: gateway.NewSecret(canary)}
			}
			api, err := sandbox.New(sandbox.Config{BaseURL: base, Keys: keys})
			require.NoError(t, err)
			return []command.Item{api.Provider()}
		},
		Answers: os.DirFS("testdata/answers"),
		Golden:  "testdata/requests",
		Subject: func(op gateway.Operation, s gateway.Subject) gateway.Subject {
			s.Target = map[gateway.Operation]string{gateway.OpForget: "inst_1", sandbox.OpFetchCapture: "cap_1", sandbox.OpFetchRefund: "ref_1"}[op]
			if s.Target == "" {
				s.Target = "pay_1"
			}
			s.Input = map[string]string{"result": "approved"}
			return s
		},
	})
}

// shop is a simulator with the provider's commands on it.
type shop struct {
	*testing.T
	server *simulator.Server
	pool   *command.Pool
}

func open(t *testing.T, cfg simulator.Config) shop {
	t.Helper()
	server, err := simulator.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	api, err := sandbox.New(sandbox.Config{BaseURL: server.URL(), Reauthorizes: cfg.Rules.Reauthorize, Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)})})
	require.NoError(t, err)
	pools, err := command.Assemble(api.Provider())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pools.Close(context.Background())) })
	return shop{t, server, pools.For("sandbox")}
}

func (s shop) run(op gateway.Operation, change func(*gateway.Subject)) (gateway.Outcome, error) {
	s.Helper()
	subject := gateway.Subject{Store: "es", Operation: gateway.OperationID("op_" + string(op)), IdempotencyKey: "key_" + string(op), ReturnURL: "https://shop.example/return"}
	change(&subject)
	if subject.Operation == "" {
		s.Fatal("no operation")
	}
	return s.pool.Get(op).Execute(s.Context(), subject)
}

func (s shop) pay(op gateway.Operation, token string) (gateway.Outcome, error) {
	s.Helper()
	return s.run(op, func(x *gateway.Subject) {
		x.Amount = gateway.Minor(1000, "EUR")
		x.Instrument = &gateway.Instrument{Token: gateway.NewSecret(token)}
	})
}

// must is run for calls that succeed.
func (s shop) must(op gateway.Operation, change func(*gateway.Subject)) gateway.Outcome {
	s.Helper()
	out, err := s.run(op, change)
	require.NoError(s, err)
	return out
}

// balances folds what outcomes said, and holds it against the provider's own ledger.
func (s shop) balances(payment string, outs ...gateway.Outcome) gateway.Balances {
	s.Helper()
	var moves []gateway.Movement
	for _, o := range outs {
		moves = append(moves, o.Movements...)
	}
	ours, err := gateway.Fold("EUR", moves)
	require.NoError(s, err)
	theirs, err := s.server.Payment(payment)
	require.NoError(s, err)
	assert.Equal(s, theirs.Amounts.Authorized, ours.Authorized.Minor(), "authorized")
	assert.Equal(s, theirs.Amounts.Captured, ours.Captured.Minor(), "captured")
	assert.Equal(s, theirs.Amounts.Released, ours.Released.Minor(), "released")
	assert.Equal(s, theirs.Amounts.Refunded, ours.Refunded.Minor(), "refunded")
	assert.Equal(s, theirs.Amounts.ChargedBack, ours.ChargedBack.Minor(), "charged back")
	return ours
}

func target(id string, minor int64) func(*gateway.Subject) {
	return func(s *gateway.Subject) {
		s.Target = id
		if minor > 0 {
			s.Amount = gateway.Minor(minor, "EUR")
		}
	}
}

// Capture of a part, of the rest finally, and refunds: our movements add up to the provider's ledger.
func TestALifeOfAPaymentAddsUpToTheProvidersLedger(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	auth, err := s.pay(gateway.OpAuthorize, simulator.TokenOK)
	require.NoError(t, err)
	id := auth.Reference("payment")
	s.balances(id, auth)
	more := s.must(gateway.OpAdjust, target(id, 1500))
	s.balances(id, auth, more)
	first := s.must(gateway.OpCapture, target(id, 400))
	last := s.must(gateway.OpCapture, func(x *gateway.Subject) {
		target(id, 500)(x)
		x.Final, x.Operation, x.IdempotencyKey = true, "op_capture_2", "key_capture_2"
	})
	b := s.balances(id, auth, more, first, last)
	assert.Equal(t, gateway.Minor(900, "EUR"), b.Captured)
	assert.Equal(t, gateway.Minor(600, "EUR"), b.Released, "a final capture releases the rest")
	for _, m := range last.Movements {
		assert.Equal(t, gateway.OperationID("op_capture_2"), m.Operation, "the release is the capture's doing")
	}
	back := s.must(gateway.OpRefund, func(x *gateway.Subject) {
		target(first.Reference("capture"), 300)(x)
		x.Payment.Refs = auth.Refs
	})
	b = s.balances(id, auth, more, first, last, back)
	assert.Equal(t, gateway.Minor(300, "EUR"), b.Refunded)

	fetched := s.must(gateway.OpFetch, target(id, 0))
	assert.Equal(t, b, s.balances(id, fetched), "one fetch tells the same as all the answers")
	assert.Equal(t, b, s.balances(id, auth, more, first, last, back, fetched), "and knowing it twice changes nothing")
	found := s.must(gateway.OpFind, func(x *gateway.Subject) { x.Operation = "op_authorize" })
	assert.Equal(t, id, found.Reference("payment"))
	assert.Equal(t, b, s.balances(id, found))
	page := s.must(gateway.OpList, func(x *gateway.Subject) { x.Extras = gateway.With(sandbox.ListPage.Of(sandbox.Page{Limit: 10})) })
	list, ok := sandbox.PaymentsAnswer.From(page.Extras)
	require.True(t, ok)
	assert.Len(t, list.Data, 1)
}

func TestAVoidReleasesWhatIsHeld(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	auth, err := s.pay(gateway.OpAuthorize, simulator.TokenOK)
	require.NoError(t, err)
	id := auth.Reference("payment")
	part := s.must(gateway.OpCapture, target(id, 400))
	void := s.must(gateway.OpVoid, target(id, 0))
	b := s.balances(id, auth, part, void)
	assert.Equal(t, gateway.Minor(600, "EUR"), b.Released)
	assert.Equal(t, gateway.OperationID("op_void"), void.Movements[0].Operation)
	_, err = s.run(gateway.OpVoid, func(x *gateway.Subject) { target(id, 0)(x); x.IdempotencyKey = "other" })
	require.ErrorIs(t, err, gateway.CodeConflict, "already released is no failure: the endpoint says which codes mean that")
}

// Every magic token has the outcome that its documentation promises, in our words.
func TestEveryInstrumentHasItsOutcome(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{Rules: simulator.Rules{Slow: 1}})
	for _, token := range simulator.Tokens() {
		out, err := s.run(gateway.OpAuthorize, func(x *gateway.Subject) {
			x.Amount, x.Operation, x.IdempotencyKey = gateway.Minor(1000, "EUR"), gateway.OperationID("op_"+token), "key_"+token
			x.Instrument = &gateway.Instrument{Token: gateway.NewSecret(token)}
		})
		switch want := outcomes[token]; want {
		case "declined":
			require.ErrorIs(t, err, gateway.CodeDeclined, token)
			e := gateway.AsError(err, "")
			assert.NotEmpty(t, e.Reference, "%s: the payment is known", token)
			assert.True(t, e.Reason.Known())
		default:
			require.NoError(t, err, token)
			if want == "" {
				want = gateway.StatusSucceeded
			}
			assert.Equal(t, want, out.Status, token)
			assert.Equal(t, want == gateway.StatusSucceeded, out.Moved(), token)
			assert.Equal(t, want == gateway.StatusActionRequired, out.Action != nil && out.Action.Kind == gateway.ActionRedirect, token)
			s.balances(out.Reference("payment"), out)
		}
	}
	assert.Empty(t, sandbox.Errors.Unmapped(), "every code that the provider gives is mapped")
}

// Each adjustment makes a new authorization, by whose name the next call acts on it.
func TestAHoldIsRenewedUnderANewName(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{Rules: simulator.Rules{Reauthorize: true}})
	auth, err := s.pay(gateway.OpAuthorize, simulator.TokenOK)
	require.NoError(t, err)
	id, first := auth.Reference("payment"), auth.Reference("authorization")
	endpoint, _ := s.pool.Endpoint(gateway.OpAdjust)
	assert.True(t, endpoint.Renews)
	assert.Empty(t, endpoint.AlreadyDone, "the same amount is not done already")
	s.server.Advance(time.Hour)
	renewed := s.must(gateway.OpAdjust, target(first, 1000))
	second := renewed.Reference("authorization")
	require.Len(t, renewed.Movements, 1)
	m := renewed.Movements[0]
	assert.Equal(t, []any{gateway.MoveAdjust, gateway.Minor(1000, "EUR"), second, first, gateway.OperationID("op_adjust")}, []any{m.Kind, m.Amount, m.Reference, m.Parent, m.Operation})
	assert.WithinDuration(t, auth.Movements[0].Expires.Add(time.Hour), m.Expires, time.Minute)
	require.NoError(t, s.server.AdjustInDashboard(id, 1200))
	seen := s.must(gateway.OpFetch, target(id, 0))
	third := seen.Reference("authorization")
	_, err = s.run(gateway.OpCapture, target(second, 400))
	require.ErrorIs(t, err, gateway.CodeConflict, "it was superseded")
	taken := s.must(gateway.OpCapture, func(x *gateway.Subject) { target(third, 400)(x); x.IdempotencyKey = "new-name" })
	assert.Equal(t, third, taken.Movements[0].Parent)
	s.balances(id, auth, renewed, seen, taken)
	last := s.must(gateway.OpAdjust, func(x *gateway.Subject) { target(third, 1100)(x); x.Operation, x.IdempotencyKey = "op_less", "less" })
	require.Len(t, last.Movements, 3, "with those on the way to it, which nobody may have told")
	b := s.balances(id, auth, last, taken)
	assert.Equal(t, gateway.Minor(1100, "EUR"), b.Authorized)
	void := s.must(gateway.OpVoid, target(last.Reference("authorization"), 0))
	assert.Equal(t, gateway.Minor(700, "EUR"), s.balances(id, auth, last, taken, void).Released)
}

var outcomes = map[string]gateway.Status{
	simulator.TokenDeclined: "declined", simulator.TokenInsufficientFunds: "declined", simulator.TokenExpiredCard: "declined",
	simulator.TokenIncorrectCVC: "declined", simulator.TokenLostCard: "declined", simulator.TokenStolenCard: "declined", simulator.TokenFraud: "declined",
	simulator.TokenProcessingError: "declined", simulator.TokenDoNotHonor: "declined", simulator.TokenRequiresAuthentication: "declined",
	simulator.TokenDeclineThenSuccess: "declined", simulator.TokenChallenge: gateway.StatusActionRequired,
	simulator.TokenChallengeThenDecline: gateway.StatusActionRequired, simulator.TokenPending: gateway.StatusAwaiting,
	simulator.TokenPendingThenFail: gateway.StatusAwaiting, simulator.TokenHeld: gateway.StatusHeld,
	simulator.TokenTransfer: gateway.StatusAwaiting, simulator.TokenShortTransfer: gateway.StatusAwaiting, simulator.TokenOverTransfer: gateway.StatusAwaiting,
}

func TestAChallengeIsContinued(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{Rules: simulator.Rules{ConfirmAfterChallenge: true}})
	auth, err := s.pay(gateway.OpPurchase, simulator.TokenChallenge)
	require.NoError(t, err)
	id := auth.Reference("payment")
	require.NoError(t, s.server.CompleteChallenge(id))
	out := s.must(gateway.OpContinue, func(x *gateway.Subject) { x.Target, x.Input = id, map[string]string{"result": "approved"} })
	assert.True(t, out.Moved())
	assert.Equal(t, gateway.Minor(1000, "EUR"), s.balances(id, auth, out).Captured)
}

// Decline, then success on one resource: the first is an error that knows the payment, the second moves money.
func TestADeclineIsOvercomeOnTheSameResource(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	_, err := s.pay(gateway.OpAuthorize, simulator.TokenDeclineThenSuccess)
	require.ErrorIs(t, err, gateway.CodeDeclined)
	id := gateway.AsError(err, "").Reference
	out := s.must(gateway.OpContinue, target(id, 0))
	assert.True(t, out.Moved())
	s.balances(id, out)
}

// What happens without us is learned by fetching: reversals, dashboard refunds, disputes, expiry.
func TestWhatHappensElsewhereIsLearnedByFetching(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	buy, err := s.pay(gateway.OpPurchase, simulator.TokenOK)
	require.NoError(t, err)
	id := buy.Reference("payment")
	_, err = s.server.RefundInDashboard(id, 200)
	require.NoError(t, err)
	refund := s.must(gateway.OpFetch, target(id, 0)).Movements[2].Reference
	require.NoError(t, s.server.ReverseRefund(refund))
	fetched := s.must(gateway.OpFetch, target(id, 0))
	s.balances(id, fetched)
	external := 0
	for _, m := range fetched.Movements {
		assert.Equal(t, gateway.SourcePoll, m.Source)
		if m.Operation == "" {
			external++
		}
	}
	assert.Equal(t, 2, external, "a dashboard refund and a reversal belong to no operation of ours")

	held, err := s.run(gateway.OpAuthorize, func(x *gateway.Subject) {
		x.Amount, x.Operation, x.IdempotencyKey = gateway.Minor(1000, "EUR"), "op_2", "key_2"
		x.Instrument = &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
	})
	require.NoError(t, err)
	id = held.Reference("payment")
	require.NoError(t, s.server.ExpireAuthorization(id))
	fetched = s.must(gateway.OpFetch, target(id, 0))
	assert.Equal(t, gateway.StatusFailed, fetched.Status)
	assert.Equal(t, "expired", fetched.Phase)
	s.balances(id, fetched)
}

func TestAPendingCaptureIsAwaitedAndThenFetched(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	auth, err := s.pay(gateway.OpAuthorize, simulator.TokenCapturePending)
	require.NoError(t, err)
	id := auth.Reference("payment")
	out := s.must(gateway.OpCapture, target(id, 1000))
	assert.Equal(t, gateway.StatusAwaiting, out.Status)
	assert.False(t, out.Moved())
	s.balances(id, auth, out)
	require.NoError(t, s.server.SettlePending(out.Reference("capture"), true))
	settled := s.must(sandbox.OpFetchCapture, target(out.Reference("capture"), 0))
	assert.True(t, settled.Moved())
	s.balances(id, auth, out, settled)
}

func TestAnInstrumentIsStoredUsedAndForgotten(t *testing.T) {
	t.Parallel()
	s := open(t, simulator.Config{})
	out, err := s.pay(gateway.OpVerify, simulator.TokenOK)
	require.NoError(t, err)
	assert.Empty(t, out.Movements, "storing an instrument moves nothing")
	require.NotNil(t, out.Instrument)
	assert.True(t, out.Instrument.Reusable)
	out, err = s.run(gateway.OpPurchase, func(x *gateway.Subject) {
		x.Amount, x.Instrument = gateway.Minor(100, "EUR"), out.Instrument
		x.Order = &gateway.Order{SCA: &gateway.SCA{Initiator: gateway.ByMerchant}}
	})
	require.NoError(t, err)
	assert.True(t, out.Moved())
	s.must(gateway.OpForget, target(out.Instrument.Token.Reveal(), 0))
	_, err = s.run(gateway.OpForget, target(out.Instrument.Token.Reveal(), 0))
	require.ErrorIs(t, err, gateway.CodeNotFound)
}

// Every lie of the provider: what is answered is never believed when it is wrong,
// and what is called unavailable or refused has certainly had no effect.
func TestNoLieBecomesAGuess(t *testing.T) {
	t.Parallel()
	for _, fault := range simulator.Faults() {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			s := open(t, simulator.Config{Rules: simulator.Rules{Slow: 1, DripInterval: 1}})
			s.server.Next(simulator.OpCreatePayment, fault)
			ctx, cancel := context.WithTimeout(t.Context(), quick)
			defer cancel()
			out, err := s.pool.Get(gateway.OpAuthorize).Execute(ctx, gateway.Subject{
				Store: "es", Operation: "op_1", IdempotencyKey: "key_1", Amount: gateway.Minor(1000, "EUR"),
				Instrument: &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}, ReturnURL: "https://shop.example/return",
			})
			moved := s.server.Effects("key_1") > 0
			switch code := gateway.CodeOf(err); code {
			case "":
				assert.True(t, moved, "it says %s, and nothing happened", out.Status)
				s.balances(out.Reference("payment"), out)
			case gateway.CodeIndeterminate:
			default:
				assert.False(t, moved, "it says %s, and money moved: %v", code, err)
			}
		})
	}
}

func TestTheModuleNeedsAConfigOnly(t *testing.T) {
	t.Parallel()
	var pools *command.Pools
	app := fx.New(fx.NopLogger, gatewayfx.Module, sandbox.Module, fx.Populate(&pools),
		fx.Supply(sandbox.Config{Name: "second", BaseURL: "http://127.0.0.1:1", Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret("k")})}))
	require.NoError(t, app.Err())
	assert.Equal(t, []string{"second"}, pools.Names(), "one provider may be installed several times")
	_, err := sandbox.New(sandbox.Config{})
	require.ErrorContains(t, err, "Config.Keys is missing")
}

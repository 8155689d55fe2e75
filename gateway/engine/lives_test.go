package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// biography is a life that payments take, from which a process may be torn at any
// time: live may be started again, and comes to the same end.
type biography struct {
	live     func(ctx context.Context, eng *engine.Engine, wait func()) error
	config   func(cfg *engine.Config)
	flows    map[gateway.Operation]command.Flow
	promises map[gateway.Operation]func(e *gateway.Endpoint)
	calls    []simulator.Operation // that go wrong once, where a fault is asked for
	moved    [4]int64              // authorized, released, captured, refunded in the end
	theirs   int                   // payments at the provider

	// reauthorizes says that the provider makes a new authorization of an adjustment.
	reauthorizes bool

	// again says that what a lost call began may have been cancelled and begun anew: of
	// moved, what was released and the payments are then as many as they are.
	again bool
}

// oneCard is a payment by card: held, captured in parts, released, refunded.
var oneCard = biography{
	live:  life,
	calls: []simulator.Operation{simulator.OpCreatePayment, simulator.OpCapture, simulator.OpRelease, simulator.OpRefund},
	moved: [4]int64{1000, 300, 700, 250}, theirs: 1,
}

// everyKind is every kind of operation, flows and plans among them.
var everyKind = biography{
	live:     wholeLife,
	config:   func(cfg *engine.Config) { cfg.Policy = planned },
	flows:    map[gateway.Operation]command.Flow{gateway.OpPurchase: {Steps: []gateway.Operation{gateway.OpAuthorize, gateway.OpCapture}}},
	promises: map[gateway.Operation]func(e *gateway.Endpoint){gateway.OpRefund: func(e *gateway.Endpoint) { e.RefundTarget = gateway.RefundCapture }},
	calls: []simulator.Operation{
		simulator.OpCreatePayment, simulator.OpAdjust, simulator.OpCapture, simulator.OpRelease, simulator.OpRefund, simulator.OpCancel, simulator.OpAccept,
		simulator.OpCreateInstrument,
	},
	moved: [4]int64{1200 + 1000 + 1000 + 1000, 500, 700 + 1000 + 1000, 500}, theirs: 5,
}

// begunAnew is a payment at a provider that cannot be asked and knows no key, but
// cancels what a key has caused: what was lost is cancelled, and paid again.
var begunAnew = biography{
	live: lostAndPaidAgain,
	promises: map[gateway.Operation]func(e *gateway.Endpoint){gateway.OpAuthorize: func(e *gateway.Endpoint) {
		e.KeyTTL, e.LookupByRef, e.LateEffectMax = 0, "", 0
	}},
	calls: []simulator.Operation{simulator.OpCreatePayment, simulator.OpCancelByKey, simulator.OpCapture},
	moved: [4]int64{1000, 0, 1000, 0}, again: true,
}

// lostAndPaidAgain pays until it is certain that it was paid once.
func lostAndPaidAgain(ctx context.Context, eng *engine.Engine, wait func()) error {
	done := []gateway.OperationState{gateway.StateSucceeded}
	for n := range 9 {
		order := fmt.Sprint("try-", n)
		p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: order, Amount: eur(1000)})
		if err != nil {
			return err
		}
		auth := deed{eng.Authorize, "auth", func(r *engine.Request) { r.Amount, r.Instrument = eur(1000), card(simulator.TokenOK) }, append(done, gateway.StateCancelled)}
		if err := auth.carry(ctx, eng, p, order+" ", wait); err != nil {
			return err
		}
		if p, err = eng.Payment(ctx, "es", p.ID); err != nil {
			return err
		}
		if p.Balances.Authorized.Minor() > p.Balances.Released.Minor() {
			return (deed{eng.Capture, "ship", func(r *engine.Request) { r.Amount = eur(1000) }, done}).carry(ctx, eng, p, order+" ", wait)
		}
	}
	return fmt.Errorf("it was cancelled nine times")
}

// edits returns what the life's provider promises otherwise than the sandbox.
func (bio biography) edits() (all []command.Item) {
	for op, f := range bio.promises {
		all = append(all, promising(op, f))
	}
	return all
}

// configure returns the change to an engine that a life needs.
func (bio biography) configure(t *testing.T) func(*engine.Config, link) {
	return func(cfg *engine.Config, at link) {
		at.reauthorizes = bio.reauthorizes
		cfg.Pools = poolsWith(t, at, bio.flows, bio.edits()...)
		if bio.config != nil {
			bio.config(cfg)
		}
	}
}

// rules returns the rules of the life's provider.
func (bio biography) rules(r simulator.Rules) simulator.Rules {
	r.Reauthorize = bio.reauthorizes
	return r
}

// heldAnew is a payment by card whose hold is renewed, and superseded by more and
// less, between what is taken of it.
var heldAnew = biography{
	live: renewedLife, reauthorizes: true,
	calls: []simulator.Operation{simulator.OpCreatePayment, simulator.OpAdjust, simulator.OpCapture, simulator.OpRelease, simulator.OpRefund},
	moved: [4]int64{1100, 700, 400, 250}, theirs: 1,
}

// renewedLife renews a hold before and after a part of it was captured.
func renewedLife(ctx context.Context, eng *engine.Engine, wait func()) error {
	p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "order", Amount: eur(1000)})
	if err != nil {
		return err
	}
	minor := func(n int64) func(*engine.Request) { return func(r *engine.Request) { r.Amount = eur(n) } }
	done := []gateway.OperationState{gateway.StateSucceeded}
	for _, d := range []deed{
		{eng.Authorize, "auth", func(r *engine.Request) { r.Amount, r.Instrument = eur(1000), card(simulator.TokenOK) }, done},
		{eng.Adjust, "renew", minor(1000), done},
		{eng.Capture, "ship-1", minor(300), done},
		{eng.Adjust, "renew again", minor(1000), done},
		{eng.Adjust, "less", minor(900), done},
		{eng.Adjust, "more", minor(1100), done},
		{eng.Capture, "ship-2", minor(100), done},
		{eng.Void, "void", func(*engine.Request) {}, done},
		{eng.Refund, "back", minor(250), done},
	} {
		if err := d.carry(ctx, eng, p, "", wait); err != nil {
			return err
		}
	}
	return nil
}

var biographies = map[string]biography{"": oneCard, "every kind": everyKind, "begun anew": begunAnew, "held anew": heldAnew}

// planned captures at once what the order "auto" holds.
func planned(p gateway.Payment, _ string) engine.Policy {
	if p.Order == "auto" {
		return engine.Policy{Capture: engine.CaptureAtOnce}
	}
	return engine.Policy{}
}

// deed is one operation of a life, and the states that end it.
type deed struct {
	do     func(context.Context, engine.Request) (engine.Result, error)
	key    string
	change func(*engine.Request)
	until  []gateway.OperationState
}

// wholeLife takes payments through every kind of operation.
func wholeLife(ctx context.Context, eng *engine.Engine, wait func()) error {
	pay := func(token string) func(*engine.Request) {
		return func(r *engine.Request) { r.Amount, r.Instrument = eur(1000), card(token) }
	}
	minor := func(n int64) func(*engine.Request) { return func(r *engine.Request) { r.Amount = eur(n) } }
	as := func(*engine.Request) {}
	done := []gateway.OperationState{gateway.StateSucceeded}
	for _, one := range []struct {
		order string
		deeds []deed
	}{
		{"long", []deed{
			{eng.Authorize, "auth", pay(simulator.TokenOK), done},
			{eng.Adjust, "more", minor(1200), done},
			{eng.Capture, "ship-1", minor(400), done},
			{eng.Capture, "ship-2", minor(300), done},
			{eng.Refund, "back", minor(500), done}, // over both captures
			{eng.Void, "rest", as, done},
		}},
		{"flow", []deed{{eng.Purchase, "buy", pay(simulator.TokenOK), done}}},
		{"gone", []deed{
			{eng.Authorize, "auth", pay(simulator.TokenChallenge), []gateway.OperationState{gateway.StateActionRequired, gateway.StateCancelled}},
			{eng.Cancel, "cancel", as, done},
		}},
		{"auto", []deed{{eng.Authorize, "auth", pay(simulator.TokenOK), done}}},
		{"held", []deed{
			{eng.Authorize, "auth", pay(simulator.TokenHeld), []gateway.OperationState{gateway.StateAwaiting, gateway.StateSucceeded}},
			{eng.Accept, "accept", as, done},
		}},
	} {
		p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: one.order, Amount: eur(1000), Order: &gateway.Order{Number: one.order}})
		if err != nil {
			return err
		}
		for _, d := range one.deeds {
			if err := d.carry(ctx, eng, p, one.order+" ", wait); err != nil {
				return err
			}
		}
	}
	if err := (deed{eng.Verify, "verify", func(r *engine.Request) { r.Payment, r.Amount, r.Instrument = "", eur(0), card(simulator.TokenOK) }, done}).
		carry(ctx, eng, gateway.Payment{Store: "es"}, "", wait); err != nil {
		return err
	}
	return allSettled(ctx, eng, wait)
}

// carry repeats a deed until it has ended as it should.
func (d deed) carry(ctx context.Context, eng *engine.Engine, p gateway.Payment, prefix string, wait func()) error {
	r := engine.Request{Store: p.Store, Payment: p.ID, Provider: "sandbox", Key: prefix + d.key}
	d.change(&r)
	for tries := 0; ; tries++ {
		result, err := d.do(ctx, r)
		state := result.Operation.State
		for _, want := range d.until {
			if state == want {
				return nil
			}
		}
		if d.key == "cancel" && gateway.CodeOf(err) == gateway.CodeConflict && state == "" {
			return nil // nothing waits: nobody had acted in time, and the engine had cancelled it
		}
		if state.Terminal() || state == gateway.StateParked || tries > 200 {
			return fmt.Errorf("%s is %s: %w", r.Key, state, err)
		}
		wait()
		if _, err := eng.Resolve(ctx, 10); err != nil {
			return err
		}
	}
}

// allSettled waits until nothing is open and what was planned is done.
func allSettled(ctx context.Context, eng *engine.Engine, wait func()) error {
	for tries := 0; tries < 200; tries++ {
		p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "auto", Amount: eur(1000), Order: &gateway.Order{Number: "auto"}})
		if err != nil {
			return err
		}
		if p.Balances.Captured == eur(1000) {
			return nil
		}
		wait()
		if _, err := eng.Resolve(ctx, 10); err != nil {
			return err
		}
	}
	return fmt.Errorf("what was planned was not done")
}

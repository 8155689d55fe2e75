package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// biography is a life that payments take, from which a process may be torn at any
// time: live may be started again, and comes to the same end.
type biography struct {
	live     func(ctx context.Context, eng *engine.Engine, s shop) error
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

// shop is what a life has besides the engine.
type shop struct {
	wait   func()                                           // until something may have changed
	settle func(ctx context.Context) (some bool, err error) // by hand, what is parked; nil: it ends the life
	again  bool                                             // what has failed is done with a new key; else it ends the life
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
func lostAndPaidAgain(ctx context.Context, eng *engine.Engine, s shop) error {
	done := []gateway.OperationState{gateway.StateSucceeded}
	for n := range 9 {
		order := fmt.Sprint("try-", n)
		p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: order, Amount: eur(1000)})
		if err != nil {
			return err
		}
		auth := deed{eng.Authorize, "auth", func(r *engine.Request) { r.Amount, r.Instrument = eur(1000), card(simulator.TokenOK) }, append(done, gateway.StateCancelled)}
		if err := auth.carry(ctx, eng, p, order+" ", s); err != nil {
			return err
		}
		if p, err = eng.Payment(ctx, "es", p.ID); err != nil {
			return err
		}
		if p.Balances.Authorized.Minor() > p.Balances.Released.Minor() {
			return (deed{eng.Capture, "ship", func(r *engine.Request) { r.Amount = eur(1000) }, done}).carry(ctx, eng, p, order+" ", s)
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
func renewedLife(ctx context.Context, eng *engine.Engine, s shop) error {
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
		if err := d.carry(ctx, eng, p, "", s); err != nil {
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
func wholeLife(ctx context.Context, eng *engine.Engine, s shop) error {
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
			if err := d.carry(ctx, eng, p, one.order+" ", s); err != nil {
				return err
			}
		}
	}
	if err := (deed{eng.Verify, "verify", func(r *engine.Request) { r.Payment, r.Amount, r.Instrument = "", eur(0), card(simulator.TokenOK) }, done}).
		carry(ctx, eng, gateway.Payment{Store: "es"}, "", s); err != nil {
		return err
	}
	return allSettled(ctx, eng, s)
}

// carry repeats a deed until it has ended as it should.
func (d deed) carry(ctx context.Context, eng *engine.Engine, p gateway.Payment, prefix string, s shop) error {
	r := engine.Request{Store: p.Store, Payment: p.ID, Provider: "sandbox", Key: prefix + d.key}
	d.change(&r)
	for tries, again := 0, 0; ; tries++ {
		result, err := d.do(ctx, r)
		state := result.Operation.State
		if slices.Contains(d.until, state) {
			return nil
		}
		switch {
		case (d.key == "cancel" || again > 0 && d.key == "accept") && gateway.CodeOf(err) == gateway.CodeConflict && state == "":
			return nil // nothing waits: nobody had acted in time, and the engine had cancelled it; or it was accepted
		case tries > 200, state.Terminal() && !s.again, state == gateway.StateParked && s.settle == nil:
			return fmt.Errorf("%s is %s: %w", r.Key, state, err)
		case state.Terminal():
			again++
			r.Key = fmt.Sprintf("%s%s again %d", prefix, d.key, again)
			done, err := d.rest(ctx, eng, &r)
			if done || err != nil {
				return err
			}
			continue
		case state == gateway.StateParked:
			if _, err := s.settle(ctx); err != nil {
				return fmt.Errorf("%s is settled: %w", r.Key, err)
			}
			continue
		}
		s.wait()
		if _, err := eng.Resolve(ctx, 10); err != nil {
			return err
		}
	}
}

// rest makes of a deed of several calls, of which one has failed, what is left to
// be done: a purchase may hold already, and a refund be given back in part.
func (d *deed) rest(ctx context.Context, eng *engine.Engine, r *engine.Request) (done bool, err error) {
	if d.key != "buy" && d.key != "back" {
		return false, nil
	}
	p, err := eng.Payment(ctx, r.Store, r.Payment)
	if err != nil {
		return false, err
	}
	all, _, err := eng.History(ctx, r.Store, r.Payment)
	if err != nil {
		return false, err
	}
	for _, o := range all {
		if o.Key == r.Key { // it was begun before the process was killed
			r.Amount = o.Amount
			if o.Kind == gateway.OpCapture {
				d.do, r.Instrument = eng.Capture, nil
			}
			return false, nil
		}
	}
	if d.key == "buy" {
		if p.Releasable().IsPositive() {
			d.do, r.Instrument = eng.Capture, nil
		}
		return p.Balances.Captured.IsPositive(), nil
	}
	var whole engine.Request
	d.change(&whole)
	left := whole.Amount.Minor() - p.Balances.Refunded.Minor()
	r.Amount = eur(left)
	return left == 0, nil
}

// allSettled waits until nothing is open and what was planned is done.
func allSettled(ctx context.Context, eng *engine.Engine, s shop) error {
	for tries := 0; tries < 200; tries++ {
		p, err := eng.Create(ctx, engine.NewPayment{Store: "es", Key: "auto", Amount: eur(1000), Order: &gateway.Order{Number: "auto"}})
		if err != nil {
			return err
		}
		if p.Balances.Captured == eur(1000) {
			return nil
		}
		if s.settle != nil {
			parked, err := s.settle(ctx)
			if err != nil {
				return err
			}
			if parked || tries > 20 { // what a person says has not happened is done by hand
				ship := deed{eng.Capture, "by hand", func(r *engine.Request) { r.All = true }, []gateway.OperationState{gateway.StateSucceeded}}
				_ = ship.carry(ctx, eng, p, "auto ", s) // or the plan's own call was done after all
			}
		}
		s.wait()
		if _, err := eng.Resolve(ctx, 10); err != nil {
			return err
		}
	}
	return fmt.Errorf("what was planned was not done")
}

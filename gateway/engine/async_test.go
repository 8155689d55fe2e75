package engine_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// later is a provider that accepts every call and tells what became of it later, by
// an event; it takes no key, and can be asked by its own name for the payment.
type laterProvider struct {
	mu    sync.Mutex
	says  map[gateway.Operation]func(s gateway.Subject) (gateway.Outcome, error)
	calls map[gateway.Operation]int

	answers sync.Map // by transfer: what the validators heard and the handlers are to say
}

func (l *laterProvider) say(op gateway.Operation, f func(s gateway.Subject) (gateway.Outcome, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.says[op] = f
}

func (l *laterProvider) answer(op gateway.Operation, s gateway.Subject) (gateway.Outcome, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[op]++
	if f := l.says[op]; f != nil {
		return f(s)
	}
	return gateway.Outcome{Status: gateway.StatusAwaiting, Refs: gateway.Refs{{Name: "transaction", Value: "t-" + string(s.Payment.ID)}}}, nil
}

func (l *laterProvider) made(op gateway.Operation) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[op]
}

// provider has a flow of two calls, begin and pay, and captures.
func (l *laterProvider) provider() command.Provider {
	spec := func(op gateway.Operation, e gateway.Endpoint) command.Spec {
		return command.Spec{
			Request: request.Compose(request.Named("known", request.Write(func(s gateway.Subject, doc *request.Document) {
				if e.TargetRef != "" && s.Target == "" {
					doc.Fail(gateway.Errorf(gateway.CodeNotFound, "no name to ask by"))
				}
			}))),
			Transfer: transfer.Func(func(context.Context, gateway.Subject, *request.Document) (*transfer.Transfer, error) {
				return &transfer.Transfer{Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: "acme.example", Path: "/" + string(op)}}, nil
			}),
			Client: client.Func(func(context.Context, *transfer.Transfer) (*transfer.Response, error) {
				return &transfer.Response{Status: 200, Body: []byte("{}")}, nil
			}),
			Validate: validator.Compose(validator.Named("script", validator.Func(func(_ context.Context, x transfer.Exchange) validator.Result {
				out, err := l.answer(op, *x.Subject)
				l.answers.Store(x.Transfer, out)
				return validator.Failed(err)
			}))),
			Handle: handler.Compose(handler.Named("script", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
				said, _ := l.answers.LoadAndDelete(x.Transfer)
				*out, _ = said.(gateway.Outcome)
				return nil
			}))),
			Endpoint: e,
		}
	}
	ask := gateway.Endpoint{Effect: gateway.EffectNone, TargetRef: "transaction"}
	return command.Provider{
		Name: "later",
		Flows: map[gateway.Operation]command.Flow{gateway.OpAuthorize: {
			Steps: []gateway.Operation{"begin", "pay"},
			Next: func(last gateway.Operation, _ gateway.Payment, out gateway.Outcome) gateway.Operation {
				if last == "begin" && out.Phase == "begun" {
					return "pay"
				}
				return ""
			},
		}},
		Commands: func(*command.Pool) command.Commands {
			return command.Commands{
				"begin":           spec("begin", gateway.Endpoint{Effect: gateway.EffectNone, LookupByRef: "fetch_begin", Async: time.Hour}),
				"pay":             spec("pay", gateway.Endpoint{Effect: gateway.EffectHold, LookupByRef: "fetch_pay", Async: time.Hour, TargetRef: "transaction"}),
				gateway.OpCapture: spec(gateway.OpCapture, gateway.Endpoint{Effect: gateway.EffectMove, LookupByRef: "fetch_capture", Async: time.Hour, TargetRef: "transaction"}),
				gateway.OpCancel:  spec(gateway.OpCancel, gateway.Endpoint{Effect: gateway.EffectHold, LookupByRef: gateway.OpFetch, Async: time.Hour, TargetRef: "transaction"}),
				gateway.OpFetch:   spec(gateway.OpFetch, ask),
				"fetch_begin":     spec("fetch_begin", ask),
				"fetch_pay":       spec("fetch_pay", ask),
				"fetch_capture":   spec("fetch_capture", ask),
			}
		},
	}
}

func lost(gateway.Subject) (gateway.Outcome, error) {
	return gateway.Outcome{}, gateway.Errorf(gateway.CodeIndeterminate, "the answer was lost")
}

func shows(out gateway.Outcome) func(gateway.Subject) (gateway.Outcome, error) {
	return func(s gateway.Subject) (gateway.Outcome, error) {
		for i := range out.Movements {
			out.Movements[i].Operation = s.Operation
		}
		return out, nil
	}
}

func missing(gateway.Subject) (gateway.Outcome, error) {
	return gateway.Outcome{}, gateway.Errorf(gateway.CodeNotFound, "it shows no such call")
}

// openLater opens a shop with such a provider and begins to authorize a payment.
func openLater(t *testing.T, prepare func(l *laterProvider)) (*world, *laterProvider, engine.Result, error) {
	t.Helper()
	l := &laterProvider{says: map[gateway.Operation]func(gateway.Subject) (gateway.Outcome, error){}, calls: map[gateway.Operation]int{}}
	if prepare != nil {
		prepare(l)
	}
	w := newWorldWith(t, simulator.Rules{}, func(cfg *engine.Config, _ link) {
		pools, err := command.Assemble(l.provider())
		require.NoError(t, err)
		t.Cleanup(func() { _ = pools.Close(context.Background()) })
		cfg.Pools = pools
	})
	p := w.create("17")
	r, err := w.eng.Authorize(t.Context(), engine.Request{Store: "es", Payment: p.ID, Key: "17-auth", Provider: "later", All: true})
	return w, l, r, err
}

func (w *world) one(id gateway.PaymentID, state gateway.OperationState) {
	w.Helper()
	ops, _, err := w.eng.History(w.Context(), "es", id)
	require.NoError(w, err)
	require.NotEmpty(w, ops)
	assert.Equal(w, state, ops[len(ops)-1].State, w.story(id))
}

var held10 = gateway.Outcome{Status: gateway.StatusSucceeded, Movements: []gateway.Movement{{Kind: gateway.MoveHold, Amount: eur(1000), Reference: "hold-1"}}}

// What was accepted and turns out to be done is followed by the next call, once.
func TestAFlowGoesOnFromWhatWasAwaited(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) { l.say("fetch_pay", missing) })
	require.NoError(t, err)
	require.Equal(t, gateway.StateAwaiting, r.Operation.State)
	l.say("fetch_begin", shows(gateway.Outcome{Status: gateway.StatusAwaiting, Phase: "begun"}))
	for range 3 {
		require.NoError(t, w.eng.ResolveOne(t.Context(), "es", r.Operation.ID))
	}
	assert.Equal(t, 1, l.made("begin"))
	assert.Equal(t, 1, l.made("pay"), "found three times and made once")
	w.one(r.Payment.ID, gateway.StateAwaiting)
	l.say("fetch_pay", shows(held10))
	w.later(11 * time.Minute)
	w.one(r.Payment.ID, gateway.StateSucceeded)
	assert.Equal(t, eur(1000), w.load(r.Payment.ID).Balances.Authorized)
}

// While the shopper acts, the provider is asked now and then: the event that tells
// that the shopper has acted may be lost.
func TestAShopperWhoActedIsFoundWithoutTheEvent(t *testing.T) {
	t.Parallel()
	action := gateway.Outcome{Status: gateway.StatusActionRequired, Action: &gateway.Action{Kind: gateway.ActionRedirect, URL: "https://bank.example/"}}
	w, l, r, err := openLater(t, func(l *laterProvider) { l.say("fetch_begin", shows(action)) })
	require.NoError(t, err)
	w.later(6 * time.Second)
	w.one(r.Payment.ID, gateway.StateActionRequired)
	l.say("fetch_begin", shows(held10))
	w.later(3 * time.Minute)
	w.one(r.Payment.ID, gateway.StateSucceeded)
}

// A call that takes no key and that the lookup does not show is not parked before
// the event could come, and not sent again.
func TestALostCallWaitsForItsEventBeforeItIsParked(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) {
		l.say("fetch_begin", shows(gateway.Outcome{Status: gateway.StatusAwaiting, Phase: "begun"}))
		l.say("pay", lost)
		l.say("fetch_pay", missing)
	})
	require.NoError(t, err)
	w.later(6 * time.Second)
	w.one(r.Payment.ID, gateway.StateUnknown)
	w.later(20 * time.Minute)
	w.one(r.Payment.ID, gateway.StateUnknown)
	for range 3 {
		w.later(time.Hour)
	}
	w.one(r.Payment.ID, gateway.StateParked)
	assert.Equal(t, 1, l.made("pay"))
}

// A lookup of one call that shows that it failed ends the operation; a lookup of
// the whole payment does not speak of a capture.
func TestACaptureThatWasAcceptedAndFailsIsFailed(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) { l.say("fetch_begin", shows(held10)) })
	require.NoError(t, err)
	w.later(6 * time.Second)
	w.one(r.Payment.ID, gateway.StateSucceeded)
	l.say(gateway.OpCapture, lost)
	l.say("fetch_capture", shows(gateway.Outcome{Status: gateway.StatusAwaiting}))
	c, err := w.eng.Capture(t.Context(), engine.Request{Store: "es", Payment: r.Payment.ID, Key: "17-ship", All: true})
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	w.later(6 * time.Second)
	w.one(r.Payment.ID, gateway.StateAwaiting)
	l.say("fetch_capture", shows(gateway.Outcome{Status: gateway.StatusFailed, Reason: decline.ExpiredCard}))
	w.later(time.Minute)
	w.one(r.Payment.ID, gateway.StateFailed)
	ops, _, err := w.eng.History(t.Context(), "es", c.Payment.ID)
	require.NoError(t, err)
	assert.Equal(t, decline.ExpiredCard, ops[1].Reason)
	p := w.load(r.Payment.ID)
	assert.Equal(t, eur(1000), p.Capturable(), "nothing is held back any more")
	assert.Equal(t, 1, l.made(gateway.OpCapture))
}

// The name that a lost answer would have told may be learned; one of another
// payment, or a second one, is not.
func TestNamesAreLearnedOnTheProvidersWord(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) { l.say("begin", lost) })
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	id, op := r.Payment.ID, r.Operation.ID
	learn := func(id gateway.PaymentID, op gateway.OperationID, owner, value string) error {
		return w.eng.Learn(t.Context(), "es", id, op, gateway.Refs{{Owner: owner, Name: "transaction", Value: value}, {Owner: owner, Name: "interaction", Value: "i-" + value}})
	}
	other := w.create("18")
	require.ErrorIs(t, learn(other.ID, op, "later", "t-1"), gateway.CodeNotFound, "another payment's operation")
	require.NoError(t, learn(id, op, "sandbox", "t-1"), "another provider's names are nobody's here")
	assert.Empty(t, w.load(id).Refs)
	require.NoError(t, learn(id, op, "later", "t-1"))
	require.NoError(t, learn(id, op, "later", "t-1"), "twice is once")
	assert.Len(t, w.load(id).Refs, 2)

	second, err := w.eng.Authorize(t.Context(), engine.Request{Store: "es", Payment: other.ID, Key: "18-auth", Provider: "later", All: true})
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	require.ErrorIs(t, learn(other.ID, second.Operation.ID, "later", "t-1"), gateway.CodeConflict, "it is another payment's")

	l.say("fetch_begin", shows(gateway.Outcome{Status: gateway.StatusAwaiting, Phase: "begun"}))
	l.say("fetch_pay", missing)
	require.NoError(t, w.eng.ResolveOne(t.Context(), "es", op))
	assert.Equal(t, 2, l.made("begin"), "one for each payment: what is known by a name is looked up and not begun again")
	assert.Equal(t, 1, l.made("pay"))
	require.ErrorIs(t, learn(id, op, "later", "t-2"), gateway.CodeConflict, "an earlier try made that one")
	assert.NotContains(t, w.load(id).Refs.All("transaction"), "t-2")
	assert.NotContains(t, w.load(id).Refs.All("interaction"), "i-t-2", "nothing of it was noted")
}

// A payment that is begun anew has a name already, of what came to nothing: the name
// of what is begun now is learned beside it, and is the one that counts.
func TestASecondBeginningLearnsItsOwnName(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) { l.say("fetch_begin", shows(gateway.Outcome{Status: gateway.StatusFailed})) })
	require.NoError(t, err)
	w.later(6 * time.Second)
	w.one(r.Payment.ID, gateway.StateFailed)
	l.say("begin", lost)
	again, err := w.eng.Authorize(t.Context(), engine.Request{Store: "es", Payment: r.Payment.ID, Key: "17-again", Provider: "later", All: true})
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	name := func(op gateway.OperationID, value string) error {
		return w.eng.Learn(t.Context(), "es", r.Payment.ID, op, gateway.Refs{{Owner: "later", Name: "transaction", Value: value}})
	}
	require.ErrorIs(t, name(r.Operation.ID, "t-old"), gateway.CodeConflict, "nobody goes on with what failed")
	require.NoError(t, name(again.Operation.ID, "t-new"))
	assert.Equal(t, "t-new", w.load(r.Payment.ID).Refs.Get("transaction"))
}

// Without a name, what changes nothing worth money is begun again.
func TestWhatIsKnownByNoNameIsBegunAgain(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) { l.say("begin", lost) })
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	l.say("begin", nil)
	w.later(6 * time.Second)
	assert.Equal(t, 2, l.made("begin"))
	w.one(r.Payment.ID, gateway.StateAwaiting)
}

// A call that moves nothing and is never answered is made ever more seldom, and
// given up when the shopper's time is over.
func TestACallThatMovesNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) { l.say("begin", lost) })
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	for range 50 {
		w.later(6 * time.Second)
	}
	assert.Less(t, l.made("begin"), 6, "it is not hammered")
	for range 5 {
		w.later(time.Hour)
	}
	w.one(r.Payment.ID, gateway.StateCancelled)
	assert.Less(t, l.made("begin"), 8)
	_, err = w.eng.Authorize(t.Context(), engine.Request{Store: "es", Payment: r.Payment.ID, Key: "17-again", Provider: "later", All: true})
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "the shopper may try again")
}

// A refusal ends a call that moves nothing, also when an earlier try was lost.
func TestARefusalEndsACallThatMovesNothing(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) { l.say("begin", lost) })
	require.ErrorIs(t, err, gateway.CodeIndeterminate)
	l.say("begin", func(gateway.Subject) (gateway.Outcome, error) {
		return gateway.Outcome{}, gateway.Errorf(gateway.CodeInvalid, "no such currency")
	})
	w.later(6 * time.Second)
	w.one(r.Payment.ID, gateway.StateFailed)
	assert.Equal(t, 2, l.made("begin"))
}

// A flow that hangs before its money is cancelled at the provider, and no person is asked.
func TestAFlowThatHangsBeforeItsMoneyIsCancelled(t *testing.T) {
	t.Parallel()
	w, l, r, err := openLater(t, func(l *laterProvider) {
		l.say("fetch_begin", shows(gateway.Outcome{Status: gateway.StatusAwaiting}))
		l.say(gateway.OpFetch, shows(gateway.Outcome{Status: gateway.StatusFailed}))
	})
	require.NoError(t, err)
	for range 8 {
		w.later(20 * time.Minute)
	}
	assert.Equal(t, 1, l.made(gateway.OpCancel))
	ops, _, err := w.eng.History(t.Context(), "es", r.Payment.ID)
	require.NoError(t, err)
	assert.Equal(t, gateway.StateCancelled, ops[0].State, w.story(r.Payment.ID))
	assert.Equal(t, 0, l.made("pay"))
}

package inbox_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func held(s *enginetest.Shop, token string) gateway.Subject {
	s.Helper()
	p := s.Create("17")
	r := enginetest.Authorization(p, "17")
	r.Instrument = &gateway.Instrument{Token: gateway.NewSecret(token)}
	got, err := s.Engine.Authorize(s.Context(), r)
	require.NoError(s, err)
	return gateway.Subject{Store: enginetest.Store, Payment: got.Payment}
}

func keysOf(s *enginetest.Shop, id gateway.PaymentID) (keys []string) {
	s.Helper()
	ops, _, err := s.Engine.History(s.Context(), enginetest.Store, id)
	require.NoError(s, err)
	for _, o := range ops {
		keys = append(keys, o.Key+" "+string(o.State))
	}
	return keys
}

// What a gate does is done once, by however many, and however often it is asked for.
func TestAnActorDoesAThingOnce(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	subject := held(s, simulator.TokenOK)
	a := inbox.Actor{Engine: s.Engine}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			assert.NoError(t, a.Do(t.Context(), gateway.OpVoid, "sandbox", "duty/17", subject))
		})
	}
	wg.Wait()
	require.NoError(t, a.Do(t.Context(), gateway.OpVoid, "sandbox", "duty/17", subject))
	assert.Equal(t, []string{"17-auth succeeded", "duty/17#0 succeeded"}, keysOf(s, subject.Payment.ID))
	p, err := a.Payment(t.Context(), enginetest.Store, subject.Payment.ID)
	require.NoError(t, err)
	assert.Equal(t, enginetest.EUR(1000), p.Balances.Released)
}

// What nobody knows is looked after before anything is done again.
func TestAnActorLooksAfterALostAnswer(t *testing.T) {
	t.Parallel()
	for _, fault := range []simulator.Fault{simulator.ResetBefore, simulator.ResetAfter} {
		s := enginetest.New(t)
		subject := held(s, simulator.TokenOK)
		a := inbox.Actor{Engine: s.Engine}
		s.Provider.Next(simulator.OpRelease, fault)
		require.ErrorIs(t, a.Do(t.Context(), gateway.OpVoid, "sandbox", "duty/17", subject), gateway.CodeIndeterminate)
		s.Advance(time.Minute)
		require.NoError(t, a.Do(t.Context(), gateway.OpVoid, "sandbox", "duty/17", subject))
		assert.Equal(t, []string{"17-auth succeeded", "duty/17#0 succeeded"}, keysOf(s, subject.Payment.ID))
	}
}

// What has certainly failed is tried anew, as an operation of its own.
func TestAnActorTriesAgainWhatHasFailed(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	subject := held(s, simulator.TokenChallenge)
	subject.Input = map[string]string{"result": strings.Repeat("x", 5000)}
	a := inbox.Actor{Engine: s.Engine}
	id, state, err := a.Begun(t.Context(), enginetest.Store, subject.Payment.ID, "sandbox")
	require.NoError(t, err)
	assert.Equal(t, gateway.StateActionRequired, state)
	require.ErrorIs(t, a.Do(t.Context(), gateway.OpContinue, "sandbox", "duty/17", subject), gateway.CodeInvalid, "the provider refuses it")
	require.ErrorIs(t, a.Do(t.Context(), gateway.OpContinue, "sandbox", "duty/17", subject), gateway.CodeInvalid)
	require.NoError(t, a.Tell(t.Context(), enginetest.Store, subject.Payment.ID, id, gateway.Outcome{Status: gateway.StatusAwaiting, Phase: "approved"}))
	p, err := a.Payment(t.Context(), enginetest.Store, subject.Payment.ID)
	require.NoError(t, err)
	assert.Equal(t, "approved", p.Phase)
	require.NoError(t, a.Do(t.Context(), gateway.OpCancel, "sandbox", "duty/end", subject))
	assert.Equal(t, []string{"17-auth cancelled", "duty/17#0 failed", "duty/17#1 failed", "duty/end#0 succeeded"}, keysOf(s, subject.Payment.ID))
}

func TestAnActorDoesNothingElse(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t)
	p := s.Create("17")
	a := inbox.Actor{Engine: s.Engine}
	require.ErrorIs(t, a.Do(t.Context(), gateway.OpCapture, "sandbox", "k", gateway.Subject{Store: enginetest.Store, Payment: p}), gateway.CodeUnsupported)
	_, _, err := a.Begun(t.Context(), enginetest.Store, p.ID, "sandbox")
	require.ErrorIs(t, err, gateway.CodeNotFound)
}

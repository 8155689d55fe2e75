package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// seen says what a caller sees of a payment of tok_ok under each fault.
var seen = map[simulator.Fault]func(t *testing.T, r response, b *bundle){
	simulator.ServerErrorBefore:     status(500),
	simulator.ServerErrorAfter:      status(500),
	simulator.GatewayErrorBefore:    html(502),
	simulator.GatewayErrorAfter:     html(504),
	simulator.LateEffect:            html(504),
	simulator.HTMLBody:              html(200),
	simulator.ResetBefore:           broken("reset"),
	simulator.ResetAfter:            broken("reset"),
	simulator.LateReset:             broken("reset"),
	simulator.KilledBefore:          broken("EOF"),
	simulator.KilledAfter:           broken("EOF"),
	simulator.TruncatedBody:         broken("EOF"),
	simulator.TimeoutBefore:         broken("Client.Timeout"),
	simulator.TimeoutAfter:          broken("Client.Timeout"),
	simulator.Drip:                  broken("Client.Timeout"),
	simulator.RateLimited:           limited("1"),
	simulator.RateLimitedForever:    limited("1000000000"),
	simulator.RateLimitedUnreadable: limited("1e9"),
	simulator.Redirect:              status(307),
	simulator.RedirectAfter:         status(302),
	simulator.InFlight:              status(409),
	simulator.InFlightThenDone:      status(409),
	simulator.EmptyBody:             body(func(raw []byte) bool { return len(raw) == 0 }),
	simulator.NullBody:              body(func(raw []byte) bool { return string(raw) == "null" }),
	simulator.GarbageBody:           body(func(raw []byte) bool { return len(raw) > 0 && !json.Valid(raw) }),
	simulator.TrailingBody:          body(func(raw []byte) bool { return !json.Valid(raw) && bytes.Contains(raw, []byte("pay_trailing")) }),
	simulator.DuplicateField:        body(func(raw []byte) bool { return json.Valid(raw) && bytes.Count(raw, []byte(`"id":"pay_`)) == 2 }),
	simulator.GiantBody:             body(func(raw []byte) bool { return len(raw) == 64<<20 }),
	simulator.GzipBomb:              body(func(raw []byte) bool { return len(raw) == 64<<20 }),
	simulator.FloatAmount:           body(func(raw []byte) bool { return bytes.Contains(raw, []byte(`"value":1000.5`)) }),
	simulator.Slow:                  right,
	simulator.WebhookFirst:          right,
	simulator.SuccessThenReversed:   right,
	simulator.WrongAmount: told(func(t *testing.T, told, truth simulator.Payment) {
		assert.Equal(t, truth.Amount.Value+1, told.Amount.Value)
		assert.Equal(t, truth.Amounts.Authorized+1, told.Amounts.Authorized)
	}),
	simulator.WrongCurrency: told(func(t *testing.T, told, _ simulator.Payment) { assert.Equal(t, "USD", told.Amount.Currency) }),
	simulator.WrongReference: told(func(t *testing.T, told, truth simulator.Payment) {
		assert.Equal(t, "not-"+truth.Reference, told.Reference)
		assert.Equal(t, truth.Movements[0].Reference, told.Movements[0].Reference)
	}),
	simulator.DuplicateID: func(t *testing.T, r response, b *bundle) {
		var p simulator.Payment
		r.into(t, &p)
		assert.Equal(t, b.Payments()[0].ID, p.ID)
	},
}

func status(want int) func(*testing.T, response, *bundle) {
	return func(t *testing.T, r response, b *bundle) {
		require.NoError(t, r.err)
		assert.Equal(t, want, r.status)
		if want/100 == 3 {
			assert.Equal(t, b.URL()+"/v1/elsewhere", r.header.Get("Location"))
		}
	}
}

func html(want int) func(*testing.T, response, *bundle) {
	return func(t *testing.T, r response, b *bundle) {
		status(want)(t, r, b)
		assert.True(t, strings.HasPrefix(string(r.body), "<!doctype html>"))
	}
}

func limited(after string) func(*testing.T, response, *bundle) {
	return func(t *testing.T, r response, b *bundle) {
		status(http.StatusTooManyRequests)(t, r, b)
		assert.Equal(t, after, r.header.Get("Retry-After"))
		assert.Equal(t, "rate_limited", r.code(t))
	}
}

func broken(how string) func(*testing.T, response, *bundle) {
	return func(t *testing.T, r response, _ *bundle) { assert.ErrorContains(t, r.err, how) }
}

func body(want func([]byte) bool) func(*testing.T, response, *bundle) {
	return func(t *testing.T, r response, b *bundle) {
		status(http.StatusCreated)(t, r, b)
		assert.True(t, want(r.body), "%.200q", r.body)
	}
}

func told(compare func(t *testing.T, told, truth simulator.Payment)) func(*testing.T, response, *bundle) {
	return func(t *testing.T, r response, b *bundle) {
		var p simulator.Payment
		r.into(t, &p)
		compare(t, p, b.now(p.ID))
	}
}

func right(t *testing.T, r response, b *bundle) {
	told(func(t *testing.T, told, truth simulator.Payment) { assert.Equal(t, truth, told) })(t, r, b)
}

func TestEveryFaultKeepsItsWordAboutTheEffect(t *testing.T) {
	t.Parallel()
	rules := simulator.Rules{Slow: time.Millisecond, LateEffect: time.Minute}
	for _, fault := range simulator.Faults() {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Config{Rules: rules})
			b.pay(simulator.TokenOK, object{"reference": "earlier"})
			b.Next(simulator.OpCreatePayment, fault)
			switch fault {
			case simulator.TimeoutBefore, simulator.TimeoutAfter, simulator.Drip:
				b.http.Timeout = 500 * time.Millisecond
			}
			r := b.payWith("k", payment(simulator.TokenOK))
			require.Contains(t, seen, fault)
			seen[fault](t, r, b)

			effects := map[simulator.Effect]int{simulator.EffectBefore: 1}[fault.Effect()]
			assert.Equal(t, effects, b.Effects("k"))
			assert.Len(t, b.Payments(), effects+1)
			calls := b.Calls()
			assert.Equal(t, fault, calls[1].Fault)
			assert.Equal(t, effects == 1, calls[1].Effect)

			b.Advance(time.Minute)
			if fault.Effect() == simulator.EffectLater {
				effects = 1
			}
			assert.Equal(t, effects, b.Effects("k"))
			assert.Equal(t, effects == 1, b.Calls()[1].Effect)
			if fault == simulator.SuccessThenReversed {
				assert.Equal(t, []string{"hold 1000", "hold 1000", "release 1000"}, b.kinds())
			}
		})
	}
}

func TestGzipBombIsSmallOnTheWire(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	b.http.Transport.(*http.Transport).DisableCompression = true
	b.Next("", simulator.GzipBomb)
	r := b.get("/v1/ping")
	assert.Less(t, len(r.body), 100<<10)
	assert.Equal(t, "gzip", r.header.Get("Content-Encoding"))
}

func TestFollowedRedirectLeavesATrace(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	b.http.CheckRedirect = nil
	b.Next("", simulator.Redirect)
	assert.Equal(t, http.StatusNotFound, b.get("/v1/ping").status)
	calls := b.Calls()
	require.Len(t, calls, 2)
	assert.Equal(t, []simulator.Operation{simulator.OpPing, simulator.OpUnknown}, []simulator.Operation{calls[0].Operation, calls[1].Operation})
}

func TestLateEffectKeepsItsKeyInFlight(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{LateEffect: time.Minute}})
	b.Next(simulator.OpCreatePayment, simulator.LateEffect, simulator.LateEffect)
	b.payWith("k", payment(simulator.TokenOK))
	b.payWith("k", payment(simulator.TokenOK)) // not postponed twice
	assert.Equal(t, "idempotency_in_flight", b.payWith("k", payment(simulator.TokenOK)).code(t))
	assert.Empty(t, b.Ledger())
	b.Advance(time.Minute)
	assert.Equal(t, []string{"hold 1000"}, b.kinds())
	r := b.payWith("k", payment(simulator.TokenOK))
	assert.Equal(t, "true", r.header.Get("Idempotent-Replayed"))
	assert.Equal(t, http.StatusCreated, r.status)
	assert.Equal(t, 1, b.Effects("k"))
}

func TestLateEffectWithoutIdempotencyIsDoubledByAResend(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{Rules: simulator.Rules{IdempotencyTTL: -1}})
	b.Next("", simulator.LateReset)
	b.payWith("k", payment(simulator.TokenOK))
	b.payWith("k", payment(simulator.TokenOK))
	b.Advance(time.Minute)
	assert.Equal(t, 2, b.Effects("k"))
}

func TestSuccessIsReversedForEveryMovement(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	p := b.pay(simulator.TokenOK)
	b.Next(simulator.OpCapture, simulator.SuccessThenReversed)
	b.capture(p.ID, 500, false)
	b.Advance(time.Minute)
	b.capture(p.ID, 400, false)
	b.Next(simulator.OpRefund, simulator.SuccessThenReversed)
	b.refund(p.ID, 300)
	b.Advance(time.Minute)
	b.Next("", simulator.SuccessThenReversed)
	b.pay(simulator.TokenOK, object{"capture": true})
	b.Advance(time.Minute)
	assert.Equal(t, []string{
		"hold 1000", "capture 500", "reversal 500", "capture 400", "refund 300", "reversal 300",
		"hold 1000", "capture 1000", "reversal 1000",
	}, b.kinds())
}

func TestFaultsOfOtherOperationsAreLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	b.Next(simulator.OpCapture, simulator.ServerErrorBefore, simulator.RateLimited)
	p := b.pay(simulator.TokenOK)
	path, body := "/v1/payments/"+p.ID+"/captures", object{"amount": eur(10)}
	assert.Equal(t, 500, b.post(path, body).status)
	assert.Equal(t, 429, b.post(path, body).status)
	assert.Equal(t, 201, b.post(path, body).status)
	b.Next("", simulator.WrongAmount)
	var list struct{ Data []simulator.Payment }
	b.get("/v1/payments").into(t, &list)
	assert.Equal(t, int64(11), list.Data[0].Amounts.Captured)
	assert.Equal(t, int64(10), b.now(p.ID).Amounts.Captured)
}

func TestWrongRequestStaysRefusedUnderAFault(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	b.Next("", simulator.LateEffect, simulator.KilledAfter, simulator.WrongAmount)
	for range 3 {
		b.post("/v1/payments", object{})
	}
	b.Advance(time.Hour)
	assert.Empty(t, b.Payments())
	assert.Len(t, b.Calls(), 3)
	b.key = "wrong"
	b.Next("", simulator.HTMLBody)
	assert.Equal(t, http.StatusUnauthorized, b.get("/v1/ping").status, "no fault is used up")
}

func TestFaultDecidesPerCall(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	b.Lie(func(c simulator.Call) simulator.Fault {
		if c.Operation == simulator.OpCreatePayment && c.Key == "k" && c.Try == 2 {
			return simulator.EmptyBody
		}
		return simulator.NoFault
	})
	for try, want := range []bool{false, true, false} {
		assert.Equal(t, want, len(b.payWith("k", payment(simulator.TokenOK)).body) == 0, "try %d", try+1)
	}
	b.Lie(nil)
	assert.Equal(t, 200, b.get("/v1/ping").status)
}

func TestLiarIsRepeatableAndKeepsItsProbability(t *testing.T) {
	t.Parallel()
	lies := 0
	all := map[simulator.Fault]bool{}
	for i := range 4000 {
		c := simulator.Call{Operation: simulator.OpCapture, Key: strings.Repeat("k", i%40), Try: i, Path: "/v1"}
		f := simulator.Liar(7, 0.25)(c)
		c.Number, c.Time = i, time.Now() // must not matter
		assert.Equal(t, f, simulator.Liar(7, 0.25)(c))
		if f != simulator.NoFault {
			lies++
			all[f] = true
		}
		assert.Contains(t, []simulator.Fault{simulator.NoFault, simulator.Slow}, simulator.Liar(7, 0.5, simulator.Slow)(c))
		assert.Equal(t, simulator.NoFault, simulator.Liar(7, 0)(c))
		assert.NotEqual(t, simulator.NoFault, simulator.Liar(7, 1)(c))
	}
	assert.InDelta(t, 1000, lies, 150)
	assert.Len(t, all, len(simulator.Faults()))
}

func TestHungConnectionEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Config{})
	b.Next("", simulator.TimeoutAfter)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL()+"/v1/ping", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+b.key)
	assert.ErrorIs(t, b.send(req).err, context.DeadlineExceeded)
	assert.Equal(t, http.StatusOK, b.Calls()[0].Status)
}

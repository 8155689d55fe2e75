package engine_test

import (
	"maps"
	"math/rand/v2"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// mode is what a provider can do about a lost answer, and promises of it.
type mode struct {
	name    string
	rules   simulator.Rules
	promise func(e *gateway.Endpoint)
	blind   bool // nobody can find out: a person must
	revokes bool // what was lost may be cancelled by its key
}

// modes are the four capabilities of reliability.md 5.5, and what one of them cannot
// do where the provider cancels by key.
var modes = []mode{
	{name: "a key, and a 5xx is executed again"},
	{name: "a key, and a 5xx is replayed", rules: simulator.Rules{Replays5xx: true}, promise: func(e *gateway.Endpoint) { e.Replays5xx = true }},
	{
		name:    "no key, but a lookup that lags",
		rules:   simulator.Rules{IdempotencyTTL: -1, LookupLag: 8 * time.Second},
		promise: func(e *gateway.Endpoint) { e.KeyTTL, e.LookupLag = 0, 8*time.Second },
	},
	{
		name: "neither key nor lookup", blind: true,
		rules:   simulator.Rules{IdempotencyTTL: -1},
		promise: func(e *gateway.Endpoint) { e.KeyTTL, e.LookupByRef, e.LateEffectMax, e.CancelByKey = 0, "", 0, "" },
	},
	{
		name: "neither, but cancelling by key", blind: true, revokes: true, // of what begins a payment
		rules:   simulator.Rules{IdempotencyTTL: -1},
		promise: func(e *gateway.Endpoint) { e.KeyTTL, e.LookupByRef, e.LateEffectMax = 0, "", 0 },
	},
}

// losses are how the answers of a life get lost in a crash campaign, if they do. A
// server error of what was not executed is left to the lying provider: it is
// replayed until its key is forgotten, and here the provider's day is a real one.
func (m mode) losses() []simulator.Fault {
	if m.rules.Replays5xx {
		return []simulator.Fault{"", simulator.ServerErrorAfter, simulator.ResetBefore}
	}
	return []simulator.Fault{"", simulator.ResetAfter, simulator.ResetBefore}
}

// withMode returns the life at a provider of a mode.
func (bio biography) withMode(m mode) biography {
	if m.promise == nil {
		return bio
	}
	promises := maps.Clone(bio.promises)
	if promises == nil {
		promises = map[gateway.Operation]func(*gateway.Endpoint){}
	}
	for _, op := range []gateway.Operation{
		gateway.OpAuthorize, gateway.OpPurchase, gateway.OpCapture, gateway.OpVoid, gateway.OpRefund, gateway.OpAdjust, gateway.OpCancel, gateway.OpAccept, gateway.OpContinue,
	} {
		own := bio.promises[op]
		promises[op] = func(e *gateway.Endpoint) {
			if own != nil {
				own(e)
			}
			m.promise(e)
		}
	}
	bio.promises = promises
	return bio
}

// pauses returns pauses between two looks, some shorter than a late effect takes.
func pauses(seed uint64) func() time.Duration {
	r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // repeatable on purpose
	all := []time.Duration{time.Second, 6 * time.Second, 35 * time.Second, 3 * time.Minute, 10 * time.Minute}
	return func() time.Duration { return all[r.IntN(len(all))] }
}

package simulator

// Fault is one way in which a call goes wrong, or in which the provider lies.
// Its Effect method tells the truth that the answer hides.
type Fault string

// Faults that keep the call from having an effect.
const (
	// NoFault lets the call alone.
	NoFault Fault = ""
	// ServerErrorBefore answers 500. No effect. See Rules.Replays5xx.
	ServerErrorBefore Fault = "server_error_before"
	// GatewayErrorBefore answers 502 with HTML, from a proxy. No effect, nothing saved.
	GatewayErrorBefore Fault = "gateway_error_before"
	// ResetBefore resets the TCP connection (RST). No effect.
	ResetBefore Fault = "reset_before"
	// KilledBefore closes the TCP connection (FIN). No effect.
	KilledBefore Fault = "killed_before"
	// TimeoutBefore never answers, until the caller hangs up. No effect.
	TimeoutBefore Fault = "timeout_before"
	// RateLimited answers 429 with Retry-After: 1. No effect.
	RateLimited Fault = "rate_limited"
	// RateLimitedForever answers 429 with Retry-After: 1000000000. No effect.
	RateLimitedForever Fault = "rate_limited_forever"
	// RateLimitedUnreadable answers 429 with Retry-After: 1e9. No effect.
	RateLimitedUnreadable Fault = "rate_limited_unreadable"
	// Redirect answers 307 to another path of this server. No effect.
	Redirect Fault = "redirect"
	// InFlight answers 409 idempotency_in_flight, although nothing is. No effect.
	InFlight Fault = "in_flight"
)

// Faults after which the call has its effect, but not yet. Only calls with an
// idempotency key (POST) can be late; others just fail.
const (
	// LateEffect answers 504; the effect follows after Rules.LateEffect, and until
	// then the key is in flight.
	LateEffect Fault = "late_effect"
	// LateReset resets the connection; the effect follows as for LateEffect.
	LateReset Fault = "late_reset"
	// InFlightThenDone answers 409 idempotency_in_flight; the effect follows as for
	// LateEffect.
	InFlightThenDone Fault = "in_flight_then_done"
)

// Faults of the answer to a call that had its effect.
const (
	// ServerErrorAfter answers 500. The effect happened. See Rules.Replays5xx: when
	// it is off, the same key executes a second time.
	ServerErrorAfter Fault = "server_error_after"
	// GatewayErrorAfter answers 504 with HTML, from a proxy. The effect happened and
	// its true answer is saved under the key.
	GatewayErrorAfter Fault = "gateway_error_after"
	// ResetAfter resets the TCP connection (RST). The effect happened.
	ResetAfter Fault = "reset_after"
	// KilledAfter closes the TCP connection (FIN). The effect happened.
	KilledAfter Fault = "killed_after"
	// TimeoutAfter never answers, until the caller hangs up. The effect happened.
	TimeoutAfter Fault = "timeout_after"
	// RedirectAfter answers 302 to another path of this server. The effect happened.
	RedirectAfter Fault = "redirect_after"
	// TruncatedBody closes the connection in the middle of the body. The effect happened.
	TruncatedBody Fault = "truncated_body"
	// GarbageBody answers the right status with bytes that are no JSON. The effect happened.
	GarbageBody Fault = "garbage_body"
	// HTMLBody answers 200 with an HTML page. The effect happened.
	HTMLBody Fault = "html_body"
	// EmptyBody answers the right status without a body. The effect happened.
	EmptyBody Fault = "empty_body"
	// NullBody answers the right status with null. The effect happened.
	NullBody Fault = "null_body"
	// TrailingBody answers the right JSON followed by a second value. The effect happened.
	TrailingBody Fault = "trailing_body"
	// DuplicateField answers JSON that holds another id before the right one. The
	// effect happened.
	DuplicateField Fault = "duplicate_field"
	// FloatAmount answers every amount value as a fraction: 1000.5. The effect happened.
	FloatAmount Fault = "float_amount"
	// GiantBody answers 64 MiB. The effect happened.
	GiantBody Fault = "giant_body"
	// GzipBomb answers a few kilobytes that decompress to 64 MiB. The effect happened.
	GzipBomb Fault = "gzip_bomb"
	// Drip answers one byte each Rules.DripInterval. The effect happened.
	Drip Fault = "drip"
	// Slow answers after Rules.Slow. The effect happened before the wait.
	Slow Fault = "slow"
	// WrongAmount answers amounts that are too high by one. The effect happened with
	// the right amount.
	WrongAmount Fault = "wrong_amount"
	// WrongCurrency answers another currency. The effect happened in the right one.
	WrongCurrency Fault = "wrong_currency"
	// WrongReference answers another merchant reference. The effect happened under
	// the right one.
	WrongReference Fault = "wrong_reference"
	// DuplicateID answers the id of the account's oldest payment instead of the new
	// id. The effect happened under the new id.
	DuplicateID Fault = "duplicate_id"
	// WebhookFirst delivers the events of the call, waits for their acknowledgement
	// (at most 5 s), then answers rightly. The effect happened.
	WebhookFirst Fault = "webhook_first"
	// SuccessThenReversed answers rightly; after Rules.LateEffect the capture or
	// refund is reversed, or the hold is released. The effect happened.
	SuccessThenReversed Fault = "success_then_reversed"
)

// Effect says when a call has its effect.
type Effect string

const (
	// EffectNever: the call is not executed.
	EffectNever Effect = "never"
	// EffectBefore: the call is executed before it is answered.
	EffectBefore Effect = "before"
	// EffectLater: the call is executed Rules.LateEffect after it was answered.
	EffectLater Effect = "later"
)

var never = []Fault{
	ServerErrorBefore, GatewayErrorBefore, ResetBefore, KilledBefore, TimeoutBefore,
	RateLimited, RateLimitedForever, RateLimitedUnreadable, Redirect, InFlight,
}

var late = []Fault{LateEffect, LateReset, InFlightThenDone}

var after = []Fault{
	ServerErrorAfter, GatewayErrorAfter, ResetAfter, KilledAfter, TimeoutAfter, RedirectAfter,
	TruncatedBody, GarbageBody, HTMLBody, EmptyBody, NullBody, TrailingBody, DuplicateField, FloatAmount,
	GiantBody, GzipBomb, Drip, Slow, WrongAmount, WrongCurrency, WrongReference, DuplicateID,
	WebhookFirst, SuccessThenReversed,
}

// Faults returns every fault but [NoFault]: those without an effect first, then
// the late ones, then those of the answer.
func Faults() []Fault {
	all := append([]Fault{}, never...)
	all = append(all, late...)
	return append(all, after...)
}

// Effect says when a call that meets this fault has the effect that it would have
// had without the fault.
func (f Fault) Effect() Effect {
	for _, x := range never {
		if f == x {
			return EffectNever
		}
	}
	for _, x := range late {
		if f == x {
			return EffectLater
		}
	}
	return EffectBefore
}

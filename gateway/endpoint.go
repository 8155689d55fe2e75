package gateway

import "time"

// Effect is what a call can do to money, which decides what a lost answer means.
type Effect string

// The effects. The zero value is refused: every endpoint says what it does.
const (
	EffectNone Effect = "none" // changes nothing worth money: a lost call may always be repeated
	EffectHold Effect = "hold" // holds or releases money
	EffectMove Effect = "move" // moves money
)

// Echo says which facts of the request an answer repeats. Only those are checked.
type Echo uint8

// The facts that an answer can repeat; combine them with |.
const (
	EchoAmount Echo = 1 << iota
	EchoCurrency
	EchoReference
)

// RefundTarget is what a refund names.
type RefundTarget string

// The targets of refunds.
const (
	RefundPayment RefundTarget = "payment"
	RefundCapture RefundTarget = "capture"
)

// Remainder is what becomes of the rest of a hold after a partial capture.
type Remainder string

// What becomes of the rest.
const (
	RemainderKept     Remainder = "kept"
	RemainderReleased Remainder = "released"
)

// AmountMode is how an adjustment states its amount.
type AmountMode string

// The modes of amounts.
const (
	AmountAbsolute AmountMode = "absolute" // the new total
	AmountDelta    AmountMode = "delta"    // what is added
)

// Endpoint is what a provider promises of one endpoint: what may be done when
// its answer is lost, and how its amounts are to be read. Every value a
// provider's package sets cites the provider's documentation. The zero values
// promise nothing.
type Endpoint struct {
	Effect Effect

	// KeyTTL is how long the provider remembers an idempotency key; zero means that it takes none.
	KeyTTL time.Duration
	// Replays5xx says that a server error that was stored is replayed for its
	// key; otherwise a resend executes again.
	Replays5xx bool
	// Natural says that repeating the call lands in the same state (PUT,
	// cancel, complete), so that it may be repeated where nobody can be asked and no
	// key is known. A partial capture or refund does not: a second one takes more.
	// AlreadyDone are the provider's codes that then say so.
	Natural     bool
	AlreadyDone []string
	// LookupByRef is the operation that finds the effect by our own reference, "" when none does.
	LookupByRef Operation
	// LookupLag is how long a lookup may still miss an effect that took place.
	LookupLag time.Duration
	// LateEffectMax is how long after we gave up the call may still take effect; zero means that the provider does not say.
	LateEffectMax time.Duration
	// CancelByKey is the operation that cancels whatever a key caused, "" when none does.
	CancelByKey Operation

	// Echoes are the facts that the answer repeats.
	Echoes Echo
	// Async says that the answer only accepts the call and an event decides it,
	// at the latest after this time; zero means that the answer decides.
	Async time.Duration
	// DeclineIsFinal says that a decline ends the resource; otherwise the same
	// one may still succeed.
	DeclineIsFinal bool
	// OneAtATime says that no two calls that say so may be under way for one payment,
	// of whatever kind: each tells all of an order, and two would contradict each other.
	OneAtATime bool

	// Restates says that the call tells the whole order once more, and so needs what
	// the payment was begun with: the URLs and the extras of that request, where the
	// call's own has none.
	Restates bool

	// TargetRef names the reference of the payment that the operation acts on
	// when the caller names no target: "payment_intent" at Stripe. "" for an
	// operation that needs none.
	TargetRef             string
	RefundTarget          RefundTarget
	RemainderAfterPartial Remainder
	OverCapture           OverCapture
	AmountMode            AmountMode
	// Renews says that an adjustment to the amount that is held already renews the hold:
	// it gets a new expiry, and may get a new name. The answer and the lookups then show
	// each renewal as a [MoveAdjust] of its own; where the hold gets a new name, that is
	// its Reference, what it superseded is its Parent, and the reference of the payment
	// that TargetRef names becomes the new one. It cannot be with [AmountDelta], by
	// which nothing would be asked for.
	Renews bool
	// List is the operation that lists the provider's movements for reconciliation, "" when it cannot.
	List Operation
}

// Check returns a [CodeInternal] error when the promises contradict each other.
func (e Endpoint) Check() error {
	switch e.Effect {
	case EffectNone, EffectHold, EffectMove:
	default:
		return Errorf(CodeInternal, "the endpoint does not say its effect: set Effect to none, hold or move")
	}
	if e.Replays5xx && e.KeyTTL == 0 {
		return Errorf(CodeInternal, "the endpoint replays by key but says no KeyTTL")
	}
	if len(e.AlreadyDone) > 0 && !e.Natural {
		return Errorf(CodeInternal, "the endpoint has AlreadyDone codes but is not Natural")
	}
	if e.Renews && e.AmountMode == AmountDelta {
		return Errorf(CodeInternal, "the endpoint renews holds but takes what is added: a renewal adds nothing; state the new total (AmountAbsolute), or leave Renews out")
	}
	for _, d := range []time.Duration{e.KeyTTL, e.LookupLag, e.LateEffectMax, e.Async} {
		if d < 0 {
			return Errorf(CodeInternal, "the endpoint promises a negative duration, %s", d)
		}
	}
	return nil
}

// OverCapture says how much more than the hold may be captured. The zero value allows nothing more.
type OverCapture struct {
	BasisPoints int64            // of the hold: 1500 is 15 %
	AtMost      map[string]int64 // currency → minor units; a currency that is missing allows nothing
}

// Limit returns the most that may be captured of a hold: the hold plus the
// smaller of the two allowances.
func (o OverCapture) Limit(hold Money) (Money, error) {
	if o.BasisPoints <= 0 {
		return hold, hold.Err()
	}
	share, err := hold.Mul(o.BasisPoints)
	if err != nil {
		return Money{}, err
	}
	share.minor /= 10_000
	return hold.Add(Money{min(share.minor, o.AtMost[hold.currency]), hold.currency})
}

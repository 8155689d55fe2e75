package simulator

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// The account that a zero [Config] opens.
const (
	// DefaultAccount is the id of the account that a zero Config opens.
	DefaultAccount = "acct_sandbox"
	// DefaultKey is the API key of [DefaultAccount].
	DefaultKey = "sandbox_key_1"
	// DefaultWebhookSecret signs the webhooks of [DefaultAccount].
	DefaultWebhookSecret = "sandbox_webhook_secret_1"
)

// Config says how a provider starts. The zero Config works.
type Config struct {
	// Accounts are the merchants; none means [DefaultAccount] with [DefaultKey].
	Accounts []Account
	// Address is "127.0.0.1:<port>" for a provider that must be found again after a
	// restart; empty means a free port. Other than loopback addresses are refused.
	Address string
	// Clock tells the provider's time; nil means time.Now. It must be safe for
	// concurrent use and must not call the server. [Server.Advance] adds to it.
	Clock func() time.Time
	// Rules say how this provider behaves.
	Rules Rules
	// ManualWebhooks stops automatic delivery: only Deliver, DeliverAll and the
	// fault [WebhookFirst] send anything.
	ManualWebhooks bool
	// Journal is the path of an append-only file of JSON lines, synced before
	// every answer. A server started again on it has the same state. Empty means
	// memory only. One server at a time may use a journal.
	Journal string
	// Seed makes the ids: two servers with one seed give out the same ids.
	Seed uint64
}

// Account is one merchant of the provider. Accounts never see each other's objects.
type Account struct {
	// ID names the account.
	ID string
	// Key is the API key, sent as "Authorization: Bearer <key>".
	Key string
	// WebhookSecrets sign the webhooks, each with its own v1; two while rotating.
	WebhookSecrets []string
	// WebhookURL receives the events; empty means that events are only listed.
	WebhookURL string
}

// Remainder says what becomes of the uncaptured rest after a partial capture.
type Remainder string

const (
	// RemainderKept leaves the rest capturable. It is the default.
	RemainderKept Remainder = ""
	// RemainderReleased releases the rest after the first partial capture.
	RemainderReleased Remainder = "released"
)

// OverCapture says how much more than the authorized amount may be captured.
// The zero value allows nothing more.
type OverCapture struct {
	// Percent of the authorized amount that may be added, rounded down.
	Percent int64
	// Absolute caps the addition in minor units; 0 means no cap.
	Absolute int64
}

// Rules are what a provider's documentation would promise. Durations are by the
// provider's clock unless their comment says real time.
type Rules struct {
	// IdempotencyTTL is how long a key is remembered; 0 means 24 hours, a negative
	// value means that keys are ignored (a provider without idempotency).
	IdempotencyTTL time.Duration
	// Replays5xx saves a 500 under its key and replays it for ever. Otherwise a
	// 500 is not saved and the same key executes again, even where the money had
	// already moved.
	Replays5xx bool
	// LookupLag hides a new payment from listing and lookup by reference.
	LookupLag time.Duration
	// RemainderAfterPartial says what a partial capture does with the rest.
	RemainderAfterPartial Remainder
	// OverCapture allows captures above the authorized amount.
	OverCapture OverCapture
	// AuthorizationValidity is the life of a hold; 0 means 7 days.
	AuthorizationValidity time.Duration
	// Reauthorize lets an adjustment, also to the amount that is held already, make a
	// new authorization in place of the old one, with a name and a validity of its own.
	// A capture, release, cancellation or adjustment may then name the authorization in
	// place of the payment, and is refused when that one was superseded.
	Reauthorize bool
	// ExpiryGrace is how much longer than stated a hold really lives: a late
	// capture still succeeds within it.
	ExpiryGrace time.Duration
	// ChallengeValidity is the life of a challenge; 0 means 1 hour.
	ChallengeValidity time.Duration
	// ChallengeAction is the action type of a challenge; "" means "redirect".
	ChallengeAction string
	// ConfirmAfterChallenge makes POST /confirm necessary after the bank page.
	ConfirmAfterChallenge bool
	// AsyncCapture answers every capture 202 and settles it later.
	AsyncCapture bool
	// AsyncRefund answers every refund 202 and settles it later.
	AsyncRefund bool
	// SingleCapture turns multiple capture off: every capture is final.
	SingleCapture bool
	// SettleAfter is when pending things settle and later failures arrive; 0 means
	// 1 minute, a negative value means never by themselves.
	SettleAfter time.Duration
	// LateEffect is the delay of [LateEffect] and its relatives; 0 means 10 seconds.
	LateEffect time.Duration
	// TokenTTL is the life of an OAuth access token; 0 means 1 hour.
	TokenTTL time.Duration
	// WebhookBackoff is the wait before the first retry of a webhook; it doubles
	// each time, up to 10 tries; 0 means 1 second.
	WebhookBackoff time.Duration
	// Slow is how long tok_slow, [Slow] and the slow button take, in real time;
	// 0 means 3 seconds.
	Slow time.Duration
	// DripInterval is the real time between two bytes of [Drip]; 0 means 1 second.
	DripInterval time.Duration
}

// withDefaults fills what the zero value leaves open.
func (r Rules) withDefaults() Rules {
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&r.IdempotencyTTL, 24*time.Hour)
	set(&r.AuthorizationValidity, 7*24*time.Hour)
	set(&r.ChallengeValidity, time.Hour)
	set(&r.SettleAfter, time.Minute)
	set(&r.LateEffect, 10*time.Second)
	set(&r.TokenTTL, time.Hour)
	set(&r.WebhookBackoff, time.Second)
	set(&r.Slow, 3*time.Second)
	set(&r.DripInterval, time.Second)
	if r.ChallengeAction == "" {
		r.ChallengeAction = "redirect"
	}
	return r
}

// withDefaults fills what the zero value leaves open and refuses contradictions.
func (c Config) withDefaults() (Config, error) {
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	if at, err := netip.ParseAddrPort(c.Address); err != nil || !at.Addr().IsLoopback() {
		return c, fmt.Errorf("simulator: address %q is not a loopback address with a port", c.Address)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.Rules = c.Rules.withDefaults()
	if c.Rules.OverCapture.Percent < 0 || c.Rules.OverCapture.Absolute < 0 {
		return c, errors.New("simulator: OverCapture must not be negative")
	}
	if c.Rules.RemainderAfterPartial != RemainderKept && c.Rules.RemainderAfterPartial != RemainderReleased {
		return c, fmt.Errorf("simulator: RemainderAfterPartial %q is unknown", c.Rules.RemainderAfterPartial)
	}
	if len(c.Accounts) == 0 {
		c.Accounts = []Account{{ID: DefaultAccount, Key: DefaultKey, WebhookSecrets: []string{DefaultWebhookSecret}}}
	}
	ids, keys := map[string]bool{}, map[string]bool{}
	for i, a := range c.Accounts {
		if a.ID == "" || a.Key == "" {
			return c, fmt.Errorf("simulator: account %d needs an id and a key", i)
		}
		if ids[a.ID] || keys[a.Key] {
			return c, fmt.Errorf("simulator: account %q is there twice, or its key is", a.ID)
		}
		ids[a.ID], keys[a.Key] = true, true
	}
	return c, nil
}

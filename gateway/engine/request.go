package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Request is one caller's command on a payment.
type Request struct {
	Store    gateway.StoreID
	Payment  gateway.PaymentID
	Key      string // the caller's command key, unlike any other of the store
	Provider string // where there is no choice left (capture, refund), "" means the provider of the hold

	Amount gateway.Money // exactly one of Amount and All, for operations that take an amount
	All    bool          // everything that is left
	Target string        // the provider's id to act on; "" lets the engine choose
	Final  bool          // of a capture: release what remains
	Lines  []gateway.Line
	Reason string

	Instrument     *gateway.Instrument // kept only encrypted, and only with a Sealer
	Saved          string              // the id of a stored instrument, in place of Instrument
	SaveInstrument bool                // ask the provider to store the instrument, and store it here
	ReturnURL      string
	CancelURL      string
	NotifyURL      string
	Input          map[string]string
	Extras         gateway.Extras
	Deadline       time.Time // until when it must be settled; zero leaves it to the engine
}

// Result is what is known of an operation, returned beside an error too, unless
// the request was refused before anything was written.
type Result struct {
	Operation storage.Operation
	Payment   gateway.Payment
	Outcome   gateway.Outcome // of this call; empty when the operation had been made before
	// Instrument is the id of what the operation stored, for [Request].Saved; "" for none.
	Instrument string
}

// Pay purchases, or authorizes, as [Config].Pay or a hook that overrides [OpPay] decides.
func (e *Engine) Pay(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, OpPay, r)
}

// Authorize holds money.
func (e *Engine) Authorize(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpAuthorize, r)
}

// Purchase holds and takes money at once.
func (e *Engine) Purchase(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpPurchase, r)
}

// Capture takes held money, wholly or in part.
func (e *Engine) Capture(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpCapture, r)
}

// Void releases what is held and not captured.
func (e *Engine) Void(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpVoid, r)
}

// Refund gives captured money back, wholly or in part.
func (e *Engine) Refund(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpRefund, r)
}

// Adjust changes how much is held: Amount is the new total. It cannot be less than
// what was captured, is being captured or was released. Where the provider's endpoint
// Renews, the amount that is held already renews the hold: it gets a new expiry, and
// may get a new name, by which it is captured and released from then on.
func (e *Engine) Adjust(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpAdjust, r)
}

// Continue goes on with a payment that waits for the shopper, with what the
// shopper brought back (Input), or with another Instrument.
func (e *Engine) Continue(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpContinue, r)
}

// Cancel ends a payment that waits: for the shopper, for a result. It is
// cancelled at the provider first. One that holds money is voided instead.
func (e *Engine) Cancel(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpCancel, r)
}

// Accept lets a payment pass that the provider holds for review.
func (e *Engine) Accept(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpAccept, r)
}

// Deny ends a payment that the provider holds for review.
func (e *Engine) Deny(ctx context.Context, r Request) (Result, error) {
	return e.perform(ctx, gateway.OpDeny, r)
}

// stored is what of a request survives a crash: everything but an instrument that cannot be encrypted.
type stored struct {
	Lines     []gateway.Line             `json:"lines,omitempty"`
	Reason    string                     `json:"reason,omitempty"`
	Save      bool                       `json:"save,omitempty"`
	Saved     string                     `json:"saved,omitempty"`
	ReturnURL string                     `json:"return_url,omitempty"`
	CancelURL string                     `json:"cancel_url,omitempty"`
	NotifyURL string                     `json:"notify_url,omitempty"`
	Input     map[string]string          `json:"input,omitempty"`
	Extras    map[string]json.RawMessage `json:"extras,omitempty"`
	// Instrument says that the request had one; Sealed is the instrument, where a Sealer is there.
	Instrument bool   `json:"instrument,omitempty"`
	Sealed     []byte `json:"sealed,omitempty"`
}

// stored returns what is stored of a request, as it is when it is read again.
func (r Request) stored() (s stored, err error) {
	extras, err := r.Extras.Stored()
	if err != nil {
		return s, err
	}
	raw, err := json.Marshal(stored{
		Lines: r.Lines, Reason: r.Reason, Save: r.SaveInstrument, Saved: r.Saved, ReturnURL: r.ReturnURL, CancelURL: r.CancelURL, NotifyURL: r.NotifyURL,
		Input: r.Input, Extras: extras, Instrument: r.Instrument != nil,
	})
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return s, gateway.Errorf(gateway.CodeInternal, "the request cannot be stored: %w", err)
	}
	return s, nil
}

func (s stored) apply(to *gateway.Subject) {
	to.Lines, to.Reason, to.SaveInstrument, to.Input = s.Lines, s.Reason, s.Save, s.Input
	to.ReturnURL, to.CancelURL, to.NotifyURL = s.ReturnURL, s.CancelURL, s.NotifyURL
	to.Extras = gateway.RestoreExtras(s.Extras)
}

// detailOf names the row that holds what is personal of an operation's request.
func detailOf(id gateway.OperationID) string { return "request/" + string(id) }

// fingerprint identifies the parameters of a command. Volatile ones (URLs, a
// deadline, the instrument's one-time token) are left out: a caller who tries
// again after a crash may have new ones.
func fingerprint(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		text := fmt.Sprint(p)
		_, _ = h.Write([]byte(strconv.Itoa(len(text)) + ":" + text))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (r Request) fingerprint(kind gateway.Operation) string {
	parts := []any{kind, r.Payment, r.Provider, r.Amount.Currency(), r.Amount.Minor(), r.All, r.Target, r.Final}
	if r.Saved != "" { // left out otherwise: older binaries know no stored instruments
		parts = append(parts, r.Saved)
	}
	return fingerprint(parts...)
}

// providerKey is the idempotency key of one step: 32 hexadecimal characters,
// which every provider takes. Two different calls never share one.
func (e *Engine) providerKey(o storage.Operation, name gateway.Operation, number int64) string {
	h := sha256.New()
	for _, part := range []string{
		"v1", string(o.Store), o.Provider, e.cfg.Account(o.Store, o.Provider), string(o.ID), string(name), strconv.FormatInt(number, 10),
	} {
		_, _ = h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

func checkKey(store gateway.StoreID, key string) error {
	if store == "" {
		return gateway.Invalid("the request has no Store")
	}
	if key == "" {
		return gateway.Invalid("the request has no Key: every command needs its own, and the same one when it is tried again")
	}
	if len(key) > 255 {
		return gateway.Invalid("the Key has %d characters, at most 255 are allowed", len(key))
	}
	return nil
}

package status

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// minKey is the shortest key, in bytes: an HMAC is no stronger than its key.
const minKey = 32

// maxToken is the longest token that is looked at, in characters.
const maxToken = 512

// tokenVersion begins every token and is part of what is signed.
const tokenVersion = 1

// Tokens makes and checks the tokens by which shoppers see their payments. A
// token names a payment and proves that this shop gave it away; nothing is
// stored. It is no secret of the shop's, but whoever has it sees how the payment
// stands: keep it out of logs. Tokens are safe for concurrent use.
type Tokens struct{ keys []gateway.Secret }

// NewTokens returns tokens that are made with the first key and accepted from
// each: to rotate, put the new key first and drop the old one when its tokens
// have expired. A key has at least 32 bytes, else the error is [gateway.CodeInternal].
func NewTokens(keys ...gateway.Secret) (*Tokens, error) {
	if len(keys) == 0 {
		return nil, gateway.Errorf(gateway.CodeInternal, "tokens need a key")
	}
	for i, k := range keys {
		if len(k.Reveal()) < minKey {
			return nil, gateway.Errorf(gateway.CodeInternal, "key %d of the tokens has less than %d bytes: make it of random ones", i+1, minKey)
		}
	}
	return &Tokens{append([]gateway.Secret(nil), keys...)}, nil
}

// Make returns the token of a payment: characters that may stand in a URL. It
// expires at the given time, to the second; the zero time makes one that does not.
func (t *Tokens) Make(key storage.PaymentKey, expires time.Time) string {
	until := uint64(0)
	if !expires.IsZero() {
		until = uint64(max(expires.Unix(), 1))
	}
	body := binary.AppendUvarint([]byte{tokenVersion}, until)
	body = binary.AppendUvarint(body, uint64(len(key.Store)))
	body = append(append(body, key.Store...), key.Payment...)
	return base64.RawURLEncoding.EncodeToString(append(body, sign(t.keys[0], body)...))
}

// Open returns the payment that a token names, at the given time. Every token
// that is not good gives the same [gateway.CodeNotFound] error, whatever is wrong
// with it, and takes the same time.
func (t *Tokens) Open(token string, now time.Time) (storage.PaymentKey, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	// The decoder skips line breaks: with one it would be the same token in other letters.
	if err != nil || strings.ContainsAny(token, "\r\n") || len(token) > maxToken || len(raw) <= sha256.Size {
		raw = make([]byte, sha256.Size+1) // is checked like any other
	}
	body, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	good := false
	for _, k := range t.keys { // all of them: the time does not tell which one it was
		good = hmac.Equal(sign(k, body), mac) || good
	}
	store, payment, until, ok := parse(body)
	if !good || !ok || until != 0 && now.Unix() >= int64(until) { //nolint:gosec // we signed it
		return storage.PaymentKey{}, errNoPayment
	}
	return storage.PaymentKey{Store: gateway.StoreID(store), Payment: gateway.PaymentID(payment)}, nil
}

// errNoPayment is what every token gets that names no payment to be shown.
var errNoPayment error = gateway.Errorf(gateway.CodeNotFound, "there is no such payment")

func sign(key gateway.Secret, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(key.Reveal()))
	m.Write([]byte("gatewaycommand/status\x00"))
	m.Write(body)
	return m.Sum(nil)
}

func parse(body []byte) (store, payment []byte, until uint64, ok bool) {
	if len(body) == 0 || body[0] != tokenVersion {
		return nil, nil, 0, false
	}
	body = body[1:]
	until, n := binary.Uvarint(body)
	if n <= 0 {
		return nil, nil, 0, false
	}
	body = body[n:]
	size, n := binary.Uvarint(body)
	if n <= 0 || size > uint64(len(body)-n) {
		return nil, nil, 0, false
	}
	body = body[n:]
	return body[:size], body[size:], until, true
}

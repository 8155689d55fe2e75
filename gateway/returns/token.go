package returns

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Kind is what a token lets its bearer do.
type Kind string

// The kinds of tokens. One kind is never taken for another.
const (
	Return Kind = "return" // come back after paying
	Cancel Kind = "cancel" // come back without paying
)

// least is how long a secret must be, in bytes, so that nobody guesses it.
const least = 32

// Tokens makes and verifies the tokens in return URLs: HMAC-SHA256 over what they
// name. A token does not expire with its use. It is safe for concurrent use.
type Tokens struct {
	Secrets []gateway.Secret // the first one signs, all verify; at least 32 bytes each
	TTL     time.Duration    // how long a token is good; 0 means 7 days
	Now     func() time.Time // nil means time.Now
}

// Claim is what a token names.
type Claim struct {
	Kind    Kind
	Store   gateway.StoreID
	Payment gateway.PaymentID
	Expires time.Time // to the second
}

// wire is a claim as it is signed.
type wire struct {
	Kind    Kind              `json:"k"`
	Store   gateway.StoreID   `json:"s"`
	Payment gateway.PaymentID `json:"p"`
	Expires int64             `json:"e"`
}

func (t Tokens) now() time.Time {
	if t.Now == nil {
		return time.Now()
	}
	return t.Now()
}

func (t Tokens) check() error {
	if len(t.Secrets) == 0 {
		return gateway.Errorf(gateway.CodeInternal, "return tokens need a secret")
	}
	for i, s := range t.Secrets {
		if len(s.Reveal()) < least {
			return gateway.Errorf(gateway.CodeInternal, "secret %d of the return tokens has less than %d bytes", i+1, least)
		}
	}
	if t.TTL < 0 {
		return gateway.Errorf(gateway.CodeInternal, "return tokens need a TTL that is not negative")
	}
	return nil
}

// Make returns a token of letters, digits, "-", "_" and one ".", for a URL's path
// or query. It fails with [gateway.CodeInternal] without secrets that are good.
func (t Tokens) Make(store gateway.StoreID, payment gateway.PaymentID, kind Kind) (string, error) {
	if err := t.check(); err != nil {
		return "", err
	}
	ttl := t.TTL
	if ttl == 0 {
		ttl = 7 * 24 * time.Hour
	}
	raw, err := json.Marshal(wire{kind, store, payment, t.now().Add(ttl).Unix()})
	if err != nil {
		return "", gateway.Errorf(gateway.CodeInternal, "a token cannot be made: %w", err)
	}
	body := base64.RawURLEncoding.EncodeToString(raw)
	return body + "." + base64.RawURLEncoding.EncodeToString(sign(t.Secrets[0], body)), nil
}

func sign(secret gateway.Secret, body string) []byte {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	_, _ = mac.Write([]byte("gatewaycommand return token 1\x00" + body))
	return mac.Sum(nil)
}

// Verify returns what a token of this kind names. Any other text is
// [gateway.CodeAuthentication], and so is a token that has expired.
func (t Tokens) Verify(token string, kind Kind) (Claim, error) {
	if err := t.check(); err != nil {
		return Claim{}, err
	}
	body, text, ok := strings.Cut(token, ".")
	if !ok || len(token) > 1024 {
		return Claim{}, refused
	}
	got, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(token, "\r\n") {
		return Claim{}, refused
	}
	match := false
	for _, secret := range t.Secrets {
		match = hmac.Equal(got, sign(secret, body)) || match
	}
	if !match {
		return Claim{}, refused
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return Claim{}, refused
	}
	var w wire
	if err := json.Unmarshal(raw, &w); err != nil { // it was signed: a defect, or another version's
		return Claim{}, refused
	}
	c := Claim{w.Kind, w.Store, w.Payment, time.Unix(w.Expires, 0)}
	if c.Kind != kind || !t.now().Before(c.Expires) {
		return Claim{}, refused
	}
	return c, nil
}

var refused = gateway.Errorf(gateway.CodeAuthentication, "the return token is not one of ours, is for something else, or has expired")

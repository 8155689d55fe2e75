package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// mask is what a Secret prints, whatever it is asked to print as.
const mask = "***"

// Secret is a text that prints masked: a key, a password, a card number, a
// token. Its value is held by a closure, so that no printing by reflection
// (%v and %#v of a struct with an unexported Secret, spew, cmp) reaches it.
// [Secret.Reveal] is the only way to it; encoders and signers call it.
//
// The zero value is an empty secret. A Secret cannot be compared with ==;
// use [Secret.Equal]. It is safe for concurrent use.
type Secret struct {
	_      [0]func() // forbids ==
	reveal func() string
}

// NewSecret returns a Secret that holds value. An empty value gives the zero Secret.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return value }}
}

// Reveal returns the value. Call it where the value leaves the process and nowhere else.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.reveal == nil }

// Equal reports whether both secrets hold the same value, in a time that tells nothing about where they differ.
func (s Secret) Equal(o Secret) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(o.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// String returns the mask.
func (s Secret) String() string { return mask }

// GoString returns the mask.
func (s Secret) GoString() string { return mask }

// Format writes the mask for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// MarshalText returns the mask; encoding/xml and map keys use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalJSON returns the mask as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// LogValue returns the mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// UnmarshalText takes the value from a configuration source such as an
// environment variable. It never fails, so that no error text can quote the value.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

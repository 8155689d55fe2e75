package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Hash is which hash function a scheme uses.
type Hash int

// The hash functions. MD5 and SHA-1 are not among them.
const (
	SHA256 Hash = iota
	SHA512
)

func (h Hash) new() func() hash.Hash {
	if h == SHA512 {
		return sha512.New
	}
	return sha256.New
}

// Sum returns the HMAC of a message.
func (h Hash) Sum(key, message []byte) []byte {
	mac := hmac.New(h.new(), key)
	_, _ = mac.Write(message)
	return mac.Sum(nil)
}

// Encoding is how a signature is written.
type Encoding int

// The encodings.
const (
	Hex Encoding = iota
	Base64
)

func (e Encoding) encode(b []byte) string {
	if e == Base64 {
		return base64.StdEncoding.EncodeToString(b)
	}
	return hex.EncodeToString(b)
}

// decode reads a signature of exactly size bytes.
func (e Encoding) decode(text string, size int) ([]byte, bool) {
	if len(text) != len(e.encode(make([]byte, size))) || strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	var b []byte
	var err error
	if e == Base64 {
		b, err = base64.StdEncoding.Strict().DecodeString(text)
	} else {
		b, err = hex.DecodeString(text)
	}
	return b, err == nil && len(b) == size
}

// Equal reports whether two signatures are the same, in a time that tells nothing
// about where they differ. An empty one equals nothing.
func Equal(a, b []byte) bool { return len(a) > 0 && hmac.Equal(a, b) }

// HMAC verifies a signature over the body, or over what Message makes of the
// call. Such a signature has no time: what is replayed is recognised by the
// event's ID alone, which the inbox keeps for a month or more.
type HMAC struct {
	Secrets  Secrets // used as they are, as bytes
	Header   string
	Prefix   string // before the signature in the header, such as "sha256="
	Hash     Hash
	Encoding Encoding
	// Message is what is signed; nil means the body. One made of fields must separate
	// them so that no other fields give the same bytes.
	Message func(c Call) ([]byte, error)
}

var _ Verifier = HMAC{}

// Verify verifies a call.
func (s HMAC) Verify(ctx context.Context, c Call) (Trust, error) {
	text, err := c.Value(s.Header)
	if err != nil {
		return Refused, err
	}
	text, ok := strings.CutPrefix(text, s.Prefix)
	if !ok {
		return Refused, refused("its signature has another prefix")
	}
	return s.verify(ctx, c, text)
}

func (s HMAC) verify(ctx context.Context, c Call, text string) (Trust, error) {
	got, ok := s.Encoding.decode(text, s.Hash.new()().Size())
	if !ok {
		return Refused, refused("its signature has another form")
	}
	secrets, err := secretsOf(ctx, s.Secrets, c.Store)
	if err != nil {
		return Refused, err
	}
	message, err := s.message(c)
	if err != nil {
		return Refused, err
	}
	match := false
	for _, secret := range secrets { // all of them, whichever matches
		match = Equal(got, s.Hash.Sum([]byte(secret.Reveal()), message)) || match
	}
	if !match {
		return Refused, refused("its signature is wrong")
	}
	return Proved, nil
}

func (s HMAC) message(c Call) ([]byte, error) {
	if s.Message == nil {
		return c.Body, nil
	}
	return s.Message(c)
}

// Sign signs a call with the store's newest secret, for tests and replays.
func (s HMAC) Sign(ctx context.Context, c *Call) error {
	secrets, err := secretsOf(ctx, s.Secrets, c.Store)
	if err != nil {
		return err
	}
	message, err := s.message(*c)
	if err != nil {
		return err
	}
	c.set(s.Header, s.Prefix+s.Encoding.encode(s.Hash.Sum([]byte(secrets[0].Reveal()), message)))
	return nil
}

// Signer signs calls the way a provider does. The schemes that verify with a
// secret are signers.
type Signer interface {
	Sign(ctx context.Context, c *Call) error
}

var _ = []Signer{HMAC{}, Timestamped{}, Standard{}, Basic{}}

func (c *Call) set(name, value string) {
	if c.Header == nil {
		c.Header = http.Header{}
	}
	c.Header.Set(name, value)
}

// Fixed is secrets that every store shares: for a program with one shop, and for tests.
func Fixed(secrets ...gateway.Secret) Secrets {
	return SecretsFunc(func(context.Context, gateway.StoreID) ([]gateway.Secret, error) { return secrets, nil })
}

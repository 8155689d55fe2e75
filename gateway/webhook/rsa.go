package webhook

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Pin is a provider's public key that is known beforehand. Zero times do not limit it.
type Pin struct {
	Key                 *rsa.PublicKey
	NotBefore, NotAfter time.Time
}

// Pins reads pins from PEM: certificates, which are believed within their time and
// whoever signed them, and public keys. It fails with [gateway.CodeInternal] for
// anything else, for no pin at all, and for keys of less than 2048 bits.
func Pins(text []byte) ([]Pin, error) {
	var all []Pin
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		var pin Pin
		var key any
		var err error
		switch block.Type {
		case "CERTIFICATE":
			var cert *x509.Certificate
			if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
				key, pin.NotBefore, pin.NotAfter = cert.PublicKey, cert.NotBefore, cert.NotAfter
			}
		case "PUBLIC KEY":
			key, err = x509.ParsePKIXPublicKey(block.Bytes)
		default:
			return nil, gateway.Errorf(gateway.CodeInternal, "pin %d is neither a certificate nor a public key", len(all)+1)
		}
		public, ok := key.(*rsa.PublicKey)
		if err != nil || !ok || public.N.BitLen() < 2048 {
			return nil, gateway.Errorf(gateway.CodeInternal, "pin %d holds no RSA key of 2048 bits or more", len(all)+1)
		}
		pin.Key = public
		all = append(all, pin)
	}
	if len(all) == 0 || strings.TrimSpace(string(text)) != "" {
		return nil, gateway.Errorf(gateway.CodeInternal, "the pins are no PEM, or there is none")
	}
	return all, nil
}

// RSA verifies a base64 signature with SHA-256 by keys that are known beforehand.
// It never fetches a key or a certificate from where a notification says it is.
type RSA struct {
	Pins   func(ctx context.Context, store gateway.StoreID) ([]Pin, error)
	PSS    bool // else PKCS #1 v1.5
	Header string
	// Message is what is signed; nil means the body.
	Message func(c Call) ([]byte, error)
	Now     func() time.Time // nil means time.Now; certificates have a time
}

var _ Verifier = RSA{}

// Verify verifies a call.
func (s RSA) Verify(ctx context.Context, c Call) (Trust, error) {
	text, err := c.Value(s.Header)
	if err != nil {
		return Refused, err
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return Refused, refused("its signature has another form")
	}
	if s.Pins == nil {
		return Refused, refused("nobody knows its key: the scheme has no Pins")
	}
	pins, err := s.Pins(ctx, c.Store)
	if err != nil {
		return Refused, err
	}
	message := c.Body
	if s.Message != nil {
		if message, err = s.Message(c); err != nil {
			return Refused, err
		}
	}
	digest, now := sha256.Sum256(message), Window{Now: s.Now}.now()
	for _, pin := range pins {
		early := !pin.NotBefore.IsZero() && now.Before(pin.NotBefore)
		late := !pin.NotAfter.IsZero() && now.After(pin.NotAfter)
		if pin.Key == nil || pin.Key.N == nil || pin.Key.N.BitLen() < 2048 || early || late {
			continue
		}
		if s.PSS {
			err = rsa.VerifyPSS(pin.Key, crypto.SHA256, digest[:], signature, nil)
		} else {
			err = rsa.VerifyPKCS1v15(pin.Key, crypto.SHA256, digest[:], signature)
		}
		if err == nil {
			return Proved, nil
		}
	}
	return Refused, refused("no key that is known made its signature")
}

// SignWith signs a call with a private key, for tests and replays.
func (s RSA) SignWith(key *rsa.PrivateKey, c *Call) error {
	message := c.Body
	var err error
	if s.Message != nil {
		if message, err = s.Message(*c); err != nil {
			return err
		}
	}
	digest := sha256.Sum256(message)
	var signature []byte
	if s.PSS {
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], nil)
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	}
	if err != nil {
		return gateway.Errorf(gateway.CodeInternal, "the call cannot be signed with this key")
	}
	c.set(s.Header, base64.StdEncoding.EncodeToString(signature))
	return nil
}

package webhook

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Echoed verifies a signature of our own, which we gave the provider together
// with parameters of ours, and which it sends back: HMAC-SHA256 in hexadecimal
// over the parameters. It proves which payment is meant and that we began it.
// What else the notification says is not covered, and whoever saw one may send it
// again: it is a [Hint].
type Echoed struct {
	Secrets Secrets
	// Read finds the signature and the parameters in the call: among them whatever
	// names the payment. It reads strictly.
	Read func(c Call) (signature string, parameters []string, err error)
	// Message makes the signed bytes of the parameters; nil means each one with its
	// length before it, so that no other parameters give the same bytes.
	Message func(store gateway.StoreID, parameters []string) []byte
}

var _ Verifier = Echoed{}

// Verify verifies a call.
func (s Echoed) Verify(ctx context.Context, c Call) (Trust, error) {
	if s.Read == nil {
		return Refused, refused("nobody knows where its signature is: the scheme has no Read")
	}
	text, parameters, err := s.Read(c)
	if err != nil {
		return Refused, err
	}
	got, ok := Hex.decode(text, 32)
	if !ok || len(parameters) == 0 {
		return Refused, refused("its signature or its parameters have another form")
	}
	secrets, err := secretsOf(ctx, s.Secrets, c.Store)
	if err != nil {
		return Refused, err
	}
	match := false
	for _, secret := range secrets {
		match = Equal(got, SHA256.Sum([]byte(secret.Reveal()), s.message(c.Store, parameters))) || match
	}
	if !match {
		return Refused, refused("its signature is wrong")
	}
	return Hint, nil
}

// Of returns the signature to give the provider together with the parameters.
func (s Echoed) Of(ctx context.Context, store gateway.StoreID, parameters ...string) (string, error) {
	secrets, err := secretsOf(ctx, s.Secrets, store)
	if err != nil {
		return "", err
	}
	return Hex.encode(SHA256.Sum([]byte(secrets[0].Reveal()), s.message(store, parameters))), nil
}

func (s Echoed) message(store gateway.StoreID, parameters []string) []byte {
	if s.Message != nil {
		return s.Message(store, parameters)
	}
	return framed(append([]string{string(store)}, parameters...))
}

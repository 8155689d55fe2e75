package webhook

import (
	"context"
	"strconv"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Timestamped verifies the header "t=<unix seconds>,v1=<hex>[,v1=<hex>]" of an
// HMAC-SHA256 over "<t>.<body>", as Stripe and others send it: one v1 for each
// secret while secrets rotate. Other schemes in the header (v0) prove nothing.
type Timestamped struct {
	Secrets Secrets // used as they are, as bytes
	Header  string
	Window  Window
}

var _ Verifier = Timestamped{}

// maxSignatures is how many signatures one notification may carry.
const maxSignatures = 8

// Verify verifies a call.
func (s Timestamped) Verify(ctx context.Context, c Call) (Trust, error) {
	text, err := c.Value(s.Header)
	if err != nil {
		return Refused, err
	}
	stamp, macs, err := splitStamped(text)
	if err != nil {
		return Refused, err
	}
	at, ok := unix(stamp)
	if !ok {
		return Refused, refused("its time has another form")
	}
	if err := s.Window.check(at); err != nil {
		return Refused, err
	}
	secrets, err := secretsOf(ctx, s.Secrets, c.Store)
	if err != nil {
		return Refused, err
	}
	match := false
	for _, secret := range secrets {
		want := stampedSum(secret, stamp, c.Body)
		for _, got := range macs {
			match = Equal(got, want) || match
		}
	}
	if !match {
		return Refused, refused("its signature is wrong")
	}
	return Proved, nil
}

// splitStamped reads the header: one time, and at least one signature.
func splitStamped(text string) (stamp string, macs [][]byte, err error) {
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case !ok || name == "" || strings.TrimSpace(name) != name:
			return "", nil, refused("its signature has another form")
		case name == "t" && stamp != "":
			return "", nil, refused("its time is there twice")
		case name == "t" && value == "":
			return "", nil, refused("it has no time")
		case name == "t":
			stamp = value
		case name == "v1":
			mac, ok := Hex.decode(value, 32)
			if !ok || len(macs) == maxSignatures {
				return "", nil, refused("its signature has another form")
			}
			macs = append(macs, mac)
		}
	}
	if stamp == "" || len(macs) == 0 {
		return "", nil, refused("it has no time or no signature")
	}
	return stamp, macs, nil
}

func stampedSum(secret gateway.Secret, stamp string, body []byte) []byte {
	message := make([]byte, 0, len(stamp)+1+len(body))
	message = append(append(append(message, stamp...), '.'), body...)
	return SHA256.Sum([]byte(secret.Reveal()), message)
}

// Sign signs a call now, once with each secret of the store, for tests and replays.
func (s Timestamped) Sign(ctx context.Context, c *Call) error {
	secrets, err := secretsOf(ctx, s.Secrets, c.Store)
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(s.Window.now().Unix(), 10)
	value := "t=" + stamp
	for _, secret := range secrets {
		value += ",v1=" + Hex.encode(stampedSum(secret, stamp, c.Body))
	}
	c.set(s.Header, value)
	return nil
}

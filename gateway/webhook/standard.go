package webhook

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Standard verifies what the Standard Webhooks specification signs: the headers
// webhook-id, webhook-timestamp and webhook-signature. Secrets are base64 of 24 to
// 64 bytes, with or without whsec_ before them.
type Standard struct {
	Secrets Secrets
	Window  Window
}

var _ Verifier = Standard{}

// Verify verifies a call.
func (s Standard) Verify(ctx context.Context, c Call) (Trust, error) {
	id, err := c.Value(standardwebhooks.HeaderWebhookID)
	if err != nil {
		return Refused, err
	}
	stamp, err := c.Value(standardwebhooks.HeaderWebhookTimestamp)
	if err != nil {
		return Refused, err
	}
	signatures, err := c.Value(standardwebhooks.HeaderWebhookSignature)
	if err != nil {
		return Refused, err
	}
	at, ok := unix(stamp)
	if !ok || len(id) > 255 || strings.Contains(id, ".") || !printable(id) || strings.Count(signatures, " ") >= maxSignatures {
		return Refused, refused("its id, time or signature has another form")
	}
	for one := range strings.SplitSeq(signatures, " ") { // what the library would skip or cut is refused
		version, mac, ok := strings.Cut(one, ",")
		if _, sized := Base64.decode(mac, 32); !ok || version == "v1" && !sized {
			return Refused, refused("its signature has another form")
		}
	}
	if err := s.Window.check(at); err != nil {
		return Refused, err
	}
	hooks, err := s.hooks(ctx, c.Store)
	if err != nil {
		return Refused, err
	}
	header, match := c.canonical(), false
	for _, hook := range hooks {
		match = hook.VerifyIgnoringTimestamp(c.Body, header) == nil || match // the time was looked at above, by our clock
	}
	if !match {
		return Refused, refused("its signature is wrong")
	}
	return Proved, nil
}

// canonical returns the headers that are signed, as the library looks for them.
func (c Call) canonical() http.Header {
	h := http.Header{}
	for _, name := range []string{standardwebhooks.HeaderWebhookID, standardwebhooks.HeaderWebhookTimestamp, standardwebhooks.HeaderWebhookSignature} {
		h.Set(name, c.Header.Get(name))
	}
	return h
}

// hooks returns a verifier for each secret. The library would take an empty key,
// with which everybody can sign; none of them is.
func (s Standard) hooks(ctx context.Context, store gateway.StoreID) ([]*standardwebhooks.Webhook, error) {
	secrets, err := secretsOf(ctx, s.Secrets, store)
	if err != nil {
		return nil, err
	}
	var all []*standardwebhooks.Webhook
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), "whsec_"))
		if err != nil || len(key) < 24 || len(key) > 64 {
			return nil, refused("secret %d of the store is not base64 of 24 to 64 bytes", i+1)
		}
		hook, err := standardwebhooks.NewWebhookRaw(key)
		if err != nil {
			return nil, refused("secret %d of the store cannot verify", i+1)
		}
		all = append(all, hook)
	}
	return all, nil
}

// Sign signs a call now, once with each secret of the store, for tests and
// replays. A call without a webhook-id gets one made of its body.
func (s Standard) Sign(ctx context.Context, c *Call) error {
	hooks, err := s.hooks(ctx, c.Store)
	if err != nil {
		return err
	}
	if c.Header.Get(standardwebhooks.HeaderWebhookID) == "" {
		c.set(standardwebhooks.HeaderWebhookID, "msg_"+Identity(string(c.Body)))
	}
	now := s.Window.now()
	var all []string
	for _, hook := range hooks {
		one, err := hook.Sign(c.Header.Get(standardwebhooks.HeaderWebhookID), now, c.Body)
		if err != nil {
			return gateway.Errorf(gateway.CodeInternal, "the call cannot be signed")
		}
		all = append(all, one)
	}
	c.set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	c.set(standardwebhooks.HeaderWebhookSignature, strings.Join(all, " "))
	return nil
}

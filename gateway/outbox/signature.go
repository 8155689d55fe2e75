package outbox

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// How long a signing key may be, in bytes, by the specification.
const (
	minKey = 24
	maxKey = 64
)

// checkSecret refuses what cannot be a signing key; the library would take it.
// Its errors say nothing of the secret but what is wrong.
func checkSecret(s gateway.Secret) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), "whsec_"))
	switch {
	case err != nil:
		return errors.New("is not base64")
	case len(key) < minKey || len(key) > maxKey:
		return errors.New("has not 24 to 64 bytes")
	}
	return nil
}

// sign returns one signature for each secret.
func sign(secrets []gateway.Secret, id string, at time.Time, body []byte) (string, error) {
	all := make([]string, len(secrets))
	for i, s := range secrets {
		signer, err := standardwebhooks.NewWebhook(s.Reveal())
		if err == nil {
			all[i], err = signer.Sign(id, at, body)
		}
		if err != nil {
			return "", gateway.Errorf(gateway.CodeInternal, "secret %d of the webhook cannot sign", i+1)
		}
	}
	return strings.Join(all, " "), nil
}

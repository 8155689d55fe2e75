package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Secrets finds a store's secrets for one provider; while one is rotated both,
// the newest first. A store that has none is a [gateway.CodeAuthentication]
// error, never another store's. A tenant.Credentials[[]gateway.Secret] is one.
// Implementations are safe for concurrent use.
type Secrets interface {
	For(ctx context.Context, store gateway.StoreID) ([]gateway.Secret, error)
}

// SecretsFunc is a [Secrets] made of a function.
type SecretsFunc func(ctx context.Context, store gateway.StoreID) ([]gateway.Secret, error)

// For calls f.
func (f SecretsFunc) For(ctx context.Context, store gateway.StoreID) ([]gateway.Secret, error) {
	return f(ctx, store)
}

// secretsOf returns the secrets that are set; having none refuses.
func secretsOf(ctx context.Context, from Secrets, store gateway.StoreID) ([]gateway.Secret, error) {
	if from == nil {
		return nil, refused("nobody knows its secret: the scheme has no Secrets")
	}
	all, err := from.For(ctx, store)
	if err != nil {
		return nil, err
	}
	set := make([]gateway.Secret, 0, len(all))
	for _, s := range all {
		if !s.IsZero() {
			set = append(set, s)
		}
	}
	if len(set) == 0 {
		return nil, refused("the store has no secret that is set")
	}
	return set, nil
}

// framed joins parts so that no two lists of parts give the same bytes.
func framed(parts []string) []byte {
	var b []byte
	for _, p := range parts {
		b = append(strconv.AppendInt(b, int64(len(p)), 10), ':')
		b = append(b, p...)
	}
	return b
}

func identity(parts []string) string {
	sum := sha256.Sum256(framed(parts))
	return hex.EncodeToString(sum[:20])
}

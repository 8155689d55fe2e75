// Package tenant says which store a call belongs to, and finds what is the
// store's own: its credentials at a provider and its settings.
//
// A provider's signer asks [Credentials] right before sending, with the store
// of the request, so that one store's keys can never sign another's call. An
// application implements it over its own configuration or database, or uses
// [Fixed] where the keys are known at start:
//
//	keys := tenant.Fixed[stripe.Keys]{"es": {Secret: gateway.NewSecret(os.Getenv("STRIPE_ES"))}}
package tenant

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Credentials finds a store's credentials for one provider. It is called once
// per request that is sent, so implementations cache. A store that has none is
// a [gateway.CodeAuthentication] error, never another store's keys.
// Implementations must be safe for concurrent use.
type Credentials[T any] interface {
	For(ctx context.Context, store gateway.StoreID) (T, error)
}

// CredentialsFunc is a [Credentials] made of a function.
type CredentialsFunc[T any] func(ctx context.Context, store gateway.StoreID) (T, error)

// For calls f.
func (f CredentialsFunc[T]) For(ctx context.Context, store gateway.StoreID) (T, error) {
	return f(ctx, store)
}

// Fixed is credentials that are known at start: store → credentials. It must
// not be changed while it is used.
type Fixed[T any] map[gateway.StoreID]T

// For returns the store's entry.
func (f Fixed[T]) For(_ context.Context, store gateway.StoreID) (T, error) {
	v, ok := f[store]
	if !ok {
		return v, gateway.Errorf(gateway.CodeAuthentication, "there are no credentials for store %q (there are for %s)", store, f.stores())
	}
	return v, nil
}

func (f Fixed[T]) stores() string {
	if len(f) == 0 {
		return "none"
	}
	names := make([]string, 0, 11)
	for i, s := range slices.Sorted(maps.Keys(f)) {
		if i == 10 {
			names = append(names, "and more")
			break
		}
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// Single is credentials that every store shares: for a program with one shop.
func Single[T any](v T) Credentials[T] {
	return CredentialsFunc[T](func(context.Context, gateway.StoreID) (T, error) { return v, nil })
}

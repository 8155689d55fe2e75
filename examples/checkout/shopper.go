package main

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/returns"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// life is how long the addresses of a payment are good.
const life = 24 * time.Hour

// keys make what stands in addresses: names of payments that nobody can guess or
// make up. A shop whose shoppers log in would look at their session as well.
type keys struct {
	pages *status.Tokens // whoever has one may see the payment, and pay it
	back  returns.Tokens // for the bank's way back to us
}

func newKeys(cfg Config) (*keys, error) {
	secret := []byte(cfg.Key.Reveal())
	if len(secret) == 0 {
		secret = make([]byte, 32)
		_, _ = rand.Read(secret) // never fails
	}
	k := &keys{back: returns.Tokens{TTL: life}}
	forPages, err := derive(secret, "pages")
	if err != nil {
		return nil, err
	}
	forBack, err := derive(secret, "back")
	if err != nil {
		return nil, err
	}
	k.back.Secrets = []gateway.Secret{forBack}
	k.pages, err = status.NewTokens(forPages)
	return k, err
}

// derive makes a key for one use, so that no token is taken for one of another kind.
func derive(secret []byte, use string) (gateway.Secret, error) {
	if len(secret) < 32 {
		return gateway.Secret{}, gateway.Errorf(gateway.CodeInternal, "the shop's key needs at least 32 bytes")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, use, 32)
	return gateway.NewSecret(string(key)), err
}

// page returns the name of a payment for the addresses of its pages.
func (k *keys) page(id storage.PaymentKey) string { return k.pages.Make(id, time.Now().Add(life)) }

// newStatus makes what tells shoppers how their payments stand.
func newStatus(lc fx.Lifecycle, db *storage.DB, k *keys, log *slog.Logger) (*status.Service, error) {
	s, err := status.New(status.Config{Storage: db, Tokens: k.pages, Log: log})
	if err != nil {
		return nil, err
	}
	background(lc, s.Run)
	return s, nil
}

// newReturns makes where shoppers come back to. Whatever they bring, the provider
// is asked, and they are sent to the page for what the ledger says then. Who comes
// back without paying may choose again: the try is cancelled at its provider.
func newReturns(lc fx.Lifecycle, db *storage.DB, e *engine.Engine, k *keys, log *slog.Logger) (*returns.Returns, error) {
	r, err := returns.New(returns.Config{Storage: db, Engine: e, Tokens: k.back, Log: log, CancelAtProvider: true, Page: func(_ context.Context, r returns.Result) string {
		return "/payment/" + k.page(storage.PaymentKey{Store: r.Store, Payment: r.Payment.ID})
	}})
	if err != nil {
		return nil, err
	}
	lc.Append(fx.Hook{OnStop: func(ctx context.Context) error { return wait(ctx, r.Wait) }})
	return r, nil
}

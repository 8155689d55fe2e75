package handler

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// TokenCache keeps each store's access token until shortly before it expires.
// It is both ends of that job: the handler that puts the token of a "token"
// command away, and the signer of every other command, which runs that command
// when there is no token. Concurrent calls of one store fetch once.
//
//	tokens := handler.NewTokenCache(func(ctx context.Context, store gateway.StoreID) error {
//		_, err := self.Get(gateway.OpToken).Execute(ctx, gateway.Subject{Store: store})
//		return err
//	})
//
// The token command runs while the call that it signs for is under way. Give it
// a client of its own, or one without the Bulkhead of the calls that it signs
// for: they hold their places while they wait for the token.
//
// Tokens live in memory only. It is safe for concurrent use.
type TokenCache struct {
	fetch  func(ctx context.Context, store gateway.StoreID) error
	now    func() time.Time
	margin time.Duration
	paths  TokenPaths

	mu     sync.Mutex
	stores map[gateway.StoreID]*tokenEntry
}

// TokenPaths says where the answer holds the token, and the seconds for which it is good.
type TokenPaths struct{ Token, ExpiresIn string }

type tokenEntry struct {
	busy  chan struct{} // holds one value while somebody fetches
	mu    sync.Mutex
	token gateway.Secret
	until time.Time
}

// tokenMargin is how long before its expiry a token counts as expired, so that
// it does not expire on its way to the provider.
const tokenMargin = time.Minute

// NewTokenCache returns an empty cache that calls fetch, which must run a
// command whose chain holds this cache. Answers are read as OAuth 2 says
// (RFC 6749, section 5.1): "access_token" and "expires_in" seconds.
func NewTokenCache(fetch func(ctx context.Context, store gateway.StoreID) error) *TokenCache {
	return &TokenCache{
		fetch: fetch, now: time.Now, margin: tokenMargin,
		paths:  TokenPaths{Token: "access_token", ExpiresIn: "expires_in"},
		stores: map[gateway.StoreID]*tokenEntry{},
	}
}

// WithPaths makes the cache read other fields, and returns it. Call it before the first use.
func (c *TokenCache) WithPaths(p TokenPaths) *TokenCache {
	c.paths = p
	return c
}

// Handle puts the answer's token away for the subject's store.
func (c *TokenCache) Handle(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	v, err := present(x, c.paths.Token)
	if err != nil {
		return err
	}
	if v.Text() == "" {
		return gateway.Errorf(gateway.CodeIndeterminate, "the token at %q is empty", c.paths.Token)
	}
	seconds, err := strconv.ParseInt(text(x.Value(c.paths.ExpiresIn)), 10, 32)
	if err != nil || seconds <= 0 {
		return gateway.Errorf(gateway.CodeIndeterminate, "the token's lifetime at %q is not a number of seconds", c.paths.ExpiresIn)
	}
	life := time.Duration(seconds) * time.Second
	e := c.entry(x.Subject.Store)
	e.mu.Lock()
	e.token = gateway.NewSecret(v.Text())
	e.until = c.now().Add(life - min(c.margin, life/2))
	e.mu.Unlock()
	out.Status = gateway.StatusSucceeded
	return nil
}

// Token returns the store's token, and fetches it when there is none that is
// still good. Waiting ends with the context.
func (c *TokenCache) Token(ctx context.Context, store gateway.StoreID) (gateway.Secret, error) {
	e := c.entry(store)
	if t, ok := e.get(c.now()); ok {
		return t, nil
	}
	select {
	case e.busy <- struct{}{}:
		defer func() { <-e.busy }()
	case <-ctx.Done():
		return gateway.Secret{}, gateway.Errorf(gateway.CodeUnavailable, "gave up waiting for a token: %w", ctx.Err())
	}
	if t, ok := e.get(c.now()); ok { // somebody else fetched it meanwhile
		return t, nil
	}
	if err := c.fetch(ctx, store); err != nil {
		return gateway.Secret{}, err
	}
	if t, ok := e.get(c.now()); ok {
		return t, nil
	}
	return gateway.Secret{}, gateway.Errorf(gateway.CodeInternal, "the token command ran and left no token: put this cache into its handler chain")
}

// Forget drops the store's token, so that the next call fetches a new one: for
// a provider that refuses a token before its time.
func (c *TokenCache) Forget(store gateway.StoreID) {
	e := c.entry(store)
	e.mu.Lock()
	e.token = gateway.Secret{}
	e.mu.Unlock()
}

// Watch forgets the token of a store whose call was answered with 401, so that
// the next call fetches a new one and a token that the provider revoked does not
// fail every call until it would have expired. It is a command.Watch:
//
//	command.Override("acme", "*", command.Observe("tokens", tokens.Watch))
func (c *TokenCache) Watch(_ context.Context, x transfer.Exchange) {
	if x.Response != nil && x.Response.Status == http.StatusUnauthorized {
		c.Forget(x.Subject.Store)
	}
}

// Sign puts "Authorization: Bearer <token>" on the request.
func (c *TokenCache) Sign(ctx context.Context, w *transfer.Wire) error {
	t, err := c.Token(ctx, w.Store)
	if err != nil {
		return err
	}
	w.Header.Set("Authorization", "Bearer "+t.Reveal())
	return nil
}

// String says what it is, and no token.
func (c *TokenCache) String() string { return "token cache" }

func (c *TokenCache) entry(store gateway.StoreID) *tokenEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.stores[store]
	if e == nil {
		e = &tokenEntry{busy: make(chan struct{}, 1)}
		c.stores[store] = e
	}
	return e
}

func (e *tokenEntry) get(now time.Time) (gateway.Secret, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.token, !e.token.IsZero() && now.Before(e.until)
}

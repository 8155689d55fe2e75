package simulator

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// accessToken is a bearer token of an account. Tokens live in memory only: after a
// restart they are unknown, as after RevokeTokens.
type accessToken struct {
	account string
	expires time.Time
}

// createToken is POST /v1/oauth/token: the account id and its API key, as form
// fields or as Basic authentication, against a token that expires.
func (s *Server) createToken(c *change, q *request) (answer, error) {
	id, secret := q.form.Get("client_id"), q.form.Get("client_secret")
	if id == "" && secret == "" {
		id, secret = q.basic[0], q.basic[1]
	}
	if q.form.Get("grant_type") != "client_credentials" {
		return answer{}, badRequest("unsupported_grant_type", "grant_type", "use client_credentials")
	}
	valid := false
	for _, a := range s.accounts {
		if a.ID == id && sameSecret(a.Key, secret) {
			valid = true
		}
	}
	if !valid {
		return answer{}, refuse(http.StatusUnauthorized, "unauthorized", "the client is unknown")
	}
	ttl := s.cfg.Rules.TokenTTL
	token := "at_" + rand.Text()
	s.access[token] = accessToken{id, c.now.Add(ttl)}
	return jsonAnswer(http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int64(ttl / time.Second),
	}), nil
}

// accountOfToken returns the account of an access token, "" when it is none. The
// caller holds the mutex.
func (s *Server) accountOfToken(bearer string) (string, error) {
	if !strings.HasPrefix(bearer, "at_") {
		return "", nil
	}
	t, ok := s.access[bearer]
	if !ok {
		return "", nil
	}
	if !s.now().Before(t.expires) {
		return "", refuse(http.StatusUnauthorized, "token_expired", "the access token is expired")
	}
	return t.account, nil
}

// RevokeTokens makes the access tokens of an account unknown.
func (s *Server) RevokeTokens(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range sortedKeys(s.access) {
		if s.access[token].account == account {
			delete(s.access, token)
		}
	}
}

// account returns the index of an account. The caller holds the mutex.
func (s *Server) account(id string) (int, error) {
	i := slices.IndexFunc(s.accounts, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return 0, notFound("account", id)
	}
	return i, nil
}

// SetWebhook changes where the events of an account go and what signs them; several
// secrets make several signatures, as while rotating. Events that were made before
// there was a URL stay listed only.
func (s *Server) SetWebhook(account, url string, secrets ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.account(account)
	if err != nil {
		return err
	}
	s.accounts[i].WebhookURL, s.accounts[i].WebhookSecrets = url, slices.Clone(secrets)
	return nil
}

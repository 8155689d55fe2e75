package webhook

import (
	"context"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// User is what a provider that we gave a user and a password presents.
type User struct {
	Name     string
	Password gateway.Secret
}

// Basic verifies basic authentication: the provider proves that it is the one we
// gave the password. Serve it over TLS only.
type Basic struct {
	// Users finds a store's users; while one is rotated both.
	Users func(ctx context.Context, store gateway.StoreID) ([]User, error)
}

var _ Verifier = Basic{}

// Verify verifies a call.
func (s Basic) Verify(ctx context.Context, c Call) (Trust, error) {
	users, err := s.users(ctx, c.Store)
	if err != nil {
		return Refused, err
	}
	if _, err := c.Value("Authorization"); err != nil {
		return Refused, err
	}
	name, password, ok := (&http.Request{Header: c.Header}).BasicAuth()
	if !ok || len(password) == 0 {
		return Refused, refused("it has no user and password")
	}
	match := false
	for _, u := range users {
		same := gateway.NewSecret(name).Equal(gateway.NewSecret(u.Name))
		match = gateway.NewSecret(password).Equal(u.Password) && same || match
	}
	if !match {
		return Refused, refused("its user or password is wrong")
	}
	return Proved, nil
}

func (s Basic) users(ctx context.Context, store gateway.StoreID) ([]User, error) {
	if s.Users == nil {
		return nil, refused("nobody knows its password: the scheme has no Users")
	}
	all, err := s.Users(ctx, store)
	if err != nil {
		return nil, err
	}
	var set []User
	for _, u := range all {
		if !u.Password.IsZero() {
			set = append(set, u)
		}
	}
	if len(set) == 0 {
		return nil, refused("the store has no password that is set")
	}
	return set, nil
}

// Sign gives a call the store's first user, for tests and replays.
func (s Basic) Sign(ctx context.Context, c *Call) error {
	users, err := s.users(ctx, c.Store)
	if err != nil {
		return err
	}
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(users[0].Name, users[0].Password.Reveal())
	c.set("Authorization", r.Header.Get("Authorization"))
	return nil
}

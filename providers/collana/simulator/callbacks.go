package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// address is where a callback goes, and with which credentials.
type address struct{ uri, authentication string }

// Callback is one callback, as it will be or was sent.
type Callback struct {
	Endpoint, Status string // what it tells
	Transaction      string
	URL              string
	Body             []byte

	server *Server
	to     address
}

// tell makes the callback of an interaction, and sends it unless the test does. The
// lock is held; what it says is what is true now.
func (s *Server) tell(i *interaction) {
	fields := i.told()
	fields["transactionId"] = i.of.id
	c := &Callback{Endpoint: i.endpoint, Status: i.status, Transaction: i.of.id, URL: i.to.uri, Body: names(fields, i.of.legacy), server: s, to: i.to}
	s.callbacks = append(s.callbacks, c)
	if s.cfg.Manual || s.closed {
		return
	}
	s.sent.Go(func() {
		select {
		case <-time.After(s.cfg.Delay):
			_, _ = c.Send(s.ctx) // one try: that it is sent again is not documented
		case <-s.ctx.Done():
		}
	})
}

// Callbacks returns the callbacks made so far, those of a manual server unsent.
func (s *Server) Callbacks() []*Callback {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Callback{}, s.callbacks...)
}

// Send sends the callback, as often as it is called, and returns the status it was answered.
func (c *Callback) Send(ctx context.Context) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(c.Body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if err := c.server.authenticate(ctx, r, c.to.authentication); err != nil {
		return 0, err
	}
	answer, err := c.server.cfg.Client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	if err == nil && answer.StatusCode == http.StatusOK && strings.TrimSpace(string(body)) != `{"success":true}` {
		err = errors.New("the callback was answered with something else than success")
	}
	return answer.StatusCode, err
}

// token is an access token of the shop.
type token struct {
	text  string
	until time.Time
}

// authenticate puts the credentials on a callback that the request named.
func (s *Server) authenticate(ctx context.Context, r *http.Request, id string) error {
	c, ok := s.cfg.Credentials[id]
	switch {
	case id == "":
		return nil
	case !ok:
		return errors.New("there is no authentication of that id")
	case c.TokenURL == "":
		r.SetBasicAuth(c.User, c.Password)
		return nil
	}
	s.mu.Lock()
	have := s.tokens[id]
	s.mu.Unlock()
	if have.text == "" || !time.Now().Before(have.until) {
		var err error
		if have, err = s.fetch(ctx, c); err != nil {
			return err
		}
		s.mu.Lock()
		s.tokens[id] = have
		s.mu.Unlock()
	}
	r.Header.Set("Authorization", "Bearer "+have.text)
	return nil
}

// fetch asks the shop for a token.
func (s *Server) fetch(ctx context.Context, c Credential) (token, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.User}, "client_secret": {c.Password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return token{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.cfg.Client.Do(r)
	if err != nil {
		return token{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	var in struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&in); err != nil {
		return token{}, err
	}
	if answer.StatusCode != http.StatusOK || in.AccessToken == "" || !strings.EqualFold(in.TokenType, "Bearer") {
		return token{}, errors.New("the shop gave no token")
	}
	return token{in.AccessToken, time.Now().Add(time.Duration(in.ExpiresIn) * time.Second)}, nil
}

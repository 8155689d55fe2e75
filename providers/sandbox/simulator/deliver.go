package simulator

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// ErrNoWebhook is returned for an event whose account has no webhook URL.
var ErrNoWebhook = errors.New("simulator: the account has no webhook URL")

const (
	deliveryTimeout = 5 * time.Second
	deliveryTries   = 10
	pumpInterval    = 20 * time.Millisecond
)

// Delivery is one try to post an event. Status is 0 when there was no answer, and
// then Err says why. A status of 2xx acknowledges the event.
type Delivery struct {
	Event  string
	Status int
	Err    error
}

func newWebhookClient() *http.Client {
	return &http.Client{
		Timeout:       deliveryTimeout,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post is what one delivery sends.
type post struct {
	event  string
	url    string
	body   []byte
	header string // the signature; empty means none
}

// prepare signs an event for its account. The caller holds the mutex.
func (s *Server) prepare(e *event) (post, error) {
	i, err := s.account(e.Account)
	if err != nil || s.accounts[i].WebhookURL == "" {
		return post{}, ErrNoWebhook
	}
	body := e.body()
	return post{e.ID, s.accounts[i].WebhookURL, body, Sign(body, s.now(), s.accounts[i].WebhookSecrets...)}, nil
}

// send posts it. No lock is held: the receiver may call the provider back.
func (s *Server) send(p post) Delivery {
	d := Delivery{Event: p.event}
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, p.url, bytes.NewReader(p.body))
	if err != nil {
		d.Err = err
		return d
	}
	req.Header.Set("Content-Type", "application/json")
	if p.header != "" {
		req.Header.Set(SignatureHeader, p.header)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		d.Err = err
		return d
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<16) // lets the receiver finish; what it says does not matter
	_ = resp.Body.Close()
	d.Status = resp.StatusCode
	return d
}

// Deliver posts one event now, also when it was acknowledged before: a replay.
func (s *Server) Deliver(id string) (Delivery, error) {
	s.lock()
	e := s.byEvent[id]
	if e == nil {
		s.mu.Unlock()
		return Delivery{}, notFound("event", id)
	}
	p, err := s.prepare(e)
	s.mu.Unlock()
	if err != nil {
		return Delivery{}, err
	}
	d := s.send(p)
	s.settleDelivery(d)
	return d, nil
}

// settleDelivery notes the outcome: acknowledged, or the time of the next try.
func (s *Server) settleDelivery(d Delivery) {
	s.lock()
	defer s.mu.Unlock()
	e := s.byEvent[d.Event]
	e.held = false
	if d.Status < 200 || d.Status > 299 {
		e.due = s.now().Add(s.cfg.Rules.WebhookBackoff << min(e.tries, deliveryTries))
		e.tries++
		return
	}
	if !e.acked {
		c := s.begin(s.now(), "", "")
		c.rec.Acked = []string{e.ID}
		_ = s.commit(c) // a failing journal is reported to the next caller
	}
}

// DeliverAll posts every pending event once and duplicates more times, one after
// the other. order returns the events in another order; nil means oldest first. It
// is applied to each round anew.
func (s *Server) DeliverAll(order func([]Event) []Event, duplicates int) ([]Delivery, error) {
	pending := s.Pending()
	var all []Delivery
	for range duplicates + 1 {
		round := slices.Clone(pending)
		if order != nil {
			round = order(round)
		}
		for _, e := range round {
			d, err := s.Deliver(e.ID)
			if err != nil {
				return all, err
			}
			all = append(all, d)
		}
	}
	return all, nil
}

// Reversed is an order for DeliverAll: newest first.
func Reversed(events []Event) []Event {
	slices.Reverse(events)
	return events
}

// Shuffled returns an order for DeliverAll that depends only on the seed and on
// how often it was used. It is not safe for concurrent use.
func Shuffled(seed uint64) func([]Event) []Event {
	random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // must be repeatable, not secret
	return func(events []Event) []Event {
		random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		return events
	}
}

// deliverNow posts the events of a call before its answer.
func (s *Server) deliverNow(events []*event) {
	for _, e := range events {
		s.lock()
		p, err := s.prepare(e)
		s.mu.Unlock()
		if err == nil {
			s.settleDelivery(s.send(p))
		}
	}
	s.letGo(events)
}

// pump lets due things happen and posts due events until the server is closed. It
// sleeps until something changes; it polls only while a clock that it cannot wait
// for decides.
func (s *Server) pump() {
	for {
		s.lock()
		e := s.nextDue()
		waits := s.waitsForClock()
		var p post
		var err error
		if e != nil {
			p, err = s.prepare(e)
		}
		s.mu.Unlock()
		if e != nil && err == nil {
			s.settleDelivery(s.send(p))
			if s.ctx.Err() == nil {
				continue
			}
		}
		if !s.waitForWork(s.ctx, waits) {
			return
		}
	}
}

func (s *Server) waitForWork(ctx context.Context, poll bool) bool {
	var tick <-chan time.Time
	if poll {
		t := time.NewTimer(pumpInterval)
		defer t.Stop()
		tick = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-s.wake:
	case <-tick:
	}
	return true
}

// nextDue returns the oldest event that must be posted now. An event that is held
// holds back the younger ones of its account, so that first tries come in order.
// The caller holds the mutex.
func (s *Server) nextDue() *event {
	if s.cfg.ManualWebhooks {
		return nil
	}
	for s.head < len(s.events) && !s.events[s.head].undelivered() {
		s.head++
	}
	now, holding := s.now(), map[string]bool{}
	for _, e := range s.events[s.head:] {
		switch {
		case !e.undelivered() || holding[e.Account] || s.webhookURL(e.Account) == "":
		case e.held:
			holding[e.Account] = true
		case !e.due.After(now):
			return e
		}
	}
	return nil
}

func (e *event) undelivered() bool { return !e.acked && !e.Listed && e.tries < deliveryTries }

// waitsForClock reports whether time alone will make work. The caller holds the mutex.
func (s *Server) waitsForClock() bool {
	if s.cfg.ManualWebhooks || !slices.ContainsFunc(s.accounts, func(a Account) bool { return a.WebhookURL != "" }) {
		return false
	}
	return len(s.tasks) > 0 || s.head < len(s.events)
}

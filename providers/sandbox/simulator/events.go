package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// Event is something that happened, as it is listed and posted to a webhook.
type Event struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Created  time.Time `json:"created"`
	Account  string    `json:"account"`
	Sequence int64     `json:"sequence"` // 1, 2, 3 … for each account
	Key      string    `json:"idempotency_key,omitempty"`
	Data     EventData `json:"data"`
}

// EventData is what an event is about: the payment as it was right after, the
// movement when money moved, and the id of the part that it concerns.
type EventData struct {
	Subject  string    `json:"subject"`
	Payment  Payment   `json:"payment"`
	Movement *Movement `json:"movement"`
}

// event is an Event with the state of its delivery.
type event struct {
	Event
	Listed bool `json:"_listed,omitempty"` // had no URL when it was made: never posted by itself

	acked bool
	held  bool // the answer of its call is not out yet
	tries int
	due   time.Time // of the next try; zero means now
}

// emit makes an event of the change, with the payment as it is now.
func (c *change) emit(p *payment, kind, subject string, m *Movement) {
	p.refresh()
	sequence := c.s.sequence[p.Account] + 1
	for _, e := range c.rec.Events {
		if e.Account == p.Account {
			sequence++
		}
	}
	c.rec.Events = append(c.rec.Events, &event{
		Listed: c.s.webhookURL(p.Account) == "",
		Event: Event{
			ID: c.id("evt"), Type: kind, Created: c.now, Account: p.Account, Sequence: sequence, Key: c.key,
			Data: EventData{Subject: subject, Payment: p.snapshot(), Movement: m},
		},
	})
}

func (s *Server) webhookURL(account string) string {
	i, err := s.account(account)
	if err != nil {
		return ""
	}
	return s.accounts[i].WebhookURL
}

// listEvents is GET /v1/events: oldest first.
func (s *Server) listEvents(_ *change, q *request) (answer, error) {
	v, err := readQuery(q.query, "after", "limit")
	if err != nil {
		return answer{}, err
	}
	got, err := pick(s.events, v.after, v.limit,
		func(e *event) string { return e.ID },
		func(e *event) bool { return e.Account == q.account },
		func(e *event) Event { return e.Event })
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, got), nil
}

// Events returns every event of every account, oldest first.
func (s *Server) Events() []Event {
	return s.eventsThat(func(*event) bool { return true })
}

// Pending returns the events that were not acknowledged yet by the webhook of their
// account, oldest first.
func (s *Server) Pending() []Event {
	return s.eventsThat(func(e *event) bool { return !e.acked && !e.Listed })
}

func (s *Server) eventsThat(want func(*event) bool) []Event {
	s.lock()
	defer s.mu.Unlock()
	var some []Event
	for _, e := range s.events {
		if want(e) {
			some = append(some, e.Event)
		}
	}
	return slices.Clip(some)
}

func (e *event) body() []byte {
	body, _ := json.Marshal(e.Event) // made of plain values: cannot fail
	return body
}

package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Decision is what a shopper, or SeQura, decides about an order.
type Decision string

// The decisions.
const (
	Approve Decision = "approve"
	Review  Decision = "review"
	Reject  Decision = "reject" // on the form: the shopper is sent back; under review, or confirmed: cancelled
)

// Notification is one thing that a shop is told.
type Notification struct {
	ID       int
	Order    string
	URL      string
	Form     url.Values
	Event    bool  // posted to the events webhook
	Statuses []int // of its deliveries so far; 0 for no answer
	Taken    bool  // not sent again
}

// Decide decides about an order and notifies the shop. It returns the
// notification, which is delivered at once unless [Config].Manual; a zero ID means
// that there was nothing to tell.
func (s *Server) Decide(ref string, d Decision) (Notification, error) {
	s.mu.Lock()
	o := s.orders[ref]
	if o == nil {
		s.mu.Unlock()
		return Notification{}, fmt.Errorf("simulator: there is no order %q", ref)
	}
	state, event := "", ""
	switch {
	case d == Approve && (o.State == Solicited || o.State == NeedsReview || o.State == OnHold || o.State == Approved):
		o.approved, state = true, "approved"
		if o.State == Solicited {
			o.State = Approved
		}
	case d == Review && o.State == Solicited:
		o.reviewing, o.State, state = true, NeedsReview, "needs_review"
	case d == Reject && o.State == Solicited:
		s.mu.Unlock()
		return Notification{}, nil // the shopper may choose another way to pay
	case d == Reject && o.State != Cancelled:
		o.cancel()
		event = "cancelled"
	default:
		s.mu.Unlock()
		return Notification{}, fmt.Errorf("simulator: order %q is %s: it cannot be decided so", ref, o.State)
	}
	n := s.note(o, state, event)
	s.mu.Unlock()
	if n == nil {
		return Notification{}, errors.New("simulator: the shop gave no address to notify")
	}
	if !s.cfg.Manual {
		s.deliver(s.ctx, n, true)
	}
	return s.notification(n.ID), nil
}

// note makes a notification; nil when the shop gave no address. The lock is held.
func (s *Server) note(o *order, state, event string) *Notification {
	m := o.told.Order.Merchant
	n := &Notification{ID: len(s.notes) + 1, Order: o.Ref, URL: m.NotifyURL, Form: url.Values{"order_ref": {o.Ref}, "order_ref_1": {o.OrderRef1}}}
	parameters := m.Parameters
	if event != "" {
		if m.Events == nil {
			return nil
		}
		n.URL, n.Event, parameters = m.Events.URL, true, m.Events.Parameters
		for name, value := range map[string]string{"charset": "UTF-8", "utf8": "√", "event": event, "order_ref_2": o.OrderRef2} {
			n.Form.Set(name, value)
		}
	} else {
		n.Form.Set("sq_state", state)
		n.Form.Set("product_code", o.product)
		n.Form.Set(state+"_since", "0")
	}
	if n.URL == "" {
		return nil
	}
	for name, value := range parameters {
		n.Form.Set("m_"+name, fmt.Sprint(value))
	}
	s.notes = append(s.notes, n)
	return n
}

// Notifications returns all of them, oldest first.
func (s *Server) Notifications() []Notification {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Notification, 0, len(s.notes))
	for _, n := range s.notes {
		all = append(all, *n)
	}
	return all
}

func (s *Server) notification(id int) Notification {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.notes[id-1]
}

// Deliver sends a notification once, whether or not it was taken before, and
// returns the answer's status. An error means that no answer came.
func (s *Server) Deliver(id int) (status int, err error) {
	s.mu.Lock()
	if id < 1 || id > len(s.notes) {
		s.mu.Unlock()
		return 0, fmt.Errorf("simulator: there is no notification %d", id)
	}
	n := s.notes[id-1]
	s.mu.Unlock()
	return s.post(s.ctx, n)
}

// DeliverAll sends what was not taken, in the order that order makes of it (nil: as
// it is), each of them 1+duplicates times, and returns the statuses.
func (s *Server) DeliverAll(order func([]Notification) []Notification, duplicates int) (statuses []int) {
	var pending []Notification
	for _, n := range s.Notifications() {
		if !n.Taken {
			pending = append(pending, n)
		}
	}
	if order != nil {
		pending = order(pending)
	}
	for _, n := range pending {
		for range 1 + duplicates {
			status, _ := s.Deliver(n.ID)
			statuses = append(statuses, status)
		}
	}
	return statuses
}

// deliver sends a notification, and again in the background when it is not taken.
func (s *Server) deliver(ctx context.Context, n *Notification, first bool) {
	if _, err := s.post(ctx, n); err == nil && s.notification(n.ID).Taken || !first {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.wg.Go(func() {
		for _, pause := range s.cfg.Again {
			select {
			case <-s.ctx.Done():
				return
			case <-time.After(pause):
			}
			if s.deliver(ctx, n, false); s.notification(n.ID).Taken {
				return
			}
		}
	})
}

// taken are the statuses that SeQura expects; others make it come again.
var taken = map[int]bool{200: true, 201: true, 202: true, 204: true, 302: true, 307: true, 404: true, 501: true}

// post sends a notification once.
func (s *Server) post(ctx context.Context, n *Notification) (int, error) {
	s.mu.Lock()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL, strings.NewReader(n.Form.Encode()))
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "seQura")
	if n.Event {
		r.Header.Set("User-Agent", "seQura-Event/1.0 (www.sequra.es)")
	}
	resp, err := s.client.Do(r)
	status := 0
	if err == nil {
		status = resp.StatusCode
		_ = resp.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n.Statuses = append(n.Statuses, status)
	n.Taken = n.Taken || taken[status] || status == http.StatusGone
	if o := s.orders[n.Order]; status == http.StatusGone && o.State != Cancelled {
		o.cancel() // never again: what the shopper paid is paid back
		o.Refunded = true
	}
	return status, err
}

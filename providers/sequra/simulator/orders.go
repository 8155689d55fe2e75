package simulator

import (
	"encoding/json"
	"net/http"
)

// State is how an order stands.
type State string

// The states.
const (
	Solicited   State = "solicited"
	Approved    State = "approved"     // SeQura would lend; the shop has not confirmed
	NeedsReview State = "needs_review" // SeQura looks into it; the shop was told so
	OnHold      State = "on_hold"      // the shop has acknowledged the review
	Confirmed   State = "confirmed"
	Cancelled   State = "cancelled"
)

// Money is what an order moved, in cents. It counts from when the order is
// confirmed and has the shop's number.
type Money struct{ Held, Released, Shipped, Returned int64 }

// Order is a picture of an order.
type Order struct {
	Ref, OrderRef1, OrderRef2 string
	Merchant                  string
	State                     State
	Total                     int64
	Money                     Money
	Refunded                  bool // because a notification was answered 410
	Acknowledged              int  // how often a PUT of it was accepted
	Updates                   int
}

type order struct {
	Order
	cart                json.RawMessage
	shipped, unshipped  int64
	told                told
	product             string
	approved, reviewing bool // SeQura's own decision
}

// hold counts the money once the order is confirmed and named.
func (o *order) hold() {
	if o.State == Confirmed && o.OrderRef1 != "" && o.Money.Held == 0 {
		o.Money.Held, o.unshipped = o.Total, o.Total
	}
}

// cancel ends an order; what was shipped stays shipped.
func (o *order) cancel() {
	o.State = Cancelled
	o.Money.Released += o.unshipped
	o.unshipped = 0
}

// Orders returns every order, oldest first.
func (s *Server) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Order, 0, len(s.sequence))
	for _, ref := range s.sequence {
		all = append(all, s.orders[ref].Order)
	}
	return all
}

// Order returns one; false when it is not there.
func (s *Server) Order(ref string) (Order, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders[ref]
	if !ok {
		return Order{}, false
	}
	return o.Order, true
}

func (s *Server) solicit(w http.ResponseWriter, r *http.Request, a Account) {
	t, err := read(r)
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	sum, err := total("cart", t.Order.Cart)
	switch {
	case err != nil:
		refuse(w, http.StatusConflict, err.Error())
		return
	case t.Order.Merchant.ID != a.Merchant:
		refuse(w, http.StatusForbidden, "Access forbidden.")
		return
	case t.Order.State != "":
		refuse(w, http.StatusConflict, "Invalid data: a new order has no state.")
		return
	}
	o := &order{Order: Order{Ref: newRef(), Merchant: a.Merchant, State: Solicited, Total: sum}, cart: t.Order.Cart, told: t}
	s.mu.Lock()
	s.orders[o.Ref] = o
	s.sequence = append(s.sequence, o.Ref)
	at := s.public + "/orders/" + o.Ref
	s.mu.Unlock()
	w.Header().Set("Location", at)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request, a Account) {
	t, err := read(r)
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	_, err = total("cart", t.Order.Cart)
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[r.PathValue("ref")]
	switch {
	case o == nil || o.Merchant != a.Merchant:
		refuse(w, http.StatusNotFound)
	case err != nil:
		refuse(w, http.StatusConflict, err.Error())
	case !same(o.cart, t.Order.Cart):
		refuse(w, http.StatusConflict, "Invalid data: The cart has changed since the order was solicited.")
	case t.Order.Reference.Ref1 != "" && s.taken(o, t.Order.Reference.Ref1):
		refuse(w, http.StatusConflict, "Invalid data: order_ref_1 is not unique.")
	default:
		if status, problem := o.become(t.Order.State); problem != "" {
			refuse(w, status, problem)
			return
		}
		if t.Order.Reference.Ref1 != "" {
			o.OrderRef1, o.OrderRef2 = t.Order.Reference.Ref1, t.Order.Reference.Ref2
		}
		o.hold()
		o.Acknowledged++
		w.WriteHeader(http.StatusOK)
	}
}

// taken reports whether another confirmed order of the merchant has a number.
func (s *Server) taken(o *order, ref1 string) bool {
	for _, other := range s.orders {
		if other != o && other.Merchant == o.Merchant && other.State == Confirmed && other.OrderRef1 == ref1 {
			return true
		}
	}
	return false
}

// become moves an order to what the shop tells.
func (o *order) become(state string) (status int, problem string) {
	switch {
	case o.State == Cancelled:
		return http.StatusNotFound, "Page not found."
	case state == "confirmed" && !o.approved:
		return http.StatusConflict, "Invalid data: The order has not been approved."
	case state == "confirmed":
		o.State = Confirmed
	case state == "on_hold" && o.State == Confirmed:
		return http.StatusConflict, "Invalid data: The order is confirmed."
	case state == "on_hold" && !o.reviewing && !o.approved:
		return http.StatusConflict, "Invalid data: The order is not under review."
	case state == "on_hold":
		o.State = OnHold
	case state == "cancelled" && o.State == Confirmed:
		return http.StatusConflict, "Invalid data: The order is confirmed."
	case state == "cancelled":
		o.cancel()
	case state != "":
		return http.StatusConflict, "Invalid data: There is no such state."
	}
	return 0, ""
}

func (s *Server) update(w http.ResponseWriter, r *http.Request, a Account) {
	if r.PathValue("merchant") != a.Merchant {
		refuse(w, http.StatusForbidden, "Access forbidden.")
		return
	}
	t, err := read(r)
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	shipped, err := total("shipped_cart", t.Order.Shipped)
	if err == nil {
		var rest int64
		if rest, err = total("unshipped_cart", t.Order.Unshipped); err == nil {
			s.ship(w, a, r.PathValue("ref1"), shipped, rest)
			return
		}
	}
	refuse(w, http.StatusConflict, err.Error())
}

// ship makes an order what the shop says it is. Carts are absolute: telling the
// same twice changes nothing.
func (s *Server) ship(w http.ResponseWriter, a Account, ref1 string, shipped, unshipped int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var o *order
	for _, one := range s.orders {
		if one.Merchant == a.Merchant && one.OrderRef1 == ref1 && one.State == Confirmed {
			o = one
		}
	}
	if o == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	more, back := max(0, shipped-o.shipped), max(0, o.shipped-shipped)
	released := o.unshipped - unshipped - more
	if released < 0 || shipped < 0 || unshipped < 0 {
		refuse(w, http.StatusConflict, "Invalid data: There is more in the carts than was bought.")
		return
	}
	o.Money.Shipped += more
	o.Money.Returned += back
	o.Money.Released += released
	o.shipped, o.unshipped = shipped, unshipped
	o.Updates++
	w.WriteHeader(http.StatusNoContent)
}

package main

import (
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/status"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// pages are the shop's HTML.
type pages struct {
	till     *till
	keys     *keys
	status   *status.Service
	terminal *terminal
	frames   []string
	look     look
}

func newPages(t *till, k *keys, s *status.Service, term *terminal, p plugs) (*pages, error) {
	l, err := newLook()
	return &pages{till: t, keys: k, status: s, terminal: term, frames: p.frames(), look: l}, err
}

// What the shop sells.
var (
	price    = gateway.Minor(2400, "EUR")
	shipping = gateway.Minor(350, "EUR")
)

const most = 5 // copies in one order

// ada buys everything here. A real shop asks for an address.
var ada = gateway.Address{
	GivenName: "Ada", FamilyName: "Lovelace", Lines: []string{"Calle Mayor 1"}, City: "Madrid", PostalCode: "28001", Country: "ES",
	Phone: "600000000", Email: "ada@shop.example",
}

func (p *pages) product(w http.ResponseWriter, _ *http.Request) {
	p.look.show(w, http.StatusOK, page{Name: "product", Title: "The Ledger Book", Step: 1, Price: price, Shipping: shipping, Cart: newCart(), Most: most})
}

// order makes an order of a cart and goes to its checkout.
func (p *pages) order(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	cart, quantity := r.PostFormValue("cart"), number(r.PostFormValue("quantity"), most)
	if !isCart(cart) || quantity == 0 {
		p.look.problem(w, gateway.Invalid("Choose how many books you want, from 1 to %d.", most))
		return
	}
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	made, err := p.till.order(r.Context(), cart, gateway.Order{
		Description: strconv.Itoa(quantity) + " × The Ledger Book",
		Lines: []gateway.Line{
			{SKU: "ledger", Name: "The Ledger Book", Quantity: int64(quantity), Price: price},
			{SKU: "post", Name: "Shipping", Kind: gateway.LineShipping, Quantity: 1, Price: shipping},
		},
		Billing: &ada, Shipping: &ada, Customer: &gateway.Customer{Email: ada.Email, Language: "en-GB"},
		Browser: &gateway.Browser{IP: ip, UserAgent: r.UserAgent()},
	})
	if err != nil {
		p.look.problem(w, err)
		return
	}
	seeOther(w, "/checkout/"+p.keys.page(storage.PaymentKey{Store: made.Store, Payment: made.ID}))
}

// number reads a small number from a form; 0 is none.
func number(text string, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0
	}
	return n
}

// visit is somebody who has the address of a payment.
type visit struct {
	token string
	key   storage.PaymentKey
	due   gateway.Payment
	page  status.Page // how the payment stands
}

// come finds out which payment a request is about. ok is false when it was answered.
func (p *pages) come(w http.ResponseWriter, r *http.Request) (v visit, ok bool) {
	v.token = r.PathValue("token")
	key, err := p.keys.pages.Open(v.token, time.Now())
	if err == nil {
		v.key = key
		v.due, err = p.till.engine.Payment(r.Context(), key.Store, key.Payment)
	}
	if err == nil {
		v.page, err = p.status.Page(r.Context(), key)
	}
	if err != nil {
		p.look.problem(w, err)
	}
	return v, err == nil
}

// waits reports whether a try to pay is under way: nobody may begin another one.
func (v visit) waits() bool {
	s := v.page.View
	return s.Status == status.WordProcessing || s.Status == status.WordActionRequired && s.Action != nil
}

// checkout offers the ways to pay, while none is under way and none has succeeded.
func (p *pages) checkout(w http.ResponseWriter, r *http.Request) {
	v, ok := p.come(w, r)
	switch {
	case !ok:
	case v.waits() || v.page.View.Status == status.WordSucceeded:
		seeOther(w, "/payment/"+v.token)
	default:
		p.choose(w, r, v, "", http.StatusOK)
	}
}

// choose shows the ways to pay, and what became of the last try.
func (p *pages) choose(w http.ResponseWriter, r *http.Request, v visit, problem string, code int) {
	if view := v.page.View; problem == "" && view.Status != status.WordNew {
		problem = view.Message
	}
	try, err := p.till.try(r.Context(), v.key)
	if err != nil {
		p.look.problem(w, err)
		return
	}
	p.look.show(w, code, page{Name: "checkout", Title: "How would you like to pay?", Step: 2, Token: v.token, Order: v.due.Order, Total: v.due.Due, Methods: methods, Try: try, Problem: problem})
}

// pay begins to pay and shows how that goes.
func (p *pages) pay(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	v, ok := p.come(w, r)
	if !ok {
		return
	}
	m, known := methodByID(r.PostFormValue("method"))
	try := number(r.PostFormValue("try"), 1000)
	if !known || try == 0 {
		p.choose(w, r, v, "Please choose one of the ways to pay.", http.StatusBadRequest)
		return
	}
	begun, err := p.till.pay(r.Context(), v.key, try, m)
	if !begun && gateway.CodeOf(err) != gateway.CodeConflict { // a conflict: another try is under way, or it is paid
		p.terminal.say(v.due.Order, "%s refused: %s", m.Label, gateway.CodeOf(err))
		p.choose(w, r, v, "This way to pay is not available now. Nothing was charged.", status.HTTPStatus(gateway.CodeOf(err)))
		return
	}
	seeOther(w, "/payment/"+v.token)
}

// payment shows how the payment stands.
func (p *pages) payment(w http.ResponseWriter, r *http.Request) {
	v, ok := p.come(w, r)
	if !ok {
		return
	}
	if r.Header.Get("Sec-Fetch-Dest") == "iframe" { // a bank's page in a frame has come back to us: the page around it goes on
		p.look.framed(w, page{Name: "framed", Title: "Done", Token: v.token})
		return
	}
	switch v.page.View.Status {
	case status.WordSucceeded:
		seeOther(w, "/thanks/"+v.token)
		return
	case status.WordNew: // nothing was begun
		seeOther(w, "/checkout/"+v.token)
		return
	}
	s := v.page
	s.Mount, s.Token, s.Frames, s.Refresh = "/status", v.token, p.frames, 2*time.Second
	s.Return, s.Done = "/checkout/"+v.token, "/thanks/"+v.token
	head, err := s.Head()
	if err != nil {
		p.look.problem(w, err)
		return
	}
	body, err := s.Body()
	if err != nil {
		p.look.problem(w, err)
		return
	}
	p.look.show(w, http.StatusOK, page{Name: "payment", Title: "Your payment", Step: 3, Token: v.token, Order: v.due.Order, Total: v.due.Due, Head: head, Body: body, policy: s.CSP()})
}

// cancel ends what waits for the shopper, and lets them choose again.
func (p *pages) cancel(w http.ResponseWriter, r *http.Request) {
	v, ok := p.come(w, r)
	if !ok {
		return
	}
	if err := p.till.cancel(r.Context(), v.key); err != nil {
		p.terminal.say(v.due.Order, "could not be cancelled: %s", gateway.CodeOf(err))
	}
	seeOther(w, "/checkout/"+v.token) // which leads back to the payment while it goes on
}

// thanks is for who has paid, and says so only then.
func (p *pages) thanks(w http.ResponseWriter, r *http.Request) {
	v, ok := p.come(w, r)
	switch {
	case !ok:
	case v.page.View.Status != status.WordSucceeded:
		seeOther(w, "/payment/"+v.token)
	default:
		p.look.show(w, http.StatusOK, page{Name: "thanks", Title: "Thank you", Step: 4, Order: v.due.Order, Total: v.due.Due})
	}
}

func (p *pages) nothing(w http.ResponseWriter, _ *http.Request) {
	p.look.problem(w, gateway.Errorf(gateway.CodeNotFound, "nothing stands here"))
}

func (p *pages) asset(w http.ResponseWriter, r *http.Request) { p.look.asset(w, r) }

// seeOther sends the browser to one of our own pages, by GET.
func seeOther(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

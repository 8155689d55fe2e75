package simulator

import (
	"html/template"
	"net/http"
)

// view is what a page shows.
type view struct {
	Title, Text, Amount, Currency, Method string
	Card, Open                            bool
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>{{.Title}}</title>
<style>body{font:16px system-ui;margin:1.5rem;max-width:26rem}label{display:block;margin:.6rem 0}input{width:100%;padding:.4rem;box-sizing:border-box}button{padding:.6rem 1.2rem;margin:.8rem .4rem 0 0}</style></head>
<body><h1>{{.Title}}</h1><p>{{.Text}}</p>
{{if .Open}}<p><strong>{{.Amount}} {{.Currency}}</strong> by {{.Method}}</p>
<form method="post">
{{if .Card}}<label>Card number <input name="number" value="4111 1111 1111 1111" autocomplete="off"></label>
<label>Expiry <input name="expiry" value="12/39" autocomplete="off"></label>{{end}}
<button name="decision" value="approve" id="approve">{{if .Card}}Pay{{else}}Approve{{end}}</button>
<button name="decision" value="decline" id="decline">{{if .Card}}Cancel{{else}}Decline{{end}}</button>
</form>{{end}}</body></html>
`))

// page shows a form in a frame, or a bank's page.
func (s *Server) page(w http.ResponseWriter, r *http.Request) { s.show(w, r.PathValue("interaction")) }

// wallet is what the browser SDK opens with the checkout data.
func (s *Server) wallet(w http.ResponseWriter, r *http.Request) { s.show(w, r.PathValue("data")) }

func (s *Server) show(w http.ResponseWriter, id string) {
	s.mu.Lock()
	i := s.interactions[id]
	v := view{Title: "Nothing to do", Text: "This payment does not wait for you."}
	if i != nil && i.waits() {
		v = view{
			Title: "Simulated bank", Text: "Do you approve this payment?", Amount: decimal(i.amount, i.of.currency), Currency: i.of.currency, Method: i.of.method, Open: true,
		}
		switch {
		case i.embedment != "":
			v.Title, v.Text, v.Card = "Simulated card form", "Nothing that you enter here is kept.", true
		case i.sdk != "":
			v.Title = "Simulated wallet"
		}
	}
	s.mu.Unlock()
	if i == nil {
		w.WriteHeader(http.StatusNotFound)
	}
	render(w, v)
}

func render(w http.ResponseWriter, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = page.Execute(w, v)
}

// waits reports whether the shopper's decision is awaited. The lock is held.
func (i *interaction) waits() bool { return i.status == Pending && i.embedment+i.redirect+i.sdk != "" }

// decide takes the shopper's decision. A bank's page sends the browser back to the
// shop, also when it comes twice; a frame stays where it is.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) {
	s.take(w, r, r.PathValue("interaction"))
}

func (s *Server) decideWallet(w http.ResponseWriter, r *http.Request) {
	s.take(w, r, r.PathValue("data"))
}

func (s *Server) take(w http.ResponseWriter, r *http.Request, id string) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	decision := r.PostFormValue("decision")
	s.mu.Lock()
	i := s.interactions[id]
	if i == nil || decision != "approve" && decision != "decline" {
		s.mu.Unlock()
		problem(w, http.StatusBadRequest)
		return
	}
	leaves := i.redirect != "" || i.endpoint == Reservations || i.endpoint == Prepares && i.of.method != "CreditCard"
	back := i.of.back
	if i.waits() {
		s.finish(i, decision == "approve")
		if decision == "decline" && i.endpoint == Transactions {
			i.status = Cancelled // the wallet was closed: told from server to server
		}
		s.tell(i)
	}
	s.mu.Unlock()
	if leaves && back != "" {
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	render(w, view{Title: "Thank you", Text: "The shop goes on by itself."})
}

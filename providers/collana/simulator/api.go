package simulator

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (s *Server) routes() {
	for _, v := range []string{"/api", "/api/v2"} {
		for endpoint, path := range map[string]string{
			Transactions: "/transactions", Imports: "/transactions/imports", Prepares: "/transactions/{id}/prepares", Reservations: "/transactions/{id}/reservations",
			Captures: "/transactions/{id}/captures", Refunds: "/transactions/{id}/refunds", Voids: "/transactions/{id}/voids",
		} {
			s.mux.HandleFunc("POST "+v+path, func(w http.ResponseWriter, r *http.Request) { s.post(w, r, endpoint) })
		}
		s.mux.HandleFunc("GET "+v+"/transactions/{id}/status", s.status)
	}
	s.mux.HandleFunc("GET /pages/{interaction}", s.page)
	s.mux.HandleFunc("POST /pages/{interaction}", s.decide)
	s.mux.HandleFunc("GET /wallet/{data}", s.wallet)
	s.mux.HandleFunc("POST /wallet/{data}", s.decideWallet)
}

// request is the body of every POST.
type request struct {
	Amount           json.Number `json:"amount"`
	CurrencyCode     string      `json:"currencyCode"`
	BaseURL          string      `json:"baseUrl"`
	PSPTransactionID string      `json:"pspTransactionId"`
	Callback         struct {
		URI struct {
			Type string `json:"type"`
			URI  string `json:"uri"`
		} `json:"uri"`
		AuthenticationID string `json:"authenticationId"`
	} `json:"callback"`
}

func legacy(r *http.Request) bool { return !strings.HasPrefix(r.URL.Path, "/api/v2/") }

// admitted reports whether a call has the tenant's key.
func (s *Server) admitted(w http.ResponseWriter, r *http.Request) bool {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("ApiKey")), []byte(s.cfg.APIKey)) != 1 {
		problem(w, http.StatusUnauthorized)
		return false
	}
	return true
}

func problem(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"title":"`+http.StatusText(status)+`"}`)
}

// post takes one call.
func (s *Server) post(w http.ResponseWriter, r *http.Request, endpoint string) {
	if !s.admitted(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	fault := s.next(endpoint)
	if err != nil || fault.before(w) {
		return
	}
	var in request
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	json := strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") && r.Header.Get("Accept") == "application/json"
	if !json || d.Decode(&in) != nil || in.Callback.URI.Type != "HttpJson" || in.Callback.URI.URI == "" || r.Header.Get("X-Payment-Method-Type") == "" {
		problem(w, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	i, status := s.accept(r, endpoint, in)
	if i == nil {
		s.mu.Unlock()
		problem(w, status)
		return
	}
	answer := names(map[string]any{"transactionId": i.of.id, "interactionId": i.id}, legacy(r) != fault.otherCase())
	if i.status != Pending || i.embedment+i.redirect+i.sdk != "" {
		s.tell(i)
	}
	s.mu.Unlock()
	select {
	case <-time.After(s.cfg.Slow):
	case <-s.ctx.Done():
	}
	if fault.after(w) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(answer)
}

// accept makes the interaction, or says with which status the call is refused. The lock is held.
func (s *Server) accept(r *http.Request, endpoint string, in request) (*interaction, int) {
	to := address{in.Callback.URI.URI, in.Callback.AuthenticationID}
	t := s.transactions[r.PathValue("id")]
	if endpoint == Transactions || endpoint == Imports {
		n, err := minor(in.Amount.String(), in.CurrencyCode)
		if err != nil || endpoint == Imports && in.PSPTransactionID == "" {
			return nil, http.StatusBadRequest
		}
		t = &transaction{
			id: s.id("t"), method: r.Header.Get("X-Payment-Method-Type"), back: in.BaseURL, legacy: legacy(r), amount: n, currency: in.CurrencyCode,
			ledger: Ledger{Currency: in.CurrencyCode}, to: to,
		}
		s.transactions[t.id] = t
		s.order = append(s.order, t.id)
	}
	if t == nil {
		return nil, http.StatusNotFound
	}
	i := &interaction{id: s.id("i"), endpoint: endpoint, status: Pending, amount: t.amount, of: t, to: to}
	if status := t.check(i, in); status != 0 {
		return nil, status
	}
	t.all = append(t.all, i)
	s.interactions[i.id] = i
	s.process(i)
	return i, 0
}

// check refuses what the PSP would: more than there is. The lock is held.
func (t *transaction) check(i *interaction, in request) int {
	l := t.ledger
	switch i.endpoint {
	case Captures, Refunds:
		n, err := minor(in.Amount.String(), in.CurrencyCode)
		most := l.open()
		if i.endpoint == Refunds {
			most = l.Captured - l.Refunded
		}
		if err != nil || in.CurrencyCode != t.currency || n > most {
			return http.StatusBadRequest
		}
		i.amount = n
	case Voids:
		if i.amount = l.open(); l.Authorized > 0 && i.amount <= 0 {
			return http.StatusConflict
		}
	case Reservations:
		if !slices.ContainsFunc(t.all, func(p *interaction) bool { return p.endpoint == Prepares && p.status == Successful }) {
			return http.StatusConflict
		}
	}
	return 0
}

// process does what the PSP does with a new interaction. The lock is held.
func (s *Server) process(i *interaction) {
	f := s.fate(i.endpoint)
	if f == fateWait {
		return
	}
	if f == fateFail {
		i.status = Failed
		return
	}
	page := s.url + "/pages/" + i.id
	switch method := i.of.method; {
	case i.endpoint == Transactions && method == "PayPalExpress":
		i.sdk = i.id
	case i.endpoint == Prepares && method == "CreditCard":
		i.embedment = page
	case i.endpoint == Reservations && method == "CreditCard", i.endpoint == Prepares && slices.Contains([]string{"PayPal", "KlarnaSofort", "IDeal"}, method):
		i.redirect = page
	default:
		s.finish(i, true)
	}
}

// finish ends an interaction. A void of what holds nothing ends what waits. The lock is held.
func (s *Server) finish(i *interaction, ok bool) {
	if !ok {
		i.status, i.embedment, i.redirect, i.sdk = Failed, "", "", ""
		return
	}
	i.settle(slices.Contains(s.cfg.AutoCapture, i.of.method))
	if i.endpoint == Voids {
		for _, other := range i.of.all {
			if other.status == Pending && other != i {
				other.status, other.embedment, other.redirect, other.sdk = Cancelled, "", "", ""
			}
		}
	}
}

// status shows a transaction with all its interactions. Nobody else is asked for it.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	if !s.admitted(w, r) {
		return
	}
	fault := s.next("Status")
	if fault.before(w) {
		return
	}
	s.mu.Lock()
	t := s.transactions[r.PathValue("id")]
	var body []byte
	if t != nil {
		upper := legacy(r) != fault.otherCase()
		all := make([]json.RawMessage, 0, len(t.all))
		for _, i := range t.all {
			all = append(all, names(i.told(), upper))
		}
		body = names(map[string]any{
			"transactionId": t.id, "paymentMethodType": t.method, "amount": json.Number(decimal(t.amount, t.currency)), "currencyCode": t.currency, "interactions": all,
		}, upper)
	}
	s.mu.Unlock()
	if t == nil {
		problem(w, http.StatusNotFound)
		return
	}
	if fault.after(w) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// told is what is told of an interaction.
func (i *interaction) told() map[string]any {
	fields := map[string]any{
		"interactionId": i.id, "endpointType": i.endpoint, "status": i.status, "statusDetails": details[i.endpoint] + "; " + i.status,
		"amount": json.Number(decimal(i.amount, i.of.currency)), "currencyCode": i.of.currency,
	}
	if i.amount == 0 {
		delete(fields, "amount")
	}
	for name, value := range map[string]string{"embedmentUri": i.embedment, "redirectUri": i.redirect, "checkoutData": i.sdk} {
		if value != "" {
			fields[name] = value
		}
	}
	return fields
}

// names encodes an object, with its names in upper case as v1 spells them.
func names(fields map[string]any, upper bool) []byte {
	all := make(map[string]any, len(fields))
	for name, value := range fields {
		if upper {
			name = strings.ToUpper(name[:1]) + name[1:]
		}
		all[name] = value
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(all) // of texts and numbers: cannot fail
	return bytes.TrimSpace(b.Bytes())
}

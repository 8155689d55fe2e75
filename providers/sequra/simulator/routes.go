package simulator

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

type authorized func(w http.ResponseWriter, r *http.Request, a Account)

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	for pattern, route := range map[string]struct {
		op     Operation
		handle authorized
	}{
		"POST /orders":                                 {OpSolicit, s.solicit},
		"PUT /orders/{ref}":                            {OpAcknowledge, s.acknowledge},
		"GET /orders/{ref}/form_v2":                    {OpForm, s.form},
		"GET /orders/{ref}/payment_methods":            {OpMethods, s.orderMethods},
		"GET /merchants/{merchant}/payment_methods":    {OpMethods, s.merchantMethods},
		"PUT /merchants/{merchant}/orders/{ref1}":      {OpUpdate, s.update},
		"GET /merchants/credentials":                   {OpCredentials, s.credentials},
		"POST /orders/delivery_reports":                {OpReport, s.report},
		"POST /store_integrations":                     {OpIntegrate, s.integrate},
		"DELETE /store_integrations/{webhook_address}": {OpIntegrate, s.separate},
	} {
		s.mux.HandleFunc(pattern, s.faulty(route.op, s.authorized(route.handle)))
	}
	s.mux.HandleFunc("GET /deployments", s.faulty(OpDeployments, s.deployments))
	s.mux.HandleFunc("POST /checkout/{ref}", s.checkout)
}

// authorized finds whose credentials a request has.
func (s *Server) authorized(next authorized) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		for _, a := range s.cfg.Accounts {
			if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(a.Username+"\x00"+a.Password)) == 1 {
				next(w, r, a)
				return
			}
		}
		refuse(w, http.StatusUnauthorized, "Wrong credentials.")
	}
}

func answer(w http.ResponseWriter, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		refuse(w, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}

// offered are the products that every merchant can offer.
func offered() any {
	type method map[string]any
	return map[string]any{"payment_options": []map[string]any{
		{"title": "Receive first, pay later", "description": "", "icon": "<svg/>", "category": "pay_later", "methods": []method{
			{"product": "i1", "campaign": nil, "title": "Receive your order before paying", "long_title": "Receive your order before paying", "cost_description": "free", "cost": map[string]int{"setup_fee": 0, "instalment_fee": 0, "down_payment_fees": 0, "instalment_total": 0}, "min_amount": 0, "max_amount": 300000},
		}},
		{"title": "Split in 3 parts", "description": "", "icon": "<svg/>", "category": "part_payment", "methods": []method{
			{"product": "pp3", "campaign": "temporary", "title": "Flexible payment", "long_title": "Flexible payment", "starts_at": "2022-01-01T00:00:00Z", "ends_at": "2035-01-01T00:00:00Z", "cost": map[string]int{"setup_fee": 0, "instalment_fee": 300, "down_payment_fees": 0, "instalment_total": 1333}},
		}},
	}}
}

func (s *Server) orderMethods(w http.ResponseWriter, r *http.Request, a Account) {
	if o, ok := s.Order(r.PathValue("ref")); !ok || o.Merchant != a.Merchant {
		refuse(w, http.StatusNotFound)
		return
	}
	answer(w, offered())
}

func (s *Server) merchantMethods(w http.ResponseWriter, r *http.Request, a Account) {
	if r.PathValue("merchant") != a.Merchant {
		refuse(w, http.StatusForbidden, "Access forbidden.")
		return
	}
	answer(w, offered())
}

func (s *Server) credentials(w http.ResponseWriter, _ *http.Request, a Account) {
	answer(w, []map[string]any{{
		"ref": a.Merchant, "name": a.Merchant, "country": "ES", "allowed_countries": []string{"ES"}, "currency": "EUR", "assets_key": "assets", "contract_options": []string{},
		"verify_signature": false, "signature_secret": "not-used", "realm": "sequra",
	}})
}

func (s *Server) deployments(w http.ResponseWriter, _ *http.Request) {
	here := map[string]string{"api_base_url": s.URL(), "assets_base_url": s.URL() + "/assets/"}
	answer(w, []map[string]any{{"id": "sequra", "name": "seQura", "live": here, "sandbox": here}, {"id": "svea", "name": "SVEA", "live": here, "sandbox": here}})
}

// keep reads a JSON object and returns it with one of its fields.
func keep(w http.ResponseWriter, r *http.Request, field string) (raw, value []byte, ok bool) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	var fields map[string]json.RawMessage
	if err != nil || json.Unmarshal(raw, &fields) != nil || fields[field] == nil {
		refuse(w, http.StatusConflict, "Invalid data: "+field+" is missing.")
		return nil, nil, false
	}
	return raw, fields[field], true
}

func (s *Server) report(w http.ResponseWriter, r *http.Request, a Account) {
	_, report, ok := keep(w, r, "delivery_report")
	if !ok {
		return
	}
	var of struct {
		Merchant struct{ ID string }
		Orders   []struct {
			Cart      json.RawMessage
			Remaining json.RawMessage `json:"remaining_cart"`
		}
	}
	if json.Unmarshal(report, &of) != nil || of.Merchant.ID != a.Merchant {
		refuse(w, http.StatusForbidden, "Access forbidden.")
		return
	}
	for _, o := range of.Orders {
		_, err := total("cart", o.Cart)
		if err == nil && len(o.Remaining) > 0 {
			_, err = total("remaining_cart", o.Remaining)
		}
		if err != nil {
			refuse(w, http.StatusConflict, err.Error())
			return
		}
	}
	s.mu.Lock()
	s.reports = append(s.reports, slices.Clone(report))
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// Reports returns the delivery reports that were taken, oldest first.
func (s *Server) Reports() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reports)
}

func (s *Server) integrate(w http.ResponseWriter, r *http.Request, _ Account) {
	raw, value, ok := keep(w, r, "store_integration")
	if !ok {
		return
	}
	var i struct {
		WebhookURL string `json:"webhook_url"`
	}
	if json.Unmarshal(value, &i) != nil || i.WebhookURL == "" {
		refuse(w, http.StatusConflict, "Invalid data: webhook_url is missing.")
		return
	}
	s.mu.Lock()
	s.integrations[i.WebhookURL] = raw
	at := s.public + "/store_integrations/1"
	s.mu.Unlock()
	w.Header().Set("Location", at)
	w.WriteHeader(http.StatusCreated)
}

func (s *Server) separate(w http.ResponseWriter, r *http.Request, _ Account) {
	s.mu.Lock()
	_, known := s.integrations[r.PathValue("webhook_address")]
	delete(s.integrations, r.PathValue("webhook_address"))
	s.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Integrations returns how many shops SeQura may configure.
func (s *Server) Integrations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.integrations)
}

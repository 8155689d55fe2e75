package simulator

import (
	"html/template"
	"net/http"
)

var form = template.Must(template.New("form").Parse(`{{if .Page}}<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>SeQura</title></head><body>{{end -}}
<form method="post" action="{{.Action}}" id="sequra-form" class="sequra">
<p>Pay <strong>{{.Total}}</strong> with SeQura{{with .Product}} ({{.}}){{end}}. This is a simulation: nothing is owed.</p>
<input type="hidden" name="product" value="{{.Product}}">
<label>National identity number <input name="nin" value="00000000T"></label>
<button name="decision" value="approve">Pay</button>
<button name="decision" value="review">Pay, and be reviewed</button>
<button name="decision" value="reject">Do not pay</button>
</form>
{{- if .Page}}</body></html>{{end}}`))

var outcome = template.Must(template.New("outcome").Parse(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>SeQura</title></head>
<body><p>{{.}}</p></body></html>`))

func (s *Server) form(w http.ResponseWriter, r *http.Request, a Account) {
	s.mu.Lock()
	o := s.orders[r.PathValue("ref")]
	known := o != nil && o.Merchant == a.Merchant && o.State == Solicited
	values := map[string]any{"Action": s.public + "/checkout/" + r.PathValue("ref"), "Product": r.URL.Query().Get("product"), "Page": r.URL.Query().Get("ajax") == ""}
	if known {
		values["Total"] = cents(o.Total)
		o.product = r.URL.Query().Get("product")
	}
	s.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = form.Execute(w, values)
}

func cents(n int64) string {
	digits := template.HTMLEscaper(n / 100)
	rest := n % 100
	return digits + "." + string(rune('0'+rest/10)) + string(rune('0'+rest%10)) + " EUR"
}

// checkout takes what the shopper decided, notifies the shop and sends the shopper
// back to it. Whoever knows the order's name may decide, as on the real form.
func (s *Server) checkout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	d := Decision(r.FormValue("decision"))
	if d != Approve && d != Review && d != Reject {
		http.Error(w, "Decide: approve, review or reject.", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	o := s.orders[r.PathValue("ref")]
	var t told
	state := State("")
	if o != nil {
		t, state = o.told, o.State
	}
	s.mu.Unlock()
	if o == nil {
		http.NotFound(w, r)
		return
	}
	m := t.Order.Merchant
	if d == Reject && state == Solicited {
		s.back(w, r, m.AbortURL, "You did not pay.")
		return
	}
	n, err := s.Decide(o.Ref, d)
	if err != nil {
		show(w, http.StatusConflict, "This order cannot be paid any more.")
		return
	}
	// The page waits for the shop's confirmation, as the real one does.
	switch last := n.lastStatus(); {
	case s.cfg.Manual, taken[last] && last != http.StatusNotFound && last != http.StatusNotImplemented:
		to := m.ApprovedURL
		if to == "" || d == Review {
			to = m.ReturnURL
		}
		s.back(w, r, to, "Thank you.")
	case last == http.StatusConflict || last == http.StatusGone || last == http.StatusNotFound:
		show(w, http.StatusOK, "The shop could not take the order. You owe nothing.")
	default:
		show(w, http.StatusOK, "The shop has not answered yet. Please wait for its mail.")
	}
}

func (n Notification) lastStatus() int {
	if len(n.Statuses) == 0 {
		return 0
	}
	return n.Statuses[len(n.Statuses)-1]
}

func (s *Server) back(w http.ResponseWriter, r *http.Request, to, text string) {
	if to == "" {
		show(w, http.StatusOK, text)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func show(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = outcome.Execute(w, text)
}

package simulator

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// bankPage is what the shopper sees. It works without scripts, with a keyboard and
// with a screen reader.
var bankPage = template.Must(template.New("bank").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox bank: {{.Title}}</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 34rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; line-height: 1.25 }
dt { font-weight: 600 }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere }
button { font: inherit; padding: .7rem 1.4rem; margin: .4rem .4rem .4rem 0; border: 2px solid #1a1a1a; background: #fff; color: #1a1a1a; cursor: pointer }
button:focus-visible { outline: 3px solid #0057b8; outline-offset: 3px }
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{if .Open}}
<p>This is the bank of the sandbox. No money moves.</p>
<dl>
<dt>Amount</dt><dd id="amount">{{.Amount}}</dd>
<dt>Reference</dt><dd id="reference">{{.Reference}}</dd>
</dl>
<form method="post"><input type="hidden" name="result" value="approve"><button type="submit" id="approve">Approve the payment</button></form>
<form method="post"><input type="hidden" name="result" value="decline"><button type="submit" id="decline">Decline the payment</button></form>
<form method="post"><input type="hidden" name="result" value="slow"><button type="submit" id="slow">Approve the payment slowly</button></form>
{{else}}
<p id="result" role="status">{{.Message}}</p>
{{end}}
</main>
</body>
</html>
`))

type bankView struct {
	Title, Message, Amount, Reference string
	Open                              bool
}

// serveBank is the bank page of a challenge, outside of the API: no key, no faults.
func (s *Server) serveBank(w http.ResponseWriter, r *http.Request) {
	challenge := strings.TrimPrefix(r.URL.Path, "/bank/")
	s.lock()
	p := s.payments[s.owner[challenge]]
	var view bankView
	known := p != nil && p.Challenge == challenge
	if known {
		view = bankView{Title: "Confirm your payment", Amount: p.Amount.String(), Reference: p.Reference}
		view.Open = p.Phase == StatusActionRequired && !p.ChallengePassed
	}
	s.mu.Unlock()
	switch {
	case !known:
		s.showBank(w, http.StatusNotFound, bankView{Title: "Not found", Message: "There is no such payment."})
	case !view.Open:
		s.showBank(w, http.StatusGone, bankView{Title: "Nothing to confirm", Message: "This payment waits for nothing any more."})
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		s.showBank(w, http.StatusOK, view)
	case r.Method == http.MethodPost:
		s.decideAtBank(w, r, p.ID)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		s.showBank(w, http.StatusMethodNotAllowed, bankView{Title: "Not allowed", Message: "Use the buttons."})
	}
}

// decideAtBank does what the shopper chose and sends the browser back to the shop.
func (s *Server) decideAtBank(w http.ResponseWriter, r *http.Request, id string) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	choice := r.PostFormValue("result")
	if choice != "approve" && choice != "decline" && choice != "slow" {
		s.showBank(w, http.StatusBadRequest, bankView{Title: "Not understood", Message: "Use the buttons."})
		return
	}
	if choice == "slow" && !s.sleep(r.Context(), s.cfg.Rules.Slow) {
		return
	}
	back, err := happen(s, id, func(c *change, p *payment) (string, error) {
		if p.Phase != StatusActionRequired || p.ChallengePassed {
			return "", conflict("not_confirmable", "payment %s is %s", p.ID, p.Status)
		}
		return p.ReturnURL, c.endChallenge(p, choice != "decline")
	})
	result := map[bool]string{true: "declined", false: "approved"}[choice == "decline"]
	switch {
	case err != nil:
		s.showBank(w, http.StatusGone, bankView{Title: "Nothing to confirm", Message: "This payment waits for nothing any more."})
	case back == "":
		s.showBank(w, http.StatusOK, bankView{Title: "Done", Message: "You " + result + " the payment. You may close this page."})
	default:
		w.Header().Set("Location", withResult(back, id, result))
		w.WriteHeader(http.StatusSeeOther)
	}
}

// withResult adds payment and result to the query of a return URL. The result is
// what the shopper chose, for a message: the truth about the payment is fetched.
func withResult(back, payment, result string) string {
	u, err := url.Parse(back)
	if err != nil {
		return back // was parsed before it was accepted
	}
	query := u.Query()
	query.Set("payment", payment)
	query.Set("result", result)
	u.RawQuery = query.Encode()
	return u.String()
}

func (s *Server) showBank(w http.ResponseWriter, status int, view bankView) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
	w.WriteHeader(status)
	_ = bankPage.Execute(w, view) // the browser may be gone
}

package status

import (
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// framePolicy gives a provider's fragment no origin, wherever it is opened: what
// runs in it reaches nothing of the shop's. What it loads is its provider's business.
const framePolicy = "sandbox allow-scripts allow-forms allow-popups allow-top-navigation-by-user-activation; frame-ancestors 'self'; base-uri 'none'"

// Frame answers GET with the fragment that a provider made for the shopper, as a
// page of its own for a frame; 404 when there is none to show. A fragment within
// the shop's page (srcdoc) would be under the page's policy, which forbids the
// scripts and the forms of others.
func (s *Service) Frame(w http.ResponseWriter, r *http.Request) {
	if !s.admit(w, r, plain) {
		return
	}
	key, err := s.access(r, r.PathValue("token"))
	v := View{}
	if err == nil {
		v, _, err = s.read(r.Context(), key)
	}
	if err == nil && (v.Action == nil || v.Action.Kind != gateway.ActionHTML) {
		err = gateway.Errorf(gateway.CodeNotFound, "there is nothing to show")
	}
	if err != nil {
		s.write(w, r, plain, plain.refuse(err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", framePolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address has the token
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	_, _ = w.Write([]byte("<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width, initial-scale=1\">" + v.Action.HTML)) // trusted as far as its provider is
}

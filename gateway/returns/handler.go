package returns

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// maxBody is how much of a posted return is read, in bytes.
const maxBody = 64 << 10

// Handler returns the handler of /return/{token} and /cancel/{token}, by GET and by POST.
func (r *Returns) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, kind := range []Kind{Return, Cancel} {
		of := r.Static(kind, func(q *http.Request) string { return q.PathValue("token") })
		mux.Handle("GET /"+string(kind)+"/{token}", of)
		mux.Handle("POST /"+string(kind)+"/{token}", of)
	}
	return mux
}

// Static returns a handler for a provider that knows one return URL only: token
// finds the token that the application gave the browser, such as in a cookie, or
// the provider, such as in a field that it sends back. Whatever else names a
// payment in the request must not be believed.
func (r *Returns) Static(kind Kind, token func(q *http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer") // the URL holds the token
		switch q.Method {
		case http.MethodGet, http.MethodPost:
		default:
			h.Set("Allow", "GET, POST")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		q.Body = http.MaxBytesReader(w, q.Body, maxBody)
		r.serve(w, q, kind, token)
	})
}

func (r *Returns) serve(w http.ResponseWriter, q *http.Request, kind Kind, token func(q *http.Request) string) {
	defer func() {
		if p := recover(); p != nil {
			r.log.ErrorContext(q.Context(), "a shopper's return panicked", "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	}()
	claim, err := r.cfg.Tokens.Verify(token(q), kind)
	if err != nil {
		http.NotFound(w, q)
		return
	}
	// What was begun is finished, whether or not the browser still waits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.Context()), r.cfg.Patience)
	defer cancel()
	result, err := r.find(ctx, q, claim)
	switch {
	case gateway.CodeOf(err) == gateway.CodeNotFound:
		http.NotFound(w, q)
		return
	case err != nil:
		r.log.WarnContext(ctx, "a shopper came back and the provider could not be asked", "store", claim.Store, "payment", claim.Payment, "code", gateway.CodeOf(err), "detail", gateway.AsError(err, gateway.CodeInternal).Detail)
	}
	page := r.cfg.Page(ctx, result)
	w.Header().Set("Location", page)
	w.WriteHeader(http.StatusSeeOther)
}

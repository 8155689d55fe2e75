package sandbox

import (
	"context"
	"net/http"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// route is one path of the API. {paid} is the payment that a capture or refund
// belongs to, whether the subject names it or one of its captures.
func (a *API) route(method, path string) transfer.Route {
	r := transfer.Route{
		Method: method, Base: a.cfg.BaseURL, Path: path, Signer: a, RequestIDHeader: "Request-Id",
		Vars:        map[string]transfer.Var{"paid": {From: paymentOf}},
		NotExecuted: []int{http.StatusTooManyRequests},
		// Deleting twice leaves the instrument deleted.
		Safe: method == http.MethodDelete,
	}
	if method == http.MethodPost {
		r.Encoder, r.KeyHeader, r.KeyMax = request.JSON, "Idempotency-Key", 64
	}
	return r
}

func paymentOf(s gateway.Subject) string {
	if strings.HasPrefix(s.Target, "cap_") {
		return s.Payment.Refs.Get("payment")
	}
	return s.Target
}

// Sign puts the store's own key on a request that is about to leave.
func (a *API) Sign(ctx context.Context, w *transfer.Wire) error {
	keys, err := a.cfg.Keys.For(ctx, w.Store)
	if err != nil {
		return err
	}
	if keys.Secret.IsZero() {
		return gateway.Errorf(gateway.CodeAuthentication, "the API key of store %q is empty", w.Store)
	}
	w.Header.Set("Authorization", "Bearer "+keys.Secret.Reveal())
	return nil
}

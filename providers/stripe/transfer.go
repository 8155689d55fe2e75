package stripe

import (
	"context"
	"net/http"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// route is one path of the API. {intent} is the PaymentIntent, whether the
// subject names it or only its payment knows it.
//
// A 429 was refused before execution: the limiters stand before the layer that
// knows keys (https://docs.stripe.com/error-low-level#content-errors), so the
// same call with the same key may follow.
func (a *API) route(method, path string) transfer.Route {
	r := transfer.Route{
		Method: method, Base: a.cfg.BaseURL, Path: path, Signer: a, RequestIDHeader: "Request-Id",
		Header:      map[string]string{"Stripe-Version": a.cfg.Version},
		Vars:        map[string]transfer.Var{"intent": {From: intentOf}},
		NotExecuted: []int{http.StatusTooManyRequests},
	}
	if method == http.MethodPost {
		// Nested names in brackets (https://docs.stripe.com/api); a key has up to
		// 255 characters (https://docs.stripe.com/api/idempotent_requests).
		r.Encoder, r.KeyHeader, r.KeyMax = request.Form, "Idempotency-Key", 255
	}
	return r
}

func intentOf(s gateway.Subject) string {
	if strings.HasPrefix(s.Target, "pi_") {
		return s.Target
	}
	if id := s.Payment.Refs.Get(refIntent); id != "" {
		return id
	}
	return s.Target
}

// Sign puts the store's own key, and the account it acts for, on a request that
// is about to leave.
func (a *API) Sign(ctx context.Context, w *transfer.Wire) error {
	keys, err := a.cfg.Keys.For(ctx, w.Store)
	if err != nil {
		return err
	}
	if keys.Secret.IsZero() {
		return gateway.Errorf(gateway.CodeAuthentication, "the API key of store %q is empty", w.Store)
	}
	w.Header.Set("Authorization", "Bearer "+keys.Secret.Reveal())
	if keys.Account != "" {
		if err := gateway.CheckID("the connected account", keys.Account); err != nil {
			return gateway.Errorf(gateway.CodeAuthentication, "store %q: %w", w.Store, err)
		}
		w.Header.Set("Stripe-Account", keys.Account)
	}
	return nil
}

// obedient does as the header Stripe-Should-Retry says: with "false" the API asks
// not to be called again for now, so no retry policy around it repeats the call,
// not even one that was certainly not executed. "true" changes nothing here: it
// is advice, and says nothing about whether the first call took effect; a
// resend with the same key is the engine's decision, by the endpoint's promises.
type obedient struct{ next client.Client }

// PlaceRequest sends the transfer, which belongs to this one execution.
func (o obedient) PlaceRequest(ctx context.Context, t *transfer.Transfer) (*transfer.Response, error) {
	resp, err := o.next.PlaceRequest(ctx, t)
	if err == nil && resp != nil && resp.Header.Get("Stripe-Should-Retry") == "false" {
		t.NotExecuted, t.Safe = nil, false
	}
	return resp, err
}

func (o obedient) Unwrap() client.Client { return o.next }

// String returns the policy's name.
func (o obedient) String() string { return "should retry" }

package collana

import (
	"context"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// MethodHeader names the payment method of a call.
const MethodHeader = "x-payment-method-type"

// KeyHeader carries the tenant's API key.
const KeyHeader = "ApiKey"

// route is one path of the API: REST, JSON both ways.
func (a *API) route(method, path string) transfer.Factory {
	r := transfer.Route{Method: method, Base: a.cfg.BaseURL, Path: "/" + a.cfg.Version + path, Signer: a, Header: map[string]string{"Accept": "application/json"}}
	if method == http.MethodPost {
		r.Encoder = request.JSON
	}
	return route{r, a}
}

// route is a transfer.Route that names the payment method.
type route struct {
	transfer.Route

	api *API
}

// Create returns the transfer. A call that begins something without a method is refused.
func (r route) Create(ctx context.Context, s gateway.Subject, doc *request.Document) (*transfer.Transfer, error) {
	t, err := r.Route.Create(ctx, s, doc)
	if err != nil || r.Method != http.MethodPost {
		return t, err
	}
	// A body is merged, and what comes later wins: but not over what the shopper pays.
	if sent := doc.Value("amount"); sent.Exists() && (sent.Raw() != s.Amount.Decimal() || doc.Value("currencyCode").Text() != s.Amount.Currency()) {
		return nil, gateway.Invalid("a part of the request changed its amount, which is %s", s.Amount)
	}
	m := r.api.method(s)
	if err := gateway.CheckID("the payment method", m); err != nil {
		return nil, gateway.Errorf(gateway.CodeInvalid, "say how it is paid (collana.Method, or Config.Method): %w", err)
	}
	t.Header.Set(MethodHeader, m)
	return t, nil
}

// WithPath returns the route with another path; method, host and signer stay.
func (r route) WithPath(path string) transfer.Factory {
	r.Path = path
	return r
}

// WithMethod returns the route with another HTTP method.
func (r route) WithMethod(method string) transfer.Factory {
	r.Method = method
	return r
}

// Sign puts the store's own key on a request that is about to leave.
func (a *API) Sign(ctx context.Context, w *transfer.Wire) error {
	keys, err := a.cfg.Keys.For(ctx, w.Store)
	if err != nil {
		return err
	}
	if keys.APIKey.IsZero() {
		return gateway.Errorf(gateway.CodeAuthentication, "the API key of store %q is empty", w.Store)
	}
	w.Header.Set(KeyHeader, keys.APIKey.Reveal())
	return nil
}

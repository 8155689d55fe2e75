package sequra

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// route is one path of the API. SeQura knows no idempotency keys.
func (a *API) route(method, path string) transfer.Factory {
	r := transfer.Route{
		Method: method, Base: a.base, Path: path, Signer: a, Header: map[string]string{"Accept": "application/json"},
		Vars: map[string]transfer.Var{
			"order":       {From: func(s gateway.Subject) string { return or(s.Target, s.Payment.Refs.Get(refOrder)) }},
			"order_ref_1": {From: func(s gateway.Subject) string { return s.Payment.Refs.Get(refOrder1) }, Check: checkRef},
			"webhook":     {From: func(s gateway.Subject) string { return s.Target }, Check: checkRef},
			"merchant":    {From: func(gateway.Subject) string { return "" }}, // see merchantRoute
		},
	}
	if method == http.MethodPost || method == http.MethodPut {
		r.Encoder = request.JSON
	}
	if strings.Contains(path, "{merchant}") {
		return merchantRoute{r, a}
	}
	return r
}

// checkRef takes what a shop may call its order: anything printable, "A14/12345"
// too. It is escaped as one path segment, the slash as %2F (docs.sequra.com,
// "Order Update API").
func checkRef(value string) error {
	if value == "" || len(value) > 255 {
		return gateway.Invalid("it is missing, or longer than 255 bytes")
	}
	for _, c := range value {
		if c < ' ' || c == 0x7f || c == '\uFFFD' {
			return gateway.Invalid("it has characters that no reference has")
		}
	}
	return nil
}

// merchantRoute is a route whose path names the store's merchant, which only the
// store's credentials know.
type merchantRoute struct {
	transfer.Route
	api *API
}

// Create returns the transfer.
func (r merchantRoute) Create(ctx context.Context, s gateway.Subject, doc *request.Document) (*transfer.Transfer, error) {
	keys, err := r.api.keys(ctx, s.Store)
	if err != nil {
		return nil, err
	}
	route, vars := r.Route, map[string]transfer.Var{}
	for name, v := range r.Vars {
		vars[name] = v
	}
	vars["merchant"] = transfer.Var{From: func(gateway.Subject) string { return keys.Merchant }, Check: checkRef}
	route.Vars = vars
	return route.Create(ctx, s, doc)
}

// WithPath returns the route with another path; method, host, signer and merchant stay.
func (r merchantRoute) WithPath(path string) transfer.Factory {
	r.Path = path
	return r
}

// WithMethod returns the route with another HTTP method.
func (r merchantRoute) WithMethod(method string) transfer.Factory {
	r.Method = method
	return r
}

// Sign puts the store's own credentials on a request that is about to leave
// (docs.sequra.com, "Authentication": Basic).
func (a *API) Sign(ctx context.Context, w *transfer.Wire) error {
	keys, err := a.keys(ctx, w.Store)
	if err != nil {
		return err
	}
	w.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(keys.Username+":"+keys.Password.Reveal())))
	w.Header.Set("Sequra-Merchant-Id", keys.Merchant)
	return nil
}

// accepting is a route whose answer is of another type.
func accepting(f transfer.Factory, media string) transfer.Factory {
	r := f.(transfer.Route) //nolint:forcetypeassert // made by route, without a merchant
	r.Header = map[string]string{"Accept": media}
	return r
}

package sequra

import (
	"context"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Connection is what a test of a store's connection found.
type Connection struct {
	Mode        Mode
	Credentials []Credential
	Methods     int // how many products could be offered for 100.00 EUR in Spain
}

// TestConnection asks for a store's credentials and then for its payment methods,
// as an operator does before the shop goes live. It fails with the code of the call
// that failed: authentication means that the username or the password is wrong,
// invalid that the merchant's reference is.
func (a *API) TestConnection(ctx context.Context, pool *command.Pool, store gateway.StoreID) (Connection, error) {
	found := Connection{Mode: a.cfg.Mode}
	out, err := pool.Get(OpCredentials).Execute(ctx, gateway.Subject{Store: store})
	if err != nil {
		return found, err
	}
	found.Credentials, _ = CredentialsAnswer.From(out.Extras)
	terms := Terms{Amount: gateway.Minor(100_00, currency), Country: "ES"}
	if out, err = pool.Get(OpMerchantMethods).Execute(ctx, gateway.Subject{Store: store, Extras: gateway.With(AskedFor.Of(terms))}); err != nil {
		return found, err
	}
	all, _ := MethodsAnswer.From(out.Extras)
	for _, c := range all {
		found.Methods += len(c.Methods)
	}
	return found, nil
}

// listing asks which deployments there are. It is not signed: SeQura tells
// everybody, and always at one address.
func (a *API) listing() transfer.Factory {
	base := SeQura.Live
	if a.cfg.SandboxURL != "" {
		base = a.base
	}
	return transfer.Route{Method: http.MethodGet, Base: base, Path: "/deployments", Header: map[string]string{"Accept": "application/json"}}
}

// Integration is a shop that SeQura may configure, and where.
type Integration struct {
	WebhookURL   string   `json:"webhook_url" validate:"required,url"`
	Capabilities []string `json:"capabilities,omitempty"`
}

// Integrated is the extra that tells [OpConnect] the shop.
var Integrated = gateway.NewExtra[Integration]("sequra.integration")

type integrationPart struct {
	Integration Integration `json:"store_integration"`
}

func integration(_ context.Context, s gateway.Subject) (integrationPart, error) {
	i, _ := Integrated.From(s.Extras)
	return integrationPart{i}, nil
}

package collana

import (
	"context"
	"net/url"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// Salutation is the extra that says how the customer is addressed: "male",
// "female" or "undefined", the three that Collana knows (portal, settings).
var Salutation = gateway.NewExtra[string]("collana.salutation")

// PSPTransaction is the extra that names the PSP's own transaction which
// [OpImportTransaction] takes over.
var PSPTransaction = gateway.NewExtra[string]("collana.psp_transaction")

// body composes a request: the callback object that every body has, and then the
// call's own fields, merged over it as the guideline's code does. What an
// application adds comes later still, and so overrides either.
func (a *API) body(of kind, parts ...request.Part) request.BuilderComposite {
	return request.Compose(append([]request.Part{request.Named("callback", request.In("callback", a.callback(of)))}, parts...)...).With(request.DeepMerge)
}

// callback writes where Collana tells the result, and with which credentials.
func (a *API) callback(of kind) request.Builder {
	return request.Func(func(ctx context.Context, s gateway.Subject, doc *request.Document) error {
		uri, err := a.callbackURL(of, s)
		if err != nil {
			return err
		}
		keys, err := a.cfg.Keys.For(ctx, s.Store)
		if err != nil {
			return err
		}
		to := doc.Object("uri")
		to.Text("type", "HttpJson")
		to.Text("uri", uri)
		doc.OptText("authenticationId", keys.Authentication)
		return nil
	})
}

// The parameters of a callback's URL: the operation, and which of its calls.
const (
	operationParam = "operation"
	callParam      = "call"
)

// callbackURL returns the URL of the shop's inbox with the operation's name in
// it: the one thing that Collana is sure to repeat in a callback, also in that of a
// create whose answer was lost.
func (a *API) callbackURL(of kind, s gateway.Subject) (string, error) {
	raw := s.NotifyURL
	if raw == "" {
		raw = strings.ReplaceAll(a.cfg.Callback, "{store}", url.PathEscape(string(s.Store)))
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "", gateway.Invalid("Collana calls back, and nobody says where: set Config.Callback or the request's NotifyURL to a public URL")
	}
	if s.Operation != "" {
		q := u.Query()
		q.Set(operationParam, string(s.Operation))
		q.Set(callParam, string(of))
		u.RawQuery = q.Encode()
	}
	return u.String(), nil
}

var (
	amount = request.Named("amount", request.Write(func(s gateway.Subject, doc *request.Document) {
		if !s.Amount.IsPositive() {
			doc.Fail(gateway.Invalid("the amount is %s: it must be more than nothing", s.Amount))
			return
		}
		doc.Number("amount", s.Amount.Decimal()) // a literal: no float is made of it
		doc.Text("currencyCode", s.Amount.Currency())
		doc.Protect("amount", "currencyCode")
	}))
	country = request.Named("country", request.Text("paymentCountry", func(s gateway.Subject) string {
		if s.Order == nil || s.Order.Billing == nil {
			return ""
		}
		return s.Order.Billing.Country
	}))
	billing  = request.Named("billing", request.In("billingCustomerData", customer(request.Billing)))
	shipping = request.Named("shipping", request.In("shippingCustomerData", customer(request.Shipping)))
	back     = request.Named("return", request.ReturnURL("baseUrl"))
	psp      = request.Named("psp", request.Write(func(s gateway.Subject, doc *request.Document) {
		id, _ := PSPTransaction.From(s.Extras)
		doc.OptText("pspTransactionId", id)
		doc.Require("pspTransactionId")
	}))
	known = request.Named("known", request.Write(func(s gateway.Subject, doc *request.Document) {
		if s.Target == "" {
			// Nothing was answered and nothing was told: there is no name to ask by.
			doc.Fail(gateway.Errorf(gateway.CodeNotFound, "the payment has no transaction yet that could be asked for"))
		}
	}))
	whole = request.Named("whole", request.Write(func(s gateway.Subject, doc *request.Document) {
		rest := s.Payment.Balances.Authorized.Minor() - s.Payment.Balances.Released.Minor() - s.Payment.Balances.Captured.Minor()
		if s.Final && s.Amount.Minor() < rest {
			doc.Fail(gateway.Errorf(gateway.CodeUnsupported, "a capture does not say whether it is the last one: Collana's own settings decide what becomes of the rest; void it instead"))
		}
	}))
)

// customer writes a person and an address.
func customer(from func(*gateway.Order) *gateway.Address) request.Builder {
	return request.Compose(
		request.Named("salutation", request.Write(func(s gateway.Subject, doc *request.Document) {
			if s.Order == nil || from(s.Order) == nil {
				return
			}
			said, _ := Salutation.From(s.Extras)
			switch said {
			case "":
				said = "undefined"
			case "male", "female", "undefined":
			default:
				doc.Fail(gateway.Invalid("the salutation is none of male, female and undefined"))
			}
			doc.Text("salutation", said)
		})),
		request.Named("address", request.Address(from, request.AddressFields{
			GivenName: "firstName", FamilyName: "lastName", Company: "company", Line1: "street", Line2: "additionalAddress",
			PostalCode: "zipCode", City: "city", Region: "state", Country: "countryCode", Phone: "phone", Email: "email",
		})),
	)
}

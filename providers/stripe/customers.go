package stripe

import (
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// person describes the customer to make
// (https://docs.stripe.com/api/customers/create).
func person(s gateway.Subject, doc *request.Document) {
	if s.Order == nil {
		return
	}
	if c := s.Order.Customer; c != nil {
		doc.OptText("name", joined(c.GivenName, c.FamilyName))
		doc.OptText("email", c.Email)
		doc.OptText("phone", c.Phone)
		if c.Language != "" {
			doc.List("preferred_locales").Text(c.Language)
		}
		if c.ID != "" {
			doc.Object("metadata").Text("customer_id", c.ID)
		}
	}
	a := s.Order.Billing
	if a == nil {
		return
	}
	n := doc.Object("address")
	n.OptText("line1", a.Line(1))
	n.OptText("line2", a.Line(2))
	n.OptText("city", a.City)
	n.OptText("state", a.Region)
	n.OptText("postal_code", a.PostalCode)
	n.OptText("country", a.Country)
}

func joined(given, family string) string {
	if given != "" && family != "" {
		given += " "
	}
	return given + family
}

// owner is the customer that an instrument is attached to.
func owner(s gateway.Subject, doc *request.Document) {
	customer := customerOf(s)
	if customer == "" {
		doc.Fail(gateway.Invalid("no customer is named: set Instrument.Customer or Order.Customer.ProviderID"))
		return
	}
	doc.Text("customer", customer)
	doc.Protect("customer")
}

// storing is how a SetupIntent is to end: confirmed, and fit for charges while
// the shopper is away.
func storing(s gateway.Subject, doc *request.Document) {
	doc.Text("usage", "off_session")
	doc.OptText("customer", customerOf(s))
}

// retry confirms an intent again: with another instrument, or with what the
// shopper's page brought back.
func retry(s gateway.Subject, doc *request.Document) {
	switch {
	case paysNow(s) && s.Instrument.Kind == "confirmation_token":
		doc.Secret("confirmation_token", s.Instrument.Token)
	case paysNow(s):
		doc.Secret("payment_method", s.Instrument.Token)
	default:
		doc.OptSecret("payment_method", gateway.NewSecret(s.Input["payment_method"]))
		doc.OptSecret("confirmation_token", gateway.NewSecret(s.Input["confirmation_token"]))
	}
	doc.OptText("return_url", s.ReturnURL)
}

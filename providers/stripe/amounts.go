package stripe

import (
	"context"
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// Exponents is where the API counts decimals otherwise than ISO 4217 does
// (https://docs.stripe.com/currencies#zero-decimal and #special-cases): MGA has
// none, and ISK and UGX, which lost theirs, are still written with two that are
// always 00. That page lists UGX among those without decimals too; the special
// case is the one that charges go by: the API refuses UGX that does not divide
// by 100. HUF and TWD have their two decimals in charges, and lose them in
// payouts only, which this package does not make.
var Exponents = gateway.Exponents{"MGA": 0, "ISK": 2, "UGX": 2}

// tens are the currencies of three decimals, of which the last must be 0
// (https://docs.stripe.com/currencies#three-decimal).
var tens = []string{"BHD", "JOD", "KWD", "OMR", "TND"}

// money returns what the API states as n minor units of a currency in lower case.
func money(n int64, currency string) (gateway.Money, error) {
	return Exponents.FromMinor(n, strings.ToUpper(currency))
}

// exact writes the subject's amount under a name and protects it.
type exact struct {
	name string
	zero bool // an amount of nothing means something here
}

// Build refuses amounts that the API refuses, before anything is sent.
func (e exact) Build(_ context.Context, s gateway.Subject, doc *request.Document) error {
	switch {
	case slices.Contains(tens, s.Amount.Currency()) && s.Amount.Minor()%10 != 0:
		return gateway.Invalid("%s ends in %d: Stripe takes this currency's amounts only with a 0 as the third decimal", s.Amount, s.Amount.Minor()%10)
	case s.Amount.IsSet() && !s.Amount.IsPositive() && !e.zero:
		return gateway.Invalid("%s cannot be paid: to check or store an instrument without money, use the operation %s", s.Amount, gateway.OpVerify)
	}
	// Captures, refunds and increments have no field for the currency: 5 of one
	// would be taken as 5 of the other.
	if due := s.Payment.Due; due.IsSet() && due.Currency() != s.Amount.Currency() {
		return gateway.Invalid("%s cannot be moved in a payment of %s", s.Amount, due)
	}
	doc.MinorUnits(e.name, s.Amount, Exponents)
	doc.Protect(e.name)
	return nil
}

// String says what is written.
func (e exact) String() string { return "writes " + e.name + " in minor units, protected" }

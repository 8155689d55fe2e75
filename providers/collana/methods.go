package collana

import (
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/method"
)

// The payment methods, as the header x-payment-method-type names them. They do not
// depend on the PSP; which of them a tenant has is set up at Collana, and others
// may be named too.
const (
	CreditCard    = "CreditCard"
	PayPal        = "PayPal"
	PayPalExpress = "PayPalExpress"
	KlarnaSofort  = "KlarnaSofort"
	DirectDebit   = "DirectDebit"
	Terminal      = "Terminal"
	IDeal         = "IDeal"
	Invoice       = "Invoice"
)

// Method is the extra that says how a payment is paid:
//
//	engine.Request{..., Extras: gateway.With(collana.Method.Of(collana.CreditCard))}
//
// Captures and refunds need not repeat it.
var Method = gateway.NewExtra[string]("collana.method")

// Methods are the methods that Collana's guideline names. What a tenant has, in
// which countries and currencies, is set up with the PSPs behind it.
func Methods() []method.Method {
	all := make([]method.Method, 0, 8)
	for _, m := range [][2]string{
		{CreditCard, "Card"},
		{PayPal, "PayPal"},
		{PayPalExpress, "PayPal Express"},
		{KlarnaSofort, "Sofort (Klarna)"},
		{DirectDebit, "Direct debit"},
		{Terminal, "Terminal"},
		{IDeal, "iDEAL"},
		{Invoice, "Invoice"},
	} {
		all = append(all, method.Method{Name: m[0], Title: m[1]})
	}
	return all
}

// refMethod names the reference that keeps the method for later calls. Its value
// is unlike that of any other payment, as every reference's is: method@transaction.
const refMethod = "method"

// method returns how a payment is paid: what its caller said, what it began with,
// what the shop is set up for.
func (a *API) method(s gateway.Subject) string {
	if m, ok := Method.From(s.Extras); ok && m != "" {
		return m
	}
	if m, _, found := strings.Cut(s.Payment.Refs.Get(refMethod), "@"); found {
		return m
	}
	return a.cfg.Method
}

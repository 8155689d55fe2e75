package stripe

import (
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway/method"
)

// CardPayment pays by card in every currency that cards can be charged in
// (https://docs.stripe.com/currencies#presentment-currencies). American Express
// takes fewer; the account's country may too.
func CardPayment() method.Method {
	return method.Method{Name: "card", Title: "Card", Rules: []method.Rule{method.Currencies(Currencies()...)}}
}

// Methods are the payment methods of this provider. What else the dashboard
// switches on is chosen on Stripe's side, when Stripe's SDK shows the form.
func Methods() []method.Method { return []method.Method{CardPayment()} }

// Currencies returns the currencies that cards can be charged in, in alphabetical order.
func Currencies() []string {
	return strings.Fields(`AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BIF BMD BND BOB BRL BSD BWP BZD CAD CDF CHF
		CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
		ILS INR ISK JMD JPY KES KGS KHR KMF KRW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR
		MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS
		SRD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW
		BHD JOD KWD OMR TND`)
}

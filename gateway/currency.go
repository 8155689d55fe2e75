package gateway

import "strings"

// currencies maps every ISO 4217 code that can be paid in to its number of
// decimals. It is ISO's own list; CLDR, which golang.org/x/text/currency
// uses, differs for 22 of them. Fund and metal codes (XAU, XDR, XXX ...) are not money here.
var currencies = func() map[string]currency {
	table := make(map[string]currency, 180)
	for digits, codes := range []string{
		0: `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`,
		2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
			CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ
			GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD
			MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON
			RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
			UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
		3: `BHD IQD JOD KWD LYD OMR TND`,
		4: `CLF UYW`,
	} {
		for code := range strings.FieldsSeq(codes) {
			table[code] = currency{code, digits}
		}
	}
	return table
}()

type currency struct {
	code   string // the table's own copy, so that a Money never keeps a whole response body alive
	digits int
}

// CurrencyDigits returns the number of decimals of an ISO 4217 currency code in
// upper case, and whether the code is known: 2 for EUR, 0 for JPY, 3 for KWD, 4 for CLF.
func CurrencyDigits(code string) (digits int, known bool) {
	c, ok := currencies[code]
	return c.digits, ok
}

func lookupCurrency(code string) (currency, error) {
	if c, ok := currencies[code]; ok {
		return c, nil
	}
	if c, ok := currencies[strings.ToUpper(code)]; ok {
		return currency{}, Invalid("currency %.10q must be upper case: %s", code, c.code)
	}
	return currency{}, Invalid("unknown currency %.10q; an ISO 4217 code such as EUR is needed", code)
}

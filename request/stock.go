package request

import (
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// The stock builders write what most providers want, under the names given.
// Each is a value that may be shared, and leaves out what the subject does not have.

// stock is a builder that says in a description what it writes.
type stock struct {
	Write
	what string
}

func (s stock) String() string { return "writes " + s.what }

// Amount returns a builder that writes the subject's amount in minor units, as
// an integer, and protects it: no filter may change what the shopper pays. A
// subject without an amount is [gateway.CodeInvalid].
func Amount(name string) Builder { return AmountIn(name, nil) }

// AmountIn is [Amount] for a provider that counts some currencies' decimals otherwise.
func AmountIn(name string, x gateway.Exponents) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		doc.MinorUnits(name, s.Amount, x)
		doc.Protect(name)
	}, name + " in minor units, protected"}
}

// DecimalAmount returns a builder that writes the amount as a decimal string, "10.00", and protects it.
func DecimalAmount(name string, x gateway.Exponents) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		doc.Decimal(name, s.Amount, x)
		doc.Protect(name)
	}, name + " as a decimal, protected"}
}

// Currency returns a builder that writes the amount's ISO 4217 code, in upper case, and protects it.
func Currency(name string) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		currency(doc, name, s, false)
	}, name + ", protected"}
}

// LowerCurrency is [Currency] in lower case.
func LowerCurrency(name string) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		currency(doc, name, s, true)
	}, name + " in lower case, protected"}
}

func currency(doc *Document, name string, s gateway.Subject, lower bool) {
	if err := s.Amount.Err(); err != nil {
		doc.Fail(err)
		return
	}
	code := s.Amount.Currency()
	if lower {
		code = strings.ToLower(code)
	}
	doc.Text(name, code)
	doc.Protect(name)
}

// Reference returns a builder that writes the subject's Operation, our name for
// this call, and protects it. Providers give it back in their answers and
// webhooks, and find a payment by it when an answer was lost.
func Reference(name string) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		if s.Operation == "" {
			return
		}
		doc.Text(name, string(s.Operation))
		doc.Protect(name)
	}, "our reference into " + name + ", protected"}
}

// Target returns a builder that writes the subject's Target and protects it.
func Target(name string) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		if s.Target == "" {
			doc.Fail(gateway.Invalid("the subject's Target is empty: name the provider's object to act on"))
			return
		}
		doc.Text(name, s.Target)
		doc.Protect(name)
	}, "the target into " + name + ", protected"}
}

// Text returns a builder that writes what from reads, unless it is empty.
func Text(name string, from func(s gateway.Subject) string) Builder {
	return stock{func(s gateway.Subject, doc *Document) { doc.OptText(name, from(s)) }, name}
}

// Fixed returns a builder that always writes one text. Descriptions and logs
// show it: a password goes through [Node.Secret].
func Fixed(name, value string) Builder {
	return stock{func(_ gateway.Subject, doc *Document) { doc.Text(name, value) }, name + "=" + value}
}

// ReturnURL returns a builder that writes where the shopper comes back to.
func ReturnURL(name string) Builder {
	return Text(name, func(s gateway.Subject) string { return s.ReturnURL })
}

// Token returns a builder that writes the instrument's token as a secret, and
// protects it: no filter may change who pays. A subject without one is
// [gateway.CodeInvalid].
func Token(name string) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		if s.Instrument == nil || s.Instrument.Token.IsZero() {
			doc.Fail(gateway.Invalid("the subject has no Instrument with a Token: collect one before this command"))
			return
		}
		doc.Secret(name, s.Instrument.Token)
		doc.Protect(name)
	}, name + ", secret, protected"}
}

// Protect returns a builder that closes fields which parts before it have set:
// filters cannot change or remove them. A path that is not there is an error.
func Protect(paths ...string) Builder {
	return stock{func(_ gateway.Subject, doc *Document) {
		for _, p := range paths {
			if !doc.Has(p) {
				doc.Fail(gateway.Invalid("field %q is to be protected and no part before has set it", p))
			}
		}
		doc.Protect(paths...)
	}, "nothing; protects " + strings.Join(paths, ", ")}
}

// Require returns a builder that demands fields: what is missing when the
// request is about to be sent is listed in one [gateway.CodeInvalid] error.
func Require(paths ...string) Builder {
	return stock{func(_ gateway.Subject, doc *Document) { doc.Require(paths...) }, "nothing; requires " + strings.Join(paths, ", ")}
}

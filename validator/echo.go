package validator

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Echo checks that an answer is for what was sent. Each field is the path of
// the fact in the answer, and "" when the endpoint does not repeat it; only
// what is named is checked. Assembly holds the fields against the endpoint's
// promise ([gateway.Endpoint].Echoes). A difference is indeterminate: the money
// that moved is not the money that was meant, and somebody must look.
type Echo struct {
	Amount    string // minor units as an integer, or a decimal string with Decimal
	Currency  string // compared without regard to case
	Reference string // compared with the subject's Operation
	Decimal   bool
	Exponents gateway.Exponents // where the provider counts decimals otherwise

	// When reads the expected amount from the exchange; nil means the subject's Amount.
	When func(x transfer.Exchange) (want gateway.Money, check bool)
}

// Echoes returns which facts are checked.
func (e Echo) Echoes() gateway.Echo {
	var facts gateway.Echo
	if e.Amount != "" {
		facts |= gateway.EchoAmount
	}
	if e.Currency != "" {
		facts |= gateway.EchoCurrency
	}
	if e.Reference != "" {
		facts |= gateway.EchoReference
	}
	return facts
}

// Validate compares the facts.
func (e Echo) Validate(_ context.Context, x transfer.Exchange) Result {
	doc, err := x.Document()
	if err != nil {
		return Failed(err)
	}
	want, check := x.Subject.Amount, x.Subject.Amount.IsSet()
	if e.When != nil {
		want, check = e.When(x)
	}
	var r Result
	differs := func(what, got, wanted string) {
		r.Failures = append(r.Failures, Failure{
			Code:   gateway.CodeIndeterminate,
			Detail: what + " of the answer is " + got + ", " + wanted + " was sent: fetch the payment",
		})
	}
	if check && e.Currency != "" {
		if got := doc.Value(e.Currency).Text(); !equalFold(got, want.Currency()) {
			differs("the currency", quote(got), want.Currency())
		}
	}
	if check && e.Amount != "" && len(r.Failures) == 0 {
		got, err := e.amount(doc.Value(e.Amount), want.Currency())
		switch {
		case err != nil:
			differs("the amount", "not readable ("+textOf(gateway.AsError(err, gateway.CodeInvalid))+")", want.String())
		case got != want:
			differs("the amount", got.String(), want.String())
		}
	}
	if e.Reference != "" && x.Subject.Operation != "" {
		if got := doc.Value(e.Reference).Text(); got != string(x.Subject.Operation) {
			differs("the reference", quote(got), string(x.Subject.Operation))
		}
	}
	return r
}

func (e Echo) amount(v request.Value, currency string) (gateway.Money, error) {
	if e.Decimal {
		text := v.Text()
		if text == "" {
			text = v.Raw()
		}
		return e.Exponents.Parse(text, currency)
	}
	n, err := v.Int()
	if err != nil {
		return gateway.Money{}, err
	}
	return e.Exponents.FromMinor(n, currency)
}

// Check refuses an Echo that checks nothing.
func (e Echo) Check() error {
	if e.Echoes() == 0 {
		return gateway.Errorf(gateway.CodeInternal, "the echo checks nothing: name a path, or leave it out")
	}
	return nil
}

package sandbox

import (
	"context"
	"net/http"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// answers judges an answer: first the errors that it states, then its status,
// and only if both are well what it says. more are the rules of its struct, and
// the echo of what was sent.
func answers(statuses []int, more ...validator.Validator) validator.Composite {
	parts := []validator.Part{
		validator.Breaking("errors", Errors.Validator(problems)),
		validator.Breaking("status", validator.Status(statuses...)),
	}
	for i, name := range []string{"rules", "echo"}[:len(more)] {
		parts = append(parts, validator.Breaking(name, more[i]))
	}
	return validator.Compose(parts...)
}

// paymentAnswers judges an answer that is a payment: it must be the one that was
// asked for, in one currency, and its movements must add up to the amounts that it states.
func paymentAnswers(statuses []int, more ...validator.Validator) validator.Composite {
	parts := append([]validator.Part{}, answers(statuses, append([]validator.Validator{validator.Struct[Payment]()}, more...)...).Parts().All()...)
	return validator.Compose(append(parts, validator.Breaking("books", validator.Typed(booksBalance)))...)
}

func booksBalance(_ context.Context, x transfer.Exchange, p Payment) validator.Result {
	if asked := x.Subject.Target; strings.HasPrefix(asked, "pay_") && p.ID != asked {
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "the answer is about another payment than was asked for"})
	}
	moved, err := p.Facts()
	if err != nil {
		return validator.Failed(err)
	}
	b, err := gateway.Fold(p.Amount.Currency, moved)
	if err != nil {
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "the payment's movements do not add up", Merchant: err.Error()})
	}
	got := [...]int64{b.Authorized.Minor(), b.Released.Minor(), b.Captured.Minor(), b.Refunded.Minor(), b.ChargedBack.Minor()}
	a := p.Amounts
	if got != [...]int64{a.Authorized, a.Released, a.Captured, a.Refunded, a.ChargedBack} {
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "the payment states amounts that its movements do not add up to"})
	}
	return validator.Result{}
}

var (
	done     = []int{http.StatusOK}
	created  = []int{http.StatusCreated}
	accepted = []int{http.StatusCreated, http.StatusAccepted} // 202: pending
	deleted  = []int{http.StatusNoContent}
)

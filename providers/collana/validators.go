package collana

import (
	"context"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// accepted judges the answer to a call: 202 with two names, and anything else is an
// error. One that the API refuses as it stands (4xx) was not executed and is final,
// the guideline's serious error; of a server error nobody knows, and 429 and a
// refused connection are tried again, its transient ones.
var accepted = validator.Compose(
	validator.Breaking("status", validator.Status(http.StatusAccepted).
		With(http.StatusBadRequest, gateway.CodeInvalid).With(http.StatusUnprocessableEntity, gateway.CodeInvalid).With(http.StatusConflict, gateway.CodeConflict)),
	validator.Breaking("names", validator.Func(named)),
)

func named(_ context.Context, x transfer.Exchange) validator.Result {
	a, err := read[Accepted](x)
	if err != nil {
		return validator.Failed(err)
	}
	for _, id := range []string{a.TransactionID, a.InteractionID} {
		if gateway.CheckID("an id", id) != nil {
			return indeterminate("the answer names no transaction or no interaction")
		}
	}
	if x.Subject.Target != "" && a.TransactionID != x.Subject.Target {
		return indeterminate("the answer is about another transaction than the call")
	}
	return validator.Result{}
}

// shown judges what a status shows: the transaction that was asked for, with
// interactions that are understood.
func (a *API) shown(of kind) validator.Composite {
	parts := []validator.Part{
		validator.Breaking("status", validator.Status(http.StatusOK)),
		validator.Breaking("transaction", validator.Func(a.understood)),
	}
	if of != "" {
		parts = append(parts, validator.Breaking("call", validator.Func(func(_ context.Context, x transfer.Exchange) validator.Result { return found(x, of) })))
	}
	return validator.Compose(parts...)
}

func (a *API) understood(_ context.Context, x transfer.Exchange) validator.Result {
	t, err := read[Transaction](x)
	if err != nil {
		return validator.Failed(err)
	}
	if t.TransactionID == "" || t.TransactionID != x.Subject.Target {
		return indeterminate("the status is of another transaction than was asked for")
	}
	for _, i := range t.Interactions {
		switch {
		case gateway.CheckID("an id", i.InteractionID) != nil:
			return indeterminate("an interaction has no id")
		case i.state() == unknown:
			return indeterminate("an interaction has a status that is not known")
		case i.kind() == "" && i.state() != failed && i.state() != cancelled:
			return indeterminate("an interaction is of a kind that is not known, and may have moved money")
		}
		for _, uri := range []string{i.EmbedmentURI, i.RedirectURI} {
			if uri != "" && !visitable(uri) {
				return indeterminate("an interaction leads the shopper to what is no web page")
			}
		}
	}
	moved, err := a.facts(t, *x.Subject)
	if err != nil {
		return validator.Failed(err)
	}
	currency := t.CurrencyCode
	if len(moved) > 0 {
		currency = moved[0].Amount.Currency()
	}
	if len(moved) > 0 {
		if _, err := gateway.Fold(currency, moved); err != nil {
			return indeterminate("the transaction's interactions do not add up")
		}
	}
	return validator.Result{}
}

// found reports whether the transaction shows the call that is looked for. A
// prepare or a reservation is the transaction's own. A create, a capture, a refund
// or a void may be another operation's or somebody else's, and is this one's when
// its name was told to us.
func found(x transfer.Exchange, of kind) validator.Result {
	t, err := read[Transaction](x)
	if err != nil {
		return validator.Failed(err)
	}
	for _, i := range t.Interactions {
		own := of == kindPrepare || of == kindReserve || caller(x.Subject.Payment.Refs, i.InteractionID) == x.Subject.Operation
		if i.kind() == of && own {
			return validator.Result{}
		}
	}
	return validator.Fail(validator.Failure{Code: gateway.CodeNotFound, Detail: "the transaction shows no interaction of kind " + string(of) + " of this operation"})
}

func indeterminate(detail string) validator.Result {
	return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: detail})
}

package sequra

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// Success is 200, 202 or 204, and 201 of what is made (docs.sequra.com, "Order
// Update API": all of these count).
var (
	done    = validator.Status(http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent)
	noBody  = validator.Status(http.StatusNoContent)
	content = validator.Status(http.StatusOK)
)

// answers judges an answer: what it refuses, its status, and then what it says.
func answers(conflict gateway.Code, status validator.Validator, more ...validator.Part) validator.Composite {
	return validator.Compose(append([]validator.Part{
		validator.Breaking("errors", refusals(conflict)), validator.Breaking("status", status),
	}, more...)...)
}

// acknowledged judges the answer to an update of an order. gone says of which
// orders SeQura may know nothing any more without that being a failure.
func acknowledged(gone func(s *gateway.Subject) bool) validator.Composite {
	unless := func(v validator.Validator) validator.Validator {
		return validator.Func(func(ctx context.Context, x transfer.Exchange) validator.Result {
			if x.Response.Status == http.StatusNotFound && gone(x.Subject) {
				return validator.Result{}
			}
			return v.Validate(ctx, x)
		})
	}
	return validator.Compose(
		validator.Breaking("errors", unless(refusals(gateway.CodeConflict))), validator.Breaking("status", unless(done)),
	)
}

// SeQura answers 404 to an order that goes from on hold to cancelled, and to one
// that it has cancelled itself (integration-core, order service): there is nothing
// left to put on hold, or to let go of. Of nothing else is a 404 good news.
var (
	goneOnHold = func(s *gateway.Subject) bool { return s.Input[inputState] == stateOnHold }
	goneVoided = func(s *gateway.Subject) bool {
		return s.Payment.Phase == phaseOnHold || s.Payment.Phase == phaseCancelled
	}
	goneNever  = func(*gateway.Subject) bool { return false }
	goneAlways = func(*gateway.Subject) bool { return true }
)

// located judges the answer that names what was made in its Location.
var located = validator.Breaking("location", validator.Func(func(_ context.Context, x transfer.Exchange) validator.Result {
	if err := gateway.CheckID("the last segment of the Location", lastSegment(x)); err != nil {
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: gateway.AsError(err, "").Detail})
	}
	return validator.Result{}
}))

// fragment judges a form: text that a page can show.
var fragment = validator.Breaking("form", validator.Func(func(_ context.Context, x transfer.Exchange) validator.Result {
	media, body := x.Response.MediaType(), x.Response.Body
	if media != "text/html" && media != "application/xhtml+xml" || !utf8.Valid(body) || strings.TrimSpace(string(body)) == "" {
		return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "the answer is no HTML that a page could show"})
	}
	return validator.Result{}
}))

// listed judges an answer that is a list.
func listed[T any]() validator.Part {
	return validator.Breaking("rules", validator.Typed(func(_ context.Context, _ transfer.Exchange, all []T) validator.Result {
		if all == nil {
			return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "the answer is no list"})
		}
		for i := range all {
			if err := request.ValidateStruct(&all[i]); err != nil {
				return validator.Fail(validator.Failure{Code: gateway.CodeIndeterminate, Detail: "the answer: " + gateway.AsError(err, "").Detail})
			}
		}
		return validator.Result{}
	}))
}

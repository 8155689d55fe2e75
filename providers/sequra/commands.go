package sequra

import (
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// The operations that this provider has beside the common ones. The first two are
// the flow of an authorization: ask for credit, show the form.
const (
	OpSolicit gateway.Operation = "solicit"
	OpForm    gateway.Operation = "form"

	OpMethods         gateway.Operation = "payment_methods"          // Target is the order, as SeQura names it
	OpMerchantMethods gateway.Operation = "merchant_payment_methods" // what the merchant can offer at all
	OpCredentials     gateway.Operation = "credentials"              // what the store's credentials open
	OpDeployments     gateway.Operation = "deployments"              // asks without credentials
	OpReport          gateway.Operation = "delivery_report"          // see [Report]
	OpConnect         gateway.Operation = "create_store_integration" // see [Integration]
	OpDisconnect      gateway.Operation = "delete_store_integration" // Target is the webhook URL
)

// Commands is the table of contents. SeQura documents no idempotency keys, no
// lookup of an order, and no time after which a call has no effect any more; what
// is promised below is what a PUT is: it tells all of an order, and told twice the
// order is the same. A solicitation that is made twice leaves one that nobody
// goes on with: nothing is owed before an order is confirmed.
func (a *API) Commands(*command.Pool) command.Commands {
	cancelled := func(gateway.Subject) string { return stateCancelled }
	confirming := func(s gateway.Subject) string { return or(s.Input[inputState], stateConfirmed) }
	return command.Commands{
		OpSolicit: command.Spec{
			Request:  request.Compose(a.order(func(gateway.Subject) string { return "" })),
			Transfer: a.route(http.MethodPost, "/orders"),
			Client:   a.client,
			Validate: answers(gateway.CodeInvalid, noBody, located),
			Handle:   handler.Compose(solicited),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
		OpForm: command.Spec{
			Request:  request.Compose(request.Named("choice", request.Write(choice))),
			Transfer: accepting(a.route(http.MethodGet, "/orders/{order}/form_v2"), "text/html"),
			Client:   a.client,
			Validate: answers(gateway.CodeConflict, content, fragment),
			Handle:   handler.Compose(shown),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone, TargetRef: refOrder},
		},
		gateway.OpContinue: command.Spec{
			Request:  request.Compose(a.order(confirming)),
			Transfer: a.route(http.MethodPut, "/orders/{order}"),
			Client:   a.client,
			Validate: acknowledged(goneOnHold),
			Handle:   handler.Compose(confirmed),
			Endpoint: told(gateway.EffectHold),
		},
		// SeQura documents no cancellation of an order that was never confirmed; the
		// states in which integration-core tells orders have one. Whatever comes of it,
		// an order is sold only by confirming it.
		gateway.OpCancel: command.Spec{
			Request:  request.Compose(a.order(cancelled)),
			Transfer: a.route(http.MethodPut, "/orders/{order}"),
			Client:   a.client,
			Validate: acknowledged(goneAlways),
			Handle:   handler.Compose(ended),
			Endpoint: told(gateway.EffectNone), // of an order that was never confirmed nothing is held
		},
		gateway.OpCapture: a.updating(gateway.OpCapture, gateway.EffectMove),
		gateway.OpVoid:    a.updating(gateway.OpVoid, gateway.EffectHold),
		gateway.OpRefund:  a.updating(gateway.OpRefund, gateway.EffectMove),
		OpMethods: command.Spec{
			Transfer: a.route(http.MethodGet, "/orders/{order}/payment_methods"),
			Client:   a.client,
			Validate: answers(gateway.CodeConflict, content, rules),
			Handle:   handler.Compose(methods),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone, TargetRef: refOrder},
		},
		OpMerchantMethods: command.Spec{
			Request:  request.Compose(request.Named("for", request.Write(asked))),
			Transfer: a.route(http.MethodGet, "/merchants/{merchant}/payment_methods"),
			Client:   a.client,
			Validate: answers(gateway.CodeConflict, content, rules),
			Handle:   handler.Compose(methods),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
		OpCredentials: command.Spec{
			Transfer: a.route(http.MethodGet, "/merchants/credentials"),
			Client:   a.client,
			Validate: answers(gateway.CodeConflict, content, listed[Credential]()),
			Handle:   handler.Compose(kept(CredentialsAnswer)),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
		OpDeployments: command.Spec{
			Transfer: a.listing(),
			Client:   a.client,
			Validate: answers(gateway.CodeConflict, content, listed[Listed]()),
			Handle:   handler.Compose(kept(DeploymentsAnswer)),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
		OpReport: command.Spec{
			Request:  request.Compose(request.Named("delivery_report", request.Typed(a.report))),
			Transfer: a.route(http.MethodPost, "/orders/delivery_reports"),
			Client:   a.client,
			Validate: answers(gateway.CodeInvalid, done),
			Handle:   handler.Nothing(),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone}, // tells what was delivered, and moves nothing
		},
		OpConnect: command.Spec{
			Request:  request.Compose(request.Named("store_integration", request.Typed(integration))),
			Transfer: a.route(http.MethodPost, "/store_integrations"),
			Client:   a.client,
			Validate: answers(gateway.CodeInvalid, done),
			Handle:   handler.Compose(madeAt),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
		OpDisconnect: command.Spec{
			Transfer: a.route(http.MethodDelete, "/store_integrations/{webhook}"),
			Client:   a.client,
			Validate: answers(gateway.CodeConflict, done),
			Handle:   handler.Nothing(),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone, Natural: true},
		},
	}
}

// updating tells what of a confirmed order is shipped and what is not.
func (a *API) updating(op gateway.Operation, effect gateway.Effect) command.Spec {
	e := told(effect)
	e.AmountMode = gateway.AmountAbsolute
	if op == gateway.OpCapture {
		e.RemainderAfterPartial = gateway.RemainderKept // what is not shipped stays unshipped until it is told otherwise
	}
	if op == gateway.OpRefund {
		e.RefundTarget = gateway.RefundPayment // carts know items, not shipments
	}
	gone := goneNever
	if op == gateway.OpVoid {
		gone = goneVoided
	}
	return command.Spec{
		Request:  request.Compose(a.update(op)),
		Transfer: a.route(http.MethodPut, "/merchants/{merchant}/orders/{order_ref_1}"),
		Client:   a.client,
		Validate: acknowledged(gone),
		Handle:   handler.Compose(moved(op)),
		Endpoint: e,
	}
}

// told promises what a PUT of a whole order does: repeated, it changes nothing.
// Two at once would contradict one another.
func told(effect gateway.Effect) gateway.Endpoint {
	return gateway.Endpoint{Effect: effect, Natural: true, OneAtATime: true, Restates: true, TargetRef: refOrder}
}

var rules = validator.Breaking("rules", validator.Struct[methodsAnswer]())

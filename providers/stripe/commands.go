package stripe

import (
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// The operations that this provider has beside the common ones.
const (
	OpFetchRefund    gateway.Operation = "fetch_refund"              // Target is the refund
	OpFetchSetup     gateway.Operation = "fetch_setup"               // Target is the SetupIntent of a verify
	OpContinueSetup  gateway.Operation = "continue_setup"            // Target is the SetupIntent
	OpCreateCustomer gateway.Operation = "create_customer"           // from Order.Customer
	OpAttach         gateway.Operation = "attach"                    // Target is the payment method, Instrument.Customer who gets it
	OpListRefunds    gateway.Operation = "list_refunds"              // see [ListPage]
	OpListBalance    gateway.Operation = "list_balance_transactions" // see [ListPage]
)

// Commands is the table of contents. Targets are PaymentIntents, but for the
// refund, whose target may be a charge, and where an operation says otherwise.
func (a *API) Commands(*command.Pool) command.Commands {
	return command.Commands{
		gateway.OpAuthorize: command.Spec{
			Request:  request.Compose(amount, currency, capture("manual"), source, order, session, metadata, reference, expand("latest_charge")),
			Transfer: a.route(http.MethodPost, "/v1/payment_intents"),
			Client:   a.client,
			Validate: pays(sameOrder),
			Handle:   handler.Compose(intentRefs, intentMoney, intentAction, intentInstrument, intentAnswer),
			Endpoint: keyed(gateway.EffectHold, gateway.OpFind, gateway.Endpoint{Echoes: echoes | gateway.EchoReference, LookupLag: searchLag}),
		},
		gateway.OpPurchase: command.Like(gateway.OpAuthorize,
			command.Request(
				request.Replace("capture", fixedCapture("automatic")),
				request.Replace("expand", expand("latest_charge.balance_transaction").Value),
			),
			command.Promise(func(e *gateway.Endpoint) { e.Effect, e.Async = gateway.EffectMove, paymentsSettle }),
		),
		gateway.OpCapture: command.Spec{
			Request: request.Compose(
				request.Named("amount", exact{name: "amount_to_capture", zero: true}), request.Named("final", request.Write(final)),
				request.Named("descriptor", request.Write(descriptor)), named(metaCapture), expand("latest_charge.balance_transaction"),
			),
			Transfer: a.route(http.MethodPost, "/v1/payment_intents/{intent}/capture"),
			Client:   a.client,
			Validate: answers[Intent](sameIntent, sameCapture),
			Handle:   handler.Compose(intentRefs, captureMoney, intentAnswer),
			// Not Natural: with multicapture, a second one takes more.
			Endpoint: keyed(gateway.EffectMove, gateway.OpFetch, gateway.Endpoint{Echoes: echoes, RemainderAfterPartial: gateway.RemainderKept}),
		},
		gateway.OpVoid: command.Spec{
			Request:  request.Compose(request.Named("reason", request.Write(cancelReason)), expand("latest_charge")),
			Transfer: a.route(http.MethodPost, "/v1/payment_intents/{intent}/cancel"),
			Client:   a.client,
			Validate: answers[Intent](sameIntent),
			Handle:   handler.Compose(intentRefs, releaseMoney, intentAnswer),
			Endpoint: keyed(gateway.EffectHold, gateway.OpFetch, gateway.Endpoint{AlreadyDone: unexpectedState}),
		},
		gateway.OpCancel: command.Like(gateway.OpVoid),
		gateway.OpRefund: command.Spec{
			Request: request.Compose(
				request.Named("target", request.Write(refunded)), amount, request.Named("reason", request.Write(refundReason)), named(metaOperation),
			),
			Transfer: a.route(http.MethodPost, "/v1/refunds"),
			Client:   a.client,
			Validate: answers[Refund](ofPayment, sameOrder, given),
			Handle:   handler.Compose(refundRefs, refundMoney, refundAnswer),
			Endpoint: keyed(gateway.EffectMove, gateway.OpFetch, gateway.Endpoint{
				Echoes: echoes | gateway.EchoReference, Async: refundsSettle, RefundTarget: gateway.RefundPayment,
			}),
		},
		gateway.OpAdjust: command.Spec{
			Request:  request.Compose(amount, named(metaAdjust), expand("latest_charge")),
			Transfer: a.route(http.MethodPost, "/v1/payment_intents/{intent}/increment_authorization"),
			Client:   a.client,
			Validate: answers[Intent](sameIntent, sameAmount),
			Handle:   handler.Compose(intentRefs, adjustMoney, intentAnswer),
			Endpoint: keyed(gateway.EffectHold, gateway.OpFetch, gateway.Endpoint{Echoes: echoes, AmountMode: gateway.AmountAbsolute}),
		},
		gateway.OpContinue: command.Spec{
			Request:  request.Compose(request.Named("instrument", request.Write(retry)), expand("latest_charge.balance_transaction")),
			Transfer: a.route(http.MethodPost, "/v1/payment_intents/{intent}/confirm"),
			Client:   a.client,
			Validate: pays(sameIntent, sameAmount),
			Handle:   handler.Compose(intentRefs, intentMoney, intentAction, intentInstrument, intentAnswer),
			Endpoint: keyed(gateway.EffectMove, gateway.OpFetch, gateway.Endpoint{Echoes: echoes, Async: paymentsSettle}),
		},
		gateway.OpVerify: command.Spec{
			Request: request.Compose(
				source, request.Named("usage", request.Write(storing)), request.Named("methods", request.Write(methods)),
				request.Named("return", request.Write(comeBack)), request.Named("description", request.Description("description")),
				metadata, reference, expand("payment_method"),
			),
			Transfer: a.route(http.MethodPost, "/v1/setup_intents"),
			Client:   a.client,
			Validate: answers[Setup](stored),
			Handle:   handler.Compose(setupResult, setupAnswer),
			Endpoint: keyed(gateway.EffectNone, "", gateway.Endpoint{}),
		},
		OpContinueSetup: command.Spec{
			Request:  request.Compose(request.Named("instrument", request.Write(retry)), expand("payment_method")),
			Transfer: a.route(http.MethodPost, "/v1/setup_intents/{target}/confirm"),
			Client:   a.client,
			Validate: answers[Setup](sameSetup, stored),
			Handle:   handler.Compose(setupResult, setupAnswer),
			Endpoint: keyed(gateway.EffectNone, OpFetchSetup, gateway.Endpoint{}),
		},
		OpAttach: command.Spec{
			Request:  request.Compose(request.Named("customer", request.Write(owner))),
			Transfer: a.route(http.MethodPost, "/v1/payment_methods/{target}/attach"),
			Client:   a.client,
			Validate: answers[PaymentMethod](sameMethod),
			Handle:   handler.Compose(attachedMethod, methodSucceeded),
			Endpoint: keyed(gateway.EffectNone, "", gateway.Endpoint{}),
		},
		gateway.OpForget: command.Spec{
			Transfer: a.route(http.MethodPost, "/v1/payment_methods/{target}/detach"),
			Client:   a.client,
			Validate: answers[PaymentMethod](sameMethod),
			Handle:   handler.Nothing(),
			Endpoint: keyed(gateway.EffectNone, "", gateway.Endpoint{}),
		},
		OpCreateCustomer: command.Spec{
			Request:  request.Compose(request.Named("customer", request.Write(person))),
			Transfer: a.route(http.MethodPost, "/v1/customers"),
			Client:   a.client,
			Validate: answers[Customer](),
			Handle:   handler.Compose(createdCustomer, createdAnswer, methodSucceeded),
			Endpoint: keyed(gateway.EffectNone, "", gateway.Endpoint{}),
		},
		gateway.OpFetch: command.Spec{
			Request:  request.Compose(expand("latest_charge.refunds", "latest_charge.balance_transaction")),
			Transfer: a.route(http.MethodGet, "/v1/payment_intents/{intent}"),
			Client:   a.client,
			Validate: answers[Intent](sameIntent),
			Handle:   handler.Compose(intentRefs, intentHistory, intentAction, intentInstrument, intentAnswer),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone, List: OpListBalance, TargetRef: refIntent},
		},
		gateway.OpFind: command.Spec{
			Request:  request.Compose(request.Named("query", request.Write(query)), expand("data.latest_charge.refunds", "data.latest_charge.balance_transaction")),
			Transfer: a.route(http.MethodGet, "/v1/payment_intents/search"),
			Client:   a.client,
			Validate: answers[Intents](onlyOne),
			Handle:   handler.Compose(foundIntent),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone, LookupLag: searchLag},
		},
		OpFetchRefund: lookup(a, "/v1/refunds/{target}", answers[Refund](sameRefund), handler.Compose(refundRefs, refundHistory, refundAnswer)),
		OpFetchSetup: lookup(a, "/v1/setup_intents/{target}", answers[Setup](sameSetup), handler.Compose(setupResult, setupAnswer),
			expand("payment_method")),
		gateway.OpList: lookup(a, "/v1/payment_intents", answers[Intents](), handler.Compose(listedIntents), page, expand("data.latest_charge")),
		OpListRefunds:  lookup(a, "/v1/refunds", answers[Refunds](), handler.Compose(listedRefunds), page),
		OpListBalance:  lookup(a, "/v1/balance_transactions", answers[BalanceTransactions](), handler.Compose(listedBalance), page),
	}
}

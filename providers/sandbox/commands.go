package sandbox

import (
	"net/http"
	"time"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// The operations that this provider has beside the common ones.
const (
	OpFetchCapture gateway.Operation = "fetch_capture" // Target is the capture's id
	OpFetchRefund  gateway.Operation = "fetch_refund"  // Target is the refund's id
	OpCancelByKey  gateway.Operation = "cancel_by_key" // Target is the idempotency key of the call that made the payment
)

// Commands is the table of contents. Targets are the payment's id; a refund's
// may be a capture's id instead, and then takes the money from that capture.
func (a *API) Commands(*command.Pool) command.Commands {
	return command.Commands{
		gateway.OpAuthorize: command.Spec{
			Request:  request.Compose(money, reference, source, capture(false), order),
			Transfer: a.route(http.MethodPost, "/v1/payments"),
			Client:   a.client,
			Validate: paymentAnswers(created, sameAmount),
			Handle:   handler.Compose(paymentRefs, paymentMoney, paymentAction, paymentInstrument, paymentAnswer),
			Endpoint: keyed(gateway.EffectHold, gateway.OpFind, gateway.Endpoint{Echoes: echoes, CancelByKey: OpCancelByKey}),
		},
		gateway.OpPurchase: command.Like(gateway.OpAuthorize,
			command.Request(request.Replace("capture", fixedCapture(true))),
			command.Promise(func(e *gateway.Endpoint) { e.Effect = gateway.EffectMove }),
		),
		gateway.OpCapture: command.Spec{
			Request:  request.Compose(money, reference, request.Named("final", request.Write(final))),
			Transfer: a.route(http.MethodPost, "/v1/payments/{paid}/captures"),
			Client:   a.client,
			Validate: answers(accepted, validator.Struct[Capture](), sameAmount),
			Handle:   handler.Compose(captureRefs, captureMoney),
			Endpoint: a.holds(keyed(gateway.EffectMove, gateway.OpFetch, gateway.Endpoint{
				Echoes: echoes, Async: settles, DeclineIsFinal: true, RemainderAfterPartial: gateway.RemainderKept,
			})),
		},
		gateway.OpVoid: command.Spec{
			Transfer: a.route(http.MethodPost, "/v1/payments/{target}/releases"),
			Client:   a.client,
			Validate: paymentAnswers(done),
			Handle:   handler.Compose(paymentRefs, newest(gateway.MoveRelease)),
			Endpoint: a.holds(keyed(gateway.EffectHold, gateway.OpFetch, gateway.Endpoint{AlreadyDone: []string{"already_released", "already_canceled"}})),
		},
		gateway.OpRefund: command.Spec{
			Request:  request.Compose(money, reference, request.Named("capture", request.Write(ofCapture))),
			Transfer: a.route(http.MethodPost, "/v1/payments/{paid}/refunds"),
			Client:   a.client,
			Validate: answers(accepted, validator.Struct[Refund](), sameAmount),
			Handle:   handler.Compose(refundRefs, refundMoney),
			Endpoint: keyed(gateway.EffectMove, gateway.OpFetch, gateway.Endpoint{
				Echoes: echoes, Async: settles, RefundTarget: gateway.RefundPayment,
			}),
		},
		gateway.OpAdjust: command.Spec{
			Request:  request.Compose(money, reference),
			Transfer: a.route(http.MethodPost, "/v1/payments/{target}/adjustments"),
			Client:   a.client,
			Validate: paymentAnswers(done, validator.Echo{Amount: "amounts/authorized", Currency: "amount/currency"}),
			Handle:   handler.Compose(paymentRefs, adjusted()),
			Endpoint: a.holds(keyed(gateway.EffectHold, gateway.OpFetch, gateway.Endpoint{
				Echoes: gateway.EchoAmount | gateway.EchoCurrency, DeclineIsFinal: true, AlreadyDone: []string{"amount_unchanged"}, AmountMode: gateway.AmountAbsolute,
				Renews: a.cfg.Reauthorizes,
			})),
		},
		gateway.OpContinue: command.Spec{
			Request:  request.Compose(request.Named("data", request.Texts("data", input))),
			Transfer: a.route(http.MethodPost, "/v1/payments/{target}/confirm"),
			Client:   a.client,
			Validate: paymentAnswers(done),
			Handle:   handler.Compose(paymentRefs, paymentMoney, paymentAction, paymentInstrument, paymentAnswer),
			Endpoint: keyed(gateway.EffectMove, gateway.OpFetch, gateway.Endpoint{}),
		},
		gateway.OpCancel: command.Spec{
			Transfer: a.route(http.MethodPost, "/v1/payments/{target}/cancel"),
			Client:   a.client,
			Validate: paymentAnswers(done),
			Handle:   handler.Compose(paymentRefs, cancelled),
			Endpoint: keyed(gateway.EffectHold, gateway.OpFetch, gateway.Endpoint{AlreadyDone: []string{"already_canceled"}}),
		},
		OpCancelByKey: command.Spec{
			Request:  request.Compose(request.Named("key", request.Write(keyOf))),
			Transfer: a.route(http.MethodPost, "/v1/payments/cancel_by_key"),
			Client:   a.client,
			Validate: answers(done, validator.Struct[Payments]()),
			Handle:   handler.Compose(revoked),
			Endpoint: keyed(gateway.EffectHold, "", gateway.Endpoint{}), // a repetition finds it cancelled: simulator, cancel_by_key
		},
		gateway.OpAccept: command.Spec{
			Transfer: a.route(http.MethodPost, "/v1/payments/{target}/accept"),
			Client:   a.client,
			Validate: paymentAnswers(done),
			Handle:   handler.Compose(paymentRefs, paymentMoney, paymentAction, paymentInstrument, paymentAnswer),
			Endpoint: keyed(gateway.EffectMove, gateway.OpFetch, gateway.Endpoint{}),
		},
		gateway.OpDeny: command.Spec{
			Transfer: a.route(http.MethodPost, "/v1/payments/{target}/deny"),
			Client:   a.client,
			Validate: paymentAnswers(done),
			Handle:   handler.Compose(paymentRefs, denied),
			Endpoint: keyed(gateway.EffectNone, gateway.OpFetch, gateway.Endpoint{}), // nothing is held before a review has passed
		},
		gateway.OpVerify: command.Spec{
			Request:  request.Compose(source, reference),
			Transfer: a.route(http.MethodPost, "/v1/instruments"),
			Client:   a.client,
			Validate: answers(created, validator.Struct[Instrument]()),
			Handle:   handler.Compose(instrumentKept, handler.Named("status", handler.Succeeded())),
			Endpoint: keyed(gateway.EffectNone, "", gateway.Endpoint{}),
		},
		gateway.OpForget: command.Spec{
			Transfer: a.route(http.MethodDelete, "/v1/instruments/{target}"),
			Client:   a.client,
			Validate: answers(deleted),
			Handle:   handler.Nothing(),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone, Natural: true, AlreadyDone: []string{"not_found"}},
		},
		gateway.OpFetch: command.Spec{
			Transfer: a.route(http.MethodGet, "/v1/payments/{target}"),
			Client:   a.client,
			Validate: paymentAnswers(done),
			Handle:   handler.Compose(paymentRefs, paymentHistory, paymentAction, paymentInstrument, paymentAnswer),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone, List: gateway.OpList, TargetRef: "payment"},
		},
		gateway.OpFind: command.Spec{
			Request:  request.Compose(reference),
			Transfer: a.route(http.MethodGet, "/v1/payments"),
			Client:   a.client,
			Validate: answers(done, validator.Struct[Payments](), onlyOne),
			Handle:   handler.Compose(foundPayment),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
		gateway.OpList: command.Spec{
			Request:  request.Compose(request.Named("page", request.Typed(page))),
			Transfer: a.route(http.MethodGet, "/v1/payments"),
			Client:   a.client,
			Validate: answers(done, validator.Struct[Payments]()),
			Handle:   handler.Compose(listedPayments),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
		OpFetchCapture: command.Spec{
			Transfer: a.route(http.MethodGet, "/v1/captures/{target}"),
			Client:   a.client,
			Validate: answers(done, validator.Struct[Capture]()),
			Handle:   handler.Compose(captureRefs, captureMoney),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
		OpFetchRefund: command.Spec{
			Transfer: a.route(http.MethodGet, "/v1/refunds/{target}"),
			Client:   a.client,
			Validate: answers(done, validator.Struct[Refund]()),
			Handle:   handler.Compose(refundRefs, refundMoney),
			Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
		},
	}
}

// settles is until when a pending capture or refund must have settled
// (simulator.Rules.SettleAfter is a minute; an hour is generous).
const settles = time.Hour

const echoes = gateway.EchoAmount | gateway.EchoCurrency | gateway.EchoReference

// keyed returns promises with what every POST of this API promises: a key is
// remembered for 24 hours, and a 5xx is not saved under it (simulator.Rules). A
// call may take effect up to ten seconds after it was given up
// (simulator.Rules.LateEffect).
func keyed(effect gateway.Effect, lookup gateway.Operation, e gateway.Endpoint) gateway.Endpoint {
	e.Effect, e.LookupByRef = effect, lookup
	e.KeyTTL, e.LateEffectMax = 24*time.Hour, 10*time.Second
	e.Natural = len(e.AlreadyDone) > 0 // not a capture, nor a refund: a second one may take more
	if lookup == gateway.OpFetch {     // the others make something new
		e.TargetRef = "payment"
	}
	return e
}

// holds returns the promises of a call about what is held: where adjustments make new
// authorizations, it names the newest one in place of the payment (package simulator,
// "what happens to money"). An adjustment is then no repetition of another one.
func (a *API) holds(e gateway.Endpoint) gateway.Endpoint {
	if !a.cfg.Reauthorizes {
		return e
	}
	e.TargetRef = "authorization"
	if e.Renews {
		e.Natural, e.AlreadyDone = false, nil
	}
	return e
}

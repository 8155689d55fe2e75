package stripe

import (
	"net/http"
	"time"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

const (
	// searchLag is how long a search may miss a payment: under a minute as a rule,
	// and up to an hour while something is wrong, which is when lost answers are
	// looked for (https://docs.stripe.com/api/payment_intents/search). Merchants in
	// India have no search. A resend with the same key needs no lag and comes first.
	searchLag = time.Hour
	// keyTTL: a key is forgotten 24 hours after its first use at the earliest
	// (https://docs.stripe.com/api/idempotent_requests).
	keyTTL = 24 * time.Hour
	// paymentsSettle is until when a payment that is processing has an end. Cards
	// answer at once; of the debits, which do not, the slowest may fail 14 business
	// days later (https://docs.stripe.com/payments/sepa-debit).
	paymentsSettle = 21 * 24 * time.Hour
	// refundsSettle is until when a pending refund has an end. Those of most methods
	// take days, the slowest a month (https://docs.stripe.com/refunds).
	refundsSettle = 30 * 24 * time.Hour
)

const echoes = gateway.EchoAmount | gateway.EchoCurrency

// unexpectedState is what the API says of a payment that is cancelled already,
// and also of one that was captured meanwhile: fetch it
// (https://docs.stripe.com/error-codes#payment-intent-unexpected-state).
var unexpectedState = []string{"payment_intent_unexpected_state"}

// keyed returns promises with what every POST of API v1 promises: a key is
// remembered for a day, and once a call has begun to execute, what it answered is
// saved under its key, a 500 included (https://docs.stripe.com/api/idempotent_requests).
// How late a call may still take effect is not said. A decline never ends a
// PaymentIntent, which waits for another payment method
// (https://docs.stripe.com/payments/paymentintents/lifecycle).
func keyed(effect gateway.Effect, by gateway.Operation, e gateway.Endpoint) gateway.Endpoint {
	e.Effect, e.LookupByRef = effect, by
	e.KeyTTL, e.Replays5xx = keyTTL, true
	e.Natural = len(e.AlreadyDone) > 0
	if effect != gateway.EffectNone {
		e.TargetRef = refIntent
	}
	return e
}

// lookup is a command that asks and changes nothing.
func lookup(a *API, path string, v validator.Composite, h handler.Chain, parts ...request.Part) command.Spec {
	return command.Spec{
		Request: request.Compose(parts...), Transfer: a.route(http.MethodGet, path), Client: a.client,
		Validate: v, Handle: h, Endpoint: gateway.Endpoint{Effect: gateway.EffectNone},
	}
}

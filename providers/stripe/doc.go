// Package stripe speaks to Stripe's PaymentIntents API.
//
// Start reading at commands.go. It supports authorize, purchase, capture
// (partial, several, final), void, cancel, refund (by payment or by charge),
// adjust (a larger hold), continue (confirm again), verify (a SetupIntent: an
// instrument without money) with continue_setup and fetch_setup, attach and
// forget, create_customer, and looking up: fetch, fetch_refund, find (by our own
// reference), list, list_refunds, list_balance_transactions.
//
//	api, err := stripe.New(stripe.Config{Keys: tenant.Single(stripe.Keys{Secret: gateway.NewSecret(os.Getenv("STRIPE_KEY"))})})
//	...
//	pools, err := command.Assemble(api.Provider())
//
// Under fx, use [Module] and supply a [Config].
//
// An Instrument's token is a payment method (pm_...), or with the kind
// "confirmation_token" what Stripe's page collected. Without an instrument the
// payment is made and not confirmed: the outcome is awaited, and its action hands
// it to Stripe's SDK on the page. With a ReturnURL challenges redirect; without
// one the SDK runs them. Card numbers are never sent: the API refuses them.
//
// A decline comes back as an error whose Reference is the PaymentIntent: the same
// one may be paid in another way, with continue.
//
// # References and movements
//
// Outcomes name payment_intent, charge, customer, payment_method, refund and
// setup_intent. A hold and its release are known by the PaymentIntent, a capture
// by its charge, a refund by itself; the rules stand in movements.go. They are
// the same for an answer, for a lookup and for a notification, so that one fact
// is one movement. Because the API states totals, a lookup is exact about single
// captures only when the subject carries the payment's movements.
//
// # What it is written against
//
//   - https://docs.stripe.com/api/payment_intents, /api/refunds, /api/setup_intents, /api/errors
//   - https://docs.stripe.com/payments/paymentintents/lifecycle
//   - https://docs.stripe.com/payments/place-a-hold-on-a-payment-method and /payments/multicapture
//   - https://docs.stripe.com/api/idempotent_requests, /error-low-level, /rate-limits
//   - https://docs.stripe.com/declines/codes and /error-codes
//   - https://docs.stripe.com/currencies
//
// Requests and answers are checked in the tests against the API's own
// specification, of the version in [DefaultVersion].
package stripe

// Package collana pays through Collana Pay, a middleware with one API before many
// payment service providers (PSPs): which PSP serves a method is set up there, and
// changing it changes nothing here.
//
// Start reading at commands.go and flow.go. A payment is one operation of several
// calls: create, prepare, reserve (and capture, for a purchase). Collana answers
// each with 202 and two names, transactionId and interactionId, and tells the
// result later, by a callback. The callback says only which transaction to look
// at: its state is then asked from Collana (status), recorded, and the next call
// is made at once.
//
//	api, err := collana.New(collana.Config{
//		BaseURL: collana.Sandbox, Callback: "https://shop.example/webhooks/collana/{store}",
//		Keys:    tenant.Single(collana.Keys{APIKey: key, Authentication: id}),
//	})
//	...
//	pools, err := command.Assemble(api.Provider())
//	box, err := inbox.New(inbox.Config{..., Receivers: map[string]webhook.Receiver{"collana": collana.Webhook(callbacks)}})
//
// It supports authorize and purchase (by the flow), capture and refund (wholly or
// in part), void, cancel, taking over a payment (engine.Adopt), import of a
// transaction of a PSP, and express checkout by Collana's browser SDK. Under fx,
// use [Module] and supply a [Config].
//
// # What is documented, and what is not
//
// The promises and meanings below are those of Collana's public pages:
//
//   - the integration guideline, https://support.collanapay.com/hc/en-001/articles/16193116478109-Webshop-integration-documentation
//   - the interactions, https://support.collanapay.com/hc/en-001/articles/19687472811805-Direct-connect-architecture-with-collana-pay
//   - the import, https://support.collanapay.com/hc/en-001/articles/19687439759517--Payment-transaction-import-architecture
//   - the authentication of callbacks, https://support.collanapay.com/hc/en-001/articles/16948867138589-Authentication
//   - the browser SDK, https://collana-pay-js-docs.pages.dev/guide/lifecycle
//
// The field names of some bodies stand only in the OpenAPI document of a tenant
// (/swagger/v2/swagger.json), which is not public: amounts of interactions, the
// customer's fields, the reference to the callback's authentication, the paths of
// voids and imports. The names used here are in one place each, answers.go and
// builders.go, and every part can be replaced by name (command.Override).
//
// Collana documents no idempotency key, no order and no repetition of callbacks,
// and no word for a failure. So nothing here is sent twice on a guess, callbacks
// may come twice, late, in any order or not at all, and a state that is no known
// word is indeterminate.
package collana

// Package simulator is a Collana Pay that runs inside a test or an example: a real
// HTTP server with the API, the pages that shoppers see, callbacks, and a ledger of
// its own. It follows Collana's integration guideline where that says something
// (package collana lists the pages), is as unhelpful as it may be elsewhere, and
// does on demand what networks do: answers are lost, callbacks come twice, late, in
// another order, or never.
//
//	server, err := simulator.Start(simulator.Config{Credentials: map[string]simulator.Credential{"auth_1": {User: "collana", Password: "..."}}})
//	defer server.Close()
//	api, err := collana.New(collana.Config{BaseURL: server.URL(), Keys: tenant.Single(collana.Keys{APIKey: key, Authentication: "auth_1"}), Callback: ...})
//
// # The API
//
// Every POST is answered with 202, transactionId and interactionId; the result goes
// to the callback that the request names. Nothing is idempotent: a reservation that
// is made twice holds the money twice. /api spells names as v1 does (TransactionId),
// /api/v2 as v2 does.
//
// # What shoppers see
//
// It depends on the payment method, as a set-up of a tenant would:
//
//	CreditCard                 a form in a frame (prepare), then a bank page (reserve)
//	PayPal, KlarnaSofort, IDeal  a bank page (prepare); the reservation then needs nobody
//	PayPalExpress              a wallet opened by the browser SDK, with the checkout data of the create
//	all others                 nothing: prepare and reserve succeed at once
//
// The pages are plain HTML with forms, for a browser or for a test:
// POST decision=approve or decision=decline to the page's own URL. A bank page sends
// the browser back to the shop's baseUrl.
package simulator

// Package sandbox is the reference provider: small enough to be read in one
// sitting, complete enough to be proved against. It talks to the payment
// provider in package simulator, which runs inside a test or an example as a
// real HTTP server with a ledger of its own, and lies on demand.
//
// Start reading at commands.go. It supports authorize, purchase, capture
// (partial, multiple, final), void, refund (by payment or by capture), adjust,
// verify, continue, cancel, cancel_by_key, and looking up: fetch, fetch_capture, fetch_refund,
// find (by our own reference), list, forget.
//
//	server, err := simulator.Start(simulator.Config{})
//	...
//	api, err := sandbox.New(sandbox.Config{BaseURL: server.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)})})
//	...
//	pools, err := command.Assemble(api.Provider())
//
// What it posts to us is verified and read by [Webhook], for package inbox.
//
// Under fx, use [Module] and supply a [Config].
//
// The API that it speaks is documented in package simulator; every promise and
// meaning below cites it.
package sandbox

// Package sequra pays with SeQura: instalments and pay later, in euros. SeQura
// takes whole orders, not amounts, and wants the shop to confirm each one before
// it answers SeQura's notification.
//
// Start reading at commands.go. The life of a payment:
//
//	authorize ─► solicit, form ─► the shopper fills the form in
//	    SeQura notifies ─► inbox ─► [Duty]: confirm, make the shop's order, tell its number ─► 200
//	capture (ship), void (cancel), refund (take back): the carts of what is shipped and what is not
//
// An authorization ends with an action of the kind HTML: show it on the page. The
// money is held when SeQura has accepted the order with its number; engine.Capture
// tells SeQura what was shipped. Because SeQura wants to know items, a partial
// capture or refund names them: see [Parcels].
//
//	api, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, Keys: tenant.Fixed[sequra.Keys]{"es": keys}})
//	pools, err := command.Assemble(api.Provider())
//	...
//	eng.Authorize(ctx, engine.Request{Store: "es", Payment: p.ID, Key: "order-17", Provider: "sequra", All: true,
//		NotifyURL: "https://shop.example/webhooks/sequra/es", ReturnURL: "https://shop.example/thanks"})
//
// [API.Webhook] and [Duty] are for package inbox; the store comes from the route.
// [API.TestConnection] tells an operator whether the keys work, [Methods] what can
// be offered, [Report] what was delivered. Under fx, use [Module] and supply a
// [Config]. Package simulator is a SeQura for tests and examples.
//
// # When SeQura does not come again
//
// SeQura cannot be asked how an order stands. A duty that was begun is taken up when
// its notification comes again. Should SeQura have given up by then, the payment is
// parked, nothing is guessed, and an operator replays the event (inbox.Replay).
//
// # Sources
//
// What is promised and meant below is from docs.sequra.com ("Put the order on hold
// and confirm it", "Confirm order", "Order Update API", "Webhooks API") and, where
// that says nothing, from what integration-core, SeQura's own library for shops, does.
package sequra

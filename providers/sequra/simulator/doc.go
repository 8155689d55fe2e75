// Package simulator is a SeQura that runs inside a test or an example: a real HTTP
// server with a form that a browser can submit, notifications that are sent again
// until they are taken, and a ledger of its own to hold a shop's against.
//
//	server, err := simulator.Start(simulator.Config{})
//	...
//	sequra.Config{Mode: sequra.Sandbox, SandboxURL: server.URL(), Keys: tenant.Single(sequra.Keys{
//		Username: simulator.Username, Password: gateway.NewSecret(simulator.Password), Merchant: simulator.Merchant})}
//
// It uses the standard library only. It behaves as docs.sequra.com says and, where
// that is silent, as SeQura's integration-core expects. Each of these is checked:
//
//   - POST orders: 204 with a Location; 409 for items that do not add up, with the
//     difference in the text; 409 for a null, which nobody may send
//   - PUT orders/<ref>: confirmed only when approved, on_hold only when under review;
//     409 when the cart is another than was solicited, or when order_ref_1 is
//     another confirmed order's; 404 for an order that is cancelled
//   - PUT merchants/<merchant>/orders/<order_ref_1>: carts that add up and hold no
//     more than was bought; 404 for an order that is cancelled or not confirmed
//   - 401 for wrong credentials, 403 for another merchant's name
//   - notifications are posted as forms, our parameters with "m_" before them; they
//     come again until a 2xx, 302, 307, 404 or 501 takes them, or a 410 ends the order
//     and pays the shopper back
//
// The shopper decides on the form, or a test with [Server.Decide]. [Server.Next]
// makes calls fail; [Config].Manual holds notifications back for [Server.Deliver]
// and [Server.DeliverAll], in any order and as often as wanted.
//
// One of all: [New] gives a handler without a listener, for a server that is there.
package simulator

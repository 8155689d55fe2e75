// Package gatewaytest proves a provider right: one [Harness] of about twenty
// lines, and [Run] checks every command of the provider against a real HTTP
// server that answers, refuses, lies, stalls and hangs up.
//
//	func TestConformance(t *testing.T) {
//		gatewaytest.Run(t, gatewaytest.Harness{
//			Provider: "acme",
//			Items: func(base string, canaries map[gateway.StoreID]string) []command.Item {
//				return acme.Items(acme.Config{BaseURL: base}, keysOf(canaries))
//			},
//			Answers: os.DirFS("testdata/answers"), // capture.json, capture.declined.json, ...
//			Golden:  "testdata/requests",          // capture.golden, rewritten with -update
//			Subject: subjectOf,
//		})
//	}
//
// What is checked of each command, by its endpoint's promises where they matter:
//
//   - a good answer gives a status, a reference and the movement it states
//   - one subject gives the same bytes every time, and they are the golden ones
//   - the idempotency key is sent, and stays the same when the call is repeated
//   - a decline is declined, with a reason and a text for the shopper
//   - 401 is authentication, 429 is rate limited with its Retry-After
//   - a server error, HTML with 200, an empty, cut off or doubly keyed answer, and
//     an answer for another amount are indeterminate, never success and never failure
//   - a lost answer is indeterminate, a refused connection is unavailable
//   - a cancelled context ends the wait at once; before sending, nothing is sent
//   - amounts of currencies with no, two and three decimals are exact on the wire
//   - fifty calls at once of two stores never mix keys
//   - the stores' secrets are in no error, log, outcome, description or golden file
//   - every command of the pool is checked, and every checked one is in the pool
//
// Run it with -race.
package gatewaytest

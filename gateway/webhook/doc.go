// Package webhook says what a provider tells us when it calls: whether a
// notification may be believed, what happened, and what to answer.
//
// A provider offers a [Receiver]: a [Verifier], which sees the raw bytes, and a
// [Reader], which makes [Event]s of them. Package inbox runs it behind an HTTP
// handler, stores what came and records the evidence; applications rarely call
// anything here, except to sign events in their own tests:
//
//	call := webhook.Call{Store: "es", Header: http.Header{}, Body: body}
//	err := scheme.Sign(ctx, &call) // every scheme that can verify with a secret can sign
//
// # What is believed
//
// A Receiver without a verifier refuses everything, and so does one whose secrets
// are empty: an environment variable that is not set must not let everybody in.
// What is proved ([Proved]) may state what happened. What is not ([Hint]) says
// only that a look is worth it: the engine then asks the provider. The store
// comes from the route that was called, never from the body.
//
// The schemes are [HMAC], [Timestamped], [Standard], [RSA], [Basic], [Echoed]
// and [Unsigned]. All take several secrets, for rotation: add the new one, let
// the provider change, remove the old one. A scheme with a time refuses what is
// too old and what is from the future alike. Comparing is done in constant time.
package webhook

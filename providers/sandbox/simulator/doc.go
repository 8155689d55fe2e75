// Package simulator is a complete payment provider that runs inside a test or an
// example: a real HTTP server on the loopback interface with its own ledger. It
// shares no code with the rest of the module, so that the module can be proved
// against it: after any run, the ledger of the provider must equal ours.
//
//	provider, err := simulator.Start(simulator.Config{})
//	if err != nil { … }
//	defer provider.Close()
//	… // call provider.URL() with the key simulator.DefaultKey
//	fmt.Println(provider.Ledger())
//
// Besides the API below it does on demand what providers do on bad days: faults
// and lies ([Server.Next], [Server.Lie], [Liar], [Fault]), happenings without a call
// ([Server.RefundInDashboard], [Server.Chargeback] …), and the passing of time
// ([Server.Advance]). [Server.Ledger], [Server.Payment], [Server.Calls] and
// [Server.Effects] tell the truth.
//
// A caller that keeps connections alive should know that net/http sends a request
// with an Idempotency-Key header a second time by itself when a kept connection
// breaks, unless Request.GetBody is nil: [Server.Calls] then shows two calls.
//
// # API reference: conventions
//
// All routes but the token route need "Authorization: Bearer <key or access token>".
// Requests and answers are JSON; amounts are {"value": <integer of minor units>,
// "currency": "EUR"}, whatever number of decimals the currency has. Times are
// RFC 3339 in UTC. Every answer has a Request-Id header. Requests are read strictly:
// an unknown field, a field that is there twice, a fraction, an exponent, null, a
// second value behind the first are 400; so is a body above 64 KiB (413) or one
// that is not application/json in UTF-8 (415).
//
// Every POST but the token route needs an Idempotency-Key header of at most 64
// printable ASCII characters. The same key with the same method, path and body is
// answered from memory, with the header "Idempotent-Replayed: true". Refusals with
// 400 and 404 are not saved; 402, 409 and 422 are. See [Rules] for how long keys
// live and what a 500 does.
//
// # API reference: routes
//
//	POST   /v1/payments                   → 201 payment, 402 when declined
//	       {"amount", "instrument"} are required. Optional: "capture" (false),
//	       "reference" (128), "return_url", "description" (500),
//	       "customer": {"id","email"}, "metadata" (20 strings),
//	       "lines": [{"sku","name","quantity","unit_amount"}],
//	       "save_instrument", "off_session", "network_transaction_id"
//	GET    /v1/payments/{id}              → 200 payment
//	GET    /v1/payments                   → 200 {"data":[payment],"has_more","next"}
//	       ?reference= &created_from= (inclusive) &created_to= (exclusive)
//	       &limit= (1 to 100, 20) &after=<id>; oldest first
//	POST   /v1/payments/{id}/captures     → 201 capture, 202 when pending
//	       {"amount"}; optional "final", "reference"
//	POST   /v1/payments/{id}/releases     → 200 payment    {}
//	POST   /v1/payments/{id}/refunds      → 201 refund, 202 when pending
//	       {"amount"}; optional "capture", "reference"
//	POST   /v1/payments/{id}/adjustments  → 200 payment, 402 when declined
//	       {"amount"}: the new total, higher or lower; optional "reference"
//	POST   /v1/payments/{id}/cancel       → 200 payment    {}
//	POST   /v1/payments/cancel_by_key     → 200 list       {"idempotency_key"}: of the call that made it
//	POST   /v1/payments/{id}/accept       → 200 payment    {}
//	POST   /v1/payments/{id}/deny         → 200 payment    {}
//	POST   /v1/payments/{id}/confirm      → 200 payment, 402 when declined
//	       {}; optional "instrument", "return_url", "data" (strings)
//	GET    /v1/captures/{id}              → 200 capture
//	GET    /v1/refunds/{id}               → 200 refund
//	POST   /v1/instruments                → 201 instrument, 402 when declined
//	       {"instrument"}; optional "customer", "reference"
//	GET    /v1/instruments/{id}           → 200 instrument
//	DELETE /v1/instruments/{id}           → 204; a second time 404
//	GET    /v1/events                     → 200 {"data":[event],"has_more","next"}
//	       ?after=<id> &limit=; oldest first
//	GET    /v1/report?date=YYYY-MM-DD     → 200 text/csv; see below
//	POST   /v1/oauth/token                → 200 {"access_token","token_type","expires_in"}
//	       form: grant_type=client_credentials, client_id=<account id>,
//	       client_secret=<key>; or the last two as Basic authentication
//	GET    /v1/ping                       → 200 {"ok":true}
//	GET    /bank/{challenge}              → the bank page; its buttons POST to it
//
// The objects are [Payment], [Capture], [Refund], [Instrument] and [Event]; their
// JSON tags are the wire names. A payment carries its movements, which are its part
// of the ledger; a capture and a refund carry theirs in answers about themselves,
// among them the release that a final capture caused.
//
// # API reference: what happens to money
//
// A payment without capture holds money; with capture it holds and takes it, which
// are two ledger entries, as they are for a bank transfer that arrives.
// Captures in sum never exceed capture_limit: the authorized amount plus what
// [OverCapture] allows, minus what was released. A final capture releases the rest
// as an entry of its own, whose parent is the capture, and closes the payment; every
// capture is final with Rules.SingleCapture, Rules.RemainderAfterPartial or
// tok_auto_release. When it fails or is reversed, the payment is open again.
// Refunds never exceed captured − refunded − refunding − charged_back; one that
// names a capture is bounded by that capture too, one that names none is taken from
// the oldest captures first. Pending captures and refunds count as reserved.
// "releases" voids the uncaptured rest, also after a partial capture; "cancel" ends
// a payment of which nothing was captured; "cancel_by_key" does so with whatever a key
// made, if anything, and lets it make nothing later; "accept" and "deny" end the review of one
// that is held. A hold expires by the clock. With Rules.Reauthorize an adjustment, also to
// the same total, makes a new authorization: the entry's reference is its name, its
// parent the superseded one, and {id} of the routes about a hold may be its name too.
//
// # API reference: errors
//
// {"error":{"type","code","decline_code","advice","field","message","payment"}};
// fields without a meaning are empty, advice is absent.
//
//	400 invalid_request  malformed_json, duplicate_field, unknown_field, missing_field,
//	                     invalid_field, amount_invalid, currency_unknown, key_missing,
//	                     key_invalid, query_invalid, malformed_form, unsupported_grant_type
//	401 authentication   unauthorized, token_expired
//	402 declined         card_declined, with decline_code and advice (never, hard, soft):
//	                     generic_decline, insufficient_funds, expired_card, incorrect_cvc,
//	                     lost_card, stolen_card, fraudulent, processing_error, do_not_honor,
//	                     authentication_required, authentication_failed
//	404 not_found        not_found
//	405 invalid_request  method_not_allowed
//	409 conflict         idempotency_mismatch (same key, other request),
//	                     idempotency_in_flight, already_captured, already_released,
//	                     already_canceled, already_refunded, already_charged_back,
//	                     not_authorized, not_captured, not_confirmable,
//	                     not_held, key_canceled, authorization_superseded
//	413 invalid_request  body_too_large
//	415 invalid_request  unsupported_media_type
//	422 unprocessable    authorization_expired, amount_too_large, amount_too_small,
//	                     amount_unchanged, refund_too_large, currency_mismatch,
//	                     instrument_unknown, instrument_not_storable, capture_unknown,
//	                     capture_not_refundable
//	429 rate_limited     rate_limited, with Retry-After in seconds
//	500 server_error     server_error
//
// 502 and 504 come from a proxy, with HTML.
//
// # API reference: webhooks
//
// Events are POSTed as JSON with the header
//
//	Sandbox-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256(secret, "<t>.<body>")>
//
// with one v1 for each secret while secrets rotate. A 2xx acknowledges; otherwise
// the event is sent again, 10 times with growing pauses. Events may come twice and
// in any order; sequence counts them for each account. The event types are
// payment.authorized, .pending, .action_required, .challenge_passed, .held,
// .declined, .canceled, .expired, .released, .adjusted; capture.pending, .succeeded,
// .failed, .reversed; refund.pending, .succeeded, .failed, .reversed; dispute.opened,
// .won, .lost.
//
// # API reference: the report
//
// One CSV line for each movement of the account on that day (UTC): sequence, time,
// kind, amount, currency, payment, reference, parent, merchant_reference. The first
// line has these names; the last one is
//
//	total,,<number of lines>,<sum of all amounts>,,,,,
//
// # API reference: the bank page
//
// A payment that is action_required has an action of type redirect (or what
// Rules.ChallengeAction says) whose URL is the bank page. It sends the browser back
// to return_url with the query parameters payment and result (approved or declined).
// They are not signed: fetch the payment. A payment by bank transfer is pending,
// with an action of type display.
//
// # Magic instruments
//
// See the constants from [TokenOK] to [TokenSlow]; anything else that is not a saved
// instrument of the account is instrument_unknown.
package simulator

// Package transfer turns a document into one request that is ready to send,
// and holds what comes back.
//
// A [Factory] sees the subject and the finished document and returns a
// [Transfer]: method, URL, headers, body, how long to wait, whether the call is
// safe to repeat. [Route] is the stock factory; a provider usually needs no
// other. Right before sending, a client calls [Transfer.Wire], which encodes
// the document and lets the [Signer] put the store's credentials on the bytes,
// so that a scripted client in a test sees exactly what the real one sends.
//
// Every call of a factory makes a new Transfer: no header or credential of one
// request can reach the next. What the provider answered is a [Response];
// validators and handlers see it in an [Exchange] and decode it with [As].
//
//	capture := transfer.Route{
//		Method: http.MethodPost, Base: "https://api.example.com", Path: "/v1/payments/{target}/captures",
//		Encoder: request.JSON, Signer: keys, KeyHeader: "Idempotency-Key",
//	}
package transfer

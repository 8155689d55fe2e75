// Package status is the shopper's side of a payment: how it stands, told as soon
// as it changes, to a browser that holds an unguessable token.
//
//	tokens, err := status.NewTokens(gateway.NewSecret(os.Getenv("STATUS_KEY")))
//	...
//	s, err := status.New(status.Config{Storage: db, Tokens: tokens})
//	...
//	go s.Run(ctx)                                            // hears what changes
//	http.Handle("/pay/", http.StripPrefix("/pay", s.Handler()))
//	token := tokens.Make(storage.PaymentKey{Store: "es", Payment: p.ID}, time.Now().Add(24*time.Hour))
//
// # What is told
//
// A [View]: a word for how the payment stands, the phase of its flow, what the
// shopper must do, whether anything can still change, and a version, which is
// another one exactly when something of the view is. It names no operation, no
// provider, no reference and no amount. Applications make tokens and show the
// page; browsers ask.
//
// # The ways to ask
//
//	GET /status?transactionId=TOKEN&status=CODE    held until the status differs from CODE
//	GET /v1/payments/TOKEN?known=VERSION&wait=25   the same for versions, with ETag and 304
//	GET /v1/payments/TOKEN/events                  server-sent events, with Last-Event-ID
//	GET /v1/payments/TOKEN/frame                   the fragment of a provider, for a frame
//	GET /v1/client-HASH.js                         the browser's client, see [Service.ClientPath]
//
// Without a known status the answer comes at once. With it the request is held,
// up to Config.Hold. Shoppers without JavaScript get [Page], which reloads itself.
//
// # Waiting
//
// A waiter is registered with its payment before the payment is read, so that no
// change falls between the two. A change is read once, whoever waits for it, and
// nobody asks the database again and again: not for a waiter, not for a payment.
// Word of changes comes from [storage.DB.Follow], and every Config.Poll the
// process compares the versions of all payments that are waited for, in case
// some word was lost.
//
// On HTTP/1.1 without TLS a held request costs little more than its connection:
// it is taken over from net/http, watched together with all others (on Linux;
// elsewhere by a small goroutine), answered with Connection: close, and counts no
// longer for http.Server.Shutdown: call [Service.Shutdown] first. Behind middleware
// that wraps the ResponseWriter, on HTTP/2 and with TLS in this process it is held
// the usual way.
package status

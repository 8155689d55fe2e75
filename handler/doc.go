// Package handler turns an answer that was found valid into an outcome in our
// words: references, movements, status, what the shopper must do next.
//
// A [Handler] reads one exchange and adds to one [gateway.Outcome]. It stores
// nothing and calls nobody: the engine, or the application, decides what to do
// with the outcome. A [Chain] runs named handlers in order. A handler that fails
// after the provider said yes makes the result indeterminate, never failed, and
// what was learned until then is kept.
//
//	handler.Compose(
//		handler.Named("refs", handler.Refs(map[string]string{"payment": "id"})),
//		handler.Named("money", handler.Typed(func(_ context.Context, x transfer.Exchange, p payment, out *gateway.Outcome) error {
//			out.Status = gateway.StatusSucceeded
//			...
//		})),
//		handler.Named("answer", handler.Keep(PaymentAnswer)),
//	)
package handler

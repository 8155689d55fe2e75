// Package command assembles gateway commands and runs them.
//
// A provider is a table of contents: a map from operation to [Spec], and each
// Spec is five small parts that do one thing each. [Assemble] turns the specs of
// all providers into commands, once, at start, after applying the application's
// edits. A [Pool] holds one provider's commands:
//
//	Subject ─► BuilderComposite ─► Document ─► TransferFactory ─► Transfer ─► Client ─► Response
//	                                                                                      │
//	Outcome ◄─ HandlerChain ◄──────────────── valid ◄── ValidatorComposite ◄──────────────┘
//	                                            └─► *gateway.Error{Code}
//
// Running one is all an application does:
//
//	out, err := pools.For("stripe").Get(gateway.OpCapture).Execute(ctx, subject)
//
// One command is one call of the provider; no state is touched. An application
// changes a command without touching the provider, by naming its parts:
//
//	command.Override("stripe", gateway.OpCapture,
//		command.Request(request.Replace("amount", mine), request.InsertAfter("amount", request.Named("descriptor", text))),
//		command.WrapClient(client.Retry(client.RetryOptions{Tries: 3})),
//	)
//
// Mistakes stop the start: an edit whose target does not exist says what does,
// with file and line; two edits of one part name both places. [Pools.Describe]
// prints what became of it all. Package gateway/gatewayfx does the same under
// go.uber.org/fx; nothing here needs it.
//
// # Where it differs from Magento's gateway on purpose
//
//   - What nobody understands is indeterminate, not declined. Nothing is logged:
//     every failure stands in the error, and its code says how loud to be.
//   - The provider's code, the merchant's text and the shopper's text are three
//     fields of an error. Unmapped codes are counted and none is dropped.
//   - A result that has failures is never valid.
//   - A command returns what it learned. A handler that fails after the provider
//     said yes loses none of it.
//   - Two builders that set one field are an error; request.DeepMerge is
//     Magento's merging, for composites that want it.
//   - An answer is decoded when a validator or handler asks for it, so that a
//     status can be judged whose body cannot be read.
//   - Settings are read where no handler computes them; there is no default
//     handler to forget.
//   - Amounts are in the currency that is paid. A shop's base currency is its own business.
//   - A missing stage or method stops the start. Nothing is skipped silently.
package command

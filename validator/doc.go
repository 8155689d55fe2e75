// Package validator judges a provider's answer before anything is believed.
//
// A [Validator] reads one exchange and returns a [Result]: failures, each with
// a code of ours. A [Composite] runs named validators in order and collects
// what they say; handlers run only when nobody objects. Providers write
// validators or, more often, compose the stock ones:
//
//   - [Status]: which HTTP statuses are answers, and what the others mean
//   - [ErrorMap]: the provider's error codes in our words
//   - [Echo]: the answer is for the amount, currency and reference that were sent
//   - [Struct]: the decoded answer keeps the rules of its validate tags
//
// The rule behind them: what is not understood is [gateway.CodeIndeterminate],
// never success and never failure.
//
//	validator.Compose(
//		validator.Breaking("errors", errors.Validator(readError)), // a decline with status 402 ends here
//		validator.Breaking("status", validator.Status(200)),
//		validator.Named("echo", validator.Echo{Amount: "amount", Currency: "currency"}),
//	)
package validator

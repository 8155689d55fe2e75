// Package returns is where a shopper's browser comes back to: from a bank, a
// wallet, a provider's page. It trusts nothing that the browser brings.
//
//	tokens := returns.Tokens{Secrets: []gateway.Secret{secret}}
//	back, err := returns.New(returns.Config{Storage: db, Engine: eng, Tokens: tokens, Page: page})
//	mux.Handle("/return/", back.Handler()) // and "/cancel/"
//
//	token, err := tokens.Make("es", payment.ID, returns.Return)
//	request.ReturnURL = "https://shop.example/return/" + token
//
// The token, which only the application can make, names the payment. Whatever
// else stands in the URL is the provider's business or an attacker's: whether the
// shopper has paid is asked from the provider, recorded like any other evidence,
// and the browser is sent to the page for what the ledger says then. A browser
// that comes twice, or at the same moment as the notification, changes nothing.
package returns

package returns_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/returns"
)

// The token goes into the URL that a provider sends the shopper's browser back to.
func ExampleTokens() {
	tokens := returns.Tokens{
		Secrets: []gateway.Secret{gateway.NewSecret(strings.Repeat("32 bytes or more", 2))},
		Now:     func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) },
	}
	token, err := tokens.Make("es", "pay_17", returns.Return)
	if err != nil {
		panic(err)
	}
	url := "https://shop.example/return/" + token
	claim, err := tokens.Verify(url[strings.LastIndex(url, "/")+1:], returns.Return)
	fmt.Println(claim.Store, claim.Payment, err)
	_, err = tokens.Verify("pay_17", returns.Return)
	fmt.Println(gateway.CodeOf(err))
	// Output:
	// es pay_17 <nil>
	// authentication
}

package decline_test

import (
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
)

func Example() {
	for _, r := range []decline.Reason{decline.InsufficientFunds, decline.StolenCard, decline.AuthenticationRequired, "brand_new"} {
		fmt.Println(r, r.Known(), r.Advice())
	}
	fmt.Println(decline.StolenCard.Message())
	// Output:
	// insufficient_funds true later
	// stolen_card true never
	// authentication_required true authenticate
	// brand_new false ask_shopper
	// The payment was declined. Please use another way to pay.
}

package gateway_test

import (
	"errors"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func Example() {
	price, err := gateway.Major("19.99", "EUR")
	fmt.Println(price, price.Minor(), err)
	total, _ := price.Mul(3)
	fmt.Println(total)
	_, err = gateway.Major("19.999", "EUR")
	fmt.Println(gateway.CodeOf(err))

	card := gateway.NewSecret("tok_4242")
	fmt.Printf("%v %#v\n", card, gateway.Instrument{Token: card}.Token)
	// Output:
	// 19.99 EUR 1999 <nil>
	// 59.97 EUR
	// invalid
	// *** ***
}

// A program decides by the code; a nil error alone does not mean paid.
func ExampleCodeOf() {
	for _, err := range []error{
		nil,
		&gateway.Error{Code: gateway.CodeDeclined, Message: "Please use another card."},
		errors.Join(gateway.CodeUnavailable, gateway.CodeIndeterminate),
	} {
		switch gateway.CodeOf(err) {
		case "":
			fmt.Println("ask out.Moved()")
		case gateway.CodeDeclined:
			fmt.Println("tell the shopper:", gateway.AsError(err, "").Message)
		case gateway.CodeIndeterminate:
			fmt.Println("ask the provider: money may have moved")
		}
	}
	// Output:
	// ask out.Moved()
	// tell the shopper: Please use another card.
	// ask the provider: money may have moved
}

// Balances are the sum of movements, in whatever order they come.
func ExampleFold() {
	eur := func(n int64) gateway.Money { return gateway.Minor(n, "EUR") }
	b, err := gateway.Fold("EUR", []gateway.Movement{
		{Kind: gateway.MoveRefund, Amount: eur(150), Reference: "re_1", Parent: "cap_1"},
		{Kind: gateway.MoveHold, Amount: eur(1000), Reference: "auth_1"},
		{Kind: gateway.MoveCapture, Amount: eur(600), Reference: "cap_1", Parent: "auth_1"},
		{Kind: gateway.MoveCapture, Amount: eur(600), Reference: "cap_1", Parent: "auth_1"}, // told twice, counted once
	})
	p := gateway.Payment{Due: eur(1000), Balances: b}
	fmt.Println(p.Status(), p.Capturable(), p.Refundable(), err)
	// Output: partially_refunded 4.00 EUR 4.50 EUR <nil>
}

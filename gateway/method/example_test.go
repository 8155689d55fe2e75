package method_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/method"
)

func Example() {
	card := method.Method{Name: "card", Rules: []method.Rule{
		method.Currencies("EUR", "USD"), method.Amounts(gateway.Minor(100, "EUR"), gateway.Money{}),
	}}
	fmt.Println(card.Available(context.Background(), gateway.Subject{Amount: gateway.Minor(1999, "EUR")}))
	fmt.Println(card.Available(context.Background(), gateway.Subject{Amount: gateway.Minor(50, "EUR")}))
	// Output:
	// <nil>
	// unsupported: method card is not available: unsupported: 0.50 EUR is less than 1.00 EUR
}

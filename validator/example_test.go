package validator_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

// First the errors that an answer states, then its status, then whether it is
// for what was sent. What is not understood is indeterminate.
func Example() {
	errors := validator.NewErrorMap(gateway.CodeIndeterminate, map[string]validator.Meaning{
		"expired_card": validator.Declined(decline.ExpiredCard),
	})
	judge := validator.Compose(
		validator.Breaking("errors", errors.Validator(func(x transfer.Exchange) ([]validator.Problem, error) {
			if x.Response.Status != 402 {
				return nil, nil
			}
			_, err := x.Document()
			return []validator.Problem{{Codes: []string{x.Value("error").Text()}}}, err
		})),
		validator.Breaking("status", validator.Status(200)),
		validator.Named("echo", validator.Echo{Amount: "amount"}),
	)
	for _, r := range []transfer.Response{
		{Status: 200, Body: []byte(`{"amount":1000}`)},
		{Status: 200, Body: []byte(`{"amount":1}`)},
		{Status: 402, Body: []byte(`{"error":"expired_card"}`)},
		{Status: 402, Body: []byte(`{"error":"brand_new"}`)},
		{Status: 503},
	} {
		x := transfer.NewExchange(&gateway.Subject{Amount: gateway.Minor(1000, "EUR")}, &transfer.Transfer{}, &r)
		fmt.Println(judge.Validate(context.Background(), x).Err())
		x.Release()
	}
	fmt.Println(errors.Unmapped())
	// Output:
	// <nil>
	// echo: indeterminate: the amount of the answer is 0.01 EUR, 10.00 EUR was sent: fetch the payment
	// errors: declined (expired_card): expired_card
	// errors: indeterminate: brand_new (unmapped)
	// status: indeterminate: status 503
	// map[brand_new:1]
}

package request_test

import (
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

func ExampleDocument() {
	doc := request.NewDocument()
	defer doc.Release()

	amount := doc.Object("amount")
	amount.Money("value", gateway.Minor(1000, "EUR"))
	amount.Text("currency", "EUR")
	doc.Secret("number", gateway.NewSecret("4111111111111111"))
	doc.Protect("amount")
	doc.Seal()

	fmt.Println(doc) // for logs
	body, err := request.Form.Append(nil, doc)
	fmt.Println(string(body), err)

	doc.Object("amount").Int("value", 1) // what a filter must not do
	fmt.Println(doc.Check())
	// Output:
	// {"amount":{"value":1000,"currency":"EUR"},"number":"***"}
	// amount[value]=1000&amount[currency]=EUR&number=4111111111111111 <nil>
	// invalid: field "amount" is protected
}

func ExampleBind() {
	answer, err := request.ParseJSON([]byte(`{"id":"ch_1","amount":{"value":1000,"currency":"EUR"},"livemode":false}`), request.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Release()

	type charge struct {
		ID     string `json:"id"`
		Amount struct {
			Value    int64  `json:"value"`
			Currency string `json:"currency"`
		} `json:"amount"`
	}
	c, err := request.Bind[charge](answer.Root())
	fmt.Println(c.ID, gateway.Minor(c.Amount.Value, c.Amount.Currency), err)
	fmt.Println(answer.Value("amount/currency").Text())
	// Output:
	// ch_1 10.00 EUR <nil>
	// EUR
}

package clienttest_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
)

func ExampleScript() {
	provider := clienttest.NewScript(clienttest.Answer(404, `{"error":"no such path"}`)).
		On("POST /v1/payments", clienttest.Answer(201, `{"id":"pi_1"}`)).
		On("POST /v1/payments/*/capture", clienttest.NotSent(), clienttest.Lost())

	for _, path := range []string{"/v1/payments", "/v1/payments/pi_1/capture", "/v1/payments/pi_1/capture"} {
		r, err := provider.PlaceRequest(context.Background(), to("POST", path, `{"amount":1000}`))
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(r.Status, string(r.Body))
	}
	fmt.Println(len(provider.Tried()), "tried,", len(provider.Sent()), "sent:", string(provider.Sent()[0].Body))
	// Output:
	// 201 {"id":"pi_1"}
	// client: unavailable: connection refused before anything was sent
	// client: indeterminate: the connection was lost, before the answer
	// 3 tried, 2 sent: {"amount":1000}
}

package handler_test

import (
	"context"
	"fmt"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Handlers add to one outcome what an answer says, in our words.
func Example() {
	chain := handler.Compose(
		handler.Named("refs", handler.Refs(map[string]string{"refund": "id"})),
		handler.Named("status", handler.Status("status", map[string]gateway.Status{"done": gateway.StatusSucceeded, "pending": gateway.StatusAwaiting})),
		handler.Named("money", handler.Movement(gateway.MoveRefund, handler.MovementPaths{Amount: "amount", Reference: "id"})),
	)
	for _, body := range []string{`{"id":"re_1","status":"done","amount":500}`, `{"id":"re_2","status":"pending","amount":500}`, `{"id":"re_3","status":"new"}`} {
		x := transfer.NewExchange(&gateway.Subject{Amount: gateway.Minor(500, "EUR")}, &transfer.Transfer{}, &transfer.Response{Status: 200, Body: []byte(body)})
		var out gateway.Outcome
		err := chain.Handle(context.Background(), x, &out)
		fmt.Printf("%s %q moved=%t %q\n", out.Reference("refund"), out.Status, out.Moved(), gateway.CodeOf(err))
		x.Release()
	}
	// Output:
	// re_1 "succeeded" moved=true ""
	// re_2 "awaiting" moved=false ""
	// re_3 "" moved=false "indeterminate"
}

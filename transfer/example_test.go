package transfer_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// A route makes a transfer; the wire is what leaves, signed for its store.
func Example() {
	route := transfer.Route{
		Method: http.MethodPost, Base: "https://api.example.com", Path: "/payments/{target}/captures",
		Encoder: request.JSON, KeyHeader: "Idempotency-Key",
		Signer: transfer.SignerFunc(func(_ context.Context, w *transfer.Wire) error {
			w.Header.Set("Authorization", "Bearer key-of-"+string(w.Store))
			return nil
		}),
	}
	doc := request.NewDocument()
	defer doc.Release()
	doc.Money("amount", gateway.Minor(1000, "EUR"))
	s := gateway.Subject{Store: "es", Target: "pay_1", IdempotencyKey: "order-17-ship-1"}
	t, err := route.Create(context.Background(), s, doc)
	if err != nil {
		fmt.Println(err)
		return
	}
	w, err := t.Wire(context.Background())
	fmt.Println(w.Method, w.URL, string(w.Body), w.Header.Get("Idempotency-Key"), err)

	s.Target = "../refunds"
	_, err = route.Create(context.Background(), s, doc)
	fmt.Println(gateway.CodeOf(err))
	// Output:
	// POST https://api.example.com/payments/pay_1/captures {"amount":1000} order-17-ship-1 <nil>
	// invalid
}

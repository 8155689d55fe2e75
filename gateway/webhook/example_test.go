package webhook_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// A provider's receiver: who is believed, what is understood, what is answered.
func ExampleReceiver() {
	scheme := webhook.HMAC{Header: "X-Acme-Signature", Prefix: "sha256=", Secrets: webhook.Fixed(gateway.NewSecret("from the provider's dashboard"))}
	receiver := webhook.Receiver{
		Verifier: scheme,
		Reader: webhook.ReaderFunc(func(_ context.Context, c webhook.Call) ([]webhook.Event, error) {
			var body struct{ ID, Type, Payment string }
			if err := webhook.DecodeJSON(c.Body, &body); err != nil {
				return nil, err
			}
			return []webhook.Event{{ID: body.ID, Kind: body.Type, Refs: gateway.Refs{{Name: "payment", Value: body.Payment}}, Fetch: true}}, nil
		}),
		Answers: webhook.Answers{webhook.CaseDone: webhook.Text(200, "SUCCESS")},
	}

	ctx := context.Background()
	call := webhook.Call{Store: "es", Header: http.Header{}, Body: []byte(`{"id":"evt_1","type":"captured","payment":"pay_7"}`)}
	if err := scheme.Sign(ctx, &call); err != nil { // as the provider does it
		panic(err)
	}
	trust, err := receiver.Verify(ctx, call)
	events, _ := receiver.Read(ctx, call, trust)
	fmt.Println(trust == webhook.Proved, err, events[0].Kind, string(receiver.Answer(webhook.CaseDone, nil).Body))

	call.Body[0] = '['
	_, err = receiver.Verify(ctx, call)
	fmt.Println(err)
	// Output:
	// true <nil> captured SUCCESS
	// authentication: the notification is refused: its signature is wrong
}

package simulator_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// The answer is lost, but the money is held: only the provider's ledger knows.
func ExampleServer_Next() {
	provider, err := simulator.Start(simulator.Config{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = provider.Close() }()
	provider.Next(simulator.OpCreatePayment, simulator.GatewayErrorAfter)

	body := `{"amount":{"value":1000,"currency":"EUR"},"instrument":"tok_ok","reference":"order-1"}`
	req, _ := http.NewRequest(http.MethodPost, provider.URL()+"/v1/payments", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+simulator.DefaultKey)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "operation-1")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()

	fmt.Println(resp.StatusCode)
	for _, e := range provider.Ledger() {
		fmt.Println(e.Kind, e.Amount, e.Currency, e.MerchantReference, e.Key)
	}
	fmt.Println(provider.Effects("operation-1"))
	// Output:
	// 504
	// hold 1000 EUR order-1 operation-1
	// 1
}

package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

func payment() *transfer.Transfer {
	return &transfer.Transfer{
		Store: "shop", Method: http.MethodPost, URL: &url.URL{Scheme: "https", Host: "api.example.com", Path: "/v1/payments"},
		Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"amount":1000}`),
	}
}

func Example() {
	c, err := client.New(client.Config{Hosts: []string{"api.example.com"}, Timeout: 10 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = c.Close() }()

	elsewhere := payment()
	elsewhere.URL.Host = "evil.example"
	_, err = c.PlaceRequest(context.Background(), elsewhere)
	fmt.Println(err)
	// Output: client: invalid: the host "evil.example:443" is none of those that this client may send to
}

func ExampleApply() {
	h, _ := client.New(client.Config{})
	c := client.Apply(h,
		client.Retry(client.RetryOptions{Tries: 5}),
		client.Breaker(client.BreakerOptions{}),
		client.RateLimit(client.LimitOptions{PerSecond: 25, Burst: 10}),
		client.Bulkhead(64, time.Second),
		client.Timeout(10*time.Second),
	)
	fmt.Println(client.Describe(c))
	_ = client.Close(c)
	// Output: retry(5 tries, 200ms..5s) > breaker(5 failures, 30s) > rate limit(25/s, burst 10) > bulkhead(64, 1s) > timeout(10s) > http(30s, 1 MiB, any host)
}

func ExampleRetry() {
	provider := clienttest.NewScript(clienttest.NotSent(), clienttest.Lost(), clienttest.Answer(200, `{}`))
	c := client.Apply(provider, client.Retry(client.RetryOptions{Wait: time.Millisecond}))

	_, err := c.PlaceRequest(context.Background(), payment())
	fmt.Println("may be paid:", errors.Is(err, gateway.CodeIndeterminate))
	fmt.Println("tries:", len(provider.Tried()))
	// Output:
	// may be paid: true
	// tries: 2
}

func ExampleObserve() {
	provider := clienttest.NewScript(clienttest.Answer(402, `{}`))
	c := client.Apply(provider, client.Observe(func(_ context.Context, a client.Attempt) {
		fmt.Println(a.Method, a.Path, a.Status, a.Tries)
	}))
	_, _ = c.PlaceRequest(context.Background(), payment())
	// Output: POST /v1/payments 402 1
}

func ExampleByContentType() {
	read := client.ByContentType(nil)
	_, err := read.Convert(&transfer.Response{
		Status: 502, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html>Bad Gateway</html>"),
	})
	fmt.Println(err)
	// Output: the answer is a web page, probably an error page
}

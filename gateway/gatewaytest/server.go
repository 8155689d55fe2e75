package gatewaytest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/stretchr/testify/require"
)

// received is one request as the server saw it.
type received struct {
	method, path string
	header       http.Header
	body         string
}

// everything returns the request as text, to search in.
func (r received) everything() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.method, r.path)
	names := make([]string, 0, len(r.header))
	for n := range r.header {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Fprintf(&b, "%s: %s\n", n, strings.Join(r.header[n], ", "))
	}
	return b.String() + "\n" + r.body
}

// server is the provider, as far as one check needs it.
type server struct {
	*httptest.Server

	mu   sync.Mutex
	seen []received
}

// serve starts a server that records requests and lets answer deal with the n-th of them, counted from 0.
func serve(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.seen)
		s.seen = append(s.seen, received{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
		s.mu.Unlock()
		answer(n, w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.seen...)
}

// stores are the two shops of every check.
var stores = []gateway.StoreID{"north", "south"}

// canaries returns a secret for each store, unlike anything else.
func canaries() map[gateway.StoreID]string {
	return map[gateway.StoreID]string{"north": "canary-north-7Qw3z", "south": "canary-south-9Xk5v"}
}

// command assembles the provider for an API at base, with more items.
func (c check) command(t *testing.T, base string, more ...command.Item) command.Command {
	t.Helper()
	pools, err := command.Assemble(append(c.Items(base, canaries()), more...)...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = pools.Close(t.Context()) })
	cmd, err := pools.For(c.Provider).Lookup(c.op)
	require.NoError(t, err)
	return cmd
}

// subject returns what the operation acts on.
func (c check) subject() gateway.Subject {
	amount := gateway.Minor(1000, "EUR")
	for _, currency := range c.currenciesOf() {
		if digits, _ := gateway.CurrencyDigits(currency); digits == 2 {
			amount = gateway.Minor(1000, currency)
		}
	}
	return c.shape(amount)
}

func (c check) shape(amount gateway.Money) gateway.Subject {
	s := gateway.Subject{
		Store: stores[0], Operation: "op_17", Amount: amount, Target: "target_1",
		IdempotencyKey: "key-" + string(c.op) + "-1", ReturnURL: "https://shop.example/return",
		Payment: gateway.Payment{ID: "pay_17", Store: stores[0], Due: amount},
		Order: &gateway.Order{
			Number: "1017", Description: "Order 1017",
			Lines:    []gateway.Line{{SKU: "sku-1", Name: "A thing", Quantity: 1, Price: amount}},
			Billing:  &gateway.Address{GivenName: "Ada", FamilyName: "Lovelace", Lines: []string{"1 High St"}, City: "London", PostalCode: "N1", Country: "GB"},
			Customer: &gateway.Customer{ID: "customer-1", Email: "ada@shop.example"},
			Metadata: map[string]string{"cart": "c-9"},
		},
		Instrument: &gateway.Instrument{Token: gateway.NewSecret("token-1")},
	}
	if c.Subject != nil {
		s = c.Subject(c.op, s)
	}
	return s
}

package sequra_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
)

// recording is a SeQura that takes every solicitation and shows its order.
func recording(t *testing.T) (pool *command.Pool, last func() map[string]any) {
	t.Helper()
	var mu sync.Mutex
	var order map[string]any
	p, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Order map[string]any }
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		mu.Lock()
		order = body.Order
		mu.Unlock()
		w.Header()["LOCATION"] = []string{"https://sandbox.sequrapi.com/orders/" + aRef + "?x=1"}
		w.WriteHeader(http.StatusNoContent)
	})
	return p, func() map[string]any { mu.Lock(); defer mu.Unlock(); return order }
}

func told(t *testing.T, m map[string]any, path ...string) any {
	t.Helper()
	var at any = m
	for _, name := range path {
		o, ok := at.(map[string]any)
		require.True(t, ok, "%v", path)
		at = o[name]
	}
	return at
}

// Everything that SeQura may be told is told under its name, what is not known is
// left out, and the order's name is read from the Location however it is spelled.
func TestAWholeOrderIsTold(t *testing.T) {
	t.Parallel()
	pool, last := recording(t)
	yes, rating, days := true, int64(80), "3"
	s := solicitation()
	s.NotifyURL, s.ReturnURL, s.CancelURL = "https://shop.example/n", "https://shop.example/r", "https://shop.example/c"
	s.Order.Lines = append(s.Order.Lines, gateway.Line{SKU: "care", Name: "Care", Kind: gateway.LineService, Quantity: 1, Price: eur(100)}, gateway.Line{SKU: "gift", Name: "Voucher", Kind: gateway.LineDiscount, Quantity: 1, Price: eur(-100)})
	s.Order.Shipping = &gateway.Address{GivenName: "Ada", MiddleName: "King", FamilyName: "Byron", Lines: []string{"a", "b"}, City: "Sevilla", PostalCode: "41001", Country: "ESP", Region: "SE", VATNumber: "X1"}
	s.Extras = gateway.With(sequra.Details.Of(sequra.Order{
		CartRef: "cart-9", CreatedAt: "2026-11-21T12:00:00Z", Gift: &yes, Layout: "smartphone", EventsURL: "https://shop.example/e",
		Items:          []sequra.Item{{Reference: "care", EndsIn: "P1Y"}, {Reference: "gift", Type: sequra.ItemOtherPayment}, {Reference: "shirt", Manufacturer: "M", Perishable: &yes}},
		DeliveryMethod: &sequra.DeliveryMethod{Name: "courier", Days: days, Provider: "Correos", HomeDelivery: &yes},
		Trackings:      []sequra.Tracking{{Type: "pickup_point", Reference: "r", StoreRef: "s"}},
		Options:        &sequra.Options{HasJQuery: &yes, DesiredFirstChargeOn: "2027-01-01"},
		Customer:       &sequra.Customer{NIN: "00000000T", Rating: &rating, PreviousOrders: []sequra.PreviousOrder{{CreatedAt: "2025-01-01", Amount: 100, Currency: "EUR"}}, Vehicle: &sequra.Vehicle{Plate: "1234ABC"}},
	}))
	out, err := pool.Get(sequra.OpSolicit).Execute(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, aRef, out.Reference("order"))
	o := last()
	assert.Nil(t, o["state"])
	assert.Nil(t, o["merchant_reference"], "there is no number yet")
	assert.Equal(t, "https://shop.example/n", told(t, o, "merchant", "notify_url"))
	assert.Equal(t, "https://shop.example/e", told(t, o, "merchant", "events_webhook", "url"))
	assert.Equal(t, "https://shop.example/r", told(t, o, "merchant", "return_url"))
	assert.Equal(t, "https://shop.example/c", told(t, o, "merchant", "abort_url"))
	assert.Equal(t, map[string]any{"has_jquery": true, "desired_first_charge_on": "2027-01-01"}, told(t, o, "merchant", "options"))
	assert.Equal(t, "pay_1", told(t, o, "merchant", "notification_parameters", "payment"))
	assert.Equal(t, told(t, o, "merchant", "notification_parameters"), told(t, o, "merchant", "events_webhook", "parameters"))
	assert.Equal(t, "cart-9", told(t, o, "cart", "cart_ref"))
	assert.Equal(t, 3000.0, told(t, o, "cart", "order_total_with_tax"))
	items := told(t, o, "cart", "items").([]any)
	require.Len(t, items, 5)
	assert.Equal(t, map[string]any{"reference": "shirt", "name": "A shirt, ñ", "price_with_tax": 1300.0, "quantity": 2.0, "total_with_tax": 2600.0, "downloadable": false, "perishable": true, "manufacturer": "M"}, items[0])
	assert.Equal(t, map[string]any{"type": "handling", "reference": "ship", "name": "Courier", "total_with_tax": 600.0}, items[1])
	assert.Equal(t, map[string]any{"type": "discount", "reference": "spring", "name": "Spring", "total_with_tax": -200.0}, items[2])
	assert.Equal(t, map[string]any{"type": "service", "reference": "care", "name": "Care", "price_with_tax": 100.0, "quantity": 1.0, "total_with_tax": 100.0, "downloadable": false, "ends_in": "P1Y"}, items[3])
	assert.Equal(t, map[string]any{"type": "other_payment", "reference": "gift", "name": "Voucher", "total_with_tax": -100.0}, items[4])
	assert.Equal(t, "Ada King", told(t, o, "delivery_address", "given_names"))
	assert.Equal(t, "Lovelace", told(t, o, "invoice_address", "surnames"))
	assert.Equal(t, true, told(t, o, "customer", "logged_in"))
	assert.Equal(t, "00000000T", told(t, o, "customer", "nin"))
	assert.Equal(t, "192.0.2.1", told(t, o, "customer", "ip_number"))
	assert.Equal(t, "ada@shop.example", told(t, o, "customer", "email"), "what the details do not say is the order's")
	assert.Equal(t, "1234ABC", told(t, o, "customer", "vehicle", "plate"))
	assert.Equal(t, "smartphone", told(t, o, "gui", "layout"))
	assert.Equal(t, "pickup_point", told(t, map[string]any{"t": o["trackings"].([]any)[0]}, "t", "type"))

	plain := solicitation()
	plain.Order.Customer = &gateway.Customer{Email: "guest@shop.example", Guest: true}
	_, err = pool.Get(sequra.OpSolicit).Execute(t.Context(), plain)
	require.NoError(t, err)
	assert.Equal(t, false, told(t, last(), "customer", "logged_in"))
	assert.Nil(t, told(t, last(), "merchant", "notify_url"), "without an address nobody is notified")
	assert.Equal(t, map[string]any{"name": "Courier"}, told(t, last(), "delivery_method"))
	plain.Order.Customer = nil
	plain.Order.Billing.Email = "b@shop.example"
	_, err = pool.Get(sequra.OpSolicit).Execute(t.Context(), plain)
	require.NoError(t, err)
	assert.Equal(t, "unknown", told(t, last(), "customer", "logged_in"))
}

// What SeQura would refuse is refused before it is sent.
func TestWhatSeQuraWouldRefuseIsNotSent(t *testing.T) {
	t.Parallel()
	pool, last := recording(t)
	more := func(d sequra.Order) func(*gateway.Subject) {
		return func(s *gateway.Subject) { s.Extras = gateway.With(sequra.Details.Of(d)) }
	}
	first := func(change func(l *gateway.Line)) func(*gateway.Subject) {
		return func(s *gateway.Subject) { change(&s.Order.Lines[0]) }
	}
	for name, change := range map[string]func(*gateway.Subject){
		"no order":                  func(s *gateway.Subject) { s.Order = nil },
		"no lines":                  func(s *gateway.Subject) { s.Order.Lines = nil },
		"a part of what is due":     func(s *gateway.Subject) { s.Amount = eur(2000) },
		"no quantity":               first(func(l *gateway.Line) { l.Quantity = 0 }),
		"no name":                   first(func(l *gateway.Line) { l.Name = "" }),
		"no SKU":                    first(func(l *gateway.Line) { l.SKU = "" }),
		"a tax":                     first(func(l *gateway.Line) { l.Kind = gateway.LineTax }),
		"another currency":          first(func(l *gateway.Line) { l.Price = gateway.Minor(1300, "USD") }),
		"a product that costs less": first(func(l *gateway.Line) { l.Price = eur(-1300) }),
		"a discount that adds":      func(s *gateway.Subject) { s.Order.Lines[2].Price = eur(200) },
		"a service without an end":  first(func(l *gateway.Line) { l.Kind = gateway.LineService }),
		"a service with two ends": func(s *gateway.Subject) {
			s.Order.Lines[0].Kind = gateway.LineService
			more(sequra.Order{Items: []sequra.Item{{Reference: "shirt", EndsIn: "P1M", EndsOn: "2027-01-01"}}})(s)
		},
		"an end that is none": func(s *gateway.Subject) {
			s.Order.Lines[0].Kind = gateway.LineService
			more(sequra.Order{Items: []sequra.Item{{Reference: "shirt", EndsOn: "soon"}}})(s)
		},
		"a time that is none": func(s *gateway.Subject) {
			s.Order.Lines[0].Kind = gateway.LineService
			more(sequra.Order{Items: []sequra.Item{{Reference: "shirt", EndsIn: "1 month"}}})(s)
		},
		"a country that is none":  func(s *gateway.Subject) { s.Order.Billing.Country = "Spain" },
		"no mail address":         func(s *gateway.Subject) { s.Order.Customer.Email = "" },
		"a URL that is none":      func(s *gateway.Subject) { s.NotifyURL = "shop.example" },
		"a date that is none":     more(sequra.Order{CreatedAt: "21/11/2026"}),
		"a birthday that is none": more(sequra.Order{Customer: &sequra.Customer{DateOfBirth: "yesterday"}}),
		"a layout that is none":   more(sequra.Order{Layout: "watch"}),
		"a tracking that is none": more(sequra.Order{Trackings: []sequra.Tracking{{Type: "drone", Reference: "r"}}}),
	} {
		s := solicitation()
		change(&s)
		_, err := pool.Get(sequra.OpSolicit).Execute(t.Context(), s)
		require.ErrorIs(t, err, gateway.CodeInvalid, name)
	}
	assert.Nil(t, last(), "nothing was sent")
}

// An answer that names no order is not believed.
func TestASolicitationWithoutANameIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "https://sandbox.sequrapi.com", "https://sandbox.sequrapi.com/", "https://sandbox.sequrapi.com/orders/..", "https://sandbox.sequrapi.com/orders/a%2Fb", "%%%"} {
		pool, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			if location != "" {
				w.Header().Set("Location", location)
			}
			w.WriteHeader(http.StatusNoContent)
		})
		_, err := pool.Get(sequra.OpSolicit).Execute(t.Context(), solicitation())
		require.ErrorIs(t, err, gateway.CodeIndeterminate, location)
	}
	for _, body := range []string{"", "   ", "\xff<form>"} {
		pool, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(body))
		})
		_, err := pool.Get(sequra.OpForm).Execute(t.Context(), gateway.Subject{Store: "es", Target: aRef})
		require.ErrorIs(t, err, gateway.CodeIndeterminate, "%q", body)
	}
}

package stripe_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/form"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

// Stripe's own SDK writes the same forms.
func TestFormsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	str, number, yes := stripego.String[string], stripego.Int64, stripego.Bool(true)
	expand := func(path string) []*string { return []*string{str(path)} }
	for name, c := range map[string]struct {
		op     gateway.Operation
		change func(*gateway.Subject)
		params any
	}{
		"authorize": {
			gateway.OpAuthorize, func(s *gateway.Subject) {
				s.Order = &gateway.Order{
					Number: "1017", Description: "Größe & more", Metadata: map[string]string{"a b": "c=d"},
					Shipping: &gateway.Address{GivenName: "Ada", Lines: []string{"1 High St"}, City: "London", PostalCode: "N1", Country: "GB"},
				}
				s.Payment.ID, s.Instrument.Customer, s.SaveInstrument = "pay_1", "cus_1", true
				s.Extras = gateway.With(stripe.Options.Of(stripe.CardOptions{Multicapture: true}), stripe.StatementSuffix.Of("ORDER 1017"))
			},
			&stripego.PaymentIntentParams{
				Expand: expand("latest_charge"), Metadata: map[string]string{"a b": "c=d", "gateway_operation": "op_17", "gateway_payment": "pay_1", "order_number": "1017"},
				Amount: number(1000), Currency: str("eur"), CaptureMethod: str("manual"), PaymentMethod: str("pm_card_visa"), Confirm: yes,
				Customer: str("cus_1"), Description: str("Größe & more"), ReturnURL: str("https://shop.example/return"), SetupFutureUsage: str("off_session"),
				StatementDescriptorSuffix: str("ORDER 1017"), AutomaticPaymentMethods: &stripego.PaymentIntentAutomaticPaymentMethodsParams{Enabled: yes},
				Shipping: &stripego.ShippingDetailsParams{Name: str("Ada"), Address: &stripego.AddressParams{
					Line1: str("1 High St"), City: str("London"), PostalCode: str("N1"), Country: str("GB"),
				}},
				PaymentMethodOptions: &stripego.PaymentIntentPaymentMethodOptionsParams{Card: &stripego.PaymentIntentPaymentMethodOptionsCardParams{RequestMulticapture: str("if_available")}},
			},
		},
		"capture": {
			gateway.OpCapture, func(s *gateway.Subject) {
				s.Extras = gateway.With(stripe.Options.Of(stripe.CardOptions{Multicapture: true}))
			},
			&stripego.PaymentIntentCaptureParams{
				Expand: expand("latest_charge.balance_transaction"), Metadata: map[string]string{"gateway_capture": "op_17"},
				AmountToCapture: number(1000), FinalCapture: stripego.Bool(false),
			},
		},
		"refund": {
			gateway.OpRefund, func(s *gateway.Subject) { s.Reason = "fraudulent" },
			&stripego.RefundParams{
				Metadata: map[string]string{"gateway_operation": "op_17"}, Amount: number(1000), PaymentIntent: str("pi_1"), Reason: str("fraudulent"),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, answer(t, name))
			_, err := s.run(c.op, c.change)
			require.NoError(t, err)
			theirs := &form.Values{}
			form.AppendTo(theirs, c.params)
			want, err := url.ParseQuery(theirs.Encode())
			require.NoError(t, err)
			assert.Equal(t, want, s.sent())
		})
	}
}

package stripe_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

// situation is what a request is made for, and what must stand in it.
type situation struct {
	op     gateway.Operation
	file   string
	change func(*gateway.Subject)
	want   url.Values
	absent []string
}

func situations() map[string]situation {
	consent := &gateway.Instrument{Token: gateway.NewSecret("pm_1"), Customer: "cus_1", Mandate: "mandate_1", NetworkTransaction: "976910580106370"}
	return map[string]situation{
		"a shopper who comes back": {
			gateway.OpAuthorize, "authorize", func(*gateway.Subject) {},
			url.Values{"confirm": {"true"}, "return_url": {"https://shop.example/return"}, "automatic_payment_methods[enabled]": {"true"}},
			[]string{"automatic_payment_methods[allow_redirects]", "use_stripe_sdk", "off_session", "setup_future_usage", "customer"},
		},
		"a shopper who stays on the page": {
			gateway.OpPurchase, "purchase", func(s *gateway.Subject) { s.ReturnURL = "" },
			url.Values{"use_stripe_sdk": {"true"}, "automatic_payment_methods[allow_redirects]": {"never"}},
			[]string{"return_url"},
		},
		"the merchant charges": {
			gateway.OpPurchase, "purchase",
			func(s *gateway.Subject) {
				s.Instrument, s.SaveInstrument = consent, true
				s.Order = &gateway.Order{SCA: &gateway.SCA{Initiator: gateway.ByMerchant, Recurring: true}}
			},
			url.Values{"off_session": {"true"}, "mandate": {"mandate_1"}, "customer": {"cus_1"}, "automatic_payment_methods[allow_redirects]": {"never"}},
			[]string{"return_url", "use_stripe_sdk", "setup_future_usage"},
		},
		"the instrument is kept": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) {
				s.SaveInstrument = true
				s.Order = &gateway.Order{Customer: &gateway.Customer{ProviderID: "cus_2"}}
			},
			url.Values{"setup_future_usage": {"off_session"}, "customer": {"cus_2"}},
			nil,
		},
		"what the page collected": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) {
				s.Instrument = &gateway.Instrument{Kind: "confirmation_token", Token: gateway.NewSecret("ctoken_1")}
			},
			url.Values{"confirmation_token": {"ctoken_1"}, "confirm": {"true"}},
			[]string{"payment_method"},
		},
		"an order": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) {
				s.Payment.ID = "pay_1"
				s.Order = &gateway.Order{
					Number: "1017", Description: "Order 1017", Metadata: map[string]string{"cart": "c 9 & more"},
					Shipping: &gateway.Address{GivenName: "Ada", FamilyName: "Lovelace", Lines: []string{"1 High St", "Flat 2"}, City: "London", Region: "LND", PostalCode: "N1", Country: "GB", Phone: "+44 20"},
				}
				s.Extras = gateway.With(stripe.StatementSuffix.Of("ORDER 1017"), stripe.ReceiptEmail.Of("ada@shop.example"))
			},
			url.Values{
				"description": {"Order 1017"}, "shipping[name]": {"Ada Lovelace"}, "shipping[phone]": {"+44 20"}, "shipping[address][line1]": {"1 High St"},
				"shipping[address][line2]": {"Flat 2"}, "shipping[address][city]": {"London"}, "shipping[address][state]": {"LND"},
				"shipping[address][postal_code]": {"N1"}, "shipping[address][country]": {"GB"}, "metadata[cart]": {"c 9 & more"},
				"metadata[gateway_operation]": {"op_17"}, "metadata[gateway_payment]": {"pay_1"}, "metadata[order_number]": {"1017"},
				"statement_descriptor_suffix": {"ORDER 1017"}, "receipt_email": {"ada@shop.example"},
			},
			nil,
		},
		"goods for a company": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) {
				s.Order = &gateway.Order{Shipping: &gateway.Address{Company: "Acme", Lines: []string{"1 High St"}}}
			},
			url.Values{"shipping[name]": {"Acme"}},
			nil,
		},
		"goods for nobody": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) {
				s.Order = &gateway.Order{Shipping: &gateway.Address{City: "London"}}
			},
			nil,
			[]string{"shipping[address][city]"},
		},
		"what the card may allow": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) {
				s.Extras = gateway.With(stripe.Options.Of(stripe.CardOptions{Multicapture: true, Incremental: true, Overcapture: true, Extended: true}))
			},
			url.Values{
				"payment_method_options[card][request_multicapture]": {"if_available"}, "payment_method_options[card][request_overcapture]": {"if_available"},
				"payment_method_options[card][request_incremental_authorization]": {"if_available"}, "payment_method_options[card][request_extended_authorization]": {"if_available"},
			},
			nil,
		},
		"a challenge is wanted": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) { s.Order = &gateway.Order{SCA: &gateway.SCA{Challenge: "mandated"}} },
			url.Values{"payment_method_options[card][request_three_d_secure]": {"challenge"}},
			nil,
		},
		"authenticated elsewhere": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) {
				s.Order = &gateway.Order{SCA: &gateway.SCA{
					Challenge: "no_preference", ECI: "05", CAVV: gateway.NewSecret("AAABBEg0VhI0VniQEjRWAAAAAAA="), Version: "2.2.0",
					DirectoryTransaction: "c4e59ceb-a382-4d6a-bc87-385d591fa09d", Status: "Y",
				}}
			},
			url.Values{
				"payment_method_options[card][request_three_d_secure]":                        {"automatic"},
				"payment_method_options[card][three_d_secure][cryptogram]":                    {"AAABBEg0VhI0VniQEjRWAAAAAAA="},
				"payment_method_options[card][three_d_secure][electronic_commerce_indicator]": {"05"},
				"payment_method_options[card][three_d_secure][version]":                       {"2.2.0"},
				"payment_method_options[card][three_d_secure][ares_trans_status]":             {"Y"},
			},
			nil,
		},
		"the page brought a payment method": {
			gateway.OpContinue, "continue", func(s *gateway.Subject) {
				s.Instrument, s.Input = nil, map[string]string{"payment_method": "pm_9"}
			},
			url.Values{"payment_method": {"pm_9"}},
			[]string{"confirmation_token"},
		},
		"the page collected another": {
			gateway.OpContinue, "continue", func(s *gateway.Subject) {
				s.Instrument = &gateway.Instrument{Kind: "confirmation_token", Token: gateway.NewSecret("ctoken_2")}
			},
			url.Values{"confirmation_token": {"ctoken_2"}},
			[]string{"payment_method"},
		},
		"a challenge is requested": {
			gateway.OpAuthorize, "authorize", func(s *gateway.Subject) { s.Order = &gateway.Order{SCA: &gateway.SCA{Challenge: "requested"}} },
			url.Values{"payment_method_options[card][request_three_d_secure]": {"any"}},
			nil,
		},
		"confirmed once more as it is": {
			gateway.OpContinue, "continue", func(s *gateway.Subject) { s.Instrument = nil }, nil, []string{"payment_method"},
		},
		"a customer": {
			stripe.OpCreateCustomer, "create_customer", func(s *gateway.Subject) {
				s.Order = &gateway.Order{
					Customer: &gateway.Customer{ID: "7", GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@shop.example", Phone: "+44 20", Language: "en-GB"},
					Billing:  &gateway.Address{Lines: []string{"1 High St"}, Country: "GB"},
				}
			},
			url.Values{"name": {"Ada Lovelace"}, "email": {"ada@shop.example"}, "phone": {"+44 20"}, "preferred_locales[0]": {"en-GB"}, "metadata[customer_id]": {"7"}, "address[country]": {"GB"}},
			nil,
		},
		"balance transactions of a charge": {
			stripe.OpListBalance, "list_balance_transactions", func(s *gateway.Subject) {
				s.Extras = gateway.With(stripe.ListPage.Of(stripe.Page{Source: "ch_1", After: "txn_0", Limit: 100}))
			},
			url.Values{"source": {"ch_1"}, "starting_after": {"txn_0"}, "limit": {"100"}},
			[]string{"created[gte]"},
		},
		"refunds of a payment": {
			stripe.OpListRefunds, "list_refunds", func(s *gateway.Subject) {
				s.Extras = gateway.With(stripe.ListPage.Of(stripe.Page{Intent: "pi_1"}))
			},
			url.Values{"payment_intent": {"pi_1"}},
			nil,
		},
		"several captures": {
			gateway.OpCapture, "capture", func(s *gateway.Subject) {
				s.Extras = gateway.With(stripe.Options.Of(stripe.CardOptions{Multicapture: true}), stripe.StatementSuffix.Of("PART 1"))
			},
			url.Values{"final_capture": {"false"}, "statement_descriptor_suffix": {"PART 1"}, "metadata[gateway_capture]": {"op_17"}},
			nil,
		},
		"a refund with a reason of the shop": {
			gateway.OpRefund, "refund", func(s *gateway.Subject) { s.Reason = "too small" }, url.Values{"metadata[reason]": {"too small"}}, []string{"reason"},
		},
	}
}

func TestARequestSaysWhatTheSubjectMeans(t *testing.T) {
	t.Parallel()
	for name, c := range situations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, answer(t, c.file))
			_, err := s.run(c.op, c.change)
			require.NoError(t, err)
			sent := s.sent()
			for field, want := range c.want {
				assert.Equal(t, want, sent[field], field)
			}
			for _, field := range c.absent {
				assert.NotContains(t, sent, field)
			}
		})
	}
}

func TestARequestThatCannotBeMadeIsNotSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op     gateway.Operation
		change func(*gateway.Subject)
	}{
		"no key": {gateway.OpAuthorize, func(s *gateway.Subject) { s.IdempotencyKey = "" }},
		"a long suffix": {gateway.OpAuthorize, func(s *gateway.Subject) {
			s.Extras = gateway.With(stripe.StatementSuffix.Of("TWENTY THREE CHARACTERS"))
		}},
		"no payment":       {gateway.OpCapture, func(s *gateway.Subject) { s.Target = "" }},
		"another path":     {gateway.OpCapture, func(s *gateway.Subject) { s.Target = "../customers" }},
		"no customer":      {stripe.OpAttach, func(s *gateway.Subject) { s.Target = "pm_1" }},
		"a page too large": {gateway.OpList, func(s *gateway.Subject) { s.Extras = gateway.With(stripe.ListPage.Of(stripe.Page{Limit: 101})) }},
		"our own name": {gateway.OpAuthorize, func(s *gateway.Subject) {
			s.Order = &gateway.Order{Metadata: map[string]string{"gateway_operation": "mine"}}
		}},
	} {
		s := open(t)
		_, err := s.run(c.op, c.change)
		require.ErrorIs(t, err, gateway.CodeInvalid, name)
		assert.Empty(t, s.script.Tried(), name)
	}
}

func TestAPaymentIsNamedByTheSubjectOrByItsReferences(t *testing.T) {
	t.Parallel()
	s := open(t, answer(t, "capture"))
	s.must(gateway.OpCapture, func(s *gateway.Subject) {
		s.Target, s.Payment.Refs = "ch_1", gateway.Refs{{Name: "payment_intent", Value: "pi_1"}}
	})
	assert.Equal(t, "/v1/payment_intents/pi_1/capture", s.script.Sent()[0].URL.Path)
}

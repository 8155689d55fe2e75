package stripe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

// acting is a purchase that waits for the shopper.
func acting(next any) []func(object) {
	return []func(object){set("status", "requires_action"), set("amount_received", 0), set("latest_charge", nil), set("next_action", next)}
}

var redirect = object{"type": "redirect_to_url", "redirect_to_url": object{"url": "https://hooks.stripe.com/3d_secure/1", "return_url": "https://shop.example/return"}}

func TestThreeKindsOfNextActions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		next object
		want gateway.Action
	}{
		"a redirect": {redirect, gateway.Action{Kind: gateway.ActionRedirect, URL: "https://hooks.stripe.com/3d_secure/1"}},
		"the SDK": {
			object{"type": "use_stripe_sdk", "use_stripe_sdk": object{"type": "three_d_secure_redirect", "stripe_js": "https://hooks.stripe.com/x"}},
			gateway.Action{Kind: gateway.ActionSDK, Fields: map[string]string{"type": "use_stripe_sdk", "client_secret": "pi_1_secret_Xq8"}},
		},
		"a display": {
			object{"type": "display_bank_transfer_instructions", "display_bank_transfer_instructions": object{
				"type": "eu_bank_transfer", "amount_remaining": 1000, "currency": "eur", "reference": "ABC", "hosted_instructions_url": "https://payments.stripe.com/x",
				"financial_addresses": []any{object{"type": "iban", "iban": object{"iban": "DE1", "bic": "X"}}},
			}},
			gateway.Action{Kind: gateway.ActionDisplay, URL: "https://payments.stripe.com/x", Fields: map[string]string{
				"type": "eu_bank_transfer", "amount_remaining": "1000", "currency": "eur", "reference": "ABC", "hosted_instructions_url": "https://payments.stripe.com/x",
				"financial_addresses/0/type": "iban", "financial_addresses/0/iban/iban": "DE1", "financial_addresses/0/iban/bic": "X",
			}},
		},
		"a voucher that expires": {
			object{"type": "boleto_display_details", "boleto_display_details": object{"number": "1", "expires_at": 1763726400, "hosted_voucher_url": "https://v.example"}},
			gateway.Action{
				Kind: gateway.ActionDisplay, URL: "https://v.example", Expires: time.Unix(1763726400, 0).UTC(),
				Fields: map[string]string{"number": "1", "expires_at": "1763726400", "hosted_voucher_url": "https://v.example"},
			},
		},
		"a wait": {object{"type": "blik_authorize", "blik_authorize": object{}}, gateway.Action{Kind: gateway.ActionWait}},
		"one that is new goes to Stripe's SDK": {
			object{"type": "blink_twice", "blink_twice": object{"eyes": 2}},
			gateway.Action{Kind: gateway.ActionSDK, Fields: map[string]string{"type": "blink_twice", "client_secret": "pi_1_secret_Xq8"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := open(t, answer(t, "purchase", acting(c.next)...)).must(gateway.OpPurchase)
			assert.Equal(t, gateway.StatusActionRequired, out.Status)
			assert.False(t, out.Moved())
			assert.Empty(t, out.Movements)
			require.NotNil(t, out.Action)
			assert.Equal(t, c.want, *out.Action)
		})
	}
}

func TestAnActionThatCannotBeShownIsIndeterminate(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]any{
		"none":    nil,
		"no URL":  object{"type": "redirect_to_url", "redirect_to_url": object{"url": nil, "return_url": nil}},
		"a trick": object{"type": "redirect_to_url", "redirect_to_url": object{"url": "javascript:alert(1)"}},
	} {
		_, err := open(t, answer(t, "purchase", acting(next)...)).run(gateway.OpPurchase)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, name)
	}
}

// A payment that is made before the shopper chose how to pay is handed to the page.
func TestWithoutAnInstrumentThePageConfirms(t *testing.T) {
	t.Parallel()
	s := open(t, answer(t, "authorize", set("status", "requires_payment_method"), set("amount_capturable", 0), set("latest_charge", nil), set("payment_method", nil)))
	out := s.must(gateway.OpAuthorize, func(s *gateway.Subject) { s.Instrument = nil })
	assert.Equal(t, gateway.StatusAwaiting, out.Status)
	assert.Empty(t, out.Movements)
	assert.Equal(t, &gateway.Action{Kind: gateway.ActionSDK, Fields: map[string]string{"type": "requires_payment_method", "client_secret": "pi_1_secret_Xq8"}}, out.Action)
	for _, name := range []string{"confirm", "payment_method", "return_url", "use_stripe_sdk"} {
		assert.False(t, s.sent().Has(name), name)
	}
}

func TestASetupStoresAnInstrument(t *testing.T) {
	t.Parallel()
	s := open(t, answer(t, "verify", set("mandate", "mandate_1")), answer(t, "verify", set("status", "requires_action"), set("next_action", redirect)))
	out := s.must(gateway.OpVerify, func(s *gateway.Subject) { s.Instrument.Customer = "cus_1" })
	assert.Equal(t, "off_session", s.sent().Get("usage"))
	require.NotNil(t, out.Instrument)
	assert.Equal(t, "pm_1", out.Instrument.Token.Reveal())
	assert.True(t, out.Instrument.Reusable)
	assert.Equal(t, "mandate_1", out.Instrument.Mandate)
	assert.Equal(t, "4242", out.Instrument.Last4)
	assert.Empty(t, out.Movements, "no money")

	out = s.must(gateway.OpVerify)
	assert.Equal(t, gateway.StatusActionRequired, out.Status)
	assert.Equal(t, gateway.ActionRedirect, out.Action.Kind)
	assert.Nil(t, out.Instrument, "not stored yet")

	_, err := open(t, answer(t, "verify.declined")).run(gateway.OpVerify)
	require.ErrorIs(t, err, gateway.CodeDeclined)
	assert.Equal(t, "seti_1", gateway.AsError(err, "").Reference)
	failed := object{"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}
	gone := []func(object){set("status", "requires_payment_method"), set("last_setup_error", failed), set("payment_method", nil)}
	_, err = open(t, answer(t, "verify", gone...)).run(gateway.OpVerify)
	require.ErrorIs(t, err, gateway.CodeDeclined, "a 200 can be a decline")
	asked := open(t, answer(t, "fetch_setup", gone...)).must(stripe.OpFetchSetup, func(s *gateway.Subject) { s.Target = "seti_1" })
	assert.Equal(t, gateway.StatusFailed, asked.Status)
	assert.Equal(t, decline.LostCard, asked.Reason)
	_, err = open(t, answer(t, "verify", set("status", "requires_action"))).run(gateway.OpVerify)
	require.ErrorIs(t, err, gateway.CodeIndeterminate, "which action is not said")
	waits := open(t, answer(t, "verify", set("status", "requires_confirmation"))).must(gateway.OpVerify)
	assert.Equal(t, gateway.ActionSDK, waits.Action.Kind)

	out = open(t, answer(t, "fetch_setup", set("status", "canceled"))).must(stripe.OpFetchSetup, func(s *gateway.Subject) { s.Target = "seti_1" })
	assert.Equal(t, gateway.StatusFailed, out.Status)
}

func TestAPaymentTellsWhatPaid(t *testing.T) {
	t.Parallel()
	out := open(t, answer(t, "purchase", set("customer", "cus_1"), set("setup_future_usage", "off_session"))).must(gateway.OpPurchase, func(s *gateway.Subject) {
		s.SaveInstrument, s.Instrument.Customer = true, "cus_1"
	})
	i := out.Instrument
	require.NotNil(t, i)
	assert.Equal(t, "card", i.Kind)
	assert.Equal(t, "visa 4242 12/2034", i.Brand+" "+i.Last4+" "+time.Date(i.ExpiryYear, time.Month(i.ExpiryMonth), 1, 0, 0, 0, 0, time.UTC).Format("01/2006"))
	assert.Equal(t, "976910580106370", i.NetworkTransaction)
	assert.Equal(t, "mToisGZ01V71BCos", i.Fingerprint)
	assert.True(t, i.Reusable)
	out = open(t, answer(t, "purchase")).must(gateway.OpPurchase)
	assert.False(t, out.Instrument.Reusable, "nobody asked to keep it")

	debit := object{"type": "sepa_debit", "sepa_debit": object{"last4": "3000", "mandate": "mandate_1", "fingerprint": "f"}}
	out = open(t, answer(t, "purchase", append(pendingCharge, set("latest_charge/payment_method_details", debit))...)).must(gateway.OpPurchase)
	assert.Equal(t, "sepa_debit", out.Instrument.Kind)
	assert.Equal(t, "mandate_1", out.Instrument.Mandate)
}

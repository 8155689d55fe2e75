package stripe

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// NextAction is what must happen before a payment can go on. What belongs to its
// type is flattened: "financial_addresses/0/iban/iban" is one field.
type NextAction struct {
	Type   string
	Fields map[string]string
}

// UnmarshalJSON reads the type and what stands under its name.
func (n *NextAction) UnmarshalJSON(data []byte) error {
	*n = NextAction{}
	doc, err := request.ParseJSON(data, request.Limits{})
	if err != nil {
		return err
	}
	defer doc.Release()
	n.Type = doc.Value("type").Text()
	doc.Walk(func(path string, v request.Value) bool {
		if name, ok := strings.CutPrefix(path, n.Type+"/"); ok && v.Raw() != "" {
			if n.Fields == nil {
				n.Fields = map[string]string{}
			}
			n.Fields[name] = v.Raw()
		}
		return true
	})
	return nil
}

// actions are the kinds of next actions
// (https://docs.stripe.com/api/payment_intents/object#payment_intent_object-next_action).
// A type that is not listed goes to Stripe.js, which documents that it handles
// whatever comes next for a client secret
// (https://docs.stripe.com/js/payment_intents/handle_next_action).
var actions = map[string]gateway.ActionKind{
	"redirect_to_url":           gateway.ActionRedirect,
	"alipay_handle_redirect":    gateway.ActionRedirect,
	"use_stripe_sdk":            gateway.ActionSDK,
	"card_await_notification":   gateway.ActionWait,
	"blik_authorize":            gateway.ActionWait,
	"verify_with_microdeposits": gateway.ActionDisplay,

	"boleto_display_details":             gateway.ActionDisplay,
	"display_bank_transfer_instructions": gateway.ActionDisplay,
	"klarna_display_qr_code":             gateway.ActionDisplay,
	"konbini_display_details":            gateway.ActionDisplay,
	"multibanco_display_details":         gateway.ActionDisplay,
	"oxxo_display_details":               gateway.ActionDisplay,
	"paynow_display_qr_code":             gateway.ActionDisplay,
	"pix_display_qr_code":                gateway.ActionDisplay,
	"promptpay_display_qr_code":          gateway.ActionDisplay,
	"wechat_pay_display_qr_code":         gateway.ActionDisplay,

	"cashapp_handle_redirect_or_display_qr_code": gateway.ActionDisplay,
	"swish_handle_redirect_or_display_qr_code":   gateway.ActionDisplay,
	"upi_handle_redirect_or_display_qr_code":     gateway.ActionDisplay,
}

// action says what the shopper, or the shopper's page, must do.
func (n *NextAction) action(secret gateway.Secret) (*gateway.Action, error) {
	kind, listed := actions[n.Type]
	switch {
	case kind == gateway.ActionRedirect:
		target := n.Fields["url"]
		if u, err := url.Parse(target); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, gateway.Errorf(gateway.CodeIndeterminate, "the action %.60q has no URL that a shopper could be sent to", n.Type)
		}
		return &gateway.Action{Kind: kind, URL: target}, nil
	case kind == gateway.ActionSDK || !listed:
		return handOver(n.Type, secret), nil
	}
	a := &gateway.Action{Kind: kind, Fields: n.Fields}
	for _, name := range []string{"hosted_instructions_url", "hosted_voucher_url", "hosted_verification_url"} {
		if a.URL == "" {
			a.URL = n.Fields[name]
		}
	}
	for _, name := range []string{"expires_at", "expires_after", "qr_code/expires_at"} {
		if unix, err := strconv.ParseInt(n.Fields[name], 10, 64); err == nil && a.Expires.IsZero() {
			a.Expires = at(unix)
		}
	}
	return a, nil
}

// handOver leaves the next step to Stripe's SDK on the shopper's page, which
// needs the client secret. It is the shopper's own: show it to nobody else, and
// do not log it (https://docs.stripe.com/api/payment_intents/object#payment_intent_object-client_secret).
func handOver(kind string, secret gateway.Secret) *gateway.Action {
	return &gateway.Action{Kind: gateway.ActionSDK, Fields: map[string]string{"type": kind, "client_secret": secret.Reveal()}}
}

package sandbox

import (
	"context"
	"slices"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// SignatureHeader carries a notification's signature (package simulator, "webhooks").
const SignatureHeader = "Sandbox-Signature"

// WebhookKeys are what one store's notifications are verified by.
type WebhookKeys struct {
	Secrets []gateway.Secret // two while one is rotated
	Account string           // the store's account; "" takes any
}

// WebhookConfig is what [Webhook] needs.
type WebhookConfig struct {
	Keys   tenant.Credentials[WebhookKeys]
	Window webhook.Window // the zero value tolerates five minutes either way
}

// Webhook returns what the provider says about the calls that it makes to us: for
// an inbox. Nil Keys refuse everything.
func Webhook(cfg WebhookConfig) webhook.Receiver {
	return webhook.Receiver{Verifier: WebhookScheme(cfg), Reader: notifications{cfg}}
}

// WebhookScheme returns how its notifications are signed; it signs those of tests, too.
func WebhookScheme(cfg WebhookConfig) webhook.Timestamped {
	scheme := webhook.Timestamped{Header: SignatureHeader, Window: cfg.Window}
	if cfg.Keys != nil {
		scheme.Secrets = webhook.SecretsFunc(func(ctx context.Context, store gateway.StoreID) ([]gateway.Secret, error) {
			keys, err := cfg.Keys.For(ctx, store)
			return keys.Secrets, err
		})
	}
	return scheme
}

// Notification is an event as the provider posts it.
type Notification struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Created time.Time `json:"created"`
	Account string    `json:"account"`
	Data    struct {
		Subject  string    `json:"subject"`
		Payment  Payment   `json:"payment"`
		Movement *Movement `json:"movement"`
	} `json:"data"`
}

// kinds are the events that the provider sends (package simulator, "webhooks").
var kinds = []string{
	"payment.authorized", "payment.pending", "payment.action_required", "payment.challenge_passed", "payment.held", "payment.declined",
	"payment.canceled", "payment.expired", "payment.released", "payment.adjusted",
	"capture.pending", "capture.succeeded", "capture.failed", "capture.reversed",
	"refund.pending", "refund.succeeded", "refund.failed", "refund.reversed",
	"dispute.opened", "dispute.won", "dispute.lost",
}

type notifications struct{ cfg WebhookConfig }

var _ webhook.Reader = notifications{}

// Read makes the one event of a notification.
func (n notifications) Read(ctx context.Context, c webhook.Call) ([]webhook.Event, error) {
	var in Notification
	if err := webhook.DecodeJSON(c.Body, &in); err != nil {
		return nil, err
	}
	if in.ID == "" || in.Data.Payment.ID == "" || in.Account == "" {
		return nil, gateway.Invalid("the notification has no id, no account or no payment")
	}
	if !slices.Contains(kinds, in.Type) {
		return nil, webhook.Unknown(in.Type)
	}
	keys, err := n.cfg.Keys.For(ctx, c.Store)
	if err != nil {
		return nil, err
	}
	e := webhook.Event{ID: in.ID, Kind: in.Type, At: in.Created, Refs: gateway.Refs{{Name: "payment", Value: in.Data.Payment.ID}}}
	if keys.Account != "" && in.Account != keys.Account {
		e.Foreign = "another account"
		return []webhook.Event{e}, nil
	}
	e.Operation = gateway.OperationID(in.Data.Payment.Reference)
	if m := in.Data.Movement; m != nil && m.MerchantReference != "" {
		e.Operation = gateway.OperationID(m.MerchantReference)
	}
	e.Outcome, err = stated(in)
	return []webhook.Event{e}, err
}

// stated is what an event says of the payment right after it.
func stated(in Notification) (out gateway.Outcome, err error) {
	p := in.Data.Payment
	if out.Status, err = statusOf(p); err != nil {
		return out, gateway.Invalid("the notification's payment has a status that is not known")
	}
	if out.Movements, err = p.Facts(); err != nil {
		return out, gateway.Invalid("the notification's payment has movements that cannot be")
	}
	out.Refs = gateway.Refs{{Name: "payment", Value: p.ID}}.Add(gateway.Ref{Name: "authorization", Value: p.Authorization})
	if p.Decline != nil && out.Status == gateway.StatusFailed {
		meaning, _, _ := Errors.Meaning(p.Decline.Code)
		if out.Reason = meaning.Reason; out.Reason == "" {
			out.Reason = decline.Generic
		}
	}
	return out, nil
}

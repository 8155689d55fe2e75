package collana

import (
	"context"
	"net/http"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// CallbackKeys are what one store's callbacks are verified by. No signature is
// documented: Collana proves itself by a user and a password, or by a token that we
// gave it (https://support.collanapay.com/hc/en-001/articles/16948867138589-Authentication).
type CallbackKeys struct {
	Users  []webhook.User // basic authentication; two while one is rotated
	Tokens *Tokens        // OAuth2 client credentials; nil takes no tokens
}

// WebhookConfig is what [Webhook] needs.
type WebhookConfig struct {
	Keys tenant.Credentials[CallbackKeys]
	// Unauthenticated takes callbacks that prove nothing, for development with a
	// public inbox of requests. They are hints: Collana is asked, and a callback
	// whose transaction is not known does nothing. Otherwise they are refused.
	Unauthenticated bool
}

// Webhook returns what the provider says about the calls that it makes to us: for
// an inbox. Nil Keys refuse everything.
func Webhook(cfg WebhookConfig) webhook.Receiver {
	return webhook.Receiver{Verifier: webhook.VerifierFunc(cfg.verify), Reader: webhook.ReaderFunc(callbacks), Answers: answers}
}

// verify takes whichever of the two proofs the callback brings.
func (cfg WebhookConfig) verify(ctx context.Context, c webhook.Call) (webhook.Trust, error) {
	if len(c.Header.Values("Authorization")) == 0 && cfg.Unauthenticated {
		return webhook.Hint, nil
	}
	if cfg.Keys == nil {
		return webhook.Refused, gateway.Errorf(gateway.CodeAuthentication, "the callback is refused: nobody knows its credentials")
	}
	keys, err := cfg.Keys.For(ctx, c.Store)
	if err != nil {
		return webhook.Refused, err
	}
	value, err := c.Value("Authorization")
	if err != nil {
		return webhook.Refused, err
	}
	if token, ok := bearer(value); ok {
		return webhook.Proved, keys.Tokens.verify(c.Store, token)
	}
	basic := webhook.Basic{Users: func(context.Context, gateway.StoreID) ([]webhook.User, error) { return keys.Users, nil }}
	return basic.Verify(ctx, c)
}

// answers is what a callback is answered: {"success": true} with 200, and in the
// other cases the status that says whose fault it is.
var answers = webhook.Answers{
	webhook.CaseDone:      answer(http.StatusOK, true),
	webhook.CaseRefused:   answer(http.StatusUnauthorized, false),
	webhook.CaseMalformed: answer(http.StatusBadRequest, false),
	webhook.CaseAgain:     answer(http.StatusServiceUnavailable, false),
}

func answer(status int, success bool) webhook.Acknowledgement {
	body := `{"success":false}`
	if success {
		body = `{"success":true}`
	}
	return webhook.Acknowledgement{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
}

// Callback is what Collana posts.
type Callback struct {
	Interaction

	TransactionID string `json:"transactionId"`
}

// callbacks makes the one event of a callback. It states nothing to rely on: the
// status is asked. What it did and how it stands only tell one callback from
// another; the operation in the URL, which is ours, says whose it is.
func callbacks(_ context.Context, c webhook.Call) ([]webhook.Event, error) {
	var in Callback
	if err := webhook.DecodeJSON(c.Body, &in); err != nil {
		return nil, err
	}
	if gateway.CheckID("the transaction's id", in.TransactionID) != nil || in.InteractionID != "" && gateway.CheckID("the interaction's id", in.InteractionID) != nil {
		return nil, gateway.Invalid("the callback names no transaction")
	}
	e := webhook.Event{
		ID:    webhook.Identity(in.TransactionID, in.InteractionID, in.EndpointType, in.Status, in.StatusDetails),
		Kind:  in.kindName(),
		Refs:  gateway.Refs{{Name: refTransaction, Value: in.TransactionID}},
		Fetch: true,
	}
	if c.URL == nil {
		return []webhook.Event{e}, nil
	}
	q := c.URL.Query()
	op, call := q[operationParam], q[callParam]
	if len(op) != 1 || len(call) != 1 || gateway.CheckID("the operation", op[0]) != nil {
		return []webhook.Event{e}, nil // not ours to name: whose it is, its transaction says
	}
	e.Operation, e.Vouched = gateway.OperationID(op[0]), true
	if in.kind() != "" && kind(call[0]) == in.kind() {
		// The operation's own call. What happened elsewhere may be told at the URL of
		// the create, and is nobody's here.
		e.Refs = e.Refs.Add(gateway.Ref{Name: interactionOf(e.Operation), Value: in.InteractionID})
	}
	return []webhook.Event{e}, nil
}

// kindName says what a callback is about, in words of ours: what came may be anything.
func (in Callback) kindName() string {
	k, s := in.kind(), map[state]string{unknown: "unknown", pending: "pending", successful: "successful", failed: "failed", cancelled: "cancelled"}[in.state()]
	if k == "" {
		k = "Unknown"
	}
	return string(k) + "." + s
}

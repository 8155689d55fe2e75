package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func hooks(secrets ...string) sandbox.WebhookConfig {
	keys := sandbox.WebhookKeys{Account: simulator.DefaultAccount}
	for _, s := range secrets {
		keys.Secrets = append(keys.Secrets, gateway.NewSecret(s))
	}
	return sandbox.WebhookConfig{Keys: tenant.Single(keys), Window: webhook.Window{Now: func() time.Time { return noon }}}
}

func bodyOf(t testing.TB, e simulator.Event) []byte {
	t.Helper()
	raw, err := json.Marshal(e)
	require.NoError(t, err)
	return raw
}

func authorized() simulator.Event {
	amount := simulator.Amount{Value: 1000, Currency: "EUR"}
	hold := simulator.Movement{ID: "mov_1", Kind: "hold", Amount: amount, Reference: "auth_1", MerchantReference: "op_1", Created: noon}
	return simulator.Event{
		ID: "evt_1", Type: "payment.authorized", Created: noon, Account: simulator.DefaultAccount, Sequence: 1,
		Data: simulator.EventData{Subject: "pay_1", Movement: &hold, Payment: simulator.Payment{
			ID: "pay_1", Status: simulator.StatusAuthorized, Amount: amount, Reference: "op_1", Authorization: "auth_1", Movements: []simulator.Movement{hold},
		}},
	}
}

// The provider's own signature is believed, by either secret while one is rotated.
func TestItsSignatureIsBelieved(t *testing.T) {
	t.Parallel()
	body := bodyOf(t, authorized())
	for _, theirs := range [][]string{{"old"}, {"new"}, {"old", "new"}} {
		c := webhook.Call{Store: "es", Body: body, Header: http.Header{}}
		c.Header.Set(simulator.SignatureHeader, simulator.Sign(body, noon, theirs...))
		trust, err := sandbox.Webhook(hooks("new", "old")).Verify(t.Context(), c)
		require.NoError(t, err)
		assert.Equal(t, webhook.Proved, trust)
		_, err = sandbox.Webhook(hooks("other")).Verify(t.Context(), c)
		require.ErrorIs(t, err, gateway.CodeAuthentication)
		_, err = sandbox.Webhook(hooks()).Verify(t.Context(), c)
		require.ErrorIs(t, err, gateway.CodeAuthentication)
		_, err = sandbox.Webhook(sandbox.WebhookConfig{}).Verify(t.Context(), c)
		require.ErrorIs(t, err, gateway.CodeAuthentication, "without keys nobody is believed")
	}
}

func TestANotificationIsRead(t *testing.T) {
	t.Parallel()
	r := sandbox.Webhook(hooks("s"))
	events, err := r.Read(t.Context(), webhook.Call{Store: "es", Body: bodyOf(t, authorized())}, webhook.Proved)
	require.NoError(t, err)
	require.Len(t, events, 1)
	e := events[0]
	assert.Equal(t, "evt_1", e.ID)
	assert.Equal(t, "payment.authorized", e.Kind)
	assert.Equal(t, gateway.OperationID("op_1"), e.Operation)
	assert.Equal(t, gateway.Refs{{Name: "payment", Value: "pay_1"}}, e.Refs)
	assert.Equal(t, gateway.StatusSucceeded, e.Outcome.Status)
	require.Len(t, e.Outcome.Movements, 1)
	assert.Equal(t, gateway.Minor(1000, "EUR"), e.Outcome.Movements[0].Amount)
	assert.Equal(t, noon, e.At)

	declined := authorized()
	declined.Type, declined.Data.Movement = "payment.declined", nil
	declined.Data.Payment.Status, declined.Data.Payment.Movements, declined.Data.Payment.Decline = simulator.StatusDeclined, nil, &simulator.Decline{Code: "insufficient_funds", Final: true}
	events, err = r.Read(t.Context(), webhook.Call{Body: bodyOf(t, declined)}, webhook.Proved)
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusFailed, events[0].Outcome.Status)
	assert.NotEmpty(t, events[0].Outcome.Reason)

	foreign := authorized()
	foreign.Account = "acct_other"
	events, err = r.Read(t.Context(), webhook.Call{Body: bodyOf(t, foreign)}, webhook.Proved)
	require.NoError(t, err)
	assert.NotEmpty(t, events[0].Foreign)
	assert.Empty(t, events[0].Outcome.Movements)
}

func TestWhatIsNotUnderstoodIsSaid(t *testing.T) {
	t.Parallel()
	r := sandbox.Webhook(hooks("s"))
	read := func(body []byte) error {
		_, err := r.Read(t.Context(), webhook.Call{Body: body}, webhook.Proved)
		return err
	}
	for name, change := range map[string]func(e *simulator.Event){
		"no id":        func(e *simulator.Event) { e.ID = "" },
		"no payment":   func(e *simulator.Event) { e.Data.Payment.ID = "" },
		"no account":   func(e *simulator.Event) { e.Account = "" },
		"status":       func(e *simulator.Event) { e.Data.Payment.Status = "new" },
		"kind":         func(e *simulator.Event) { e.Data.Payment.Movements[0].Kind = "new" },
		"currency":     func(e *simulator.Event) { e.Data.Payment.Movements[0].Amount.Currency = "XYZ" },
		"reversal of?": func(e *simulator.Event) { e.Data.Payment.Movements[0].Kind = "reversal" },
	} {
		e := authorized()
		change(&e)
		require.ErrorIs(t, read(bodyOf(t, e)), gateway.CodeInvalid, name)
	}
	e := authorized()
	e.Type = "payment.celebrated"
	require.ErrorIs(t, read(bodyOf(t, e)), gateway.CodeUnsupported)
	body := bodyOf(t, authorized())
	require.ErrorIs(t, read(append(body, body...)), gateway.CodeInvalid)
	require.ErrorIs(t, read(bytes.Replace(body, []byte(`"id":"evt_1"`), []byte(`"id":"evt_0","id":"evt_1"`), 1)), gateway.CodeInvalid)
	require.ErrorIs(t, read(bytes.Replace(body, []byte(`1000`), []byte(`10.5`), 1)), gateway.CodeInvalid)
}

// Whatever comes is read or refused; what is read has an id and names a payment.
func FuzzNotifications(f *testing.F) {
	f.Add(bodyOf(f, authorized()))
	f.Add([]byte(`{"id":"x","account":"acct_sandbox","type":"refund.failed","data":{"payment":{"id":"p","status":"held"}}}`))
	r := sandbox.Webhook(hooks("s"))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := r.Read(context.Background(), webhook.Call{Store: "es", Body: body}, webhook.Proved)
		if err != nil {
			assert.NotEmpty(t, gateway.CodeOf(err))
			return
		}
		for _, e := range events {
			assert.NotEmpty(t, e.ID)
			assert.NotEmpty(t, e.Refs.Get("payment"))
		}
	})
}

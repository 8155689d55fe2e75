package sequra_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook/webhooktest"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra/simulator"
)

func signedBy(t testing.TB, passwords ...string) *sequra.API {
	t.Helper()
	k := sequra.Keys{Username: simulator.Username, Password: gateway.NewSecret(passwords[0]), Merchant: simulator.Merchant}
	for _, p := range passwords[1:] {
		k.Previous = append(k.Previous, gateway.NewSecret(p))
	}
	api, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, Keys: tenant.Fixed[sequra.Keys]{"es": k, "fr": k}})
	require.NoError(t, err)
	return api
}

// carried is the signature as the attack kit carries it: in a header. It is put
// into the form before the form is verified.
const carried = "X-M-Signature"

func inForm(c webhook.Call) webhook.Call {
	for _, value := range c.Header.Values(carried) {
		c.Body = append(append([]byte{}, c.Body...), ("&m_signature=" + url.QueryEscape(value))...)
	}
	return c
}

// S45: every forgery of a signature of ours is refused, and what is refused is
// never called a success.
func TestS45EveryForgeryIsRefused(t *testing.T) {
	t.Parallel()
	const password = "the merchant's API password"
	scheme := webhooktest.Scheme{
		Headers: []string{carried}, Secret: password, Foreign: []string{"another merchant's password", simulator.Password}, Body: true,
		Sign: func(secret string, _ time.Time, c *webhook.Call) error {
			f, err := c.Form()
			if err != nil {
				return err
			}
			mac, err := signedBy(t, secret).Scheme().Of(t.Context(), c.Store, f["m_payment"], f["m_operation"])
			c.Header.Set(carried, mac)
			return err
		},
	}
	receiver := signedBy(t, password).Webhook()
	honest := webhook.Call{Store: "es", Header: http.Header{}, Body: []byte("m_operation=op_1&m_payment=pay_%C3%B1")}
	require.NoError(t, scheme.Sign(password, time.Time{}, &honest))
	trust, err := receiver.Verify(t.Context(), inForm(honest))
	require.NoError(t, err)
	assert.Equal(t, webhook.Hint, trust, "what else it says is not covered")
	attacks := webhooktest.Attacks(scheme, honest, time.Unix(1, 0))
	assert.GreaterOrEqual(t, len(attacks), 60)
	for _, a := range attacks {
		trust, err := receiver.Verify(t.Context(), inForm(a.Call))
		assert.Equal(t, webhook.Refused, trust, "%s", a)
		require.Error(t, err, "%s", a)
		assert.Equal(t, http.StatusBadRequest, receiver.Answer(webhook.CaseOf(err), err).Status, "%s", a)
		assert.NotContains(t, err.Error(), password)
	}
	t.Logf("forgeries: %d, believed: 0", len(attacks))
}

// S45: a signature is one store's and one payment's; those of an order that was
// begun before a password was changed stay good.
func TestS45ASignatureIsOneStoresAndOnePayments(t *testing.T) {
	t.Parallel()
	old, now := signedBy(t, "old"), signedBy(t, "new", "old")
	mac, err := old.Scheme().Of(t.Context(), "es", "pay_1", "op_1")
	require.NoError(t, err)
	call := func(store gateway.StoreID, payment, operation string) webhook.Call {
		return webhook.Call{Store: store, Body: []byte(url.Values{"m_signature": {mac}, "m_payment": {payment}, "m_operation": {operation}}.Encode())}
	}
	for _, c := range []struct {
		call webhook.Call
		want webhook.Trust
	}{
		{call("es", "pay_1", "op_1"), webhook.Hint},
		{call("fr", "pay_1", "op_1"), webhook.Refused},
		{call("xx", "pay_1", "op_1"), webhook.Refused},
		{call("es", "pay_2", "op_1"), webhook.Refused},
		{call("es", "pay_1op", "_1"), webhook.Refused},
		{call("es", "", ""), webhook.Refused},
	} {
		trust, _ := now.Webhook().Verify(t.Context(), c.call)
		assert.Equal(t, c.want, trust, "%s %s", c.call.Store, c.call.Body)
	}
	trust, _ := signedBy(t, "new").Webhook().Verify(t.Context(), call("es", "pay_1", "op_1"))
	assert.Equal(t, webhook.Refused, trust, "the old password was taken away")
}

// S43: what differs each time a notification comes is not part of what it is.
func TestS43ARedeliveryIsTheSameEvent(t *testing.T) {
	t.Parallel()
	read := func(fields string) (webhook.Event, error) {
		events, err := signedBy(t, "p").Webhook().Read(t.Context(), webhook.Call{Store: "es", Body: []byte(fields)}, webhook.Hint)
		if err != nil {
			return webhook.Event{}, err
		}
		require.Len(t, events, 1)
		return events[0], nil
	}
	const base = "order_ref=" + aRef + "&m_payment=pay_1&m_operation=op_1"
	first, err := read(base + "&sq_state=approved&approved_since=1")
	require.NoError(t, err)
	again, err := read(base + "&sq_state=approved&approved_since=3600&order_ref_1=A14%2F1")
	require.NoError(t, err)
	assert.Equal(t, first, again)
	for _, fields := range []string{"&sq_state=needs_review", "&needs_review_since=1", "&sq_state=cancelled", "&event=cancel", "&event=cancelled"} {
		other, err := read(base + fields)
		require.NoError(t, err, fields)
		assert.NotEqual(t, first.ID, other.ID, fields)
		assert.True(t, other.Gate, fields)
	}
	for _, wrong := range []string{"&sq_state=approved&sq_state=cancelled", "&sq_state=approved&m_payment=pay_2", "&sq_state=%ff", "&sq_state=APPROVED"} {
		_, err := read(base + wrong)
		require.ErrorIs(t, err, gateway.CodeInvalid, wrong)
	}
}

// Whatever comes is read or refused; what is read names an order and a state.
func FuzzNotifications(f *testing.F) {
	f.Add([]byte("order_ref=" + aRef + "&sq_state=approved&m_payment=pay_1&m_operation=op_1&m_signature=00"))
	f.Add([]byte("charset=UTF-8&utf8=%E2%88%9A&event=cancel&order_ref_1=QWER1234&order_ref_2=%22%22&order_ref=" + aRef + "&m_signature=K6hD%3D%3D"))
	receiver := signedBy(f, "p").Webhook()
	f.Fuzz(func(t *testing.T, body []byte) {
		call := webhook.Call{Store: "es", Body: body}
		trust, err := receiver.Verify(context.Background(), call)
		assert.Equal(t, webhook.Refused, trust)
		require.Error(t, err)
		events, err := receiver.Read(context.Background(), call, webhook.Hint)
		if err != nil {
			assert.NotEmpty(t, gateway.CodeOf(err))
			return
		}
		for _, e := range events {
			assert.NotEmpty(t, e.Refs.Get("order"))
			assert.Contains(t, []string{sequra.Approved, sequra.NeedsReview, sequra.Cancelled}, e.Kind)
		}
	})
}

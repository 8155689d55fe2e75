package inbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/inbox"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// formed is a provider that posts forms, sends our own parameters back with m_
// before them, signed by us, and wants its order confirmed before it is answered.
func formed(echo *webhook.Echoed) webhook.Receiver {
	echo.Secrets = webhook.Fixed(gateway.NewSecret("the merchant's API password"))
	echo.Read = func(c webhook.Call) (string, []string, error) {
		f, err := c.Form()
		return f["m_signature"], []string{f["m_payment"]}, err
	}
	return webhook.Receiver{
		Verifier: echo,
		Reader: webhook.ReaderFunc(func(_ context.Context, c webhook.Call) ([]webhook.Event, error) {
			f, err := c.Form()
			if err != nil {
				return nil, err
			}
			state := f["sq_state"]
			if state == "" {
				state = f["event"]
				if state != "cancelled" {
					return nil, webhook.Unknown(state)
				}
			}
			if !slices.Contains([]string{"approved", "needs_review", "cancelled"}, state) || f["order_ref"] == "" {
				return nil, gateway.Invalid("the state or the order is missing, or is none")
			}
			return []webhook.Event{{
				ID: webhook.Identity(f["order_ref"], state), Kind: state, Payment: gateway.PaymentID(f["m_payment"]),
				Refs: gateway.Refs{{Name: "order", Value: f["order_ref"]}}, Gate: state != "cancelled",
			}}, nil
		}),
		Answers: webhook.Answers{webhook.CaseRefused: webhook.Text(400, "signature")},
	}
}

// S41 to S48: form notifications with our own parameters, in the order of checks
// that their provider's contract names: order, signature, state; confirmed before
// the answer; 409 to come again; 501 for an unknown event.
func TestS41ToS48AFormWithOurOwnParameters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Create("17")
	var confirmed []string
	conflict := true
	echo := &webhook.Echoed{}
	box, err := inbox.New(inbox.Config{
		Storage: w.DB, Engine: w.Engine, Receivers: map[string]webhook.Receiver{"formed": formed(echo)},
		Gates: map[string]inbox.Gate{"formed": inbox.GateFunc(func(_ context.Context, d inbox.Duty) error {
			if conflict {
				return gateway.Errorf(gateway.CodeConflict, "the cart has changed")
			}
			confirmed = append(confirmed, d.Event.Kind+" "+d.Event.Refs.Get("order")+" "+string(d.Payment.ID))
			return nil
		})},
	})
	require.NoError(t, err)
	server := httptest.NewServer(box.Static("formed", enginetest.Store))
	t.Cleanup(server.Close)
	mac, err := echo.Of(t.Context(), enginetest.Store, string(p.ID))
	require.NoError(t, err)
	other, err := echo.Of(t.Context(), enginetest.Store, "pay_unknown")
	require.NoError(t, err)
	post := func(change ...string) int {
		f := url.Values{"order_ref": {"ord-1"}, "sq_state": {"approved"}, "product_code": {"pp3"}, "m_payment": {string(p.ID)}, "m_signature": {mac}}
		for n := 0; n < len(change); n += 2 {
			f.Set(change[n], change[n+1])
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(f.Encode()))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	assert.Equal(t, 404, post("m_payment", "pay_unknown", "m_signature", other), "the order is missing")
	assert.Equal(t, 400, post("m_signature", other), "the signature is another's")
	assert.Equal(t, 400, post("m_payment", "pay_unknown"), "the parameters are not those that were signed")
	assert.Equal(t, 400, post("m_signature", ""))
	assert.Equal(t, 400, post("sq_state", "shipped"), "no such state")
	assert.Equal(t, 501, post("sq_state", "", "event", "celebrated"))
	assert.Equal(t, 409, post(), "it cannot be confirmed now")
	conflict = false
	assert.Equal(t, 200, post())
	assert.Equal(t, 200, post(), "it is answered the same when it comes again")
	assert.Equal(t, 200, post("sq_state", "", "event", "cancelled"), "there is no duty")
	assert.Equal(t, []string{"approved ord-1 " + string(p.ID)}, confirmed)
}

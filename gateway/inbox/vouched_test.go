package inbox_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// A name that comes with an event is the operation's only when the provider was
// proved and vouches for it; asking by it shows the rest.
func TestANameIsLearnedWhenItIsVouchedForAndProved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trust   webhook.Trust
		vouched bool
		learned string
	}{{webhook.Proved, true, "pay_ghost"}, {webhook.Proved, false, ""}, {webhook.Hint, true, ""}} {
		var op gateway.OperationID
		w := newWorld(t, option{recv: func(r webhook.Receiver) webhook.Receiver {
			r.Verifier = webhook.VerifierFunc(func(context.Context, webhook.Call) (webhook.Trust, error) { return c.trust, nil })
			r.Reader = webhook.ReaderFunc(func(context.Context, webhook.Call) ([]webhook.Event, error) {
				return []webhook.Event{{ID: "evt_1", Kind: "payment.pending", Operation: op, Vouched: c.vouched, Fetch: true, Refs: gateway.Refs{{Name: "payment", Value: "pay_ghost"}}}}, nil
			})
			return r
		}})
		p := w.Create("17")
		w.Provider.Next(simulator.OpCreatePayment, simulator.ResetBefore)
		r, err := w.Engine.Authorize(t.Context(), enginetest.Authorization(p, "17"))
		require.ErrorIs(t, err, gateway.CodeIndeterminate)
		op = r.Operation.ID
		answer, err := http.Post(w.url+"/webhooks/sandbox/es", "application/json", strings.NewReader("{}")) //nolint:noctx // of this machine
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusOK, answer.StatusCode)
		assert.Equal(t, c.learned, w.Payment(p.ID).Refs.Get("payment"), "%+v", c)
		assert.True(t, w.Payment(p.ID).Balances.Authorized.IsZero(), "a name is no money")
	}
}

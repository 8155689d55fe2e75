package sequra_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewayfx"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewaytest"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
)

const aRef = "6f1b54b0-8d3c-4b7a-9a35-3f0f5a0c1d11"

// S69, S70: every command goes through the kit, with the store's own credentials.
func TestS69S70Conformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, gatewaytest.Harness{
		Provider: "sequra",
		Items: func(base string, canaries map[gateway.StoreID]string) []command.Item {
			keys := tenant.Fixed[sequra.Keys]{}
			for store, canary := range canaries {
				keys[store] = sequra.Keys{Username: "shop", Password: gateway.NewSecret(canary), Merchant: "merchant"}
			}
			api, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, SandboxURL: base, Keys: keys})
			require.NoError(t, err)
			return []command.Item{api.Provider()}
		},
		Answers:    os.DirFS("testdata/answers"),
		Golden:     "testdata/requests",
		Subject:    subjectOf,
		Want:       map[gateway.Operation]gateway.Status{sequra.OpForm: gateway.StatusActionRequired},
		Currencies: []string{"EUR"},
		Skip:       map[gateway.Operation]string{sequra.OpDeployments: "is asked without credentials: see TestS70S71DeploymentsAreAskedWithoutCredentials"},
	})
}

// subjectOf makes the kit's subject one of an order: held and named, where the
// operation is about such.
func subjectOf(op gateway.Operation, s gateway.Subject) gateway.Subject {
	s.NotifyURL, s.CancelURL = "https://shop.example/webhooks/sequra/north", "https://shop.example/cart"
	// The kit takes the order away where it looks for stores that are mixed up.
	s.Extras = gateway.With(sequra.Details.Of(sequra.Order{
		Lines:    []gateway.Line{{SKU: "sku-1", Name: "A thing", Quantity: 1, Price: s.Amount}},
		Customer: &sequra.Customer{Email: "ada@shop.example"}, DeliveryMethod: &sequra.DeliveryMethod{Name: "courier"},
	}))
	if op == sequra.OpSolicit {
		return s
	}
	nothing := gateway.Minor(0, s.Amount.Currency())
	s.Target = aRef
	s.Payment.Refs = gateway.Refs{{Owner: "sequra", Name: "order", Value: aRef}, {Owner: "sequra", Name: "order_ref_1", Value: "A14/12345"}}
	s.Payment.Balances = gateway.Balances{Authorized: s.Amount, Released: nothing, Captured: nothing, Refunded: nothing, ChargedBack: nothing}
	s.Payment.Movements = []gateway.Movement{{Kind: gateway.MoveHold, Reference: aRef, Operation: "op_1", Amount: s.Amount}}
	switch op {
	case gateway.OpContinue:
		s.Input = map[string]string{"state": "confirmed", "operation": string(s.Operation), "order_ref_1": "A14/12345"}
	case gateway.OpRefund:
		s.Payment.Balances.Captured = s.Amount
	case sequra.OpReport:
		sum := int64(1000)
		s.Extras = s.Extras.With(sequra.Reported.Of(sequra.Report{Orders: []sequra.Delivered{{
			State: "delivered", SentAt: "2026-11-21T12:00:00Z", Reference: sequra.MerchantReference{OrderRef1: "A14/12345"},
			Cart:     sequra.Cart{Currency: "EUR", Total: sum, Items: []sequra.Item{{Reference: "sku-1", Name: "A thing", Total: sum}}},
			Customer: sequra.Customer{Email: "ada@shop.example"},
		}}}))
	case sequra.OpConnect:
		s.Extras = s.Extras.With(sequra.Integrated.Of(sequra.Integration{WebhookURL: "https://shop.example/configure"}))
	case sequra.OpDisconnect:
		s.Target = "https://shop.example/configure?store=es"
	case sequra.OpForm:
		s.Extras = s.Extras.With(sequra.Chosen.Of(sequra.Choice{Product: "pp3", Campaign: "summer & more"}))
	}
	switch op { // these take no amount
	case gateway.OpCapture, gateway.OpRefund:
	default:
		s.Amount = gateway.Money{}
	}
	return s
}

func TestTheModuleNeedsAConfigOnly(t *testing.T) {
	t.Parallel()
	var pools *command.Pools
	app := fx.New(fx.NopLogger, gatewayfx.Module, sequra.Module, fx.Populate(&pools), fx.Supply(sequra.Config{Name: "svea", Mode: sequra.Live, Deployment: sequra.Svea, Keys: tenant.Single(keys())}))
	require.NoError(t, app.Err())
	assert.Equal(t, []string{"svea"}, pools.Names(), "one provider may be installed several times")
}

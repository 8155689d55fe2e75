package collana_test

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
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
)

// C4, C7, C9, C10, C32: the requests are those of the golden files.
func TestConformance(t *testing.T) {
	t.Parallel()
	want := map[gateway.Operation]gateway.Status{
		collana.OpFetchCreate: gateway.StatusAwaiting, collana.OpFetchPrepare: gateway.StatusActionRequired,
	}
	for _, op := range []gateway.Operation{
		collana.OpCreate, collana.OpPrepare, collana.OpReserve, gateway.OpCapture, gateway.OpRefund, gateway.OpVoid, gateway.OpCancel, collana.OpImportTransaction,
	} {
		want[op] = gateway.StatusAwaiting // 202 says no more than that
	}
	gatewaytest.Run(t, gatewaytest.Harness{
		Provider: "collana",
		Items: func(base string, canaries map[gateway.StoreID]string) []command.Item {
			keys := tenant.Fixed[collana.Keys]{}
			for store, canary := range canaries {
				keys[store] = collana.Keys{APIKey: gateway.NewSecret(canary), Authentication: "auth-1"}
			}
			api, err := collana.New(collana.Config{BaseURL: base, Keys: keys, Callback: "https://shop.example/webhooks/collana/{store}", Method: collana.CreditCard})
			require.NoError(t, err)
			return []command.Item{api.Provider()}
		},
		Answers: os.DirFS("testdata/answers"),
		Golden:  "testdata/requests",
		Want:    want,
		Subject: func(op gateway.Operation, s gateway.Subject) gateway.Subject {
			s.Target, s.NotifyURL = "t-1", ""
			switch op {
			case collana.OpCreate:
				s.Target = ""
			case collana.OpImportTransaction:
				s.Target = ""
				s.Extras = s.Extras.With(collana.PSPTransaction.Of("psp-17"))
			case collana.OpPrepare, collana.OpReserve, gateway.OpVoid, gateway.OpCancel:
				s.Amount = gateway.Money{}
			}
			own := "i-9"
			if op == collana.OpFetchCreate {
				own = "i-1"
			}
			s.Payment.Refs = gateway.Refs{{Owner: "collana", Name: "interaction/" + string(s.Operation), Value: own}}
			return s
		},
		OnTheWire: gateway.Money.Decimal,
	})
}

// The module puts the provider's commands into the container.
func TestTheModuleProvidesTheCommands(t *testing.T) {
	t.Parallel()
	var pools *command.Pools
	app := fx.New(fx.NopLogger, gatewayfx.Module, collana.Module, fx.Supply(collana.Config{
		Keys: tenant.Single(collana.Keys{APIKey: gateway.NewSecret("k")}), Callback: "https://shop.example/{store}",
	}), fx.Populate(&pools))
	require.NoError(t, app.Err())
	assert.Equal(t, []gateway.Operation{collana.OpCreate, collana.OpPrepare, collana.OpReserve}, pools.For("collana").Flow(gateway.OpAuthorize).Steps)
}

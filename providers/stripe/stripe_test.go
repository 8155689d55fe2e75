package stripe_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewaytest"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, gatewaytest.Harness{
		Provider: "stripe",
		Items: func(base string, canaries map[gateway.StoreID]string) []command.Item {
			keys := tenant.Fixed[stripe.Keys]{}
			for store, canary := range canaries {
				keys[store] = stripe.Keys{Secret: gateway.NewSecret(canary)}
			}
			api, err := stripe.New(stripe.Config{BaseURL: base, Keys: keys})
			require.NoError(t, err)
			return []command.Item{api.Provider()}
		},
		Answers: os.DirFS("testdata/answers"),
		Golden:  "testdata/requests",
		Subject: shaped,
	})
}

// shaped makes the kit's subject one of Stripe's: its target, and what an
// operation needs beside it.
func shaped(op gateway.Operation, s gateway.Subject) gateway.Subject {
	s.Target = map[gateway.Operation]string{
		stripe.OpFetchRefund: "re_1", stripe.OpFetchSetup: "seti_1", stripe.OpContinueSetup: "seti_1",
		stripe.OpAttach: "pm_1", gateway.OpForget: "pm_1",
	}[op]
	if s.Target == "" {
		s.Target = "pi_1"
	}
	s.Reason = "requested_by_customer"
	s.Instrument.Customer = map[gateway.Operation]string{stripe.OpAttach: "cus_1", gateway.OpVerify: "cus_1"}[op]
	page := stripe.Page{From: time.Unix(1763726400, 0), To: time.Unix(1763812800, 0), Limit: 50}
	s.Extras = gateway.With(stripe.ListPage.Of(page), stripe.StatementSuffix.Of("ORDER 1017"))
	return s
}

package acme_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/examples/newprovider/acme"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/gatewaytest"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
)

// The kit checks every command against a server that answers, refuses, lies and hangs up.
func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, gatewaytest.Harness{
		Provider: "acme", Answers: os.DirFS("testdata/answers"), Golden: "testdata/requests",
		Items: func(base string, canaries map[gateway.StoreID]string) []command.Item {
			keys := tenant.Fixed[gateway.Secret]{}
			for store, canary := range canaries {
				keys[store] = gateway.NewSecret(canary)
			}
			p, err := acme.Provider(acme.Config{BaseURL: base, Keys: keys})
			require.NoError(t, err)
			return []command.Item{p}
		},
	})
}

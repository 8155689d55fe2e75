package enginetest

import (
	"context"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// Patient returns another engine on the shop's books, one whose calls wait for the
// provider for a minute: for tests that [Shop.Hold] the provider.
func (s *Shop) Patient() *engine.Engine {
	s.Helper()
	api, err := sandbox.New(sandbox.Config{
		BaseURL: s.Provider.URL(), Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret(simulator.DefaultKey)}), HTTP: client.Config{Timeout: time.Minute},
	})
	require.NoError(s, err)
	pools, err := command.Assemble(api.Provider())
	require.NoError(s, err)
	s.Cleanup(func() { assert.NoError(s, pools.Close(context.Background())) })
	eng, err := engine.New(engine.Config{Pools: pools, Storage: s.DB})
	require.NoError(s, err)
	return eng
}

// Hold lets every call wait at the provider, unanswered, until release is called,
// or the test ends. held receives something when a call has come.
func (s *Shop) Hold() (held <-chan struct{}, release func()) {
	come, gate := make(chan struct{}, 1), make(chan struct{})
	release = sync.OnceFunc(func() {
		s.Provider.Lie(nil)
		close(gate)
	})
	s.Cleanup(release)
	s.Provider.Lie(func(simulator.Call) simulator.Fault {
		select {
		case come <- struct{}{}:
		default: // another one has come, and nobody has looked yet
		}
		<-gate
		return simulator.NoFault
	})
	return come, release
}

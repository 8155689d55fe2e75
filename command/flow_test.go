package command_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func flowing(flows map[gateway.Operation]command.Flow) command.Provider {
	p := answering(200, captured)
	return command.Provider{Name: "acme", Flows: flows, Commands: func(*command.Pool) command.Commands {
		return command.Commands{"create": capture(p), "prepare": capture(p), "reserve": capture(p)}
	}}
}

func TestAFlowNamesTheCommandsThatFollow(t *testing.T) {
	t.Parallel()
	steps := []gateway.Operation{"create", "prepare", "reserve"}
	pools, err := command.Assemble(flowing(map[gateway.Operation]command.Flow{
		gateway.OpAuthorize: {Steps: steps},
		gateway.OpPurchase: {Steps: steps, Next: func(_ gateway.Operation, p gateway.Payment, _ gateway.Outcome) gateway.Operation {
			return gateway.Operation(p.Phase)
		}},
	}))
	require.NoError(t, err)
	f := pools.For("acme").Flow(gateway.OpAuthorize)
	done := gateway.Outcome{Status: gateway.StatusSucceeded}
	assert.Equal(t, gateway.Operation("prepare"), f.Follows("create", gateway.Payment{}, done))
	assert.Equal(t, gateway.Operation("reserve"), f.Follows("prepare", gateway.Payment{}, done))
	assert.Empty(t, f.Follows("reserve", gateway.Payment{}, done))
	assert.Empty(t, f.Follows("create", gateway.Payment{}, gateway.Outcome{Status: gateway.StatusAwaiting}), "it has not ended")
	assert.Empty(t, f.Follows("other", gateway.Payment{}, done))
	assert.True(t, f.Ends("reserve"))
	assert.False(t, f.Ends("create"))
	f.Steps[0] = "changed"
	assert.Equal(t, steps, pools.For("acme").Flow(gateway.OpAuthorize).Steps, "a caller cannot change it")

	f = pools.For("acme").Flow(gateway.OpPurchase)
	assert.Equal(t, gateway.Operation("prepare"), f.Follows("create", gateway.Payment{Phase: "prepare"}, gateway.Outcome{}))
	assert.Empty(t, f.Follows("create", gateway.Payment{Phase: "unheard of"}, gateway.Outcome{}), "only its own steps follow")

	assert.Equal(t, []gateway.Operation{gateway.OpRefund}, pools.For("acme").Flow(gateway.OpRefund).Steps)
	assert.Equal(t, []gateway.Operation{gateway.OpRefund}, (*command.Pool)(nil).Flow(gateway.OpRefund).Steps)
}

func TestAFlowOfMissingCommandsStopsTheStart(t *testing.T) {
	t.Parallel()
	_, err := command.Assemble(flowing(map[gateway.Operation]command.Flow{
		gateway.OpAuthorize: {Steps: []gateway.Operation{"create", "create", "missing"}},
		gateway.OpPurchase:  {},
	}))
	require.Error(t, err)
	for _, want := range []string{`acme.authorize: the flow's step "missing" is not there (has create, prepare, reserve)`, `names step "create" twice`, "acme.purchase: the flow has no Steps"} {
		assert.ErrorContains(t, err, want)
	}
}

package operator_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/engine/operator"
)

func TestEraseSaysWhatItErasedAndLeavesTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.Paid("17")
	out, code := w.run("erase", "-order", "order-17")
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "still holds 4.00 EUR")
	out, code = w.run("erase", "-held", "-json", string(p.ID))
	require.Equal(t, operator.ExitOK, code, out)
	var said struct{ Erased []string }
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	require.Len(t, said.Erased, 3)
	assert.Equal(t, "order", said.Erased[0])
	out, code = w.run("erase", "-held", string(p.ID))
	assert.Equal(t, operator.ExitOK, code)
	assert.Contains(t, out, "0 details, 0 actions and 0 instruments erased", "twice is no error")
	assert.Equal(t, p.Movements, w.Payment(p.ID).Movements)

	parked, op := w.Parked("18")
	out, code = w.run("erase", string(parked.ID))
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "operation "+string(op))
	out, code = w.run("erase", "-held", "-order", "order-18")
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "settle it first")
	out, code = w.run("erase")
	assert.Equal(t, operator.ExitFailed, code)
	assert.Contains(t, out, "name the payment")
}

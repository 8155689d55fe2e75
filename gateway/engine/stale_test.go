package engine_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Whoever asked how a payment stands before a call was made, and records it while
// the call is being made, knows nothing of the call: it is not unknown, and nobody
// parks it.
func TestWhatWasAskedBeforeACallProvesNothingAboutIt(t *testing.T) {
	t.Parallel()
	var meanwhile func()
	w := newPatientWorld(t, simulator.Rules{}, with(t, command.Override("sandbox", gateway.OpCapture, command.WrapClient(func(next client.Client) client.Client {
		return client.Func(func(ctx context.Context, c *transfer.Transfer) (*transfer.Response, error) {
			answer, err := next.PlaceRequest(ctx, c)
			meanwhile() // it was sent, and its answer is not recorded
			return answer, err
		})
	}))))
	p := w.held("17")
	stale := gateway.Outcome{Status: gateway.StatusSucceeded, Movements: slices.Clone(p.Movements)}
	var seen []gateway.OperationState
	meanwhile = func() {
		ops, _, err := w.eng.History(context.Background(), "es", p.ID)
		require.NoError(t, err)
		capture := ops[1].ID
		require.NoError(t, w.eng.Record(context.Background(), engine.Evidence{Store: "es", Payment: p.ID, Operation: capture, Source: gateway.SourceWebhook, Outcome: stale}))
		require.NoError(t, w.eng.ResolveOne(context.Background(), "es", capture))
		ops, _, err = w.eng.History(context.Background(), "es", p.ID)
		require.NoError(t, err)
		seen = append(seen, ops[1].State)
	}
	r, err := w.eng.Capture(t.Context(), w.request(p, "ship", amount(1000)))
	require.NoError(t, err)
	assert.Equal(t, []gateway.OperationState{gateway.StateOpen}, seen)
	assert.Equal(t, gateway.StateSucceeded, r.Operation.State)
	w.equal()
	var step storage.Step
	require.NoError(t, w.db.View(t.Context(), func(tx *storage.Tx) (err error) { step, err = tx.LastStep("es", r.Operation.ID); return err }))
	assert.Equal(t, gateway.StepAnswered, step.State)
}

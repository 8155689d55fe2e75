package operator_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/enginetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/operator"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine/reconcile"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// world is a shop and the command line that its application mounts.
type world struct {
	*enginetest.Shop

	cfg operator.Config
}

func newWorld(t *testing.T) *world {
	t.Helper()
	shop := enginetest.New(t)
	return &world{shop, operator.Config{
		Engine: shop.Engine, DB: shop.DB, Store: enginetest.Store, Sources: map[string]reconcile.Source{"sandbox": shop.Listing(0)},
	}}
}

// run runs the command line and returns what it wrote and its exit code.
func (w *world) run(args ...string) (string, int) {
	w.Helper()
	var out bytes.Buffer
	code := operator.Run(w.Context(), w.cfg, args, &out)
	assert.NotContains(w, out.String(), simulator.DefaultKey)
	assert.NotContains(w, out.String(), enginetest.Canary)
	return out.String(), code
}

// contradiction is evidence of a capture that is recorded with another amount.
func contradiction(p gateway.Payment) engine.Evidence {
	m := p.Movements[1]
	m.Amount = enginetest.EUR(601)
	m.Operation = ""
	return engine.Evidence{Store: p.Store, Payment: p.ID, Source: gateway.SourceReport, Outcome: gateway.Outcome{Movements: []gateway.Movement{m}}}
}

//go:build !race

// The race detector makes pools forget at random: allocations are counted without it.

package request

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// W9: looking a filtered request over costs next to nothing: it allocates
// nothing and encodes nothing.
func TestW9LookingAFilteredRequestOverIsCheap(t *testing.T) {
	doc := NewDocument()
	defer doc.Release()
	amount := doc.Object("amount")
	amount.Money("value", gateway.Minor(1000, "EUR"))
	amount.Text("currency", "EUR")
	doc.Text("reference", "op_1")
	doc.Text("note", "x")
	doc.Protect("amount", "reference")
	doc.Require("note")
	doc.Seal()
	doc.Text("note", "changed by a filter")
	require.NoError(t, doc.Check())
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if doc.Check() != nil {
			t.Fail()
		}
	}))
}

// The whole of a request allocates no more than its encoded body.
func TestASteadyStateRequestAllocatesItsBodyOnly(t *testing.T) {
	_ = benchOurs()
	assert.LessOrEqual(t, testing.AllocsPerRun(500, func() { _ = benchOurs() }), 2.0) // 1, and now and then a collected pool
}

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
	if racing {
		t.Skip("the race detector makes pools forget")
	}
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

package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuickstartTellsItsStory(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	for _, want := range []string{
		"authorized  10.00 EUR  moved: true", "captured    6.00 EUR", "released    4.00 EUR", "refunded    1.50 EUR  moved: true",
		"declined    insufficient_funds", "what may help: later", "sandbox.authorize  (gateway command,", "├─ campaign  ", "inserted at ",
		"hold         10.00 EUR  for our order-1017-auth", "refund        1.50 EUR  for our order-1017-return-1",
	} {
		assert.Contains(t, out.String(), want)
	}
}

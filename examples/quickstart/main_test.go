package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuickstartShowsEveryStageAndTheLedgerItLeaves(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	text := out.String()
	for _, want := range []string{
		"sandbox.authorize\n  request   {\"amount\":{\"value\":1000,\"currency\":\"EUR\"},\"metadata\":{\"campaign\":\"spring\"}", `"instrument":"***"`,
		"  transfer  POST /v1/payments\n  client    claimed in the ledger, sent, answered 201\n  validate  nobody objects\n  handle    hold 10.00 EUR\n",
		"  handle    capture 6.00 EUR\n  handle    release 4.00 EUR\n", `no stage runs, the answer is "succeeded"`, "  failed    in stage validate: declined\n",
		"payment      partially_refunded, 10.00 EUR due, order 1017", "operation    capture 6.00 EUR: succeeded\n    step 1     capture, key ", "attempt 1  refund, answered: true",
		"movement     release   4.00 EUR, learned by answer", "balances     authorized 10.00 EUR, released 4.00 EUR, captured 6.00 EUR, refunded 1.50 EUR",
		"sandbox.authorize  (gateway command,", "├─ campaign  ", "inserted at ",
	} {
		assert.Contains(t, text, want)
	}
	assert.Equal(t, 1, strings.Count(text, "sandbox.capture\n"), "the double click ran nothing")
	assert.NotContains(t, text, "tok_", "no instrument is shown")
}

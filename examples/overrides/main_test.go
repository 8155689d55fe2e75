package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOverridesTellWhatTheyDo(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	for _, want := range []string{
		"sandbox.capture\n", `"reference":"order-1017-ship","metadata":{"campaign":"spring"}}`, "again    try 1 was not sent: ", "moved    true, sent 1 time",
		"sandbox.capture_now\n", "refused  sandbox.capture_now.filter.discount: invalid:", "protected",
		`replaces "amuont", which is not there (has amount, reference, final)`, "examples/overrides/main.go:",
	} {
		assert.Contains(t, out.String(), want)
	}
}

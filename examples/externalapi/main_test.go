package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// M1: one command per operation, reusable for any API. M7: the token is cached.
func TestM1AnyAPIGoesThroughTheSamePipeline(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	for _, want := range []string{
		"quote        Correos for 4.90 EUR", "parcels      200, tokens fetched: 1",
		"bad request  parcels.quote.request.quote: invalid: ", "country", "grams",
	} {
		assert.Contains(t, out.String(), want)
	}
	assert.NotContains(t, out.String(), "Spain", "an error names the field and the rule, not the value")
}

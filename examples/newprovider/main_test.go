package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestANewProviderTakesAndGivesMoney(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	assert.Equal(t, "bought  25.99 EUR as ch_1\nback    5.99 EUR as re_1\nvoid    acme.void: unsupported: there is no command \"void\" (has fetch, purchase, refund)\n", out.String())
}

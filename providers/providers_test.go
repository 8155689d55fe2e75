// Package providers_test keeps what the documentation says of providers true.
package providers_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox"
	"github.com/gatewaycommand/gatewaycommand/providers/sequra"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
)

var update = flag.Bool("update", false, "write the capability table into README.md")

// all returns every provider of this folder.
func all(t *testing.T) []command.Item {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{BaseURL: "https://sandbox.example", Keys: tenant.Single(sandbox.Keys{Secret: gateway.NewSecret("k")})})
	require.NoError(t, err)
	p, err := stripe.New(stripe.Config{Keys: tenant.Single(stripe.Keys{Secret: gateway.NewSecret("sk_test_x")})})
	require.NoError(t, err)
	c, err := collana.New(collana.Config{Keys: tenant.Single(collana.Keys{APIKey: gateway.NewSecret("k")})})
	require.NoError(t, err)
	q, err := sequra.New(sequra.Config{Mode: sequra.Sandbox, Keys: tenant.Single(sequra.Keys{Username: "u", Password: gateway.NewSecret("p"), Merchant: "m"})})
	require.NoError(t, err)
	return []command.Item{s.Provider(), p.Provider(), c.Provider(), q.Provider()}
}

const (
	begin = "<!-- generated: go test ./providers -run TestTheCapabilityTableIsTrue -update -->\n"
	end   = "<!-- end -->\n"
)

// W10: requests are listed by what they are; the list is made of what is there.
func TestTheCapabilityTableIsTrue(t *testing.T) {
	t.Parallel()
	pools, err := command.Assemble(all(t)...)
	require.NoError(t, err)
	table := capabilities(pools)
	raw, err := os.ReadFile("README.md")
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(raw), begin)
	require.True(t, ok)
	have, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(before+begin+table+end+after), 0o600))
		return
	}
	assert.Equal(t, table, have, "run the command in the comment above the table")
	for _, name := range pools.Names() {
		_, err := os.Stat(name)
		require.NoError(t, err, "a provider stands in the folder of its name")
	}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() {
			assert.Contains(t, pools.Names(), e.Name(), "the table knows every provider: add it to all")
		}
	}
}

// capabilities is a table of operations by provider; each cell says the call's effect.
func capabilities(pools *command.Pools) string {
	ops := map[gateway.Operation]bool{}
	for _, name := range pools.Names() {
		for _, op := range pools.For(name).Operations() {
			ops[op] = true
		}
	}
	var b strings.Builder
	b.WriteString("| operation |")
	for _, name := range pools.Names() {
		b.WriteString(" " + name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(pools.Names())) + "\n")
	for _, op := range slices.Sorted(maps.Keys(ops)) {
		b.WriteString("| " + string(op) + " |")
		for _, name := range pools.Names() {
			cell := ""
			if _, err := pools.For(name).Lookup(op); err == nil {
				cell = "yes"
				if e, ok := pools.For(name).Endpoint(op); ok {
					cell = map[gateway.Effect]string{gateway.EffectNone: "reads", gateway.EffectHold: "holds", gateway.EffectMove: "moves"}[e.Effect]
				}
			}
			if f := pools.For(name).Flow(op); len(f.Steps) > 1 { // several calls of one operation
				cell = "flow"
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

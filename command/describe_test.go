package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

func described(t *testing.T) command.Description {
	t.Helper()
	pools := assemble(t, acme(answering(200, captured)), command.Override("acme", gateway.OpCapture,
		command.Request(request.InsertAfter("amount", field("descriptor", "ACME")), request.Replace("order/lines", request.Fixed("lines", "none"))),
		command.Filter("promo", request.Fixed("promo", "yes")),
		command.WrapClient(func(next client.Client) client.Client { return wrapped{next} }),
		command.Use("measure", func(_ command.Name, next command.Command) command.Command { return next }),
	))
	d, err := pools.For("acme").Describe(gateway.OpCapture)
	require.NoError(t, err)
	return d
}

func TestADescriptionSaysWhoPutWhatWhere(t *testing.T) {
	t.Parallel()
	tree := described(t).Tree()
	here := "command_test/"
	last := -1
	for _, want := range []string{
		"acme.capture  (gateway command, " + here + "fixture_test.go:",
		"├─ middleware", "measure  func command_test.", here + "describe_test.go:",
		"├─ request", "├─ amount  writes amount in minor units, protected", here + "fixture_test.go:", "├─ descriptor  writes descriptor=ACME", here + "describe_test.go:",
		"└─ order", "├─ number", "└─ lines", "· put at " + here + "fixture_test.go:", "· replaced at " + here + "describe_test.go:",
		"├─ filters", "promo  writes promo=yes", "├─ transfer  POST /payments/{target}/captures",
		"├─ client", "· edited at " + here + "describe_test.go:", "├─ wrapped", "└─ scripted client",
		"├─ validate", "status  status 200", "· its failure ends the chain", "├─ handle", "refs", "money",
		"└─ endpoint", "· effect: move", "· repeats the amount",
	} {
		at := strings.Index(tree[max(last, 0):], want)
		require.GreaterOrEqual(t, at, 0, "%q is missing or out of order in\n%s", want, tree)
		last = max(last, 0) + at
	}
}

func TestADescriptionIsJSONAndMermaidToo(t *testing.T) {
	t.Parallel()
	d := described(t)
	raw, err := d.JSON()
	require.NoError(t, err)
	var again command.Description
	require.NoError(t, json.Unmarshal(raw, &again))
	assert.Equal(t, d, again)

	m := d.Mermaid()
	assert.True(t, strings.HasPrefix(m, "flowchart LR\n"))
	for _, want := range []string{`subject(["acme.capture"])`, "subject --> s0", "s0 --> s1", `subgraph client["client"]`, `--> outcome(["outcome"])`, "client -.- "} {
		assert.Contains(t, m, want)
	}
	assert.Equal(t, strings.Count(m, "subgraph"), strings.Count(m, "end\n"))
}

func TestPoolsDescribeEveryCommand(t *testing.T) {
	t.Parallel()
	all := assemble(t, acme(answering(200, captured))).Describe()
	require.Len(t, all, 2)
	assert.Equal(t, gateway.OpCapture, all[0].Operation)
	assert.Equal(t, gateway.OpRefund, all[1].Operation)
	_, err := assemble(t).For("x").Describe("y")
	require.ErrorIs(t, err, gateway.CodeUnsupported)
}

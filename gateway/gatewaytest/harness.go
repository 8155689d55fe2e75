package gatewaytest

import (
	"flag"
	"io/fs"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// update is the flag -update: write the golden files instead of comparing.
var update = flag.Bool("update", false, "write golden files instead of comparing with them")

// Harness tells the kit what it needs to know of one provider.
type Harness struct {
	Provider string

	// Items returns the provider's items for an API at base (http, on this
	// machine), with every store's credentials made of its canary: a text that
	// must be sent and must be seen nowhere else.
	Items func(base string, canaries map[gateway.StoreID]string) []command.Item

	// Answers holds what the provider answers: <operation>.json for success and
	// <operation>.declined.json for a decline, where the operation can be
	// declined. See [Answer] for the form.
	Answers fs.FS

	// Golden is the folder of the golden requests, <operation>.golden. "" compares nothing.
	Golden string

	// Subject changes the kit's subject for an operation: its target, its
	// instrument, a payment in the right state. Nil takes the kit's own.
	Subject func(op gateway.Operation, s gateway.Subject) gateway.Subject

	// Want is how an operation ends on success; missing means succeeded.
	Want map[gateway.Operation]gateway.Status

	// Skip names operations that the kit cannot run, each with the reason: a
	// command written by hand, a token fetched on the way.
	Skip map[gateway.Operation]string

	// Currencies are three that the provider takes, with no, two and three
	// decimals; nil means JPY, EUR and KWD.
	Currencies []string

	// OnTheWire returns how the body shows an amount; nil means as an integer of minor units.
	OnTheWire func(m gateway.Money) string
}

// Run checks the provider. Each check is a subtest, so that go test -run finds it.
func Run(t *testing.T, h Harness) {
	t.Helper()
	require.NotNil(t, h.Items, "the harness has no Items")
	require.NotNil(t, h.Answers, "the harness has no Answers")
	pools, err := command.Assemble(h.Items("http://127.0.0.1:1", canaries())...)
	require.NoError(t, err)
	pool := pools.For(h.Provider)
	require.NotEmpty(t, pool.Operations(), "the provider has no commands")
	for op := range h.Skip {
		assert.Contains(t, pool.Operations(), op, "Skip names a command that is not there")
	}
	for op := range h.Want {
		assert.Contains(t, pool.Operations(), op, "Want names a command that is not there")
	}
	files, err := fs.Glob(h.Answers, "*.json")
	require.NoError(t, err)
	for _, f := range files {
		assert.Contains(t, pool.Operations(), operationOf(f), "%s answers a command that is not there", f)
	}
	for _, op := range pool.Operations() {
		if h.Skip[op] != "" {
			continue
		}
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			endpoint, ok := pool.Endpoint(op)
			require.True(t, ok, "%s is written by hand: put it into Skip with a reason, and test it itself", op)
			c := check{h, op, endpoint}
			for _, one := range checks {
				t.Run(one.name, func(t *testing.T) {
					t.Parallel()
					one.run(c, t)
				})
			}
		})
	}
}

// check is one operation of one provider under test.
type check struct {
	Harness
	op       gateway.Operation
	endpoint gateway.Endpoint
}

// checks are what is checked of each operation, in the order of the package comment.
var checks = []struct {
	name string
	run  func(check, *testing.T)
}{
	{"a good answer gives an outcome", check.success},
	{"the same subject gives the same bytes", check.sameBytes},
	{"the key survives a retry", check.keySurvivesRetry},
	{"a decline is a decline", check.declined},
	{"refusals have their codes", check.refusals},
	{"what is not understood is indeterminate", check.notUnderstood},
	{"a lost answer is indeterminate", check.lost},
	{"a refused connection is unavailable", check.refused},
	{"a cancelled context ends the wait", check.cancelled},
	{"amounts are exact in every currency", check.currencies},
	{"two stores never mix", check.stores},
	{"secrets stay secret", check.secrets},
}

func (c check) want() gateway.Status {
	if s, ok := c.Want[c.op]; ok {
		return s
	}
	return gateway.StatusSucceeded
}

func (c check) moves() bool { return c.endpoint.Effect != gateway.EffectNone }

// currenciesOf returns the currencies to check with.
func (c check) currenciesOf() []string {
	if len(c.Currencies) > 0 {
		return slices.Clone(c.Currencies)
	}
	return []string{"JPY", "EUR", "KWD"}
}

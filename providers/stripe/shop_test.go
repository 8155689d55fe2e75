package stripe_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client/clienttest"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/stripe"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// shop has the provider's commands, and a script in Stripe's place.
type shop struct {
	*testing.T
	script *clienttest.Script
	pool   *command.Pool
}

func open(t *testing.T, steps ...clienttest.Step) shop {
	t.Helper()
	script := clienttest.NewScript(steps...)
	keys := tenant.Single(stripe.Keys{Secret: gateway.NewSecret("sk_test_123")})
	api, err := stripe.New(stripe.Config{Keys: keys, Client: script})
	require.NoError(t, err)
	pools, err := command.Assemble(api.Provider())
	require.NoError(t, err)
	return shop{t, script, pools.For("stripe")}
}

func (s shop) run(op gateway.Operation, change ...func(*gateway.Subject)) (gateway.Outcome, error) {
	s.Helper()
	subject := gateway.Subject{
		Store: "es", Operation: "op_17", IdempotencyKey: "key_" + string(op), Amount: gateway.Minor(1000, "EUR"), Target: "pi_1",
		ReturnURL: "https://shop.example/return", Instrument: &gateway.Instrument{Token: gateway.NewSecret("pm_card_visa")},
	}
	for _, c := range change {
		c(&subject)
	}
	return s.pool.Get(op).Execute(context.Background(), subject)
}

// must is run for calls that succeed.
func (s shop) must(op gateway.Operation, change ...func(*gateway.Subject)) gateway.Outcome {
	s.Helper()
	out, err := s.run(op, change...)
	require.NoError(s, err)
	return out
}

// sent returns what the last request carried: its body, or its query.
func (s shop) sent() url.Values {
	s.Helper()
	all := s.script.Sent()
	require.NotEmpty(s, all)
	return fields(s.T, all[len(all)-1])
}

func fields(t *testing.T, w *transfer.Wire) url.Values {
	t.Helper()
	text := w.URL.RawQuery
	if len(w.Body) > 0 {
		text = string(w.Body)
	}
	values, err := url.ParseQuery(text)
	require.NoError(t, err)
	return values
}

// object is a JSON object under change.
type object = map[string]any

// fixture reads an answer of testdata, for 10.00 EUR and operation op_17, and changes it.
func fixture(t *testing.T, name string, changes ...func(object)) (status int, body object) {
	t.Helper()
	raw, err := os.ReadFile("testdata/answers/" + name + ".json")
	require.NoError(t, err)
	text := strings.NewReplacer(`"$minor"`, "1000", "$lower", "eur", "$currency", "EUR", "$operation", "op_17").Replace(string(raw))
	var a struct {
		Status int    `json:"status"`
		Body   object `json:"body"`
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&a))
	for _, c := range changes {
		c(a.Body)
	}
	return a.Status, a.Body
}

// answer is a fixture as a step of a script.
func answer(t *testing.T, name string, changes ...func(object)) clienttest.Step {
	t.Helper()
	status, body := fixture(t, name, changes...)
	return says(t, status, body)
}

func says(t *testing.T, status int, body object) clienttest.Step {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	return clienttest.Answer(status, string(text))
}

// set puts a value at a path: "latest_charge/status". A nil deletes.
func set(path string, value any) func(object) {
	return func(o object) {
		steps := strings.Split(path, "/")
		for _, s := range steps[:len(steps)-1] {
			o = o[s].(object) //nolint:forcetypeassert,errcheck // a wrong path fails the test loudly
		}
		o[steps[len(steps)-1]] = value
	}
}

// paid folds outcomes' movements, each stated by this provider about one payment.
func paid(t *testing.T, outs ...gateway.Outcome) gateway.Balances {
	t.Helper()
	var moves []gateway.Movement
	for _, o := range outs {
		moves = append(moves, o.Movements...)
	}
	b, err := gateway.Fold("EUR", moves)
	require.NoError(t, err)
	return b
}

func eur(minor int64) gateway.Money { return gateway.Minor(minor, "EUR") }

// kinds are the movements of an outcome, in order.
func kinds(o gateway.Outcome) []gateway.MovementKind {
	var all []gateway.MovementKind
	for _, m := range o.Movements {
		all = append(all, m.Kind)
	}
	return all
}

func TestEveryOutcomeNamesItsReferences(t *testing.T) {
	t.Parallel()
	out := open(t, answer(t, "purchase", set("customer", "cus_1"))).must(gateway.OpPurchase)
	assert.Equal(t, gateway.Refs{
		{Owner: "stripe", Name: "payment_intent", Value: "pi_1"},
		{Owner: "stripe", Name: "charge", Value: "ch_1"},
		{Owner: "stripe", Name: "customer", Value: "cus_1"},
		{Owner: "stripe", Name: "payment_method", Value: "pm_1"},
	}, out.Refs)
	out = open(t, answer(t, "refund")).must(gateway.OpRefund)
	assert.Equal(t, "re_1", out.Reference("refund"))
	assert.Equal(t, "ch_1", out.Reference("charge"))
}

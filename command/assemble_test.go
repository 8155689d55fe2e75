package command_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
	"github.com/gatewaycommand/gatewaycommand/validator"
)

func field(name, value string) request.Part {
	return request.Named(name, request.Fixed(name, value))
}

func TestAnEditChangesOneCommandOnly(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	pools := assemble(t, acme(p), command.Override("acme", gateway.OpCapture, command.Request(
		request.Remove("order/lines"),
		request.InsertAfter("order/number", request.Named("note", request.In("order", request.Fixed("note", "x")))),
		request.InsertAfter("amount", field("descriptor", "ACME")),
	)))
	for _, op := range []gateway.Operation{gateway.OpCapture, gateway.OpRefund} {
		_, err := pools.For("acme").Get(op).Execute(t.Context(), subject())
		require.NoError(t, err)
	}
	assert.Equal(t, []string{
		`{"amount":1000,"descriptor":"ACME","order":{"number":"17","note":"x"}}`,
		`{"amount":1000,"order":{"number":"17","lines":["a","b"]}}`,
	}, p.bodies())
}

func TestAnyModuleAddsACommandLikeAnother(t *testing.T) {
	t.Parallel()
	p := answering(200, captured)
	pools := assemble(t, acme(p),
		command.Extend("acme", "increment", command.Like(gateway.OpCapture,
			command.Request(request.Remove("order")),
			command.WrapTransfer(transfer.Path("/payments/{target}/increments")))),
		command.Extend("acme", "increment_twice", command.Like("increment", command.Request(request.Append(field("twice", "yes"))))),
		command.Override("acme", gateway.OpCapture, command.Request(request.Append(field("late", "x")))),
	)
	for _, op := range []gateway.Operation{"increment", "increment_twice", gateway.OpCapture} {
		_, err := pools.For("acme").Get(op).Execute(t.Context(), subject())
		require.NoError(t, err)
	}
	assert.Equal(t, []string{
		`{"amount":1000}`, `{"amount":1000,"twice":"yes"}`, `{"amount":1000,"order":{"number":"17","lines":["a","b"]},"late":"x"}`,
	}, p.bodies(), "a copy is made of what was defined; overrides of the original do not reach it")
	assert.Equal(t, "/payments/auth_1/increments", p.sent[0].URL.Path)
}

func TestMistakesStopTheStartAndSayWhatExists(t *testing.T) {
	t.Parallel()
	c := answering(200, captured)
	op := gateway.OpCapture
	for name, tc := range map[string]struct {
		items []command.Item
		want  []string
	}{
		"misspelt provider": {
			[]command.Item{command.Override("acne", op, command.Request(request.Remove("amount")))},
			[]string{`overrides acne.capture, but there is no provider "acne" (has acme)`, "command_test/assemble_test.go:"},
		},
		"misspelt command": {
			[]command.Item{command.Override("acme", "cpature", command.Request(request.Remove("amount")))},
			[]string{`acme has no such command (has capture, refund)`},
		},
		"misspelt part": {
			[]command.Item{command.Override("acme", op, command.Request(request.Replace("amuont", request.Amount("x"))))},
			[]string{"acme.capture: request: ", `replaces "amuont", which is not there (has amount, order)`, "assemble_test.go:"},
		},
		"misspelt validator": {[]command.Item{command.Override("acme", op, command.Validate(validator.Remove("statsu")))}, []string{"validate: ", `(has status, echo)`}},
		"misspelt handler":   {[]command.Item{command.Override("acme", op, command.Handle(handler.Remove("ref")))}, []string{"handle: ", `(has refs, money)`}},
		"misspelt wildcard":  {[]command.Item{command.Override("acne", "*", command.Use("m", func(_ command.Name, c command.Command) command.Command { return c }))}, []string{`there is no provider "acne"`}},
		"two edit one part": {
			[]command.Item{command.Override("acme", op, command.Request(request.Remove("amount"))), command.Override("acme", op, command.Request(request.Replace("amount", request.Amount("x"))))},
			[]string{`it too: keep one, or write both in one override`},
		},
		"two wrap the client":  {[]command.Item{command.Override("acme", op, command.WrapClient()), command.Override("acme", op, command.WrapClient())}, []string{"client: ", "changes it too"}},
		"filter name taken":    {[]command.Item{command.Override("acme", op, command.Filter("f", request.Fixed("a", "1"))), command.Override("acme", op, command.Filter("f", request.Fixed("b", "1")))}, []string{"filter: ", `adds "f", a name that`}},
		"nil middleware":       {[]command.Item{command.Override("acme", op, command.Use("m", nil))}, []string{"use: ", `adds "m", which is nil`}},
		"middleware gives nil": {[]command.Item{command.Override("acme", op, command.Use("m", func(command.Name, command.Command) command.Command { return nil }))}, []string{`middleware "m" returned nil`}},
		"part edit everywhere": {[]command.Item{command.Override("acme", "*", command.Request(request.Remove("amount")))}, []string{"cannot apply to every command"}},
		"extend what is there": {[]command.Item{command.Extend("acme", op, capture(c))}, []string{"extends acme.capture, which", "use command.Override"}},
		"extend nobody":        {[]command.Item{command.Extend("acne", op, capture(c))}, []string{`there is no provider "acne" (has acme)`}},
		"like nothing":         {[]command.Item{command.Extend("acme", "x", command.Like("y"))}, []string{`acme.x: it is like "y", which is not there (has capture, refund, x)`}},
		"like itself":          {[]command.Item{command.Extend("acme", "x", command.Like("y")), command.Extend("acme", "y", command.Like("x"))}, []string{"which is like it"}},
		"like a custom":        {[]command.Item{command.Extend("acme", "x", command.Custom(command.Func(nil))), command.Extend("acme", "y", command.Like("x"))}, []string{"the command is nil"}},
		"nil definition":       {[]command.Item{command.Extend("acme", "x", nil)}, []string{"acme.x: the definition is nil"}},
		"bad operation name":   {[]command.Item{command.Extend("acme", "a b", capture(c))}, []string{"an operation's name has ' '"}},
		"provider twice":       {[]command.Item{acme(c)}, []string{`provider "acme" is defined twice`}},
		"provider nameless":    {[]command.Item{command.Provider{}}, []string{"a provider's name is empty"}},
		"provider empty":       {[]command.Item{command.Provider{Name: "x"}}, []string{`provider "x" has no Commands`}},
		"nil item":             {[]command.Item{nil}, []string{"an item is nil"}},
		"missing requirement":  {[]command.Item{command.Require("acme", op, "void"), command.Require("other", "x")}, []string{"requires acme.void, which is not there (has capture, refund)", `requires provider "other"`}},
		"stages missing": {
			[]command.Item{command.Extend("acme", "x", command.Spec{})},
			[]string{"acme.x: ", "transfer: there is none", "client: there is none", "no validator", "no handler", "does not say its effect"},
		},
		"duplicate part":  {[]command.Item{command.Extend("acme", "x", withRequest(capture(c), request.Compose(field("a", "1"), field("a", "2"))))}, []string{`two builders are named "a"`}},
		"nil part":        {[]command.Item{command.Extend("acme", "x", withRequest(capture(c), request.Compose(request.Named("a", nil))))}, []string{`builder "a"`, "is nil"}},
		"bad route":       {[]command.Item{command.Override("acme", op, command.WrapTransfer(transfer.Path("x/{nothing}")))}, []string{"transfer: path", "must begin with a slash"}},
		"echo unchecked":  {[]command.Item{command.Override("acme", op, command.Validate(validator.Remove("echo")))}, []string{"the endpoint repeats the amount and no validator checks it"}},
		"echo unpromised": {[]command.Item{command.Override("acme", op, command.Promise(func(e *gateway.Endpoint) { e.Echoes = 0 }))}, []string{"which the endpoint does not promise to repeat"}},
		"unknown tag": {[]command.Item{command.Override("acme", op, command.Request(request.Replace("amount", request.Typed(func(context.Context, gateway.Subject) (struct {
			A string `json:"a" validate:"nosuch"`
		}, error,
		) {
			panic("never called")
		}))))}, []string{`builder "amount"`, "nosuch"}},
		"edit of a custom": {[]command.Item{
			command.Extend("acme", "x", command.Custom(command.Func(func(context.Context, gateway.Subject) (gateway.Outcome, error) { return gateway.Outcome{}, nil }))),
			command.Override("acme", "x", command.WrapClient()),
		}, []string{"written by hand and has none: only command.Use applies"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := command.Assemble(append([]command.Item{acme(c)}, tc.items...)...)
			require.Error(t, err)
			assert.Equal(t, gateway.CodeInternal, gateway.CodeOf(err))
			for _, want := range tc.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func withRequest(s command.Spec, r request.BuilderComposite) command.Spec {
	s.Request = r
	return s
}

// fx hands its groups over shuffled.
func TestTheOrderOfItemsDoesNotMatter(t *testing.T) {
	t.Parallel()
	use := func(name string) command.Edit {
		return command.Use(name, func(_ command.Name, next command.Command) command.Command { return next })
	}
	p := answering(200, captured)
	items := []command.Item{
		acme(p),
		command.Extend("acme", "more", command.Like(gateway.OpCapture)),
		command.Override("acme", "more", command.Request(request.InsertAfter("amount", field("c", "3"))), use("z")),
		command.Override("acme", "more", command.Request(request.InsertAfter("amount", field("b", "2"))), use("y"), command.Filter("f2", request.Fixed("g", "2"))),
		command.Override("acme", "more", command.Request(request.InsertAfter("amount", field("a", "1"))), use("x"), command.Filter("f1", request.Fixed("f", "1"))),
		command.Override("*", "*", use("w")),
		command.Require("acme", "more"),
	}
	want := ""
	for range 50 {
		rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		d, err := assemble(t, items...).For("acme").Describe("more")
		require.NoError(t, err)
		if want == "" {
			want = d.Tree()
		}
		require.Equal(t, want, d.Tree())
	}
	_, err := assemble(t, items...).For("acme").Get("more").Execute(t.Context(), subject())
	require.NoError(t, err)
	assert.Equal(t, []string{`{"amount":1000,"a":"1","b":"2","c":"3","order":{"number":"17","lines":["a","b"]},"f":"1","g":"2"}`}, p.bodies())
}

func TestAMissingCommandFailsAndSaysWhatIsThere(t *testing.T) {
	t.Parallel()
	pools := assemble(t, acme(answering(200, captured)))
	for name, c := range map[string]command.Command{
		`there is no command "cpature" (has capture, refund)`: pools.For("acme").Get("cpature"),
		`provider "acne" has no commands here`:                pools.For("acne").Get(gateway.OpCapture),
		`there is no pool`:                                    (*command.Pool)(nil).Get(gateway.OpCapture),
		`has no commands here`:                                (*command.Pools)(nil).For("x").Get("y"),
	} {
		_, err := c.Execute(t.Context(), subject())
		require.ErrorIs(t, err, gateway.CodeUnsupported)
		require.ErrorContains(t, err, name)
	}
	_, err := pools.For("acme").Lookup("cpature")
	require.ErrorIs(t, err, gateway.CodeUnsupported)
	assert.Equal(t, []string{"acme"}, pools.Names())
	assert.Equal(t, []gateway.Operation{"capture", "refund"}, pools.For("acme").Operations())
	e, ok := pools.For("acme").Endpoint(gateway.OpCapture)
	assert.True(t, ok)
	assert.Equal(t, gateway.EffectMove, e.Effect)
	_, ok = pools.For("acme").Endpoint("x")
	assert.False(t, ok)
}

func TestAPoolOfReadyCommandsNeedsNoAssembly(t *testing.T) {
	t.Parallel()
	pool := command.NewPool("fake", map[gateway.Operation]command.Command{
		gateway.OpCapture: command.Func(func(context.Context, gateway.Subject) (gateway.Outcome, error) {
			return gateway.Outcome{Status: gateway.StatusAwaiting}, nil
		}),
	})
	out, err := pool.Get(gateway.OpCapture).Execute(t.Context(), gateway.Subject{})
	require.NoError(t, err)
	assert.False(t, out.Moved(), "a nil error is not paid")
	d, err := pool.Describe(gateway.OpCapture)
	require.NoError(t, err)
	assert.Equal(t, "written by hand", d.Kind)
}

// closing counts how often it is closed.
type closing struct {
	client.Client
	times *int
}

func (c *closing) Close() error { *c.times++; return nil }

func TestClosingThePoolsClosesEachClientOnce(t *testing.T) {
	t.Parallel()
	var times, provider int
	c := &closing{answering(200, captured), &times}
	p := acme(c)
	p.Close = func(context.Context) error { provider++; return nil }
	pools := assemble(t, p, command.Override("acme", gateway.OpRefund, command.WrapClient(func(next client.Client) client.Client { return wrapped{next} })))
	require.NoError(t, pools.Close(t.Context()))
	require.NoError(t, pools.Close(t.Context()))
	assert.Equal(t, 1, times)
	assert.Equal(t, 1, provider)
}

type wrapped struct{ client.Client }

func (w wrapped) Unwrap() client.Client { return w.Client }
func (w wrapped) String() string        { return "wrapped" }

package request_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// The amount says what is paid, the token who pays it: a filter may change neither.
func TestW7AFilterCannotChangeWhoPays(t *testing.T) {
	t.Parallel()
	doc := request.NewDocument()
	defer doc.Release()
	s := gateway.Subject{Instrument: &gateway.Instrument{Token: gateway.NewSecret("tok_shopper")}}
	require.NoError(t, compose(request.Named("token", request.Token("source"))).Build(t.Context(), s, doc))
	doc.Seal()
	doc.Secret("source", gateway.NewSecret("tok_other"))
	require.ErrorContains(t, doc.Check(), `field "source" is protected`)
}

func TestEditsReachIntoAConditionalComposite(t *testing.T) {
	t.Parallel()
	always := func(gateway.Subject) bool { return true }
	base := compose(request.Named("order", request.When(always, compose(field("a", "a", "1"), field("b", "b", "2")))))
	require.NoError(t, base.Check())
	edited, err := base.Apply([]request.Edit{request.Replace("order/a", request.Fixed("a", "x")), request.Remove("order/b")})
	require.NoError(t, err)
	got, err := build(t, edited, gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"a":"x"}`, got)
	got, err = build(t, base, gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"a":"1","b":"2"}`, got, "the original stays")
	never := compose(request.Named("order", request.When(func(gateway.Subject) bool { return false }, compose(field("a", "a", "1")))))
	got, err = build(t, never, gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, "{}", got)
}

// A path is escaped as the package says, here too.
func TestInTakesAnEscapedPath(t *testing.T) {
	t.Parallel()
	got, err := build(t, compose(request.Named("in", request.In("a~1b/c", request.Fixed("d", "1")))), gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, `{"a/b":{"c":{"d":"1"}}}`, got)
	got, err = build(t, compose(request.Named("in", request.In("a~1b/c", request.Text("d", func(gateway.Subject) string { return "" })))), gateway.Subject{})
	require.NoError(t, err)
	assert.Equal(t, "{}", got, "nothing is left of what nobody filled")
}

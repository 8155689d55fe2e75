package request_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// M3: a builder turns the data of one call into its part of the request. It is
// shared by all calls, so nothing of one is seen by the next.
func TestM3ABuilderReadsTheSubjectOfTheCall(t *testing.T) {
	t.Parallel()
	campaign := gateway.NewExtra[string]("test.campaign")
	b := request.Func(func(_ context.Context, s gateway.Subject, doc *request.Document) error {
		doc.Text("store", string(s.Store))
		doc.Money("amount", s.Amount)
		if v, ok := campaign.From(s.Extras); ok {
			doc.Text("campaign", v)
		}
		return nil
	})
	got, err := build(t, b, gateway.Subject{Store: "es", Amount: gateway.Minor(1000, "EUR"), Extras: gateway.With(campaign.Of("spring"))})
	require.NoError(t, err)
	assert.Equal(t, `{"store":"es","amount":1000,"campaign":"spring"}`, got)
	got, err = build(t, b, gateway.Subject{Store: "jp", Amount: gateway.Minor(1000, "JPY")})
	require.NoError(t, err)
	assert.Equal(t, `{"store":"jp","amount":1000}`, got)
}

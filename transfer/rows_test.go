package transfer_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// W3: GET and DELETE cannot be made without the identifier; further parameters
// are set by builders and travel in the query.
func TestW3AnIdentifierIsNeededAndParametersAreNot(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		r := transfer.Route{Method: method, Base: "https://api.example.test", Path: "/payments/{target}", InQuery: true}
		require.NoError(t, r.Check())
		doc := request.NewDocument()
		defer doc.Release()
		_, err := r.Create(t.Context(), gateway.Subject{Store: "es"}, doc)
		require.ErrorIs(t, err, gateway.CodeInvalid, method)
		require.ErrorContains(t, err, "the subject's Target", "it says what to give")

		w, err := create(t, r, gateway.Subject{Store: "es", Target: "pay_1"}, nil).Wire(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "https://api.example.test/payments/pay_1", w.URL.String())
		w, err = create(t, r, gateway.Subject{Store: "es", Target: "pay_1"}, func(doc *request.Document) { doc.Text("expand", "a&b") }).Wire(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "https://api.example.test/payments/pay_1?expand=a%26b", w.URL.String())
		assert.Empty(t, w.Body)
	}
}

// W11: an answer is readable as it is, by path, and as a struct with its own
// methods where a request has one.
func TestW11AnAnswerIsReadByPathOrAsAStruct(t *testing.T) {
	t.Parallel()
	x := transfer.NewExchange(&gateway.Subject{}, &transfer.Transfer{}, &transfer.Response{Status: 200, Body: []byte(`{"id":"ch_1","lines":[{"sku":"a"}],"amount":1050}`)})
	defer x.Release()
	assert.Equal(t, "ch_1", x.Value("id").Text())
	assert.Equal(t, "a", x.Value("lines/0/sku").Text())
	assert.False(t, x.Value("nothing/here").Exists())
	c, err := transfer.As[charge](x)
	require.NoError(t, err)
	assert.Equal(t, gateway.Minor(1050, "EUR"), c.total())
	again, err := transfer.As[charge](x)
	require.NoError(t, err)
	assert.Equal(t, c, again)
}

// charge is an answer with a getter of its own.
type charge struct {
	ID     string `json:"id"`
	Amount int64  `json:"amount"`
}

func (c charge) total() gateway.Money { return gateway.Minor(c.Amount, "EUR") }

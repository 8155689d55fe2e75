package collana_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/request"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// wire runs a command against nobody and returns what would have been sent; status
// and answer are what comes back.
func wire(t *testing.T, op gateway.Operation, s gateway.Subject, status int, answer string, edits ...command.Item) (header http.Header, body string, err error) {
	t.Helper()
	api, err := collana.New(collana.Config{
		Callback: "https://shop.example/webhooks/collana/{store}", Method: collana.CreditCard,
		Keys: tenant.Single(collana.Keys{APIKey: gateway.NewSecret("the-key"), Authentication: "auth-1"}),
		Client: client.Func(func(ctx context.Context, x *transfer.Transfer) (*transfer.Response, error) {
			w, err := x.Wire(ctx)
			if err != nil {
				return nil, err
			}
			header, body = w.Header, string(w.Body)
			return &transfer.Response{Status: status, Body: []byte(answer)}, nil
		}),
	})
	require.NoError(t, err)
	pools, err := command.Assemble(append([]command.Item{api.Provider()}, edits...)...)
	require.NoError(t, err)
	if s.Store == "" {
		s.Store = store
	}
	_, err = pools.For("collana").Get(op).Execute(t.Context(), s)
	return header, body, err
}

const names = `{"transactionId":"t-1","interactionId":"i-1"}`

// C9: the create says how much, for whom, where to, and where the shopper comes back to.
func TestTheCreateSaysWhatTheGuidelineAsksFor(t *testing.T) {
	t.Parallel()
	header, body, err := wire(t, collana.OpCreate, gateway.Subject{
		Operation: "op_1", Amount: gateway.Minor(9990, "EUR"), Order: order, ReturnURL: "https://shop.example/return/17?a=1&b=2",
		Extras: gateway.With(collana.Salutation.Of("male"), collana.Method.Of(collana.IDeal)),
	}, http.StatusAccepted, names)
	require.NoError(t, err)
	assert.Equal(t, []string{"the-key"}, header.Values("ApiKey"))
	assert.Equal(t, []string{"IDeal"}, header.Values(collana.MethodHeader))
	assert.Equal(t, "application/json", header.Get("Accept"))
	assert.Equal(t, `{"callback":{"uri":{"type":"HttpJson","uri":"https://shop.example/webhooks/collana/de?call=Transactions&operation=op_1"},"authenticationId":"auth-1"},`+
		`"amount":99.90,"currencyCode":"EUR","paymentCountry":"DE",`+
		`"billingCustomerData":{"salutation":"male","firstName":"Jörg","lastName":"Müller","street":"Hauptstraße 5","city":"Köln","zipCode":"50667","countryCode":"DE","email":"j@example.org"},`+
		`"shippingCustomerData":{"salutation":"male","firstName":"Jörg","lastName":"Müller","street":"Hauptstraße 5","city":"Köln","zipCode":"50667","countryCode":"DE"},`+
		`"baseUrl":"https://shop.example/return/17?a=1&b=2"}`, body, "slashes and ampersands are not escaped")

	_, body, err = wire(t, collana.OpCreate, gateway.Subject{Operation: "op_1", Amount: gateway.Minor(100, "EUR"), Order: order, Extras: gateway.With(collana.Salutation.Of("Herr"))}, http.StatusAccepted, names)
	require.ErrorIs(t, err, gateway.CodeInvalid, "three salutations are known")
	assert.Empty(t, body)
}

// C10: the callback is in every body, and what the caller adds is merged over it.
func TestTheCallersFieldsAreMergedOverTheCallback(t *testing.T) {
	t.Parallel()
	own := command.Override("collana", collana.OpPrepare, command.Request(request.Append(request.Named("own", request.Write(func(_ gateway.Subject, doc *request.Document) {
		doc.Object("callback").Object("uri").Text("type", "ODataV4")
		doc.Object("psp").Text("locale", "de-DE")
	})))))
	_, body, err := wire(t, collana.OpPrepare, gateway.Subject{Operation: "op_1", Target: "t-1", NotifyURL: "https://other.example/in?x=1"}, http.StatusAccepted, names, own)
	require.NoError(t, err)
	assert.JSONEq(t, `{"callback":{"uri":{"type":"ODataV4","uri":"https://other.example/in?call=Prepares&operation=op_1&x=1"},"authenticationId":"auth-1"},"psp":{"locale":"de-DE"}}`, body)

	amount := command.Override("collana", gateway.OpCapture, command.Request(request.Append(request.Named("own", request.Write(func(_ gateway.Subject, doc *request.Document) {
		doc.Number("amount", "1")
	})))))
	_, body, err = wire(t, gateway.OpCapture, gateway.Subject{Operation: "op_1", Target: "t-1", Amount: gateway.Minor(500, "EUR")}, http.StatusAccepted, names, amount)
	require.ErrorIs(t, err, gateway.CodeInvalid, "nobody merges over what the shopper pays")
	assert.Empty(t, body)
	_, _, err = wire(t, gateway.OpCapture, gateway.Subject{Operation: "op_1", Target: "t-1"}, http.StatusAccepted, names)
	require.ErrorIs(t, err, gateway.CodeInvalid, "a capture of nothing")
}

// C11: an answer that is not exactly an acceptance is none.
func TestAnAcceptanceNamesTheTransactionThatWasMeant(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]gateway.Code{
		names: "", `{"TransactionId":"t-1","InteractionId":"i-1"}`: "", `{"transactionId":"t-1","interactionId":"i-1","more":[1]}`: "",
		`{"transactionId":"t-2","interactionId":"i-1"}`: gateway.CodeIndeterminate, `{"transactionId":"t-1"}`: gateway.CodeIndeterminate,
		`{"transactionId":"t-1","TransactionId":"t-1","interactionId":"i-1"}`: gateway.CodeIndeterminate, `{"transactionId":"t-1","interactionId":"../i"}`: gateway.CodeIndeterminate, ``: gateway.CodeIndeterminate,
	} {
		_, _, err := wire(t, collana.OpReserve, gateway.Subject{Operation: "op_1", Target: "t-1"}, http.StatusAccepted, answer)
		assert.Equal(t, want, gateway.CodeOf(err), answer)
	}
	for status, want := range map[int]gateway.Code{
		200: gateway.CodeIndeterminate, 201: gateway.CodeIndeterminate, 204: gateway.CodeIndeterminate, 302: gateway.CodeIndeterminate, 400: gateway.CodeInvalid, 401: gateway.CodeAuthentication,
		403: gateway.CodeAuthentication, 404: gateway.CodeNotFound, 409: gateway.CodeConflict, 422: gateway.CodeInvalid, 429: gateway.CodeRateLimited, 500: gateway.CodeIndeterminate, 503: gateway.CodeIndeterminate,
	} {
		_, _, err := wire(t, collana.OpReserve, gateway.Subject{Operation: "op_1", Target: "t-1"}, status, names)
		assert.Equal(t, want, gateway.CodeOf(err), status)
	}
}

// A path that a tenant has otherwise is replaced, and the call stays what it was.
func TestAPathIsReplacedAndTheCallStaysWhatItWas(t *testing.T) {
	t.Parallel()
	var seen []string
	api, err := collana.New(collana.Config{
		Callback: "https://shop.example/{store}", Method: collana.CreditCard, Keys: tenant.Single(collana.Keys{APIKey: gateway.NewSecret("the-key")}),
		Client: client.Func(func(ctx context.Context, x *transfer.Transfer) (*transfer.Response, error) {
			w, err := x.Wire(ctx)
			if err != nil {
				return nil, err
			}
			seen = append(seen, w.Method+" "+w.URL.Path+" "+w.Header.Get(collana.KeyHeader)+" "+w.Header.Get(collana.MethodHeader))
			return &transfer.Response{Status: http.StatusAccepted, Body: []byte(names)}, nil
		}),
	})
	require.NoError(t, err)
	pools, err := command.Assemble(api.Provider(), command.Override("collana", gateway.OpVoid,
		command.WrapTransfer(transfer.Path("/api/v2/transactions/{target}/cancels")), command.WrapTransfer(transfer.Method(http.MethodPost))))
	require.NoError(t, err)
	for _, op := range []gateway.Operation{gateway.OpVoid, gateway.OpCancel} {
		_, err = pools.For("collana").Get(op).Execute(t.Context(), gateway.Subject{Store: store, Operation: "op_1", Target: "t-1"})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"POST /api/v2/transactions/t-1/cancels the-key CreditCard", "POST /api/v2/transactions/t-1/voids the-key CreditCard"}, seen)
}

package collana_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/client"
	"github.com/gatewaycommand/gatewaycommand/command"
	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/tenant"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// fetch reads a status as one command of the pool does.
func fetch(t *testing.T, op gateway.Operation, s gateway.Subject, answer string) (gateway.Outcome, error) {
	t.Helper()
	api, err := collana.New(collana.Config{
		Keys: tenant.Single(collana.Keys{APIKey: gateway.NewSecret("k")}), AutoCapture: []string{collana.DirectDebit},
		Client: client.Func(func(context.Context, *transfer.Transfer) (*transfer.Response, error) {
			return &transfer.Response{Status: http.StatusOK, Body: []byte(answer)}, nil
		}),
	})
	require.NoError(t, err)
	pools, err := command.Assemble(api.Provider())
	require.NoError(t, err)
	s.Store, s.Target = store, "t-1"
	return pools.For("collana").Get(op).Execute(t.Context(), s)
}

// transaction is a status with interactions "Prepares Pending", which may end in
// fields of their own: `Captures Successful,"amount":4.00`.
func transaction(method string, all ...string) string {
	var list []string
	for n, one := range all {
		head, more, _ := strings.Cut(one, ",")
		endpoint, state, _ := strings.Cut(head, " ")
		if more != "" {
			more = "," + more
		}
		list = append(list, `{"interactionId":"i-`+string(rune('1'+n))+`","endpointType":"`+endpoint+`","status":"`+state+`"`+more+`}`)
	}
	return `{"transactionId":"t-1","paymentMethodType":"` + method + `","amount":100.00,"currencyCode":"EUR","interactions":[` + strings.Join(list, ",") + `]}`
}

const made = "Transactions Successful"

// Which phase, and what the shopper must do, follows from what the status shows; the
// order in which interactions stand there does not matter where one counts more.
func TestTheStatusIsReadAsWhereThePaymentStands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		phase  string
		status gateway.Status
		action gateway.ActionKind
		of     []string
	}{
		{collana.PhaseCreateSend, gateway.StatusAwaiting, "", []string{"Transactions Pending"}},
		{collana.PhaseCreatePending, gateway.StatusActionRequired, gateway.ActionSDK, []string{`Transactions Pending,"checkoutData":"eyJ9"`}},
		{collana.PhaseCreateDone, gateway.StatusAwaiting, "", []string{made}},
		{collana.PhaseCreateError, gateway.StatusFailed, "", []string{"Transactions Failed"}},
		{collana.PhasePrepareSend, gateway.StatusAwaiting, "", []string{made, "Prepares Pending"}},
		{collana.PhasePreparePending, gateway.StatusActionRequired, gateway.ActionIframe, []string{made, `Prepares Pending,"embedmentUri":"https://f.example/"`}},
		{collana.PhasePreparePending, gateway.StatusActionRequired, gateway.ActionRedirect, []string{made, `Prepares Pending,"redirectUri":"https://f.example/"`}},
		{collana.PhasePrepareDone, gateway.StatusAwaiting, "", []string{made, "Prepares Successful"}},
		{collana.PhasePrepareDone, gateway.StatusAwaiting, "", []string{made, "Prepares Successful", "Prepares Pending", "Prepares Failed"}},
		{collana.PhasePrepareSend, gateway.StatusAwaiting, "", []string{made, "Prepares Failed", "Prepares Pending"}},
		{collana.PhasePrepareSend, gateway.StatusAwaiting, "", []string{made, "Prepares Pending", "Prepares Failed"}},
		{collana.PhasePrepareError, gateway.StatusFailed, "", []string{made, "Prepares Failed", "Prepares Declined"}},
		{collana.PhaseReserveSend, gateway.StatusAwaiting, "", []string{made, "Prepares Successful", "Reservations Pending"}},
		{collana.PhaseReservePending, gateway.StatusActionRequired, gateway.ActionRedirect, []string{made, "Prepares Successful", `Reservations Pending,"redirectUri":"https://b.example/"`}},
		{collana.PhaseReserveDone, gateway.StatusSucceeded, "", []string{made, "Prepares Successful", "Reservations Successful"}},
		{collana.PhaseReserveDone, gateway.StatusSucceeded, "", []string{made, "Prepares Successful", "Reservations Failed", "Reservations Successful"}},
		{collana.PhaseReserveError, gateway.StatusFailed, "", []string{made, "Prepares Successful", "Reservations Failed"}},
		{collana.PhaseReserveDone, gateway.StatusSucceeded, "", []string{made, "Prepares Successful", "Reservations Successful", "Voids Successful"}},
		{collana.PhaseCancelled, gateway.StatusFailed, "", []string{made, "Prepares Cancelled", "Voids Successful"}},
		{collana.PhaseReserveDone, gateway.StatusSucceeded, "", []string{made, "Imports Completed"}},
	} {
		out, err := fetch(t, collana.OpFetchCreate, gateway.Subject{}, transaction(collana.CreditCard, c.of...))
		require.NoError(t, err, "%v", c.of)
		assert.Equal(t, c.phase, out.Phase, "%v", c.of)
		assert.Equal(t, c.status, out.Status, "%v", c.of)
		if c.action == "" {
			assert.Nil(t, out.Action, "%v", c.of)
		} else if assert.NotNil(t, out.Action, "%v", c.of) {
			assert.Equal(t, c.action, out.Action.Kind)
		}
		if c.status == gateway.StatusFailed {
			assert.NotEmpty(t, out.Reason)
		}
	}
}

// What is not understood is indeterminate: a word, a kind that may have moved money,
// an amount, an address that is no page.
func TestAStatusThatIsNotUnderstoodIsIndeterminate(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		transaction(collana.CreditCard, made, "Prepares Perhaps"),
		transaction(collana.CreditCard, made, "Chargebacks Successful"),
		transaction(collana.CreditCard, made, "Prepares Successful", "Reservations Successful", "Captures Successful"),
		transaction(collana.CreditCard, made, "Prepares Successful", `Reservations Successful,"amount":100.001,"currencyCode":"EUR"`),
		transaction(collana.CreditCard, made, "Prepares Successful", `Reservations Successful,"amount":-1,"currencyCode":"EUR"`),
		transaction(collana.CreditCard, made, "Prepares Successful", `Reservations Successful,"amount":1e2,"currencyCode":"EUR"`),
		transaction(collana.CreditCard, made, "Prepares Successful", "Reservations Successful", `Captures Successful,"amount":1,"currencyCode":"USD"`),
		transaction(collana.CreditCard, made, `Prepares Pending,"embedmentUri":"javascript:alert(1)"`),
		transaction(collana.CreditCard, made, `Prepares Pending,"redirectUri":"https://u:p@b.example/"`),
		strings.Replace(transaction(collana.CreditCard, made), "t-1", "t-2", 1),
		strings.Replace(transaction(collana.CreditCard, made), `"i-1"`, `"i 1"`, 1),
		`{"transactionId":"t-1","TransactionId":"t-1","interactions":[]}`,
	} {
		_, err := fetch(t, gateway.OpFetch, gateway.Subject{}, answer)
		require.ErrorIs(t, err, gateway.CodeIndeterminate, answer)
	}
	_, err := fetch(t, gateway.OpFetch, gateway.Subject{}, transaction(collana.CreditCard, made, "Chargebacks Failed"))
	require.NoError(t, err, "what failed has moved nothing, whatever it is")
}

// Money is what the status states, with the operation that is known to have caused it.
func TestMovementsAreAttributedByTheNamesOfTheirInteractions(t *testing.T) {
	t.Parallel()
	s := gateway.Subject{Operation: "op_cap"}
	s.Payment.Refs = gateway.Refs{
		{Owner: "collana", Name: "transaction", Value: "t-1"}, {Owner: "collana", Name: "interaction/op_auth", Value: "i-1"}, {Owner: "collana", Name: "interaction/op_cap", Value: "i-4"},
	}
	out, err := fetch(t, collana.OpFetchCapture, s, transaction(collana.CreditCard, made, "Prepares Successful", "Reservations Successful",
		`Captures Successful,"amount":40.0000,"currencyCode":"EUR"`, `Captures Successful,"amount":10`, `Refunds Successful,"amount":5.5`, "Voids Successful"))
	require.NoError(t, err)
	assert.Equal(t, gateway.StatusSucceeded, out.Status)
	var got []string
	for _, m := range out.Movements {
		got = append(got, string(m.Kind)+" "+m.Amount.String()+" "+m.Reference+" of "+m.Parent+" by "+string(m.Operation))
	}
	assert.Equal(t, []string{
		"hold 100.00 EUR i-3 of  by op_auth", "capture 40.00 EUR i-4 of i-3 by op_cap", "capture 10.00 EUR i-5 of i-3 by ",
		"release 50.00 EUR i-7 of i-3 by ", "refund 5.50 EUR i-6 of  by ",
	}, got)
	for op, want := range map[gateway.Operation]gateway.Code{collana.OpFetchRefund: gateway.CodeNotFound, collana.OpFetchVoid: gateway.CodeNotFound} {
		_, err = fetch(t, op, s, transaction(collana.CreditCard, made, `Refunds Successful,"amount":5`, "Voids Successful"))
		assert.Equal(t, want, gateway.CodeOf(err), "a refund or void of somebody else is not ours")
	}
	_, err = fetch(t, collana.OpFetchCreate, s, transaction(collana.CreditCard, made))
	require.ErrorIs(t, err, gateway.CodeNotFound, "another operation created it")
	for _, op := range []gateway.Operation{collana.OpFetchPrepare, collana.OpFetchReserve} {
		_, err = fetch(t, op, s, transaction(collana.CreditCard, made))
		require.ErrorIs(t, err, gateway.CodeNotFound)
	}
	out, err = fetch(t, gateway.OpFetch, s, transaction(collana.DirectDebit, made, "Reservations Successful"))
	require.NoError(t, err)
	require.Len(t, out.Movements, 2, "the PSP captures with the reservation")
	assert.Equal(t, gateway.MoveCapture, out.Movements[1].Kind)
	answer, ok := collana.Answer.From(out.Extras)
	assert.True(t, ok)
	assert.Len(t, answer.Interactions, 2)
}

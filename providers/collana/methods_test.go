package collana_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/collana"
	"github.com/gatewaycommand/gatewaycommand/providers/collana/simulator"
)

// C1, C2: the method is a word in a header; what the shopper then sees is Collana's
// and the PSP's to say, and the same code pays by each.
func TestEveryMethodIsPaidByTheSameCode(t *testing.T) {
	t.Parallel()
	for _, m := range collana.Methods() {
		s := open(t, nil)
		id, _, err := s.pay(m.Name)
		require.NoError(t, err)
		if m.Name == collana.PayPalExpress {
			s.resolve(6 * time.Second)
			s.wallet(id, "approve")
		}
		s.finish(id)
		assert.Equal(t, gateway.StateSucceeded, s.operation(id).State, m.Name)
		assert.Equal(t, eur(9990), s.balanced(id).Authorized, m.Name)
		r, err := s.engine.Capture(t.Context(), engine.Request{Store: store, Payment: id, Key: "ship", All: true})
		require.NoError(t, err, "a capture need not repeat the method: %s", m.Name)
		assert.Equal(t, gateway.StateAwaiting, r.Operation.State)
	}
}

// wallet decides in the wallet that the browser SDK opened.
func (s *shop) wallet(id gateway.PaymentID, decision string) {
	s.Helper()
	o := s.operation(id)
	require.Equal(s, gateway.StateActionRequired, o.State)
	require.Equal(s, gateway.ActionSDK, o.Action.Kind)
	assert.Equal(s, collana.PhaseCreatePending, s.payment(id).Phase)
	data := o.Action.Fields["checkoutData"]
	require.NotEmpty(s, data)
	s.shopper(s.collana.URL()+"/wallet/"+data, decision)
}

// Express checkout: the create gives the checkout data for the browser SDK; that the
// wallet was closed is told from server to server.
func TestExpressCheckoutIsApprovedOrCancelledInTheWallet(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	id, _, err := s.pay(collana.PayPalExpress)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Pending))
	s.wallet(id, "approve")
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	s.tell(s.last(simulator.Prepares, simulator.Successful))
	s.tell(s.last(simulator.Reservations, simulator.Successful))
	s.once(id)

	s = open(t, nil)
	id, _, err = s.pay(collana.PayPalExpress)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Pending))
	s.wallet(id, "decline")
	s.tell(s.last(simulator.Transactions, simulator.Cancelled))
	o := s.operation(id)
	assert.Equal(t, gateway.StateFailed, o.State)
	assert.Equal(t, decline.ShopperCancelled, o.Reason)
	assert.Zero(t, s.collana.Requests(simulator.Prepares))
}

// A shopper or a PSP that says no ends the payment, in whichever call.
func TestANoEndsThePayment(t *testing.T) {
	t.Parallel()
	for endpoint, phase := range map[string]string{
		simulator.Transactions: collana.PhaseCreateError, simulator.Prepares: collana.PhasePrepareError, simulator.Reservations: collana.PhaseReserveError,
	} {
		s := open(t, nil)
		s.collana.Decline(endpoint)
		id, _, err := s.pay(collana.CreditCard)
		require.NoError(t, err)
		s.finish(id)
		o := s.operation(id)
		assert.Equal(t, gateway.StateFailed, o.State, endpoint)
		assert.Equal(t, gateway.CodeDeclined, o.Code)
		assert.NotEmpty(t, o.Message, "the shopper is told something")
		assert.Equal(t, phase, s.payment(id).Phase)
		assert.True(t, s.balanced(id).Authorized.IsZero())
	}
	s := open(t, nil)
	id, _, err := s.pay(collana.CreditCard)
	require.NoError(t, err)
	s.tell(s.last(simulator.Transactions, simulator.Successful))
	s.tell(s.last(simulator.Prepares, simulator.Pending))
	s.shopper(s.action(id, gateway.ActionIframe), "decline")
	s.tell(s.last(simulator.Prepares, simulator.Failed))
	assert.Equal(t, gateway.StateFailed, s.operation(id).State)
}

// A purchase captures once the money is reserved; where the PSP captures with the
// reservation, there is nothing more to do.
func TestAPurchaseTakesTheMoneyOnce(t *testing.T) {
	t.Parallel()
	for _, auto := range []bool{false, true} {
		for _, told := range []bool{false, true} {
			s := open(t, func(c *setup) {
				if auto {
					c.collana.AutoCapture = []string{collana.Invoice}
				}
			})
			id, _, err := s.begin(s.engine.Purchase, collana.Invoice)
			require.NoError(t, err)
			for at := 0; told && at < len(s.collana.Callbacks()); at++ {
				s.tell(s.collana.Callbacks()[at])
			}
			s.finish(id)
			assert.Equal(t, gateway.StateSucceeded, s.operation(id).State)
			assert.Equal(t, eur(9990), s.balanced(id).Captured)
			want := map[bool]int{false: 1, true: 0}[auto]
			assert.Equal(t, want, s.collana.Requests(simulator.Captures))
			assert.Equal(t, gateway.PaymentCaptured, s.payment(id).Status())
		}
	}
}

// Where the PSP captures with the reservation, an authorization is a capture too:
// that is what happened to the money.
func TestAnAuthorizationThatThePSPCapturesIsBookedAsWhatItIs(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *setup) { c.collana.AutoCapture = []string{collana.Invoice} })
	id, _, err := s.pay(collana.Invoice)
	require.NoError(t, err)
	s.finish(id)
	b := s.balanced(id)
	assert.Equal(t, eur(9990), b.Authorized)
	assert.Equal(t, eur(9990), b.Captured)
	r, err := s.engine.Refund(t.Context(), engine.Request{Store: store, Payment: id, Key: "back", Amount: eur(990)})
	require.NoError(t, err)
	s.tell(s.last(simulator.Refunds, simulator.Successful))
	assert.Equal(t, eur(990), s.balanced(id).Refunded)
	assert.Equal(t, gateway.StateAwaiting, r.Operation.State)
}

// Section 4, item 6: both versions of the API, and names in either spelling, in
// answers, in the status and in callbacks.
func TestBothVersionsAndBothSpellingsAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, version := range []string{collana.V1, collana.V2} {
		for _, other := range []bool{false, true} {
			s := open(t, func(c *setup) { c.collana.Version = version })
			if other {
				for _, endpoint := range []string{simulator.Transactions, simulator.Prepares, simulator.Reservations} {
					s.collana.Next(endpoint, simulator.OtherSpelling)
				}
				for range 40 {
					s.collana.Next("Status", simulator.OtherSpelling)
				}
			}
			id := s.paid()
			s.once(id)
			body := string(s.collana.Callbacks()[0].Body)
			want := map[string]string{collana.V1: `"TransactionId"`, collana.V2: `"transactionId"`}[version]
			assert.Contains(t, body, want)
		}
	}
}

// An amount has the decimals of its currency, whatever they are.
func TestCurrenciesWithAndWithoutDecimals(t *testing.T) {
	t.Parallel()
	for _, amount := range []gateway.Money{gateway.Minor(1050, "JPY"), gateway.Minor(1005, "EUR"), gateway.Minor(10050, "KWD")} {
		s := open(t, nil)
		p, err := s.engine.Create(t.Context(), engine.NewPayment{Store: store, Key: "o", Amount: amount})
		require.NoError(t, err)
		_, err = s.engine.Authorize(t.Context(), engine.Request{
			Store: store, Payment: p.ID, Key: "pay", Provider: "collana", All: true, Extras: gateway.With(collana.Method.Of(collana.Invoice)),
		})
		require.NoError(t, err)
		s.finish(p.ID)
		assert.Equal(t, amount, s.payment(p.ID).Balances.Authorized)
		assert.Equal(t, amount.Minor(), s.collana.Total(amount.Currency()).Authorized)
	}
}

// A payment without a method, a callback or a key is refused before anything is sent.
func TestWhatIsMissingIsSaidBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *setup) { c.collana.Method = "" })
	id, _, err := s.pay("")
	require.ErrorIs(t, err, gateway.CodeInvalid)
	assert.Contains(t, err.Error(), "how it is paid")
	assert.Equal(t, gateway.StateFailed, s.operation(id).State)

	s = open(t, func(c *setup) { c.collana.Callback = "" })
	_, _, err = s.pay(collana.Invoice)
	require.ErrorIs(t, err, gateway.CodeInvalid)
	assert.Contains(t, err.Error(), "calls back")
	assert.Zero(t, s.collana.Requests(simulator.Transactions))

	for _, cfg := range []collana.Config{{}, {Keys: s.keys(), Version: "api/v3"}, {Keys: s.keys(), Callback: "shop.example"}, {Keys: s.keys(), Callback: "https://u:p@shop.example/"}, {Keys: s.keys(), Patience: -1}} {
		_, err := collana.New(cfg)
		require.ErrorIs(t, err, gateway.CodeInternal)
	}
	api, err := collana.New(collana.Config{Keys: s.keys()})
	require.NoError(t, err)
	assert.Equal(t, "collana", api.Provider().Name)
}

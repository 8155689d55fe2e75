package enginetest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/engine"
	"github.com/gatewaycommand/gatewaycommand/providers/sandbox/simulator"
)

// Create makes a payment of 10.00 EUR for order "order-<key>", and sends nothing.
func (s *Shop) Create(key string) gateway.Payment {
	s.Helper()
	p, err := s.Engine.Create(s.Context(), engine.NewPayment{
		Store: Store, Key: key, Amount: EUR(1000), Order: &gateway.Order{Number: "order-" + key, Description: Canary},
	})
	require.NoError(s, err)
	return p
}

// Authorization asks for all of a payment with a card that is accepted.
func Authorization(p gateway.Payment, key string) engine.Request {
	card := &gateway.Instrument{Token: gateway.NewSecret(simulator.TokenOK)}
	return engine.Request{
		Store: Store, Payment: p.ID, Key: key + "-auth", Provider: "sandbox", All: true, Instrument: card, ReturnURL: "https://shop.example/" + Canary,
	}
}

// Paid makes a payment of 10.00 EUR that is authorized, with 6.00 captured.
func (s *Shop) Paid(key string) gateway.Payment {
	s.Helper()
	p := s.Create(key)
	_, err := s.Engine.Authorize(s.Context(), Authorization(p, key))
	require.NoError(s, err)
	r, err := s.Engine.Capture(s.Context(), engine.Request{Store: Store, Payment: p.ID, Key: key + "-ship", Amount: EUR(600), Reason: Canary})
	require.NoError(s, err)
	return r.Payment
}

// Parked makes an authorization of which nobody knows what became: its answer
// was lost, and its instrument is not stored. Hours pass.
func (s *Shop) Parked(key string) (gateway.Payment, gateway.OperationID) {
	s.Helper()
	p := s.Create(key)
	s.Provider.Next(simulator.OpCreatePayment, simulator.ResetBefore)
	r, err := s.Engine.Authorize(s.Context(), Authorization(p, key))
	require.ErrorIs(s, err, gateway.CodeIndeterminate)
	for range 8 {
		s.Advance(10 * time.Minute)
		_, err = s.Engine.Resolve(s.Context(), 100)
		require.NoError(s, err)
	}
	ops, _, err := s.Engine.History(s.Context(), Store, p.ID)
	require.NoError(s, err)
	require.Equal(s, gateway.StateParked, ops[0].State)
	return p, r.Operation.ID
}

// Payment returns what the ledger says of a payment.
func (s *Shop) Payment(id gateway.PaymentID) gateway.Payment {
	s.Helper()
	p, err := s.Engine.Payment(s.Context(), Store, id)
	require.NoError(s, err)
	return p
}

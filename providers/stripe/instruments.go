package stripe

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

var (
	setupResult     = handler.Named("setup", handler.Typed(bookSetup))
	setupAnswer     = handler.Named("answer", handler.Keep(SetupAnswer))
	attachedMethod  = handler.Named("instrument", handler.Typed(keepAttached))
	createdCustomer = handler.Named("refs", handler.Refs(map[string]string{refCustomer: "id"}))
	createdAnswer   = handler.Named("answer", handler.Keep(CustomerAnswer))
	methodSucceeded = handler.Named("status", handler.Succeeded())
	listedIntents   = handler.Named("answer", handler.Keep(IntentsAnswer))
	listedRefunds   = handler.Named("answer", handler.Keep(RefundsAnswer))
	listedBalance   = handler.Named("answer", handler.Keep(BalanceAnswer))
)

// instrument describes what paid, or can pay.
func instrument(kind, token, customer string, card *Card, debits ...*Debit) *gateway.Instrument {
	i := &gateway.Instrument{Kind: kind, Token: gateway.NewSecret(token), Customer: customer}
	if card != nil {
		i.Brand, i.Last4, i.ExpiryMonth, i.ExpiryYear = card.Brand, card.Last4, card.ExpiryMonth, card.ExpiryYear
		i.Fingerprint, i.Mandate, i.NetworkTransaction = card.Fingerprint, card.Mandate, card.NetworkTransaction
	}
	for _, d := range debits {
		if d != nil {
			i.Last4, i.Fingerprint, i.Mandate = d.Last4, d.Fingerprint, d.Mandate
		}
	}
	return i
}

// keepInstrument keeps what paid. It can pay again when it belongs to a customer
// and was set up for that (https://docs.stripe.com/payments/save-during-payment).
func keepInstrument(_ context.Context, _ transfer.Exchange, p Intent, out *gateway.Outcome) error {
	c := p.LatestCharge.Object
	if c == nil || c.Details == nil || out.Status == gateway.StatusFailed {
		return nil
	}
	d := c.Details
	out.Instrument = instrument(d.Type, p.PaymentMethod.ID, p.Customer.ID, d.Card, d.SEPADebit, d.USBankAccount)
	out.Instrument.Reusable = p.Customer.ID != "" && p.SetupFutureUsage != ""
	return nil
}

// setupStatuses are a SetupIntent's states in our words
// (https://docs.stripe.com/payments/paymentintents/lifecycle): the same words,
// without money.
var setupStatuses = map[string]gateway.Status{
	"requires_payment_method": gateway.StatusAwaiting,
	"requires_confirmation":   gateway.StatusAwaiting,
	"requires_action":         gateway.StatusActionRequired,
	"processing":              gateway.StatusAwaiting,
	"succeeded":               gateway.StatusSucceeded,
	"canceled":                gateway.StatusFailed,
}

// bookSetup says how storing an instrument went, and keeps it.
func bookSetup(_ context.Context, _ transfer.Exchange, s Setup, out *gateway.Outcome) (err error) {
	out.Refs = out.Refs.Add(
		gateway.Ref{Name: refSetup, Value: s.ID}, gateway.Ref{Name: refCustomer, Value: s.Customer.ID}, gateway.Ref{Name: refMethod, Value: s.PaymentMethod.ID},
	)
	status, known := setupStatuses[s.Status]
	if !known {
		return gateway.Errorf(gateway.CodeIndeterminate, "setup status %.40q is not known", s.Status)
	}
	out.Status, out.Phase = status, s.Status
	switch {
	case s.declined():
		out.Status, out.Reason = gateway.StatusFailed, s.LastError.reason() // of a lookup: a command's decline ended at the validators
	case status == gateway.StatusFailed:
		out.Reason = reasonOfCancellation("")
	case s.NextAction != nil:
		out.Action, err = s.NextAction.action(s.ClientSecret)
	case status == gateway.StatusActionRequired:
		return gateway.Errorf(gateway.CodeIndeterminate, "the setup requires an action and names none")
	case s.Status != "succeeded" && s.Status != "processing":
		out.Action = handOver(s.Status, s.ClientSecret)
	}
	if m := s.PaymentMethod; m.Object != nil && status == gateway.StatusSucceeded {
		out.Instrument = instrument(m.Object.Type, m.ID, s.Customer.ID, m.Object.Card, m.Object.SEPADebit, m.Object.USBankAccount)
		out.Instrument.Reusable = s.Customer.ID != ""
		if s.Mandate.ID != "" {
			out.Instrument.Mandate = s.Mandate.ID
		}
	}
	return err
}

func (s Setup) declined() bool { return s.Status == "requires_payment_method" && s.LastError != nil }

func keepAttached(_ context.Context, _ transfer.Exchange, m PaymentMethod, out *gateway.Outcome) error {
	out.Refs = out.Refs.Add(gateway.Ref{Name: refMethod, Value: m.ID}, gateway.Ref{Name: refCustomer, Value: m.Customer.ID})
	out.Instrument = instrument(m.Type, m.ID, m.Customer.ID, m.Card, m.SEPADebit, m.USBankAccount)
	out.Instrument.Reusable = m.Customer.ID != ""
	return nil
}

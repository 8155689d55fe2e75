package sandbox

import (
	"context"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

var (
	paymentRefs = handler.Named("refs", handler.Refs(map[string]string{"payment": "id", "authorization": "authorization", "network_transaction": "network_transaction_id"}))
	captureRefs = handler.Named("refs", handler.Refs(map[string]string{"payment": "payment", "capture": "id"}))
	refundRefs  = handler.Named("refs", handler.Refs(map[string]string{"payment": "payment", "refund": "id"}))

	paymentMoney      = handler.Named("money", handler.Typed(bookPayment))
	paymentHistory    = handler.Named("money", handler.Typed(lookUpPayment))
	paymentAction     = handler.Named("action", handler.Typed(askShopper))
	paymentInstrument = handler.Named("instrument", handler.Typed(keepCard))
	paymentAnswer     = handler.Named("answer", handler.Keep(PaymentAnswer))
	captureMoney      = handler.Named("money", handler.Typed(bookCapture))
	refundMoney       = handler.Named("money", handler.Typed(bookRefund))
	instrumentKept    = handler.Named("instrument", handler.Typed(keepInstrument))
	cancelled         = handler.Named("money", handler.Typed(bookCancellation))
	denied            = handler.Named("status", handler.Typed(endReview))
	foundPayment      = handler.Named("found", handler.Typed(takeFound))
	revoked           = handler.Named("money", handler.Typed(bookRevoked))
	listedPayments    = handler.Named("answer", handler.Keep(PaymentsAnswer))
)

// statuses are the payment's states in our words (package simulator, Status). A
// state that is new is an error, never a guess.
var statuses = map[string]gateway.Status{
	"authorized": gateway.StatusSucceeded, "captured": gateway.StatusSucceeded, "partially_captured": gateway.StatusSucceeded,
	"refunded": gateway.StatusSucceeded, "partially_refunded": gateway.StatusSucceeded,
	"pending": gateway.StatusAwaiting, "action_required": gateway.StatusActionRequired, "held": gateway.StatusHeld,
	"declined": gateway.StatusFailed, "canceled": gateway.StatusFailed, "expired": gateway.StatusFailed,
}

func statusOf(p Payment) (gateway.Status, error) {
	if p.Status == "declined" && p.Decline != nil && !p.Decline.Final {
		return gateway.StatusActionRequired, nil // it may be confirmed with another instrument
	}
	if s, ok := statuses[p.Status]; ok {
		return s, nil
	}
	return "", gateway.Errorf(gateway.CodeIndeterminate, "payment status %.40q is not known", p.Status)
}

// bookPayment says what a new or continued payment moved.
func bookPayment(_ context.Context, _ transfer.Exchange, p Payment, out *gateway.Outcome) (err error) {
	if out.Status, err = statusOf(p); err != nil {
		return err
	}
	if out.Status == gateway.StatusFailed || p.Status == "declined" { // a decline is a 402; this answer says two things at once
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment is %s and the answer is no decline", p.Status)
	}
	out.Movements, err = p.Facts()
	return err
}

// lookUpPayment says how a payment stands, with all that ever moved.
func lookUpPayment(_ context.Context, _ transfer.Exchange, p Payment, out *gateway.Outcome) (err error) {
	if out.Status, err = statusOf(p); err != nil {
		return err
	}
	out.Phase = p.Status
	if p.Decline != nil && out.Status == gateway.StatusFailed {
		meaning, _, _ := Errors.Meaning(p.Decline.Code)
		out.Reason = meaning.Reason
		if out.Reason == "" {
			out.Reason = decline.Generic
		}
	}
	if out.Movements, err = p.Facts(); err != nil {
		return err
	}
	for i := range out.Movements {
		out.Movements[i].Source = gateway.SourcePoll
	}
	return tellDispute(p, out)
}

// disputeStates are the states of disputes in our words.
var disputeStates = map[string]gateway.DisputeState{"open": gateway.DisputeOpen, "won": gateway.DisputeWon, "lost": gateway.DisputeLost}

// tellDispute says how the newest dispute stands: one at a time is open.
func tellDispute(p Payment, out *gateway.Outcome) error {
	if len(p.Disputes) == 0 {
		return nil
	}
	d := p.Disputes[len(p.Disputes)-1]
	state, known := disputeStates[d.Status]
	if !known {
		return gateway.Errorf(gateway.CodeIndeterminate, "dispute status %.40q is not known", d.Status)
	}
	amount, err := d.Amount.Money()
	out.Dispute = &gateway.Dispute{Reference: d.ID, Reason: d.Reason, Amount: amount, Deadline: d.RespondBy, State: state}
	return err
}

// newest keeps the last movement of a kind, which is the one that this call made.
func newest(kind gateway.MovementKind) handler.Part {
	return handler.Named("money", handler.Typed(func(_ context.Context, x transfer.Exchange, p Payment, out *gateway.Outcome) error {
		all, err := p.Facts()
		if err != nil {
			return err
		}
		for i := len(all) - 1; i >= 0; i-- {
			if all[i].Kind == kind {
				all[i].Operation = x.Subject.Operation
				out.Movements = all[i : i+1]
				out.Status = gateway.StatusSucceeded
				return nil
			}
		}
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment shows no %s", kind)
	}))
}

// adjusted keeps the newest total of what is held, and of the authorizations that
// were superseded on the way to it those that an answer that was lost may have told.
func adjusted() handler.Part {
	return handler.Named("money", handler.Typed(func(_ context.Context, x transfer.Exchange, p Payment, out *gateway.Outcome) error {
		all, err := p.Facts()
		if err != nil {
			return err
		}
		names := ""
		for _, m := range slices.Backward(all) {
			switch {
			case m.Kind != gateway.MoveAdjust:
				continue
			case len(out.Movements) == 0:
				m.Operation, out.Status = x.Subject.Operation, gateway.StatusSucceeded
			case m.Reference != names:
				continue
			}
			out.Movements, names = append(out.Movements, m), m.Parent
		}
		if len(out.Movements) == 0 {
			return gateway.Errorf(gateway.CodeIndeterminate, "the payment shows no adjustment")
		}
		return nil
	}))
}

// bookCancellation says that a payment ended, and what it held is free again.
func bookCancellation(_ context.Context, x transfer.Exchange, p Payment, out *gateway.Outcome) error {
	if p.Status != "canceled" {
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment is %.40q after it was cancelled", p.Status)
	}
	all, err := p.Facts()
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Kind == gateway.MoveRelease {
			m.Operation = x.Subject.Operation
			out.Movements = append(out.Movements, m)
		}
	}
	out.Status = gateway.StatusSucceeded
	return nil
}

// bookRevoked says what moved in the payments that a key had made, all of which
// have ended; most often there is none.
func bookRevoked(_ context.Context, _ transfer.Exchange, made Payments, out *gateway.Outcome) error {
	for _, p := range made.Data {
		if status, err := statusOf(p); err != nil || status != gateway.StatusFailed {
			return gateway.Errorf(gateway.CodeIndeterminate, "payment %s is %.40q after it was cancelled by its key", p.ID, p.Status)
		}
		facts, err := p.Facts()
		if err != nil {
			return err
		}
		out.Movements = append(out.Movements, facts...)
		out.Refs = out.Refs.Add(gateway.Ref{Name: "payment", Value: p.ID}, gateway.Ref{Name: "authorization", Value: p.Authorization})
	}
	out.Status = gateway.StatusSucceeded
	return nil
}

// endReview says that a payment held for review was declined.
func endReview(_ context.Context, _ transfer.Exchange, p Payment, out *gateway.Outcome) error {
	if p.Status != "declined" {
		return gateway.Errorf(gateway.CodeIndeterminate, "the payment is %.40q after it was denied", p.Status)
	}
	out.Status = gateway.StatusSucceeded
	return nil
}

func bookCapture(_ context.Context, _ transfer.Exchange, c Capture, out *gateway.Outcome) error {
	settled, err := c.Settlement.settlement()
	if err != nil {
		return err
	}
	if err := bookPart(c.Status, c.Movements, out); err != nil {
		return err
	}
	for i := range out.Movements {
		if out.Movements[i].Kind == gateway.MoveCapture {
			out.Movements[i].Settled = settled
		}
	}
	return nil
}

func bookRefund(_ context.Context, _ transfer.Exchange, r Refund, out *gateway.Outcome) error {
	return bookPart(r.Status, r.Movements, out)
}

// bookPart says how a capture or refund stands. A reversed one shows both what
// moved and that it moved back.
func bookPart(status string, moved []Movement, out *gateway.Outcome) (err error) {
	switch status {
	case "succeeded", "reversed":
		out.Status = gateway.StatusSucceeded
	case "pending":
		out.Status = gateway.StatusAwaiting
	case "failed":
		out.Status, out.Reason = gateway.StatusFailed, decline.Generic
	default:
		return gateway.Errorf(gateway.CodeIndeterminate, "status %.40q is not known", status)
	}
	out.Movements, err = translate(moved)
	return err
}

func askShopper(_ context.Context, _ transfer.Exchange, p Payment, out *gateway.Outcome) error {
	if p.Action == nil || out.Status != gateway.StatusActionRequired && out.Status != gateway.StatusAwaiting {
		return nil
	}
	kinds := map[string]gateway.ActionKind{"redirect": gateway.ActionRedirect, "iframe": gateway.ActionIframe, "challenge": gateway.ActionChallenge, "display": gateway.ActionDisplay}
	kind, ok := kinds[p.Action.Type]
	if !ok {
		return gateway.Errorf(gateway.CodeIndeterminate, "action %.40q is not known", p.Action.Type)
	}
	out.Action = &gateway.Action{Kind: kind, URL: p.Action.URL, Fields: p.Action.Data, Expires: p.Action.Expires}
	return nil
}

func keepCard(_ context.Context, _ transfer.Exchange, p Payment, out *gateway.Outcome) error {
	if p.Instrument.Brand == "" {
		return nil
	}
	out.Instrument = &gateway.Instrument{
		Kind: "card", Token: gateway.NewSecret(p.Instrument.ID), Customer: p.Customer, Brand: p.Instrument.Brand, Last4: p.Instrument.Last4,
		ExpiryMonth: p.Instrument.ExpiryMonth, ExpiryYear: p.Instrument.ExpiryYear, NetworkTransaction: p.Network, Reusable: p.Instrument.ID != "",
	}
	return nil
}

func keepInstrument(_ context.Context, _ transfer.Exchange, i Instrument, out *gateway.Outcome) error {
	out.Instrument = &gateway.Instrument{
		Kind: "card", Token: gateway.NewSecret(i.ID), Customer: i.Customer, Brand: i.Brand, Last4: i.Last4,
		ExpiryMonth: i.ExpiryMonth, ExpiryYear: i.ExpiryYear, NetworkTransaction: i.Network, Reusable: true,
	}
	return nil
}

func takeFound(ctx context.Context, x transfer.Exchange, found Payments, out *gateway.Outcome) error {
	p := found.Data[0] // the validator saw that there is exactly one
	out.Refs = out.Refs.Add(gateway.Ref{Name: "payment", Value: p.ID}, gateway.Ref{Name: "authorization", Value: p.Authorization})
	if err := lookUpPayment(ctx, x, p, out); err != nil {
		return err
	}
	out.Extras = out.Extras.With(PaymentAnswer.Of(p))
	return askShopper(ctx, x, p, out)
}

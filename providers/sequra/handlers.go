package sequra

import (
	"context"
	"net/url"
	"path"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// The states of an order, as they are told to SeQura.
const (
	stateConfirmed = "confirmed"
	stateOnHold    = "on_hold"
	stateCancelled = "cancelled"
)

// The phases of a payment here: how far the order has come, as SeQura confirmed it.
const (
	phaseSolicited = "solicited"
	phaseForm      = "form" // the shopper has it
	phaseOnHold    = stateOnHold
	phaseConfirmed = stateConfirmed
	phaseCancelled = stateCancelled
)

// lastSegment returns the last segment of the Location's path: the name of what
// was made. Header names are compared without regard to case.
func lastSegment(x transfer.Exchange) string {
	u, err := url.Parse(x.Response.Header.Get("Location"))
	if err != nil || u.Path == "" {
		return ""
	}
	name, err := url.PathUnescape(path.Base(u.EscapedPath()))
	if err != nil {
		return ""
	}
	return name
}

// solicited keeps the order's name.
var solicited = handler.Named("order", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	out.Refs = out.Refs.Add(gateway.Ref{Name: refOrder, Value: lastSegment(x)})
	out.Phase, out.Status = phaseSolicited, gateway.StatusSucceeded
	return nil
}))

// shown hands the form to the shopper's page.
var shown = handler.Named("form", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	out.Action = &gateway.Action{Kind: gateway.ActionHTML, HTML: string(x.Response.Body)}
	out.Phase, out.Status = phaseForm, gateway.StatusActionRequired
	return nil
}))

// confirmed says what an order's confirmation means: the shopper owes all that is
// due, and the shop may ship, once SeQura knows the shop's number for it. Until
// then SeQura does not process the order (docs.sequra.com, "Confirm order": "Order
// reference missing"), so nothing is held.
var confirmed = handler.Named("money", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	s := x.Subject
	out.Status, out.Phase = gateway.StatusSucceeded, s.Input[inputState]
	out.Refs = out.Refs.Add(
		gateway.Ref{Name: refOrder, Value: s.Target}, gateway.Ref{Name: refOrder1, Value: s.Input[inputRef1]}, gateway.Ref{Name: refOrder2, Value: s.Input[inputRef2]},
	)
	if s.Input[inputState] == stateConfirmed && s.Input[inputRef1] != "" {
		out.Movements = []gateway.Movement{{Kind: gateway.MoveHold, Amount: s.Payment.Due, Reference: s.Target, Operation: begunBy(*s)}}
	}
	return nil
}))

// ended says that an order that was never confirmed is over.
var ended = handler.Named("order", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	out.Refs = out.Refs.Add(gateway.Ref{Name: refOrder, Value: x.Subject.Target})
	out.Status, out.Phase = gateway.StatusSucceeded, phaseCancelled
	return nil
}))

// moved says what an update has moved. SeQura repeats no amount: the update told
// all that is shipped and all that is not, items and totals, and was accepted as a
// whole; otherwise the answer is 409 (docs.sequra.com, "Order Update API").
func moved(op gateway.Operation) handler.Part {
	return handler.Named("money", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
		s := x.Subject
		out.Status = gateway.StatusSucceeded
		out.Refs = out.Refs.Add(gateway.Ref{Name: refOrder, Value: s.Target})
		before := s.Payment.Balances
		open := before.Authorized.Minor() - before.Released.Minor() - before.Captured.Minor()
		move := func(kind gateway.MovementKind, minor int64) {
			if minor > 0 {
				// SeQura names no shipment: ours is told by the call that made it.
				out.Movements = append(out.Movements, gateway.Movement{
					Kind: kind, Amount: gateway.Minor(minor, s.Payment.Due.Currency()), Reference: s.Target + "/" + string(s.Operation), Parent: s.Target,
				})
			}
		}
		switch op {
		case gateway.OpCapture:
			move(gateway.MoveCapture, s.Amount.Minor())
			if s.Final {
				move(gateway.MoveRelease, open-s.Amount.Minor())
			}
		case gateway.OpVoid:
			move(gateway.MoveRelease, open)
		case gateway.OpRefund:
			move(gateway.MoveRefund, s.Amount.Minor())
		}
		return nil
	}))
}

// madeAt keeps the address of what was made.
var madeAt = handler.Named("location", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	out.Status = gateway.StatusSucceeded
	out.Extras = out.Extras.With(LocationAnswer.Of(x.Response.Header.Get("Location")))
	return nil
}))

// methods gives the products to the caller, by category.
var methods = handler.Named("answer", handler.Typed(func(_ context.Context, _ transfer.Exchange, a methodsAnswer, out *gateway.Outcome) error {
	out.Status = gateway.StatusSucceeded
	out.Extras = out.Extras.With(MethodsAnswer.Of(a.Options))
	return nil
}))

// kept gives a list to the caller.
func kept[T any](e *gateway.Extra[[]T]) handler.Part {
	return handler.Named("answer", handler.Typed(func(_ context.Context, _ transfer.Exchange, all []T, out *gateway.Outcome) error {
		out.Status = gateway.StatusSucceeded
		out.Extras = out.Extras.With(e.Of(all))
		return nil
	}))
}

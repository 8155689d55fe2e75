package collana

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/decline"
	"github.com/gatewaycommand/gatewaycommand/handler"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// Answer is the extra with the whole transaction that a status showed.
var Answer = gateway.TransientExtra[Transaction]("collana.transaction")

// sent reads the answer to a call: it was accepted, and what it did comes later.
func (a *API) sent(phase string) handler.Chain {
	parts := []handler.Part{handler.Named("names", handler.Func(a.names)), handler.Named("awaiting", handler.Awaiting())}
	if phase != "" {
		parts = append(parts, handler.Named("phase", handler.Phase(phase)))
	}
	return handler.Compose(parts...)
}

// names keeps the transaction's id, and the interaction's with the operation that made it.
func (a *API) names(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	answer, err := read[Accepted](x)
	if err != nil {
		return err
	}
	out.Refs = out.Refs.Add(
		gateway.Ref{Name: refTransaction, Value: answer.TransactionID},
		gateway.Ref{Name: interactionOf(x.Subject.Operation), Value: answer.InteractionID},
		gateway.Ref{Name: refMethod, Value: a.method(*x.Subject) + "@" + answer.TransactionID},
	)
	return nil
}

// whole reads how the whole transaction stands. The phase is for lookups of a call
// only: it is recorded with the operation, and its action, that they are made for.
// A look at the payment would tell a phase before its operation has come there,
// unless its money says that it has.
func (a *API) whole(phase bool) handler.Chain {
	return handler.Compose(
		handler.Named("names", handler.Func(shownNames)),
		handler.Named("money", handler.Func(a.money)),
		handler.Named("standing", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
			t, err := read[Transaction](x)
			if err != nil {
				return err
			}
			s := t.standing()
			out.Status, out.Action, out.Reason = s.status, s.action, s.reason
			if phase || s.status == gateway.StatusSucceeded {
				out.Phase = s.phase
			}
			return nil
		})),
		handler.Named("answer", handler.Func(keep)),
	)
}

// call reads how one call of a transaction stands: a capture, a refund, a void.
func (a *API) call(of kind) handler.Chain {
	return handler.Compose(
		handler.Named("names", handler.Func(shownNames)),
		handler.Named("money", handler.Func(a.money)),
		handler.Named("call", handler.Func(func(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
			t, err := read[Transaction](x)
			if err != nil {
				return err
			}
			out.Status, out.Reason = t.call(of, x.Subject.Payment.Refs, x.Subject.Operation)
			return nil
		})),
		handler.Named("answer", handler.Func(keep)),
	)
}

// call returns how an operation's own interaction of a kind stands.
func (t Transaction) call(of kind, refs gateway.Refs, op gateway.OperationID) (gateway.Status, decline.Reason) {
	status, reason := gateway.StatusFailed, decline.Generic
	for _, i := range t.Interactions {
		if i.kind() != of || caller(refs, i.InteractionID) != op {
			continue
		}
		switch i.state() {
		case successful:
			return gateway.StatusSucceeded, ""
		case pending:
			status, reason = gateway.StatusAwaiting, ""
		case failed, cancelled, unknown:
		}
	}
	return status, reason
}

func shownNames(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	t, err := read[Transaction](x)
	if err != nil {
		return err
	}
	out.Refs = out.Refs.Add(gateway.Ref{Name: refTransaction, Value: t.TransactionID})
	if t.PaymentMethodType != "" {
		out.Refs = out.Refs.Add(gateway.Ref{Name: refMethod, Value: t.PaymentMethodType + "@" + t.TransactionID})
	}
	return nil
}

func (a *API) money(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	t, err := read[Transaction](x)
	if err != nil {
		return err
	}
	out.Movements, err = a.facts(t, *x.Subject)
	return err
}

func keep(_ context.Context, x transfer.Exchange, out *gateway.Outcome) error {
	t, err := read[Transaction](x)
	if err != nil {
		return err
	}
	out.Extras = out.Extras.With(Answer.Of(t))
	return nil
}

package sequra

import (
	"context"
	"errors"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// work is one event's duty.
type work struct {
	Duty
	payment gateway.Payment
	id      gateway.OperationID // that began the payment
	state   gateway.OperationState
}

// wake takes up a payment that had waited for so long that a person was asked to
// see to it: this is news of it.
func (w work) wake(ctx context.Context) error {
	if w.state != gateway.StateParked {
		return nil
	}
	return w.note(ctx, gateway.StatusAwaiting, "")
}

// note records how far the payment has come. From then on it is not the shopper who
// has to act: the time to do so is over, and must not end the sale.
func (w work) note(ctx context.Context, status gateway.Status, phase string) error {
	return w.Engine.Tell(ctx, w.payment.Store, w.payment.ID, w.id, gateway.Outcome{Status: status, Phase: phase})
}

// acted is for a call that failed. Where SeQura has not said no, the shopper has
// acted as far as anybody knows.
func (w work) acted(ctx context.Context, err error) error {
	if refused := gateway.CodeOf(notNow(err)) == gateway.CodeConflict; refused {
		return err
	}
	return errors.Join(err, w.note(ctx, gateway.StatusAwaiting, ""))
}

// key names a step of the duty: the same for every notification that asks for it.
func (w work) key(step string) string { return w.Provider + "/" + string(w.id) + "/" + step }

// tell tells SeQura the order's state, and its number once there is one.
func (w work) tell(ctx context.Context, step, state string, number MerchantReference) error {
	s := gateway.Subject{Store: w.payment.Store, Payment: w.payment, Input: map[string]string{inputState: state, inputOperation: string(w.id)}}
	if number.OrderRef1 != "" {
		s.Input[inputRef1] = number.OrderRef1
	}
	if number.OrderRef2 != "" {
		s.Input[inputRef2] = number.OrderRef2
	}
	if w.Current != nil {
		now, err := w.Current(ctx, w.payment)
		if err != nil {
			return err
		}
		s.Extras = gateway.With(Details.Of(now))
	}
	return w.Engine.Do(ctx, gateway.OpContinue, w.Provider, w.key(step), s)
}

// number returns the shop's order, which is made where it is not there yet.
func (w work) number(ctx context.Context, state string) (MerchantReference, error) {
	n, err := w.Orders.CreateOrder(ctx, w.payment, state)
	if err == nil && checkRef(n.OrderRef1) != nil {
		err = gateway.Errorf(gateway.CodeInternal, "the shop's order has no number that SeQura could be told")
	}
	return n, err
}

// known returns the number that SeQura was told before.
func (w work) known() MerchantReference {
	return MerchantReference{refOf(w.payment, w.Provider, refOrder1), refOf(w.payment, w.Provider, refOrder2)}
}

func (w work) over() error {
	return webhook.Gone(gateway.Errorf(gateway.CodeConflict, "the payment has ended without money: operation %s is %s", w.id, w.state))
}

// confirm sells.
func (w work) confirm(ctx context.Context) error {
	if w.state == gateway.StateFailed || w.state == gateway.StateCancelled {
		return w.over()
	}
	number := w.known()
	if number.OrderRef1 == "" {
		if err := w.tell(ctx, stateConfirmed, stateConfirmed, number); err != nil {
			return w.acted(ctx, err)
		}
		if err := w.note(ctx, gateway.StatusAwaiting, phaseConfirmed); err != nil {
			return err
		}
		made, err := w.number(ctx, Approved)
		if err != nil {
			return err
		}
		number = made
	}
	if err := w.tell(ctx, stateConfirmed+"/placed", stateConfirmed, number); err != nil {
		return err
	}
	return w.settled(ctx)
}

// settled sees to it that the operation that began the payment ends, now that its
// money is booked: a process may have ended between the two.
func (w work) settled(ctx context.Context) error {
	state := gateway.OperationState("")
	for range 2 {
		var err error
		if _, state, err = w.Engine.Begun(ctx, w.payment.Store, w.payment.ID, w.Provider); err != nil || state == gateway.StateSucceeded {
			return err
		}
		if err := w.note(ctx, gateway.StatusAwaiting, phaseConfirmed); err != nil {
			return err
		}
	}
	return gateway.Errorf(gateway.CodeUnavailable, "the order is confirmed and operation %s is still %s", w.id, state)
}

// hold acknowledges an order that SeQura reviews: it is made, and not to be shipped.
func (w work) hold(ctx context.Context) error {
	switch {
	case w.state == gateway.StateSucceeded, w.payment.Phase == phaseConfirmed:
		return nil // the review is over: this was late
	case w.state.Terminal():
		return w.over()
	}
	number := w.known()
	if number.OrderRef1 == "" {
		if err := w.tell(ctx, stateOnHold, stateOnHold, number); err != nil {
			return w.acted(ctx, err)
		}
		if err := w.note(ctx, gateway.StatusHeld, phaseOnHold); err != nil {
			return err
		}
		made, err := w.number(ctx, NeedsReview)
		if err != nil {
			return err
		}
		number = made
	}
	return w.tell(ctx, stateOnHold+"/placed", stateOnHold, number)
}

// cancel ends an order that SeQura has cancelled. What was shipped stays as it is:
// only SeQura's own word about money moves money, and this is a hint.
func (w work) cancel(ctx context.Context) error {
	s := gateway.Subject{Store: w.payment.Store, Payment: w.payment, Reason: "cancelled by the provider"}
	switch {
	case w.state == gateway.StateFailed, w.state == gateway.StateCancelled:
		return nil
	case w.state != gateway.StateSucceeded:
		return w.Engine.Do(ctx, gateway.OpCancel, w.Provider, w.key(stateCancelled), s)
	case w.payment.Balances.Captured.IsPositive() || !w.payment.Releasable().IsPositive():
		return nil
	}
	if err := w.note(ctx, "", phaseCancelled); err != nil {
		return err
	}
	return w.Engine.Do(ctx, gateway.OpVoid, w.Provider, w.key(stateCancelled), s)
}

// update has the shop's order told, later and as often as it takes.
func (w work) update(ctx context.Context, state string) error {
	if w.Updates == nil {
		return nil
	}
	now, err := w.Engine.Payment(ctx, w.payment.Store, w.payment.ID)
	if err != nil {
		return notNow(err)
	}
	u := StatusUpdate{Store: now.Store, Payment: now.ID, Order: refOf(now, w.Provider, refOrder1), State: state}
	if u.Order == "" {
		return nil // no order was made
	}
	return notNow(w.Updates.Enqueue(ctx, u))
}

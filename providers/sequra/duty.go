package sequra

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/webhook"
)

// Engine is what a [Duty] needs of the payment engine; inbox.Actor has it.
type Engine interface {
	Begun(ctx context.Context, store gateway.StoreID, payment gateway.PaymentID, provider string) (gateway.OperationID, gateway.OperationState, error)
	Payment(ctx context.Context, store gateway.StoreID, payment gateway.PaymentID) (gateway.Payment, error)
	Do(ctx context.Context, kind gateway.Operation, provider, key string, s gateway.Subject) error
	Tell(ctx context.Context, store gateway.StoreID, payment gateway.PaymentID, id gateway.OperationID, out gateway.Outcome) error
}

// OrderCreator makes the shop's orders. It is called before SeQura is answered, by
// the goroutine that answers: it must be quick. Asked again for a payment, it must
// return what it returned before and make nothing; a process may end right after
// it. It must be safe for concurrent use.
type OrderCreator interface {
	// CreateOrder makes the order of a payment that SeQura has approved, or reviews
	// (state is [Approved] or [NeedsReview]), and returns its number, which is unlike
	// that of any other order of the merchant.
	CreateOrder(ctx context.Context, p gateway.Payment, state string) (MerchantReference, error)
}

// OrderCreatorFunc is an [OrderCreator] made of a function.
type OrderCreatorFunc func(ctx context.Context, p gateway.Payment, state string) (MerchantReference, error)

// CreateOrder calls f.
func (f OrderCreatorFunc) CreateOrder(ctx context.Context, p gateway.Payment, state string) (MerchantReference, error) {
	return f(ctx, p, state)
}

// Duty is what must be done before SeQura is answered (docs.sequra.com, "Put the
// order on hold and confirm it"): SeQura is told that the order is confirmed, or on
// hold; the shop's order is made; SeQura is told its number. Each call is written
// down before it is sent, so that a process that ends anywhere in between leaves
// nothing undone and nothing done twice: SeQura, which was not answered, comes
// again, and the duty takes up where it was. It is the gate of an inbox:
//
//	duty := api.Duty(inbox.Actor{Engine: eng}, shop)
//	inbox.Config{..., Gates: map[string]inbox.Gate{"sequra": inbox.GateFunc(func(ctx context.Context, d inbox.Duty) error {
//		return duty.Pass(ctx, d.Payment, d.Event)
//	})}}
//
// It believes no notification: that an order is approved is shown by SeQura
// accepting the confirmation, and what SeQura has cancelled is cancelled there once
// more, which changes nothing unless the notification was a lie.
type Duty struct {
	Provider string // the provider's name in the pools; "" means "sequra"
	Engine   Engine // inbox.Actor
	Orders   OrderCreator
	// Updates take what is to be told to the shop's order later; nil tells nothing.
	Updates Updates
	// Current returns the order as it is now, all of it, where the shopper may have
	// changed the cart since; nil repeats what was asked for. SeQura refuses a changed
	// cart, and is then answered 409.
	Current func(ctx context.Context, p gateway.Payment) (Order, error)
}

// Duty returns the duty of this provider's notifications.
func (a *API) Duty(e Engine, o OrderCreator) Duty {
	return Duty{Provider: a.cfg.Name, Engine: e, Orders: o}
}

// Pass does what an event asks for. Its error is [gateway.CodeNotFound] for an
// order that is not here, [gateway.CodeConflict] for one that cannot be confirmed
// as it is now, webhook.Gone for one that never will, and [gateway.CodeUnavailable]
// for everything that may pass.
func (d Duty) Pass(ctx context.Context, p gateway.Payment, e webhook.Event) error {
	if d.Engine == nil || d.Orders == nil {
		return gateway.Errorf(gateway.CodeInternal, "a Duty needs an Engine and Orders")
	}
	d.Provider = or(d.Provider, "sequra")
	if order := e.Refs.Get(refOrder); order == "" || order != refOf(p, d.Provider, refOrder) {
		return gateway.Errorf(gateway.CodeNotFound, "the payment was not begun with this order")
	}
	ctx = processing(ctx)
	id, state, err := d.Engine.Begun(ctx, p.Store, p.ID, d.Provider)
	if err != nil {
		return notNow(err)
	}
	w := work{d, p, id, state}
	if err := w.wake(ctx); err != nil {
		return notNow(err)
	}
	switch e.Kind {
	case Approved:
		err = w.confirm(ctx)
	case NeedsReview:
		err = w.hold(ctx)
	case Cancelled:
		err = w.cancel(ctx)
	default:
		return gateway.Invalid("no duty follows from this event")
	}
	if err != nil {
		return notNow(err)
	}
	return w.update(ctx, e.Kind)
}

// notNow makes of an error what SeQura is answered: to try again, unless it is
// certain that nothing would come of it.
func notNow(err error) error {
	switch gateway.CodeOf(err) {
	case "":
		return nil
	case gateway.CodeConflict:
		return err
	case gateway.CodeInvalid, gateway.CodeNotFound, gateway.CodeDeclined, gateway.CodeUnsupported:
		return gateway.Errorf(gateway.CodeConflict, "the order cannot be confirmed as it is: %w", err)
	}
	return gateway.Errorf(gateway.CodeUnavailable, "the order could not be confirmed now: %w", err)
}

// refOf returns a payment's newest reference of a provider.
func refOf(p gateway.Payment, provider, name string) (value string) {
	for _, r := range p.Refs {
		if r.Owner == provider && r.Name == name {
			value = r.Value
		}
	}
	return value
}

type processingKey struct{}

func processing(ctx context.Context) context.Context {
	return context.WithValue(ctx, processingKey{}, true)
}

// Processing reports whether what runs with a context was caused by a notification
// of SeQura: a shop whose own change of an order's status would be told to SeQura
// tells it nothing then.
func Processing(ctx context.Context) bool {
	yes, _ := ctx.Value(processingKey{}).(bool)
	return yes
}

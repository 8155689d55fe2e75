package outbox

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// PaymentHooks is a [Handler] that calls one function for each thing that can
// happen to a payment. Functions that are nil are not called. Each gets the
// payment as it is now, which may be further than the event: events are told at
// least once and in the order of their payment, and never lost. An error has the
// event told again.
//
//	shop := outbox.PaymentHooks{DB: db, Captured: ship, Refunded: mailRefund}
//	d, err := outbox.New(outbox.Config{DB: db, Subscribers: []outbox.Subscriber{shop.Subscriber("shop")}})
type PaymentHooks struct {
	DB *storage.DB

	Authorized       func(ctx context.Context, p gateway.Payment, e Event) error // money is held
	Captured         func(ctx context.Context, p gateway.Payment, e Event) error // money was taken, wholly or in part
	Refunded         func(ctx context.Context, p gateway.Payment, e Event) error // money was given back, wholly or in part
	Voided           func(ctx context.Context, p gateway.Payment, e Event) error // held money was let go
	ChargedBack      func(ctx context.Context, p gateway.Payment, e Event) error // the issuer took money back
	Reversed         func(ctx context.Context, p gateway.Payment, e Event) error // a capture, refund or other movement was undone
	Awaiting         func(ctx context.Context, p gateway.Payment, e Event) error // accepted; the result comes later
	ActionRequired   func(ctx context.Context, p gateway.Payment, e Event) error // the shopper must act
	Failed           func(ctx context.Context, p gateway.Payment, e Event) error // an operation certainly did not happen
	Cancelled        func(ctx context.Context, p gateway.Payment, e Event) error // an operation ended before it happened
	Parked           func(ctx context.Context, p gateway.Payment, e Event) error // an operator must see to it
	Disputed         func(ctx context.Context, p gateway.Payment, e Event) error // a dispute was opened, won or lost
	InstrumentStored func(ctx context.Context, p gateway.Payment, e Event) error // a card or the like may pay again
}

// Handle calls the function for the event, if there is one.
func (h PaymentHooks) Handle(ctx context.Context, e Event) error {
	for _, one := range h.hooks() {
		if heard := (storage.Subscription{Kinds: one.kinds}); one.call == nil || !heard.Wants(storage.Event{Kind: e.Kind, Store: e.Store}) {
			continue
		}
		var p gateway.Payment
		err := h.DB.View(ctx, func(tx *storage.Tx) (err error) {
			p, err = tx.Payment(e.Store, e.Payment)
			return err
		})
		if err != nil {
			return err
		}
		return one.call(ctx, p, e)
	}
	return nil
}

// Subscriber returns the subscriber that hears what the hooks want, under a name
// of its own in the database (see [Subscriber].Name).
func (h PaymentHooks) Subscriber(name string) Subscriber {
	s := Subscriber{Name: name, Handler: h}
	for _, one := range h.hooks() {
		if one.call != nil {
			s.Kinds = append(s.Kinds, one.kinds...)
		}
	}
	return s
}

type paymentHook struct {
	kinds []string
	call  func(ctx context.Context, p gateway.Payment, e Event) error
}

func (h PaymentHooks) hooks() []paymentHook {
	return []paymentHook{
		{[]string{"money.hold", "money.adjust"}, h.Authorized},
		{[]string{"money.capture"}, h.Captured},
		{[]string{"money.refund"}, h.Refunded},
		{[]string{"money.release"}, h.Voided},
		{[]string{"money.chargeback"}, h.ChargedBack},
		{[]string{"hold.reversed", "adjust.reversed", "release.reversed", "capture.reversed", "refund.reversed", "chargeback.reversed"}, h.Reversed},
		{[]string{"operation.awaiting"}, h.Awaiting},
		{[]string{"operation.action_required"}, h.ActionRequired},
		{[]string{"operation.failed"}, h.Failed},
		{[]string{"operation.cancelled"}, h.Cancelled},
		{[]string{"operation.parked"}, h.Parked},
		{[]string{"dispute.*"}, h.Disputed},
		{[]string{"instrument.stored"}, h.InstrumentStored},
	}
}

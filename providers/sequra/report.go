package sequra

import (
	"context"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Report tells SeQura what was delivered, and how the shop's orders are paid at all.
type Report struct {
	Orders     []Delivered `json:"orders" validate:"dive"`
	Statistics *Statistics `json:"statistics,omitempty"`
}

// Delivered is one order that was sent, or has arrived.
type Delivered struct {
	State           string            `json:"state" validate:"oneof=shipped delivered"`
	SentAt          string            `json:"sent_at,omitempty"`
	Reference       MerchantReference `json:"merchant_reference"`
	Cart            Cart              `json:"cart"`
	RemainingCart   *Cart             `json:"remaining_cart,omitempty"`
	Trackings       []Tracking        `json:"trackings,omitempty" validate:"dive"`
	DeliveryMethod  *DeliveryMethod   `json:"delivery_method,omitempty"`
	DeliveryAddress *Address          `json:"delivery_address,omitempty"`
	InvoiceAddress  *Address          `json:"invoice_address,omitempty"`
	Customer        Customer          `json:"customer"`
}

// Statistics are the shop's orders, those that were paid otherwise too.
type Statistics struct {
	Orders []OrderStatistics `json:"orders" validate:"dive"`
}

// OrderStatistics is one order, in SeQura's words.
type OrderStatistics struct {
	CompletedAt    string            `json:"completed_at" validate:"required"`
	Currency       string            `json:"currency" validate:"required"`
	Amount         int64             `json:"amount"`
	Reference      MerchantReference `json:"merchant_reference"`
	PaymentMethod  string            `json:"payment_method,omitempty"`
	Country        string            `json:"country,omitempty"`
	Device         string            `json:"device,omitempty"`
	Status         string            `json:"status,omitempty"`
	RawStatus      string            `json:"raw_status,omitempty"`
	ShippingMethod string            `json:"shipping_method,omitempty"`
}

// Reported is the extra that tells [OpReport] what to report.
var Reported = gateway.NewExtra[Report]("sequra.report")

type reportPart struct {
	Report reportBody `json:"delivery_report"`
}

type reportBody struct {
	Merchant   Merchant    `json:"merchant"`
	Orders     []Delivered `json:"orders" validate:"dive"`
	Statistics *Statistics `json:"statistics,omitempty"`
	Platform   Platform    `json:"platform"`
}

func (a *API) report(ctx context.Context, s gateway.Subject) (part reportPart, err error) {
	keys, err := a.keys(ctx, s.Store)
	if err != nil {
		return part, err
	}
	r, given := Reported.From(s.Extras)
	if !given || len(r.Orders) == 0 && r.Statistics == nil {
		return part, gateway.Invalid("there is nothing to report: give the extra sequra.Reported")
	}
	for n, d := range r.Orders {
		if err := timestamp("sent_at", d.SentAt); err != nil {
			return part, gateway.Errorf(gateway.CodeInvalid, "order %d of the report: %w", n+1, err)
		}
		for _, c := range []*Cart{&d.Cart, d.RemainingCart} {
			if err := c.addsUp(); err != nil {
				return part, gateway.Errorf(gateway.CodeInvalid, "order %d of the report: %w", n+1, err)
			}
		}
	}
	if r.Orders == nil {
		r.Orders = []Delivered{}
	}
	return reportPart{reportBody{Merchant{ID: keys.Merchant}, r.Orders, r.Statistics, a.cfg.Platform}}, nil
}

// Deliver makes a report's entry of a payment whose order has arrived as a whole:
// which order, when, and by which tracking number.
func Deliver(ctx context.Context, s gateway.Subject, at time.Time, carrier, trackingNumber string) (d Delivered, err error) {
	whole, err := wholeCart(ctx, s)
	if err != nil {
		return d, err
	}
	to, err := delivery(ctx, s)
	if err != nil {
		return d, err
	}
	who, err := customer(ctx, s)
	if err != nil {
		return d, err
	}
	d = Delivered{
		State: "delivered", SentAt: at.UTC().Format(time.RFC3339), Reference: MerchantReference{s.Payment.Refs.Get(refOrder1), s.Payment.Refs.Get(refOrder2)},
		Cart: whole.Cart, Trackings: to.Trackings, DeliveryMethod: to.Method, DeliveryAddress: to.Delivery, InvoiceAddress: to.Invoice, Customer: who.Customer,
	}
	if trackingNumber != "" {
		d.Trackings = append(d.Trackings, Tracking{
			Type: "postal", Reference: d.Reference.OrderRef1, Carrier: carrier, Number: trackingNumber, Delivered: d.SentAt,
		})
	}
	return d, nil
}

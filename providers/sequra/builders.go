package sequra

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/request"
)

// The inputs of [gateway.OpContinue], which [Duty] gives.
const (
	inputState     = "state"       // confirmed or on_hold
	inputOperation = "operation"   // ours, that began the payment
	inputRef1      = "order_ref_1" // the shop's number, once there is one
	inputRef2      = "order_ref_2"
)

// The references that a payment has here.
const (
	refOrder  = "order" // theirs: the last segment of the solicitation's Location
	refOrder1 = "order_ref_1"
	refOrder2 = "order_ref_2"
)

type (
	statePart struct {
		State string `json:"state,omitempty" validate:"omitempty,oneof=confirmed on_hold cancelled" request:"protected"`
	}
	merchantPart struct {
		Merchant Merchant `json:"merchant"`
	}
	referencePart struct {
		Reference *MerchantReference `json:"merchant_reference,omitempty" request:"protected"`
	}
	cartPart struct {
		Cart Cart `json:"cart" request:"protected"`
	}
	guiPart struct {
		GUI GUI `json:"gui"`
	}
	platformPart struct {
		Platform Platform `json:"platform"`
	}
	customerPart struct {
		Customer Customer `json:"customer"`
	}
	deliveryPart struct {
		Trackings []Tracking      `json:"trackings,omitempty" validate:"dive"`
		Method    *DeliveryMethod `json:"delivery_method,omitempty"`
		Delivery  *Address        `json:"delivery_address,omitempty"`
		Invoice   *Address        `json:"invoice_address,omitempty"`
	}
)

// order returns the parts that tell a whole order, in a state; "" asks for credit.
func (a *API) order(state func(s gateway.Subject) string) request.Part {
	return request.Named("order", request.In("order", request.Compose(
		request.Named("state", request.Typed(func(_ context.Context, s gateway.Subject) (statePart, error) { return statePart{state(s)}, nil })),
		request.Named("merchant", request.Typed(a.merchant)),
		request.Named("reference", request.Typed(reference)),
		request.Named("cart", request.Typed(wholeCart)),
		request.Named("delivery", request.Typed(delivery)),
		request.Named("customer", request.Typed(customer)),
		request.Named("gui", request.Typed(gui)),
		request.Named("platform", request.Typed(a.platform)),
	)))
}

// merchant says whose order it is, and signs our parameters.
func (a *API) merchant(ctx context.Context, s gateway.Subject) (part merchantPart, err error) {
	keys, err := a.keys(ctx, s.Store)
	if err != nil {
		return part, err
	}
	more, _ := Details.From(s.Extras)
	m := Merchant{ID: keys.Merchant, NotifyURL: s.NotifyURL, ReturnURL: s.ReturnURL, ApprovedURL: s.ReturnURL, EditURL: s.CancelURL, AbortURL: s.CancelURL, Options: more.Options}
	if s.NotifyURL == "" && more.EventsURL == "" {
		return merchantPart{m}, nil
	}
	own := Parameters{StoreID: string(s.Store), Payment: string(s.Payment.ID), Operation: string(begunBy(s))}
	signature, err := a.Scheme().Of(ctx, s.Store, own.Payment, own.Operation)
	if err != nil {
		return part, err
	}
	own.Signature = gateway.NewSecret(signature)
	if m.NotifyURL != "" {
		m.Parameters = &own
	}
	m.EventsWebhook = &EventsWebhook{or(more.EventsURL, s.NotifyURL), &own}
	return merchantPart{m}, nil
}

// begunBy returns the operation of ours that began the payment.
func begunBy(s gateway.Subject) gateway.OperationID {
	if id := s.Input[inputOperation]; id != "" {
		return gateway.OperationID(id)
	}
	for _, m := range s.Payment.Movements {
		if m.Kind == gateway.MoveHold && m.Reference == s.Target && m.Operation != "" {
			return m.Operation
		}
	}
	return s.Operation
}

func reference(_ context.Context, s gateway.Subject) (referencePart, error) {
	r := MerchantReference{s.Input[inputRef1], s.Input[inputRef2]}
	if r.OrderRef1 == "" {
		r = MerchantReference{s.Payment.Refs.Get(refOrder1), s.Payment.Refs.Get(refOrder2)}
	}
	if r.OrderRef1 == "" {
		return referencePart{}, nil
	}
	return referencePart{&r}, nil
}

// wholeCart is all that was ordered, whose total is all that is due: SeQura takes
// an order as a whole.
func wholeCart(_ context.Context, s gateway.Subject) (part cartPart, err error) {
	more, lines, total := detailsOf(s), linesOf(s), s.Payment.Due
	if !total.IsSet() {
		total = s.Amount
	}
	switch {
	case s.Amount.IsSet() && s.Amount != total:
		return part, gateway.Invalid("SeQura takes an order as a whole: %s is due, and %s was asked for", total, s.Amount)
	case len(lines) == 0:
		return part, gateway.Invalid("SeQura wants to know the order's lines: give the payment an Order with Lines")
	}
	part.Cart, err = cart(lines, more, total)
	return part, err
}

// linesOf returns what was ordered.
func linesOf(s gateway.Subject) []gateway.Line {
	if more := detailsOf(s); len(more.Lines) > 0 {
		return more.Lines
	}
	if s.Order == nil {
		return nil
	}
	return s.Order.Lines
}

func detailsOf(s gateway.Subject) Order {
	more, _ := Details.From(s.Extras)
	more.CartRef = or(more.CartRef, string(s.Payment.ID))
	return more
}

func delivery(_ context.Context, s gateway.Subject) (part deliveryPart, err error) {
	more := detailsOf(s)
	part.Trackings, part.Method = more.Trackings, more.DeliveryMethod
	if s.Order == nil {
		return part, nil
	}
	if part.Method == nil {
		for _, l := range s.Order.Lines {
			if l.Kind == gateway.LineShipping && l.Name != "" {
				part.Method = &DeliveryMethod{Name: l.Name}
				break
			}
		}
	}
	to, bill := s.Order.Shipping, s.Order.Billing
	if to == nil {
		to = bill
	}
	if bill == nil {
		bill = to
	}
	part.Delivery, part.Invoice = address(to), address(bill)
	return part, nil
}

func address(a *gateway.Address) *Address {
	if a == nil {
		return nil
	}
	given := a.GivenName
	if a.MiddleName != "" {
		given += " " + a.MiddleName
	}
	return &Address{
		GivenNames: given, Surnames: a.FamilyName, Company: a.Company, Line1: a.Line(1), Line2: a.Line(2), PostalCode: a.PostalCode, City: a.City,
		CountryCode: a.Country, Phone: a.Phone, MobilePhone: a.Phone, State: a.Region, VATNumber: a.VATNumber,
	}
}

func customer(_ context.Context, s gateway.Subject) (part customerPart, err error) {
	c := Customer{LoggedIn: LoggedInUnknown}
	if o := s.Order; o != nil {
		name := o.Billing
		if name == nil {
			name = o.Shipping
		}
		if name != nil {
			c.GivenNames, c.Surnames, c.Email, c.Company, c.VATNumber = name.GivenName, name.FamilyName, name.Email, name.Company, name.VATNumber
		}
		if own := o.Customer; own != nil {
			c.GivenNames, c.Surnames, c.Email = or(own.GivenName, c.GivenNames), or(own.FamilyName, c.Surnames), or(own.Email, c.Email)
			c.LanguageCode, c.Ref, c.NIN = own.Language, own.ID, own.TaxID
			c.LoggedIn = map[bool]LoggedIn{true: LoggedInNo, false: LoggedInYes}[own.Guest]
		}
		if b := o.Browser; b != nil {
			c.IPNumber, c.UserAgent, c.LanguageCode = b.IP, b.UserAgent, or(c.LanguageCode, b.Language)
		}
	}
	if more := detailsOf(s).Customer; more != nil {
		c = over(c, *more)
	}
	for what, value := range map[string]string{"customer.created_at": c.CreatedAt, "customer.updated_at": c.UpdatedAt, "customer.date_of_birth": c.DateOfBirth} {
		if err := timestamp(what, value); err != nil {
			return part, err
		}
	}
	return customerPart{c}, nil
}

// over returns a customer of whom more says what it knows.
func over(c, more Customer) Customer {
	for have, known := range map[*string]string{
		&c.GivenNames: more.GivenNames, &c.Surnames: more.Surnames, &c.Title: more.Title, &c.Email: more.Email, &c.LanguageCode: more.LanguageCode,
		&c.IPNumber: more.IPNumber, &c.UserAgent: more.UserAgent, &c.Ref: more.Ref, &c.DateOfBirth: more.DateOfBirth, &c.NIN: more.NIN,
		&c.Company: more.Company, &c.VATNumber: more.VATNumber, &c.CreatedAt: more.CreatedAt, &c.UpdatedAt: more.UpdatedAt,
	} {
		*have = or(known, *have)
	}
	c.LoggedIn = LoggedIn(or(string(more.LoggedIn), string(c.LoggedIn)))
	c.Rating, c.PreviousOrders, c.Vehicle = more.Rating, more.PreviousOrders, more.Vehicle
	return c
}

func gui(_ context.Context, s gateway.Subject) (guiPart, error) {
	return guiPart{GUI{or(detailsOf(s).Layout, "desktop")}}, nil
}

func (a *API) platform(context.Context, gateway.Subject) (platformPart, error) {
	return platformPart{a.cfg.Platform}, nil
}

// choice is which form is asked for.
func choice(s gateway.Subject, doc *request.Document) {
	c, _ := Chosen.From(s.Extras)
	doc.OptText("product", c.Product)
	doc.OptText("campaign", c.Campaign)
	if !c.Page {
		doc.Text("ajax", "1") // a fragment for a page of the shop's
	}
}

package sequra

import (
	"regexp"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Order holds what SeQura wants to know of an order and gateway.Order has no field
// for. Everything may be left out; what is there comes before what gateway.Order says.
//
//	engine.Request{..., Extras: gateway.With(sequra.Details.Of(sequra.Order{DeliveryMethod: &sequra.DeliveryMethod{Name: "standard"}}))}
//
// It is stored with the request, and told again whenever the order is: when it is
// confirmed, shipped, cancelled or given back.
type Order struct {
	CartRef   string `json:"cart_ref,omitempty"` // "" is the payment's id
	CreatedAt string `json:"created_at,omitempty"`
	UpdatedAt string `json:"updated_at,omitempty"`
	Gift      *bool  `json:"gift,omitempty"`

	// Lines are the cart, instead of the order's lines: see [Duty].Current.
	Lines []gateway.Line `json:"lines,omitempty"`
	// Items complete the order's lines: one whose Reference is a line's SKU gives
	// that line its Type and everything but its money.
	Items []Item `json:"items,omitempty"`
	// Balance adds an item where the items do not add up to the order's total: a
	// discount called additional_discount or a charge called additional_handling.
	// Without it such an order is refused, because an amount that nobody can explain
	// is a mistake somewhere.
	Balance bool `json:"balance,omitempty"`

	DeliveryMethod *DeliveryMethod `json:"delivery_method,omitempty"`
	Trackings      []Tracking      `json:"trackings,omitempty"`
	Customer       *Customer       `json:"customer,omitempty"` // instead of the order's
	Options        *Options        `json:"options,omitempty"`
	Layout         string          `json:"layout,omitempty"`     // "" is desktop
	EventsURL      string          `json:"events_url,omitempty"` // "" is the notify URL
}

// Choice is the product that the shopper chose among [Category].Methods. A shopper
// who chooses another one is shown another form: run [OpForm] once more, with the
// payment's reference "order" as Target; nothing else changes.
type Choice struct {
	Product  string `json:"product,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Page     bool   `json:"page,omitempty"` // a page of its own instead of a fragment
}

// Carts are what is shipped and what is not, in all: everything that was ever
// shipped and not given back, and everything that is still to be shipped.
type Carts struct {
	Shipped   []gateway.Line `json:"shipped"`
	Unshipped []gateway.Line `json:"unshipped"`
}

// The extras of requests.
var (
	Details = gateway.NewExtra[Order]("sequra.order")
	Chosen  = gateway.NewExtra[Choice]("sequra.choice")
	// Parcels says what a capture, refund or void leaves shipped and unshipped. It is
	// needed where that does not follow from the order: a second parcel that is not the
	// last, a second return, a void after a parcel.
	Parcels = gateway.NewExtra[Carts]("sequra.carts")
)

// timestamp accepts the forms of ISO 8601 that SeQura's library does: a date, or a
// date and a time with a zone.
func timestamp(what, value string) error {
	if value == "" {
		return nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05"} {
		if _, err := time.Parse(form, value); err == nil {
			return nil
		}
	}
	return gateway.Invalid("%s is no ISO 8601 date or time", what)
}

var durations = regexp.MustCompile(`^P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$`)

// duration accepts an ISO 8601 duration of something, such as P3M.
func duration(value string) bool {
	return durations.MatchString(value) && value != "P" && value[len(value)-1] != 'T'
}

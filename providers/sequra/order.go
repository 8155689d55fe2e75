package sequra

import (
	"encoding/json"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// The structs of this file are the order as SeQura takes it: what is empty is left
// out, and amounts are integers of cents. Names are theirs (docs.sequra.com, "Order
// API"; integration-core's order request models).

// Merchant says whose order it is and where the shopper and notifications go.
type Merchant struct {
	ID            string         `json:"id" validate:"required" request:"protected"`
	NotifyURL     string         `json:"notify_url,omitempty" validate:"omitempty,url"`
	Parameters    *Parameters    `json:"notification_parameters,omitempty"`
	ReturnURL     string         `json:"return_url,omitempty" validate:"omitempty,url"`
	ApprovedURL   string         `json:"approved_url,omitempty" validate:"omitempty,url"`
	EditURL       string         `json:"edit_url,omitempty" validate:"omitempty,url"`
	AbortURL      string         `json:"abort_url,omitempty" validate:"omitempty,url"`
	Options       *Options       `json:"options,omitempty"`
	EventsWebhook *EventsWebhook `json:"events_webhook,omitempty"`

	ApprovedCallback         string `json:"approved_callback,omitempty"` // names of JavaScript functions of the page
	RejectedCallback         string `json:"rejected_callback,omitempty"`
	PartPaymentDetailsGetter string `json:"partpayment_details_getter,omitempty"`
}

// Parameters are ours: SeQura sends them back with "m_" before their names.
type Parameters struct {
	Signature gateway.Secret `json:"signature"` // see [Scheme]: whoever has it can make us ask SeQura
	StoreID   string         `json:"storeId"`
	Payment   string         `json:"payment"`
	Operation string         `json:"operation"`
}

// EventsWebhook says where events of the order's later life go.
type EventsWebhook struct {
	URL        string      `json:"url" validate:"required,url"`
	Parameters *Parameters `json:"parameters,omitempty"`
}

// Options say what the shop can do.
type Options struct {
	HasJQuery             *bool  `json:"has_jquery,omitempty"`
	UsesShippedCart       *bool  `json:"uses_shipped_cart,omitempty"`
	AddressesMayBeMissing *bool  `json:"addresses_may_be_missing,omitempty"`
	ImmutableCustomerData *bool  `json:"immutable_customer_data,omitempty"`
	DesiredFirstChargeOn  string `json:"desired_first_charge_on,omitempty"` // ISO 8601
}

// MerchantReference is the shop's own order number, and a second name. The first
// is unique among the merchant's confirmed orders, and SeQura pays nobody for an
// order that has none (docs.sequra.com, "Confirm order").
type MerchantReference struct {
	OrderRef1 string `json:"order_ref_1,omitempty" validate:"max=255"`
	OrderRef2 string `json:"order_ref_2,omitempty" validate:"max=255"`
}

// Cart is what is bought. Its total is the sum of its items' totals, exactly.
type Cart struct {
	Currency  string `json:"currency" validate:"eq=EUR"`
	Gift      *bool  `json:"gift,omitempty"`
	Total     int64  `json:"order_total_with_tax" validate:"min=0"`
	CartRef   string `json:"cart_ref,omitempty"`
	CreatedAt string `json:"created_at,omitempty"` // ISO 8601
	UpdatedAt string `json:"updated_at,omitempty"`
	Items     []Item `json:"items" validate:"dive"`
}

// ItemType says what an item stands for.
type ItemType string

// The types of items. A product's type is not sent.
const (
	ItemProduct      ItemType = "product"
	ItemService      ItemType = "service"
	ItemHandling     ItemType = "handling"
	ItemInvoiceFee   ItemType = "invoice_fee"
	ItemDiscount     ItemType = "discount"      // negative
	ItemOtherPayment ItemType = "other_payment" // negative: what a voucher has paid
	ItemRegistration ItemType = "registration"
)

// Item is one line of a cart. A service says exactly one of EndsOn and EndsIn.
type Item struct {
	Type         ItemType `json:"type,omitempty" validate:"omitempty,oneof=product service handling invoice_fee discount other_payment registration"`
	Reference    string   `json:"reference,omitempty"`
	Name         string   `json:"name,omitempty"`
	Price        *int64   `json:"price_with_tax,omitempty"`
	Quantity     *int64   `json:"quantity,omitempty" validate:"omitempty,min=0"`
	Total        int64    `json:"total_with_tax"`
	Downloadable *bool    `json:"downloadable,omitempty"`
	Perishable   *bool    `json:"perishable,omitempty"`
	Personalized *bool    `json:"personalized,omitempty"`
	Restockable  *bool    `json:"restockable,omitempty"`
	Category     string   `json:"category,omitempty"`
	Description  string   `json:"description,omitempty"`
	Manufacturer string   `json:"manufacturer,omitempty"`
	Supplier     string   `json:"supplier,omitempty"`
	ProductID    string   `json:"product_id,omitempty"`
	URL          string   `json:"url,omitempty" validate:"omitempty,url"`
	Tracking     string   `json:"tracking_reference,omitempty"`
	EndsOn       string   `json:"ends_on,omitempty"` // a date
	EndsIn       string   `json:"ends_in,omitempty"` // an ISO 8601 duration
	Rendered     *bool    `json:"rendered,omitempty"`
}

// Tracking says where a parcel is.
type Tracking struct {
	Type      string `json:"type" validate:"oneof=pickup_store pickup_point postal"`
	Reference string `json:"reference" validate:"required"`
	Carrier   string `json:"carrier,omitempty"`
	Number    string `json:"tracking_number,omitempty"`
	URL       string `json:"tracking_url,omitempty" validate:"omitempty,url"`
	Delivered string `json:"delivered_at,omitempty"` // ISO 8601

	// Of what is picked up.
	StoreRef    string `json:"store_ref,omitempty"`
	OperatorRef string `json:"operator_ref,omitempty"`
	Available   string `json:"available_at,omitempty"` // ISO 8601
	Line1       string `json:"address_line_1,omitempty"`
	Line2       string `json:"address_line_2,omitempty"`
	PostalCode  string `json:"postal_code,omitempty"`
	City        string `json:"city,omitempty"`
	State       string `json:"state,omitempty"`
	CountryCode string `json:"country_code,omitempty" validate:"omitempty,min=2,max=3"`
}

// DeliveryMethod says how the order reaches the shopper.
type DeliveryMethod struct {
	Name         string `json:"name" validate:"required"`
	Days         string `json:"days,omitempty"`
	Provider     string `json:"provider,omitempty"`
	HomeDelivery *bool  `json:"home_delivery,omitempty"`
}

// Address is where the order goes, or its invoice.
type Address struct {
	GivenNames  string `json:"given_names"`
	Surnames    string `json:"surnames"`
	Company     string `json:"company"`
	Line1       string `json:"address_line_1"`
	Line2       string `json:"address_line_2"`
	PostalCode  string `json:"postal_code"`
	City        string `json:"city"`
	CountryCode string `json:"country_code" validate:"min=2,max=3"`
	Phone       string `json:"phone,omitempty"`
	MobilePhone string `json:"mobile_phone,omitempty"`
	State       string `json:"state,omitempty"`
	Extra       string `json:"extra,omitempty"`
	VATNumber   string `json:"vat_number,omitempty"`
}

// LoggedIn says whether the shopper has an account and uses it: true and false
// stand as such on the wire, anything else as the text "unknown".
type LoggedIn string

// The answers.
const (
	LoggedInYes     LoggedIn = "true"
	LoggedInNo      LoggedIn = "false"
	LoggedInUnknown LoggedIn = "unknown"
)

// MarshalJSON writes true, false or "unknown".
func (l LoggedIn) MarshalJSON() ([]byte, error) {
	switch l {
	case LoggedInYes, LoggedInNo:
		return []byte(l), nil
	}
	return []byte(`"unknown"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *LoggedIn) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true", "false":
		*l = LoggedIn(raw)
	default:
		*l = LoggedInUnknown
	}
	return nil
}

var _ json.Marshaler = LoggedIn("")

// Customer is who buys.
type Customer struct {
	GivenNames     string          `json:"given_names"`
	Surnames       string          `json:"surnames"`
	Title          string          `json:"title,omitempty"`
	Email          string          `json:"email" validate:"required"`
	LoggedIn       LoggedIn        `json:"logged_in"`
	LanguageCode   string          `json:"language_code"`
	IPNumber       string          `json:"ip_number"`
	UserAgent      string          `json:"user_agent"`
	Ref            string          `json:"ref,omitempty"`
	DateOfBirth    string          `json:"date_of_birth,omitempty"`
	NIN            string          `json:"nin,omitempty" request:"secret"` // the national identity number: prints masked
	Company        string          `json:"company,omitempty"`
	VATNumber      string          `json:"vat_number,omitempty"`
	CreatedAt      string          `json:"created_at,omitempty"`
	UpdatedAt      string          `json:"updated_at,omitempty"`
	Rating         *int64          `json:"rating,omitempty" validate:"omitempty,min=0,max=100"`
	PreviousOrders []PreviousOrder `json:"previous_orders,omitempty" validate:"dive"`
	Vehicle        *Vehicle        `json:"vehicle,omitempty"`
}

// PreviousOrder is what the shopper bought before.
type PreviousOrder struct {
	CreatedAt     string `json:"created_at" validate:"required"` // ISO 8601
	Amount        int64  `json:"amount"`
	Currency      string `json:"currency" validate:"required"`
	RawStatus     string `json:"raw_status,omitempty"`
	Status        string `json:"status,omitempty"`
	PaymentMethod string `json:"payment_method,omitempty"`
	PostalCode    string `json:"postal_code,omitempty"`
	CountryCode   string `json:"country_code,omitempty"`
}

// Vehicle is what a part is bought for.
type Vehicle struct {
	Plate        string `json:"plate" validate:"required"`
	Brand        string `json:"brand,omitempty"`
	Model        string `json:"model,omitempty"`
	Frame        string `json:"frame,omitempty"`
	FirstRegDate string `json:"first_registration_date,omitempty"`
}

// GUI says what the shopper looks at.
type GUI struct {
	Layout string `json:"layout" validate:"oneof=desktop smartphone"`
}

// Platform says what program the shop is, for SeQura's support.
type Platform struct {
	Name          string `json:"name" validate:"required"`
	Version       string `json:"version" validate:"required"`
	PluginVersion string `json:"plugin_version,omitempty"`
	Uname         string `json:"uname,omitempty"`
	DBName        string `json:"db_name,omitempty"`
	DBVersion     string `json:"db_version,omitempty"`
	PHPVersion    string `json:"php_version,omitempty"`
}

package gateway

// Order is what is paid for, as far as providers want to know it. Every
// pointer may be nil and every list empty: builders leave out what is absent.
type Order struct {
	Number      string // the shop's own number, as the shopper sees it
	Description string
	Lines       []Line
	Billing     *Address
	Shipping    *Address
	Customer    *Customer
	Browser     *Browser
	SCA         *SCA
	Metadata    map[string]string // the shop's own facts, sent to providers that take such
}

// LineKind is what a line stands for.
type LineKind string

// The kinds of lines.
const (
	LineProduct  LineKind = "product"
	LineService  LineKind = "service"
	LineShipping LineKind = "shipping"
	LineFee      LineKind = "fee"
	LineDiscount LineKind = "discount" // its amounts are negative
	LineTax      LineKind = "tax"
)

// Line is one line of an order.
type Line struct {
	Kind     LineKind // zero means [LineProduct]
	SKU      string
	Name     string
	Quantity int64
	Price    Money // of one piece, tax included
	Tax      Money // tax within the line's total; zero Money when unknown
	TaxRate  int64 // in basis points: 2100 is 21 %
	Category string
	URL      string
	ImageURL string
}

// Total returns the price times the quantity.
func (l Line) Total() (Money, error) { return l.Price.Mul(l.Quantity) }

// LinesTotal returns what the lines add up to. It fails for no lines, mixed currencies and overflow.
func LinesTotal(lines []Line) (Money, error) {
	if len(lines) == 0 {
		return Money{}, Invalid("there are no lines to add up")
	}
	sum, err := lines[0].Total()
	for _, l := range lines[1:] {
		if err != nil {
			break
		}
		var t Money
		if t, err = l.Total(); err == nil {
			sum, err = sum.Add(t)
		}
	}
	if err != nil {
		return Money{}, err
	}
	return sum, nil
}

// Address is a postal address with the person there. Fields that are not known are empty.
type Address struct {
	GivenName  string
	MiddleName string
	FamilyName string
	Company    string
	Lines      []string // street lines in order; use Line to read one
	City       string
	Region     string // code of the state or province
	PostalCode string
	Country    string // ISO 3166-1 alpha-2
	Phone      string
	Email      string
	CustomerID string
	VATNumber  string
}

// Line returns the n-th street line, counted from 1, and "" when there is none.
// It may be called on a nil address.
func (a *Address) Line(n int) string {
	if a == nil || n < 1 || n > len(a.Lines) {
		return ""
	}
	return a.Lines[n-1]
}

// Name returns the given, middle and family names with spaces between them.
func (a *Address) Name() string {
	if a == nil {
		return ""
	}
	name := ""
	for _, part := range []string{a.GivenName, a.MiddleName, a.FamilyName} {
		if part != "" && name != "" {
			name += " "
		}
		name += part
	}
	return name
}

// Customer is who pays.
type Customer struct {
	ID         string // the shop's own id
	ProviderID string // what this provider calls the customer, if it knows it
	Email      string
	Phone      string
	GivenName  string
	FamilyName string
	Language   string // BCP 47, such as "es-ES"
	TaxID      string
	Guest      bool // has no account with the shop
}

// Browser is what the shopper's browser told, for 3-D Secure and fraud checks.
type Browser struct {
	UserAgent      string
	Accept         string
	Language       string
	IP             string
	ColorDepth     int
	ScreenWidth    int
	ScreenHeight   int
	TimeZoneOffset int // minutes, as JavaScript's getTimezoneOffset gives it
	Java           bool
	JavaScript     bool
}

// Initiator says who starts a payment.
type Initiator string

// The initiators. The zero value is the shopper.
const (
	ByShopper  Initiator = ""         // the shopper is there and pays
	ByMerchant Initiator = "merchant" // the merchant charges a stored instrument, the shopper is away
)

// SCA is what strong customer authentication needs to know, or already knows.
type SCA struct {
	Initiator Initiator
	Recurring bool   // part of a series, such as a subscription
	Exemption string // exemption asked for, in the provider's words; "" for none
	Challenge string // "no_preference", "requested", "mandated" or "" for none

	// What an authentication done elsewhere gave.
	ECI                  string
	CAVV                 Secret
	Version              string
	DirectoryTransaction string
	Status               string
}

package request

import (
	"maps"
	"slices"
	"strings"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// named is a text with the field that a provider has for it, "" for none.
type named struct{ field, value string }

// optTexts writes the texts that are there and that the provider has fields for.
func optTexts(n Node, texts []named) {
	for _, t := range texts {
		if t.field != "" {
			n.OptText(t.field, t.value)
		}
	}
}

// AddressFields names the fields of an address at a provider. Empty names are left out.
type AddressFields struct {
	GivenName, MiddleName, FamilyName, Name, Company string
	Line1, Line2, Lines                              string // Lines joins all lines with ", "
	City, Region, PostalCode, Country, Phone, Email  string
	CustomerID, VATNumber                            string
}

// Address returns a builder that writes the address that from reads, when there is one.
func Address(from func(o *gateway.Order) *gateway.Address, f AddressFields) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		if s.Order == nil {
			return
		}
		a := from(s.Order)
		if a == nil {
			return
		}
		optTexts(doc.Node, []named{
			{f.GivenName, a.GivenName},
			{f.MiddleName, a.MiddleName},
			{f.FamilyName, a.FamilyName},
			{f.Name, a.Name()},
			{f.Company, a.Company},
			{f.Line1, a.Line(1)},
			{f.Line2, a.Line(2)},
			{f.Lines, strings.Join(a.Lines, ", ")},
			{f.City, a.City},
			{f.Region, a.Region},
			{f.PostalCode, a.PostalCode},
			{f.Country, a.Country},
			{f.Phone, a.Phone},
			{f.Email, a.Email},
			{f.CustomerID, a.CustomerID},
			{f.VATNumber, a.VATNumber},
		})
	}, "an address"}
}

// Billing reads an order's billing address, for [Address].
func Billing(o *gateway.Order) *gateway.Address { return o.Billing }

// Shipping reads an order's shipping address, for [Address].
func Shipping(o *gateway.Order) *gateway.Address { return o.Shipping }

// CustomerFields names the fields of a customer at a provider. Empty names are left out.
type CustomerFields struct {
	ID, ProviderID, Email, Phone, GivenName, FamilyName, Language, TaxID string
}

// Customer returns a builder that writes the order's customer, when there is one.
func Customer(f CustomerFields) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		if s.Order == nil || s.Order.Customer == nil {
			return
		}
		c := s.Order.Customer
		optTexts(doc.Node, []named{
			{f.ID, c.ID},
			{f.ProviderID, c.ProviderID},
			{f.Email, c.Email},
			{f.Phone, c.Phone},
			{f.GivenName, c.GivenName},
			{f.FamilyName, c.FamilyName},
			{f.Language, c.Language},
			{f.TaxID, c.TaxID},
		})
	}, "the customer"}
}

// LineFields names the fields of an order line at a provider. Empty names are
// left out. Amounts are minor units.
type LineFields struct {
	SKU, Name, Quantity, Price, Total, Tax, TaxRate, Kind, Category, URL, ImageURL string
}

// Lines returns a builder that writes a list of lines under name: the subject's
// Lines (what is captured or refunded) when it has any, else the order's.
func Lines(name string, f LineFields) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		lines := s.Lines
		if len(lines) == 0 && s.Order != nil {
			lines = s.Order.Lines
		}
		if len(lines) == 0 {
			return
		}
		list := doc.List(name)
		for _, l := range lines {
			f.write(list.Object(), l, doc)
		}
	}, "lines into " + name}
}

func (f LineFields) write(n Node, l gateway.Line, doc *Document) {
	kind := l.Kind
	if kind == "" {
		kind = gateway.LineProduct
	}
	optTexts(n, []named{
		{f.SKU, l.SKU}, {f.Name, l.Name}, {f.Kind, string(kind)}, {f.Category, l.Category}, {f.URL, l.URL}, {f.ImageURL, l.ImageURL},
	})
	if f.Quantity != "" {
		n.Int(f.Quantity, l.Quantity)
	}
	if f.Price != "" {
		n.Money(f.Price, l.Price)
	}
	if f.Total != "" {
		total, err := l.Total()
		if err != nil {
			doc.Fail(err)
			return
		}
		n.Money(f.Total, total)
	}
	if f.Tax != "" && l.Tax.IsSet() {
		n.Money(f.Tax, l.Tax)
	}
	if f.TaxRate != "" && l.TaxRate != 0 {
		n.Int(f.TaxRate, l.TaxRate)
	}
}

// Metadata returns a builder that writes the order's metadata as an object under
// name, sharing the object with other builders.
func Metadata(name string) Builder {
	return Texts(name, func(s gateway.Subject) map[string]string {
		if s.Order == nil {
			return nil
		}
		return s.Order.Metadata
	})
}

// Texts returns a builder that writes the texts that from reads as an object
// under name, sorted by key, unless there are none.
func Texts(name string, from func(s gateway.Subject) map[string]string) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		texts := from(s)
		if len(texts) == 0 {
			return
		}
		object := doc.Object(name)
		for _, k := range slices.Sorted(maps.Keys(texts)) {
			object.Text(k, texts[k])
		}
	}, "texts into " + name}
}

// OrderNumber returns a builder that writes the shop's order number, when there is one.
func OrderNumber(name string) Builder {
	return Text(name, func(s gateway.Subject) string {
		if s.Order == nil {
			return ""
		}
		return s.Order.Number
	})
}

// Description returns a builder that writes the order's description, when there is one.
func Description(name string) Builder {
	return Text(name, func(s gateway.Subject) string {
		if s.Order == nil {
			return ""
		}
		return s.Order.Description
	})
}

// BrowserFields names the fields of a browser at a provider. Empty names are left out.
type BrowserFields struct {
	UserAgent, Accept, Language, IP, ColorDepth, ScreenWidth, ScreenHeight, TimeZoneOffset, Java, JavaScript string
}

// Browser returns a builder that writes what the shopper's browser told, when the order has it.
func Browser(f BrowserFields) Builder {
	return stock{func(s gateway.Subject, doc *Document) {
		if s.Order == nil || s.Order.Browser == nil {
			return
		}
		b := s.Order.Browser
		optTexts(doc.Node, []named{
			{f.UserAgent, b.UserAgent}, {f.Accept, b.Accept}, {f.Language, b.Language}, {f.IP, b.IP},
		})
		for _, field := range [...]struct {
			name  string
			value int
		}{{f.ColorDepth, b.ColorDepth}, {f.ScreenWidth, b.ScreenWidth}, {f.ScreenHeight, b.ScreenHeight}, {f.TimeZoneOffset, b.TimeZoneOffset}} {
			if field.name != "" {
				doc.Int(field.name, int64(field.value))
			}
		}
		for _, field := range [...]struct {
			name  string
			value bool
		}{{f.Java, b.Java}, {f.JavaScript, b.JavaScript}} {
			if field.name != "" {
				doc.Bool(field.name, field.value)
			}
		}
	}, "the browser"}
}

package sequra

import (
	"fmt"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// TotalsError says that items do not add up to the total that they are sent with.
// SeQura answers such a cart with 409; it is refused here, before anything is sent.
type TotalsError struct{ Items, Total int64 } // cents

// Error says by how much they differ.
func (e *TotalsError) Error() string {
	return fmt.Sprintf("the items' total_with_tax add up to %d and the total is %d: the difference is %d", e.Items, e.Total, e.Total-e.Items)
}

// currency is the only one that SeQura takes (integration-core, supported currencies).
const currency = "EUR"

// cart makes the cart of lines that are to add up to a total.
func cart(lines []gateway.Line, more Order, total gateway.Money) (Cart, error) {
	c := Cart{
		Currency: currency, Gift: more.Gift, Total: total.Minor(), CartRef: more.CartRef, CreatedAt: more.CreatedAt, UpdatedAt: more.UpdatedAt, Items: []Item{},
	}
	if total.Currency() != currency {
		return c, gateway.Errorf(gateway.CodeUnsupported, "SeQura takes %s only, and %s is to be paid", currency, total)
	}
	sum := gateway.Minor(0, currency)
	for n, l := range lines {
		item, amount, err := itemOf(l, more)
		if err != nil {
			return c, gateway.Errorf(gateway.CodeInvalid, "line %d: %w", n+1, err)
		}
		if sum, err = sum.Add(amount); err != nil {
			return c, gateway.Errorf(gateway.CodeInvalid, "line %d: %w", n+1, err)
		}
		c.Items = append(c.Items, item)
	}
	if diff := c.Total - sum.Minor(); diff != 0 {
		if !more.Balance {
			return c, gateway.Errorf(gateway.CodeInvalid, "the cart: %w", error(&TotalsError{sum.Minor(), c.Total}))
		}
		c.Items = append(c.Items, balance(diff))
	}
	for what, value := range map[string]string{"created_at": c.CreatedAt, "updated_at": c.UpdatedAt} {
		if err := timestamp(what, value); err != nil {
			return c, err
		}
	}
	return c, nil
}

// addsUp refuses a cart whose items are not its total; none at all adds up.
func (c *Cart) addsUp() error {
	if c == nil {
		return nil
	}
	sum := gateway.Minor(0, currency)
	for _, i := range c.Items {
		var err error
		if sum, err = sum.Add(gateway.Minor(i.Total, currency)); err != nil {
			return err
		}
	}
	if sum.Minor() != c.Total {
		return &TotalsError{sum.Minor(), c.Total}
	}
	return nil
}

// balance is the item that [Order].Balance asks for.
func balance(diff int64) Item {
	if diff < 0 {
		return Item{Type: ItemDiscount, Reference: "additional_discount", Name: "Additional discount", Total: diff}
	}
	return Item{Type: ItemHandling, Reference: "additional_handling", Name: "Additional handling", Total: diff}
}

var typesOf = map[gateway.LineKind]ItemType{
	"": ItemProduct, gateway.LineProduct: ItemProduct, gateway.LineService: ItemService, gateway.LineShipping: ItemHandling,
	gateway.LineFee: ItemHandling, gateway.LineDiscount: ItemDiscount,
}

func itemOf(l gateway.Line, more Order) (item Item, total gateway.Money, err error) {
	if at := slices.IndexFunc(more.Items, func(i Item) bool { return i.Reference == l.SKU && l.SKU != "" }); at >= 0 {
		item = more.Items[at]
	}
	if item.Type == "" {
		item.Type = typesOf[l.Kind]
	}
	if total, err = l.Total(); err != nil {
		return item, total, err
	}
	item.Reference, item.Name, item.Total = l.SKU, l.Name, total.Minor()
	item.Category, item.URL = or(item.Category, l.Category), or(item.URL, l.URL)
	quantity, price := l.Quantity, l.Price.Minor()
	switch item.Type {
	case ItemProduct, ItemService:
		item.Quantity, item.Price = &quantity, &price
		if item.Downloadable == nil {
			item.Downloadable = new(bool)
		}
		if item.Type == ItemProduct && quantity < 1 || quantity < 0 {
			return item, total, gateway.Invalid("its quantity is %d", quantity)
		}
	case "":
		return item, total, gateway.Invalid("SeQura has no item for a %q: prices include taxes", l.Kind)
	default:
		item.Quantity, item.Price = nil, nil
	}
	if err := item.check(); err != nil {
		return item, total, err
	}
	if item.Type == ItemProduct {
		item.Type = "" // theirs by default
	}
	return item, total, nil
}

// check refuses what SeQura's own library refuses.
func (i Item) check() error {
	negative := i.Type == ItemDiscount || i.Type == ItemOtherPayment
	switch {
	case i.Name == "" && i.Type != ItemInvoiceFee, i.Reference == "" && i.Type != ItemInvoiceFee:
		return gateway.Invalid("it has no SKU or no name")
	case negative && i.Total > 0:
		return gateway.Invalid("a %s is negative, and this one's total is %d", i.Type, i.Total)
	case !negative && i.Total < 0:
		return gateway.Invalid("only discounts and other payments are negative, and its total is %d", i.Total)
	case i.Type == ItemService && (i.EndsOn == "") == (i.EndsIn == ""):
		return gateway.Invalid("a service says either when it ends or how long it takes: give an Item with EndsOn or EndsIn in Order.Items")
	case i.EndsIn != "" && !duration(i.EndsIn):
		return gateway.Invalid("ends_in is no ISO 8601 duration")
	}
	return timestamp("ends_on", i.EndsOn)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

type cart struct {
	Currency string `json:"currency"`
	Total    *int64 `json:"order_total_with_tax"`
	Items    []struct {
		Type     string `json:"type"`
		Name     string `json:"name"`
		Price    *int64 `json:"price_with_tax"`
		Quantity *int64 `json:"quantity"`
		Total    *int64 `json:"total_with_tax"`
	} `json:"items"`
}

// told is what a shop tells of an order.
type told struct {
	Order struct {
		State    string `json:"state"`
		Merchant struct {
			ID          string         `json:"id"`
			NotifyURL   string         `json:"notify_url"`
			Parameters  map[string]any `json:"notification_parameters"`
			ReturnURL   string         `json:"return_url"`
			ApprovedURL string         `json:"approved_url"`
			AbortURL    string         `json:"abort_url"`
			Events      *struct {
				URL        string         `json:"url"`
				Parameters map[string]any `json:"parameters"`
			} `json:"events_webhook"`
		} `json:"merchant"`
		Reference struct {
			Ref1 string `json:"order_ref_1"`
			Ref2 string `json:"order_ref_2"`
		} `json:"merchant_reference"`
		Cart      json.RawMessage `json:"cart"`
		Shipped   json.RawMessage `json:"shipped_cart"`
		Unshipped json.RawMessage `json:"unshipped_cart"`
	} `json:"order"`
}

// problem is what is wrong with what a shop tells, in SeQura's words.
type problem string

func (p problem) Error() string { return string(p) }

func problemf(format string, args ...any) error { return problem(fmt.Sprintf(format, args...)) }

const maxBody = 1 << 20

// read decodes what a shop tells. Its error is for the shop.
func read(r *http.Request) (t told, err error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil || len(raw) > maxBody:
		return t, problem("Invalid data: the body is too long, or did not come whole.")
	case !utf8.Valid(raw):
		return t, problem("Invalid data: the body is not UTF-8.")
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return t, problem("Invalid data: the body is not JSON.")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var anything any
	if d.Decode(&anything) != nil || nullIn(anything) {
		return t, problem("Invalid data: the body is no JSON, or has a null in it.")
	}
	if json.Unmarshal(raw, &t) != nil {
		return t, problem("Invalid data: a field has another type than it must have.")
	}
	return t, nil
}

func nullIn(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, one := range v {
			if nullIn(one) {
				return true
			}
		}
	case []any:
		for _, one := range v {
			if nullIn(one) {
				return true
			}
		}
	}
	return false
}

// total checks a cart and returns what it adds up to.
func total(name string, raw json.RawMessage) (int64, error) {
	var c cart
	if len(raw) == 0 || json.Unmarshal(raw, &c) != nil || c.Total == nil || c.Items == nil {
		return 0, problemf("Invalid data: In %s, something is missing.", name)
	}
	if c.Currency != "EUR" {
		return 0, problemf("Invalid data: In %s, the currency is not EUR.", name)
	}
	sum, parts := int64(0), make([]string, 0, len(c.Items))
	for _, i := range c.Items {
		if i.Total == nil {
			return 0, problemf("Invalid data: In %s, an item has no total_with_tax.", name)
		}
		if (i.Type == "" || i.Type == "product") && (i.Price == nil || i.Quantity == nil || *i.Price**i.Quantity != *i.Total) {
			return 0, problemf("Invalid data: In %s, a product's total_with_tax is not its price times its quantity.", name)
		}
		sum += *i.Total
		parts = append(parts, fmt.Sprint(*i.Total))
	}
	if sum != *c.Total {
		return 0, problemf("Invalid data: In %s, items' total_with_tax add up to %d (%s) but order_total_with_tax is %d. The diff is %d.",
			name, sum, strings.Join(parts, "+"), *c.Total, *c.Total-sum)
	}
	return sum, nil
}

// same reports whether two carts are equal, whatever their form.
func same(a, b json.RawMessage) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	first, err1 := json.Marshal(x)
	second, err2 := json.Marshal(y)
	return err1 == nil && err2 == nil && bytes.Equal(first, second)
}

// refuse answers with errors; none means an empty list.
func refuse(w http.ResponseWriter, status int, problems ...string) {
	raw, _ := json.Marshal(map[string][]string{"errors": append([]string{}, problems...)}) // of strings: cannot fail
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

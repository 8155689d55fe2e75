package simulator

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// distort returns the body of an answer with a lie in it. What is saved under the
// key, and in the ledger, stays true.
func (s *Server) distort(q *request, a answer, fault Fault) []byte {
	switch fault {
	case EmptyBody:
		return nil
	case NullBody:
		return []byte("null")
	case GarbageBody:
		return []byte("\x00\xff\xfe{]garbage")
	case TrailingBody:
		return append(bytes.Clone(a.body), `{"id":"pay_trailing"}`...)
	case DuplicateField:
		if rest, ok := bytes.CutPrefix(a.body, []byte("{")); ok {
			return append([]byte(`{"id":"pay_duplicate",`), rest...)
		}
	case WrongAmount:
		return rewrite(a.body, wrongAmount)
	case WrongCurrency:
		return rewrite(a.body, wrongCurrency)
	case WrongReference:
		return rewrite(a.body, wrongReference)
	case FloatAmount:
		return rewrite(a.body, floatAmount)
	case DuplicateID:
		oldest := s.oldestOf(q.account)
		return rewrite(a.body, func(o map[string]any) {
			if _, found := o["status"]; found && oldest != "" {
				o["id"], oldest = oldest, "" // the outermost object only
			}
		})
	}
	return a.body
}

func (s *Server) oldestOf(account string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		if s.payments[id].Account == account {
			return id
		}
	}
	return ""
}

// rewrite applies a lie to every object of a body; what is not JSON stays as it is.
func rewrite(body []byte, lie func(map[string]any)) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return body
	}
	walk(v, lie)
	out, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return out
}

func walk(v any, lie func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		lie(v)
		for _, child := range v {
			walk(child, lie)
		}
	case []any:
		for _, child := range v {
			walk(child, lie)
		}
	}
}

// numbers changes each amount of an object: the value of {"value","currency"} and
// the balances that are not zero.
func numbers(o map[string]any, change func(int64) json.Number) {
	names := []string{}
	if _, ok := o["currency"]; ok {
		names = []string{"value"}
	}
	if _, ok := o["charged_back"]; ok {
		names = sortedKeys(o)
	}
	for _, name := range names {
		n, ok := o[name].(json.Number)
		if !ok {
			continue
		}
		if i, err := n.Int64(); err == nil && i != 0 {
			o[name] = change(i)
		}
	}
}

func wrongAmount(o map[string]any) {
	numbers(o, func(i int64) json.Number { return json.Number(strconv.FormatInt(i+1, 10)) })
}

func floatAmount(o map[string]any) {
	numbers(o, func(i int64) json.Number { return json.Number(strconv.FormatInt(i, 10) + ".5") })
}

func wrongCurrency(o map[string]any) {
	if o["currency"] == "EUR" {
		o["currency"] = "USD"
	} else if _, ok := o["currency"]; ok {
		o["currency"] = "EUR"
	}
}

// wrongReference lies about the merchant's reference, which only payments and
// their parts have: movements refer to captures with a field of the same name.
func wrongReference(o map[string]any) {
	if _, isPart := o["status"]; !isPart {
		return
	}
	if ref, ok := o["reference"].(string); ok {
		o["reference"] = "not-" + ref
	}
}

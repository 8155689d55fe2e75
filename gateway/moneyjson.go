package gateway

import (
	"bytes"
	"encoding/json"
)

// moneyJSON is how an amount is stored: minor units as an integer.
type moneyJSON struct {
	Amount   *int64 `json:"amount"`
	Currency string `json:"currency"`
}

// MarshalJSON returns {"amount":1000,"currency":"EUR"} with the amount in minor
// units, and null for the zero Money. An invalid Money is an error.
func (m Money) MarshalJSON() ([]byte, error) {
	if !m.IsSet() && m.minor == 0 {
		return []byte("null"), nil
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	return json.Marshal(moneyJSON{&m.minor, m.currency})
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses fractions, unknown
// fields, missing fields and unknown currencies.
func (m *Money) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == "null" {
		*m = Money{}
		return nil
	}
	var raw moneyJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return Errorf(CodeInvalid, "amount must be {\"amount\": minor units, \"currency\": code}: %w", err)
	}
	if raw.Amount == nil {
		return Invalid("the amount is missing")
	}
	parsed := Minor(*raw.Amount, raw.Currency)
	if err := parsed.Err(); err != nil {
		return err
	}
	*m = parsed
	return nil
}

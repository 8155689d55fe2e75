package gateway

import (
	"math"
	"math/bits"
	"strconv"
)

// Money is an exact amount of one currency, held as an integer in the
// currency's minor unit: cents for EUR, yen for JPY, fils for KWD. No float
// ever touches it, and overflow is an error.
//
// The zero Money has no currency; it stands for "no amount". A Money made with
// an unknown currency is invalid: [Money.Err] says why, and every operation and
// every command refuses it. Money is comparable with == and safe to copy.
type Money struct {
	minor    int64
	currency string
}

// Minor returns an amount given in minor units: Minor(1000, "EUR") is ten
// euros. An unknown currency gives an invalid Money, see [Money.Err].
func Minor(amount int64, currency string) Money {
	if c, ok := currencies[currency]; ok {
		return Money{amount, c.code}
	}
	return Money{amount, "?" + currency}
}

// Major parses an amount as people write it: Major("10.00", "EUR"). It takes
// an optional sign, digits and at most as many decimals as the currency has,
// and nothing else: no grouping, no exponent, no spaces.
func Major(amount, currency string) (Money, error) {
	c, err := lookupCurrency(currency)
	if err != nil {
		return Money{}, err
	}
	n, err := parseDecimal(amount, c.digits, c.code)
	return Money{n, c.code}, err
}

// Minor returns the amount in minor units.
func (m Money) Minor() int64 { return m.minor }

// Currency returns the ISO 4217 code, "" for the zero Money.
func (m Money) Currency() string {
	if m.unknown() {
		return m.currency[1:]
	}
	return m.currency
}

func (m Money) unknown() bool { return m.currency != "" && m.currency[0] == '?' }

// Err returns nil when the amount has a known currency, and otherwise a
// [CodeInvalid] error that says what is wrong.
func (m Money) Err() error {
	if m.currency == "" {
		return Invalid("the amount has no currency")
	}
	if m.unknown() {
		_, err := lookupCurrency(m.currency[1:])
		return err
	}
	return nil
}

// IsZero reports whether m is the zero Money or an amount of nothing.
func (m Money) IsZero() bool { return m.minor == 0 }

// IsSet reports whether m has a currency, known or not: whether somebody gave an amount at all.
func (m Money) IsSet() bool { return m.currency != "" }

// IsPositive reports whether m is more than nothing.
func (m Money) IsPositive() bool { return m.minor > 0 }

// IsNegative reports whether m is less than nothing.
func (m Money) IsNegative() bool { return m.minor < 0 }

// Add returns m + o. Both must have the same currency.
func (m Money) Add(o Money) (Money, error) {
	if err := m.same(o); err != nil {
		return Money{}, err
	}
	sum := m.minor + o.minor
	if (sum > m.minor) != (o.minor > 0) {
		return Money{}, overflow(m, "+", o)
	}
	return Money{sum, m.currency}, nil
}

// Sub returns m - o. Both must have the same currency.
func (m Money) Sub(o Money) (Money, error) {
	if err := m.same(o); err != nil {
		return Money{}, err
	}
	diff := m.minor - o.minor
	if (diff < m.minor) != (o.minor > 0) {
		return Money{}, overflow(m, "-", o)
	}
	return Money{diff, m.currency}, nil
}

// Mul returns n times m, as for a quantity of lines.
func (m Money) Mul(n int64) (Money, error) {
	if err := m.Err(); err != nil {
		return Money{}, err
	}
	hi, lo := bits.Mul64(magnitude(m.minor), magnitude(n))
	negative := (m.minor < 0) != (n < 0)
	switch {
	case hi != 0 || lo > 1<<63 || lo == 1<<63 && !negative:
		return Money{}, Invalid("%s times %d is more than an amount can hold", m, n)
	case negative:
		return Money{int64(-lo), m.currency}, nil //nolint:gosec // -lo is at least -2^63: the case above
	}
	return Money{int64(lo), m.currency}, nil //nolint:gosec // lo is below 2^63: the case above
}

// Neg returns -m.
func (m Money) Neg() (Money, error) { return Money{0, m.currency}.Sub(m) }

// Cmp returns -1, 0 or +1 as m is less than, equal to or more than o. Both
// must have the same currency.
func (m Money) Cmp(o Money) (int, error) {
	if err := m.same(o); err != nil {
		return 0, err
	}
	switch {
	case m.minor < o.minor:
		return -1, nil
	case m.minor > o.minor:
		return 1, nil
	}
	return 0, nil
}

// Split divides m by weights so that the parts add up to m exactly: what
// rounding leaves over goes to the first parts, one minor unit each. The
// weights must not be negative, and at least one must be more than zero.
func (m Money) Split(weights ...int64) ([]Money, error) {
	if err := m.Err(); err != nil {
		return nil, err
	}
	var total uint64
	for _, w := range weights {
		if w < 0 {
			return nil, Invalid("weight %d is negative", w)
		}
		if total += uint64(w); total > math.MaxInt64 {
			return nil, Invalid("the weights add up to more than %d", int64(math.MaxInt64))
		}
	}
	if total == 0 {
		return nil, Invalid("no weight is more than zero")
	}
	parts, rest := make([]Money, len(weights)), magnitude(m.minor)
	shares := make([]uint64, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(magnitude(m.minor), uint64(w))
		shares[i], _ = bits.Div64(hi, lo, total)
		rest -= shares[i]
	}
	for i := range parts {
		if rest > 0 && weights[i] > 0 {
			shares[i]++
			rest--
		}
		parts[i] = Money{int64(shares[i]), m.currency} //nolint:gosec // a share is at most |m|; 2^63 wraps to the right minimum
		if m.minor < 0 {
			parts[i].minor = -parts[i].minor
		}
	}
	return parts, nil
}

// Decimal returns the amount with all decimals of its currency and without
// the currency: "10.00", "1000" for JPY, "1.000" for KWD.
func (m Money) Decimal() string { return string(m.AppendDecimal(make([]byte, 0, 24))) }

// AppendDecimal appends what [Money.Decimal] returns to dst.
func (m Money) AppendDecimal(dst []byte) []byte {
	return appendDecimal(dst, m.minor, currencies[m.currency].digits)
}

// String returns the amount for people, "10.00 EUR". Never parse it.
func (m Money) String() string {
	switch {
	case m.currency == "":
		return "no amount"
	case m.unknown():
		return strconv.FormatInt(m.minor, 10) + " minor units of unknown currency " + strconv.QuoteToASCII(m.currency[1:])
	}
	return m.Decimal() + " " + m.currency
}

func (m Money) same(o Money) error {
	if m.currency != o.currency {
		return Invalid("%s and %s have different currencies", m, o)
	}
	return m.Err()
}

func overflow(m Money, op string, o Money) error {
	return Invalid("%s %s %s is more than an amount can hold", m, op, o)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) //nolint:gosec // two's complement: right for the minimum too
	}
	return uint64(n)
}

package gateway

import (
	"math"
	"strconv"
)

// parseDecimal reads s as an integer count of 10^-digits.
func parseDecimal(s string, digits int, currency string) (int64, error) {
	refuse := func(why string) error {
		return Invalid("amount %.40q is not exact %s: %s", s, currency, why)
	}
	rest, negative := s, false
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		negative, rest = rest[0] == '-', rest[1:]
	}
	var (
		n        uint64
		decimals = -1 // how many were read; -1 before the point
		read     int  // digits before the point, then after it
	)
	for i := range len(rest) {
		c := rest[i]
		switch {
		case c == '.' && decimals < 0 && read > 0:
			decimals, read = 0, 0
			continue
		case c < '0' || c > '9':
			return 0, refuse("only digits and one point are allowed")
		}
		read++
		if decimals >= 0 {
			decimals++
		}
		if decimals > digits {
			return 0, refuse("it has more than " + strconv.Itoa(digits) + " decimals")
		}
		if n > (math.MaxUint64-9)/10 {
			return 0, refuse("it is too large")
		}
		n = n*10 + uint64(c-'0')
	}
	if read == 0 {
		return 0, refuse("digits are missing")
	}
	n, fits := scaleUp(n, digits-max(decimals, 0))
	switch {
	case !fits || n > 1<<63 || n == 1<<63 && !negative:
		return 0, refuse("it is too large")
	case negative:
		return int64(-n), nil //nolint:gosec // -n is at least -2^63: the case above
	}
	return int64(n), nil //nolint:gosec // n is below 2^63: the case above
}

func scaleUp(n uint64, places int) (uint64, bool) {
	for range places {
		if n > math.MaxUint64/10 {
			return 0, false
		}
		n *= 10
	}
	return n, true
}

func appendDecimal(dst []byte, minor int64, digits int) []byte {
	if minor < 0 {
		dst = append(dst, '-')
	}
	var buf [24]byte
	text := strconv.AppendUint(buf[:0], magnitude(minor), 10)
	if digits == 0 {
		return append(dst, text...)
	}
	if len(text) <= digits {
		dst = append(dst, '0', '.')
		for range digits - len(text) {
			dst = append(dst, '0')
		}
		return append(dst, text...)
	}
	dst = append(dst, text[:len(text)-digits]...)
	dst = append(dst, '.')
	return append(dst, text[len(text)-digits:]...)
}

// Exponents says where a provider counts a currency's decimals otherwise than
// ISO 4217 does: currency code → number of decimals (0 to 4) in the amounts on
// the wire. Adyen's table, for example, has {"CLP": 2, "ISK": 2, "CVE": 0, "IDR": 0}.
// Currencies that are not listed follow ISO; the nil map is ISO throughout.
// It is read only after its making.
type Exponents map[string]int

// Digits returns how many decimals the provider counts for currency.
func (x Exponents) Digits(currency string) (int, error) {
	c, err := lookupCurrency(currency)
	if err != nil {
		return 0, err
	}
	d, listed := x[currency]
	if !listed {
		return c.digits, nil
	}
	if d < 0 || d > 4 {
		return 0, Errorf(CodeInternal, "the provider's table gives %s %d decimals; 0 to 4 are possible", currency, d)
	}
	return d, nil
}

// Minor returns m in the provider's minor units. It fails when the provider
// counts fewer decimals than the amount has.
func (x Exponents) Minor(m Money) (int64, error) {
	if err := m.Err(); err != nil {
		return 0, err
	}
	if len(x) == 0 {
		return m.minor, nil
	}
	d, err := x.Digits(m.currency)
	if err != nil {
		return 0, err
	}
	iso := currencies[m.currency].digits
	n := m.minor
	for ; iso > d; iso-- {
		if n%10 != 0 {
			return 0, Invalid("%s has more decimals than the provider takes (%d)", m, d)
		}
		n /= 10
	}
	for ; iso < d; iso++ {
		if n > math.MaxInt64/10 || n < math.MinInt64/10 {
			return 0, Invalid("%s is more than the provider's amounts can hold", m)
		}
		n *= 10
	}
	return n, nil
}

// FromMinor returns the amount that the provider states as n of its minor units.
func (x Exponents) FromMinor(n int64, currency string) (Money, error) {
	d, err := x.Digits(currency)
	if err != nil {
		return Money{}, err
	}
	c := currencies[currency]
	for ; d > c.digits; d-- {
		if n%10 != 0 {
			return Money{}, Invalid("%d of 10^-%d %s is not a whole number of its minor units", n, d, currency)
		}
		n /= 10
	}
	for ; d < c.digits; d++ {
		if n > math.MaxInt64/10 || n < math.MinInt64/10 {
			return Money{}, Invalid("%d %s is more than an amount can hold", n, currency)
		}
		n *= 10
	}
	return Money{n, c.code}, nil
}

// Decimal returns m as a decimal string with exactly the decimals that the provider takes.
func (x Exponents) Decimal(m Money) (string, error) {
	n, err := x.Minor(m)
	if err != nil {
		return "", err
	}
	d, err := x.Digits(m.currency)
	if err != nil {
		return "", err
	}
	return string(appendDecimal(make([]byte, 0, 24), n, d)), nil
}

// Parse reads a decimal string that the provider sent.
func (x Exponents) Parse(amount, currency string) (Money, error) {
	d, err := x.Digits(currency)
	if err != nil {
		return Money{}, err
	}
	n, err := parseDecimal(amount, d, currency)
	if err != nil {
		return Money{}, err
	}
	return x.FromMinor(n, currency)
}

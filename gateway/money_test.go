package gateway_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

func TestMajorReadsExactDecimals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		minor          int64
		printed        string
	}{
		{"10.00", "EUR", 1000, "10.00"},
		{"10", "EUR", 1000, "10.00"},
		{"10.5", "EUR", 1050, "10.50"},
		{"0.01", "EUR", 1, "0.01"},
		{"-0.01", "EUR", -1, "-0.01"},
		{"+3", "EUR", 300, "3.00"},
		{"007", "EUR", 700, "7.00"},
		{"0", "EUR", 0, "0.00"},
		{"1000", "JPY", 1000, "1000"},
		{"0", "JPY", 0, "0"},
		{"1.234", "KWD", 1234, "1.234"},
		{"0.001", "KWD", 1, "0.001"},
		{"1.2345", "CLF", 12345, "1.2345"},
		{"92233720368547758.07", "EUR", math.MaxInt64, "92233720368547758.07"},
		{"-92233720368547758.08", "EUR", math.MinInt64, "-92233720368547758.08"},
		{"9223372036854775807", "JPY", math.MaxInt64, "9223372036854775807"},
	} {
		m, err := gateway.Major(c.text, c.currency)
		require.NoError(t, err, c.text)
		assert.Equal(t, c.minor, m.Minor(), c.text)
		assert.Equal(t, c.printed, m.Decimal())
		assert.Equal(t, c.printed+" "+c.currency, m.String())
	}
}

func TestMajorRefusesWhatIsNotExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, currency, want string }{
		{"10.001", "EUR", "more than 2 decimals"},
		{"10.5", "JPY", "more than 0 decimals"},
		{"1.2345", "KWD", "more than 3 decimals"},
		{"", "EUR", "digits are missing"},
		{".5", "EUR", "one point"},
		{"5.", "EUR", "digits are missing"},
		{"-", "EUR", "digits are missing"},
		{"1e3", "EUR", "only digits"},
		{" 5", "EUR", "only digits"},
		{"1,000.00", "EUR", "only digits"},
		{"1.0.0", "EUR", "only digits"},
		{"NaN", "EUR", "only digits"},
		{"٣", "EUR", "only digits"},
		{"0x10", "EUR", "only digits"},
		{"--1", "EUR", "only digits"},
		{"92233720368547758.08", "EUR", "too large"},
		{"-92233720368547758.09", "EUR", "too large"},
		{strings.Repeat("9", 500), "EUR", "too large"},
		{"184467440737095516.16", "EUR", "too large"},
		{"1", "EURO", "unknown currency"},
		{"1", "eur", "must be upper case: EUR"},
		{"1", "", "unknown currency"},
		{"1", "XAU", "unknown currency"},
	} {
		_, err := gateway.Major(c.text, c.currency)
		require.ErrorContains(t, err, c.want, "%q %s", c.text, c.currency)
		assert.Equal(t, gateway.CodeInvalid, gateway.CodeOf(err))
	}
}

func TestAnUnknownCurrencyIsRefusedByEveryOperation(t *testing.T) {
	t.Parallel()
	bad, eur := gateway.Minor(100, "EURO"), gateway.Minor(100, "EUR")
	require.ErrorContains(t, bad.Err(), "unknown currency")
	require.Error(t, gateway.Money{}.Err())
	require.NoError(t, eur.Err())
	assert.Equal(t, "EURO", bad.Currency())
	for name, err := range map[string]error{
		"add":     second(bad.Add(bad)),
		"sub":     second(bad.Sub(bad)),
		"mul":     second(bad.Mul(2)),
		"neg":     second(bad.Neg()),
		"cmp":     second(bad.Cmp(bad)),
		"split":   second(bad.Split(1)),
		"mixed":   second(eur.Add(gateway.Minor(1, "USD"))),
		"json":    second(json.Marshal(bad)),
		"no such": second(gateway.Exponents(nil).Minor(bad)),
	} {
		require.ErrorIs(t, err, gateway.CodeInvalid, name)
	}
	assert.Contains(t, bad.String(), "unknown currency")
	assert.Equal(t, "no amount", gateway.Money{}.String())
}

func second[T any](_ T, err error) error { return err }

func TestOverflowIsAnError(t *testing.T) {
	t.Parallel()
	most, least, one := gateway.Minor(math.MaxInt64, "EUR"), gateway.Minor(math.MinInt64, "EUR"), gateway.Minor(1, "EUR")
	for name, err := range map[string]error{
		"max+1": second(most.Add(one)), "min-1": second(least.Sub(one)), "-min": second(least.Neg()), "max*2": second(most.Mul(2)),
		"min*-1": second(least.Mul(-1)), "max*max": second(most.Mul(math.MaxInt64)), "min*min": second(least.Mul(math.MinInt64)),
	} {
		require.ErrorContains(t, err, "more than an amount can hold", name)
	}
	sum, err := most.Sub(one)
	require.NoError(t, err)
	assert.Equal(t, int64(math.MaxInt64-1), sum.Minor())
	same, err := least.Mul(1)
	require.NoError(t, err)
	assert.Equal(t, least, same)
}

// The arithmetic agrees with arbitrary precision, or says that it overflows.
func TestArithmeticAgreesWithBigIntegers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		x, y := gateway.Minor(a, "EUR"), gateway.Minor(b, "EUR")
		for _, op := range []struct {
			name string
			want *big.Int
			do   func() (gateway.Money, error)
		}{
			{"add", new(big.Int).Add(big.NewInt(a), big.NewInt(b)), func() (gateway.Money, error) { return x.Add(y) }},
			{"sub", new(big.Int).Sub(big.NewInt(a), big.NewInt(b)), func() (gateway.Money, error) { return x.Sub(y) }},
			{"mul", new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), func() (gateway.Money, error) { return x.Mul(b) }},
			{"neg", new(big.Int).Neg(big.NewInt(a)), x.Neg},
		} {
			got, err := op.do()
			if op.want.IsInt64() != (err == nil) {
				t.Fatalf("%s of %d and %d: %v, want %s", op.name, a, b, err, op.want)
			}
			if err == nil && got.Minor() != op.want.Int64() {
				t.Fatalf("%s of %d and %d is %d, want %s", op.name, a, b, got.Minor(), op.want)
			}
		}
		if c, err := x.Cmp(y); err != nil || c != big.NewInt(a).Cmp(big.NewInt(b)) {
			t.Fatalf("cmp of %d and %d is %d, %v", a, b, c, err)
		}
	})
}

func TestSplittingLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := gateway.Minor(rapid.Int64().Draw(t, "amount"), "EUR")
		weights := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64/20), 1, 20).Draw(t, "weights")
		total := int64(0)
		for _, w := range weights {
			total += w
		}
		parts, err := m.Split(weights...)
		if total == 0 {
			if err == nil {
				t.Fatal("nothing to split by, and no error")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		sum := gateway.Minor(0, "EUR")
		for i, p := range parts {
			if weights[i] == 0 && !p.IsZero() {
				t.Fatalf("weight 0 got %s", p)
			}
			if sum, err = sum.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		if sum != m {
			t.Fatalf("%v adds up to %s, not %s", parts, sum, m)
		}
	})
	parts, err := gateway.Minor(100, "EUR").Split(1, 1, 1)
	require.NoError(t, err)
	assert.Equal(t, []gateway.Money{gateway.Minor(34, "EUR"), gateway.Minor(33, "EUR"), gateway.Minor(33, "EUR")}, parts)
	require.Error(t, second(gateway.Minor(1, "EUR").Split(-1, 2)))
	require.Error(t, second(gateway.Minor(1, "EUR").Split(math.MaxInt64, math.MaxInt64)))
}

// CLDR differs for 22 currencies; ISO 4217 is what counts, with what providers do differently on top.
func TestCurrencyDigitsFollowISO4217(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "UYW": 4, "IQD": 3, "COP": 2, "IDR": 2, "HUF": 2, "ISK": 0, "UGX": 0, "CLP": 0, "SLE": 2, "XCG": 2, "ZWG": 2, "BHD": 3} {
		got, known := gateway.CurrencyDigits(code)
		assert.True(t, known, code)
		assert.Equal(t, want, got, code)
	}
	for _, gone := range []string{"HRK", "ZWL", "ANG", "XXX", "XAU", "XTS", "euro", ""} {
		_, known := gateway.CurrencyDigits(gone)
		assert.False(t, known, gone)
	}
}

func TestEveryCurrencyOfTheTableIsISO4217(t *testing.T) {
	t.Parallel()
	// validator/v10 carries ISO's list independently of ours.
	check, known := validator.New(), 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				code := string([]rune{a, b, c})
				_, ours := gateway.CurrencyDigits(code)
				theirs := check.Var(code, "iso4217") == nil
				switch {
				case ours && !theirs:
					assert.Contains(t, []string{"BGN", "VED"}, code, "%s is not in ISO 4217", code)
				case theirs && !ours:
					assert.Contains(t, "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX XAD CUC", code, "%s is missing", code)
				case ours:
					known++
				}
			}
		}
	}
	assert.Greater(t, known, 150)
}

func TestAProviderMayCountDecimalsOtherwise(t *testing.T) {
	t.Parallel()
	x := gateway.Exponents{"CLP": 2, "ISK": 2, "HUF": 0, "IDR": 0, "KWD": 2}
	for _, c := range []struct {
		m    gateway.Money
		wire int64
		text string
	}{
		{gateway.Minor(100, "CLP"), 10000, "100.00"},
		{gateway.Minor(100, "ISK"), 10000, "100.00"},
		{gateway.Minor(10000, "HUF"), 100, "100"},
		{gateway.Minor(1000, "EUR"), 1000, "10.00"},
		{gateway.Minor(1230, "KWD"), 123, "1.23"},
		{gateway.Minor(5, "JPY"), 5, "5"},
	} {
		n, err := x.Minor(c.m)
		require.NoError(t, err)
		assert.Equal(t, c.wire, n)
		text, err := x.Decimal(c.m)
		require.NoError(t, err)
		assert.Equal(t, c.text, text)
		back, err := x.FromMinor(n, c.m.Currency())
		require.NoError(t, err)
		assert.Equal(t, c.m, back)
		back, err = x.Parse(text, c.m.Currency())
		require.NoError(t, err)
		assert.Equal(t, c.m, back)
	}
	require.ErrorContains(t, second(x.Minor(gateway.Minor(1050, "HUF"))), "more decimals than the provider takes")
	require.ErrorContains(t, second(x.Minor(gateway.Minor(math.MaxInt64/10, "CLP"))), "more than the provider's amounts can hold")
	require.ErrorContains(t, second(x.FromMinor(10050, "CLP")), "not a whole number")
	require.ErrorContains(t, second(x.FromMinor(math.MaxInt64, "HUF")), "more than an amount can hold")
	require.ErrorContains(t, second(x.Parse("1.5", "HUF")), "more than 0 decimals")
	require.Error(t, second(x.Digits("EURO")))
	require.Error(t, second(gateway.Exponents{"EUR": 9}.Digits("EUR")))
}

func TestMoneyIsStoredAsMinorUnits(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(map[string]gateway.Money{"a": gateway.Minor(math.MaxInt64, "EUR"), "b": {}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":{"amount":9223372036854775807,"currency":"EUR"},"b":null}`, string(raw))
	var back map[string]gateway.Money
	require.NoError(t, json.Unmarshal(raw, &back))
	assert.Equal(t, gateway.Minor(math.MaxInt64, "EUR"), back["a"])
	assert.Equal(t, gateway.Money{}, back["b"])
	for _, bad := range []string{`{"amount":10.5,"currency":"EUR"}`, `{"amount":9223372036854775808,"currency":"EUR"}`, `{"currency":"EUR"}`, `{"amount":1,"currency":"EURO"}`, `{"amount":1,"currency":"EUR","x":1}`, `10`, `"10.00 EUR"`} {
		var m gateway.Money
		require.ErrorIs(t, json.Unmarshal([]byte(bad), &m), gateway.CodeInvalid, bad)
	}
}

func TestArithmeticAllocatesNothing(t *testing.T) {
	a, b := gateway.Minor(1000, "EUR"), gateway.Minor(1, "EUR")
	buf := make([]byte, 0, 64)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		sum, _ := a.Add(b)
		diff, _ := sum.Sub(b)
		twice, _ := diff.Mul(2)
		_, _ = twice.Cmp(a)
		buf = twice.AppendDecimal(buf[:0])
	}))
}

func FuzzMajor(f *testing.F) {
	for _, s := range []string{"10.00", "-0.01", "9223372036854775807", "1e3", "", ".", "0.000", "00", "+1"} {
		for _, c := range []string{"EUR", "JPY", "KWD", "CLF", "X"} {
			f.Add(s, c)
		}
	}
	f.Fuzz(func(t *testing.T, text, currency string) {
		m, err := gateway.Major(text, currency)
		if err != nil {
			assert.Equal(t, gateway.CodeInvalid, gateway.CodeOf(err))
			return
		}
		again, err := gateway.Major(m.Decimal(), m.Currency())
		require.NoError(t, err)
		assert.Equal(t, m, again)
		want, ok := new(big.Rat).SetString(text)
		require.True(t, ok)
		digits, _ := gateway.CurrencyDigits(currency)
		scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
		assert.Equal(t, want.Mul(want, scale).RatString(), new(big.Rat).SetInt64(m.Minor()).RatString())
	})
}

func BenchmarkMoneyAdd(b *testing.B) {
	x, y := gateway.Minor(1000, "EUR"), gateway.Minor(1, "EUR")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = x.Add(y)
	}
}

package simulator

import "math/bits"

// add returns a+b, and false when the sum does not fit.
func add(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (b >= 0) == (sum >= a)
}

// share returns amount*percent/100 rounded down, and false when it does not fit.
// The product is kept in 128 bits, so that only the result has to fit.
func share(amount, percent int64) (int64, bool) {
	if amount < 0 || percent < 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(amount), uint64(percent))
	if hi >= 100 {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, 100)
	if q > 1<<63-1 {
		return 0, false
	}
	return int64(q), true
}

// limit returns the most that may be captured of an authorized amount.
func (o OverCapture) limit(authorized int64) int64 {
	extra, ok := share(authorized, o.Percent)
	if !ok {
		extra = 0
	}
	if o.Absolute > 0 {
		extra = min(extra, o.Absolute)
	}
	total, ok := add(authorized, extra)
	if !ok {
		return authorized
	}
	return total
}

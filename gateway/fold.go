package gateway

import "slices"

// Balances are what a payment's movements add up to, all in the payment's
// currency. The zero value belongs to no currency; [Fold] returns set ones.
type Balances struct {
	Authorized  Money // held, adjustments included, before anything is released or captured
	Released    Money // held and let go again
	Captured    Money // taken
	Refunded    Money // taken and given back
	ChargedBack Money // taken and taken back by the issuer
}

// Fold adds movements up. The result depends on the set of movements and not on
// their order: a movement that is there twice counts once, and of several
// adjustments of one hold the one that names another of them, then the one with the
// highest sequence, then the latest time, counts. Fold fails with [CodeConflict] when two movements with one key
// state different amounts, and with [CodeInvalid] for a negative amount,
// another currency, or a sum that overflows or falls below zero.
func Fold(currency string, movements []Movement) (Balances, error) {
	nothing := Minor(0, currency)
	if err := nothing.Err(); err != nil {
		return Balances{}, err
	}
	facts, err := distinct(currency, movements)
	if err != nil {
		return Balances{}, err
	}
	b := Balances{nothing, nothing, nothing, nothing, nothing}
	adjusted := newestAdjustments(facts, everyOne)
	for _, m := range facts {
		if err := b.apply(m, adjusted); err != nil {
			return Balances{}, err
		}
	}
	for _, sum := range []Money{b.Authorized, b.Released, b.Captured, b.Refunded, b.ChargedBack} {
		if sum.IsNegative() {
			return Balances{}, Invalid("more was reversed than had moved: a balance is %s", sum)
		}
	}
	return b, nil
}

// distinct returns each fact once, in the order of their keys so that sums and errors do not depend on arrival.
func distinct(currency string, movements []Movement) ([]Movement, error) {
	seen := make(map[string]Movement, len(movements))
	keys := make([]string, 0, len(movements))
	for _, m := range movements {
		key := m.Key()
		have, again := seen[key]
		switch {
		case m.Amount.Currency() != currency:
			return nil, Invalid("a %s of %s cannot belong to a payment in %s", m.Kind, m.Amount, currency)
		case m.Amount.IsNegative():
			return nil, Invalid("a %s of %s is negative; the kind says which way money went", m.Kind, m.Amount)
		case again && have.Amount != m.Amount:
			return nil, Errorf(CodeConflict, "%s %q is stated as %s and as %s: fetch it", m.Kind, m.Reference, have.Amount, m.Amount)
		case again:
			continue
		}
		seen[key] = m
		keys = append(keys, key)
	}
	slices.Sort(keys)
	facts := make([]Movement, len(keys))
	for i, key := range keys {
		facts[i] = seen[key]
	}
	return facts, nil
}

// everyOne is for [newestAdjustments]: whatever an adjustment says counts.
func everyOne(Movement) bool { return true }

// newestAdjustments returns, for each adjusted hold, the adjustment that counts among
// those that say something. A hold that superseded another one is an adjustment with
// a name of its own, and what is adjusted or superseded next names that: the end of
// such a chain counts.
func newestAdjustments(facts []Movement, says func(Movement) bool) map[string]Movement {
	holds, adjusts := map[string]bool{}, map[string]Movement{}
	for _, m := range facts {
		switch m.Kind {
		case MoveHold:
			holds[m.Reference] = true
		case MoveAdjust:
			adjusts[m.Reference] = m
		}
	}
	newest, depths := map[string]Movement{}, map[string]int{}
	for _, m := range facts {
		if m.Kind != MoveAdjust || !says(m) {
			continue
		}
		hold, depth := m.Parent, 0
		for !holds[hold] && depth < len(adjusts) {
			before, ok := adjusts[hold]
			if !ok || before.Parent == hold {
				break
			}
			hold, depth = before.Parent, depth+1
		}
		have, ok := newest[hold]
		later := m.Sequence > have.Sequence || m.Sequence == have.Sequence && m.At.After(have.At)
		if !ok || depth > depths[hold] || depth == depths[hold] && later {
			newest[hold], depths[hold] = m, depth
		}
	}
	return newest
}

func (b *Balances) apply(m Movement, adjusted map[string]Movement) (err error) {
	kind, add := m.Kind, Money.Add
	if kind == MoveReversal {
		kind, add = m.Reverses, Money.Sub
	}
	switch kind {
	case MoveHold:
		if now, ok := adjusted[m.Reference]; ok && m.Kind == MoveHold && m.Reference != "" {
			m.Amount = now.Amount
		}
		b.Authorized, err = add(b.Authorized, m.Amount)
	case MoveAdjust: // counted with its hold
	case MoveRelease:
		b.Released, err = add(b.Released, m.Amount)
	case MoveCapture:
		b.Captured, err = add(b.Captured, m.Amount)
	case MoveRefund:
		b.Refunded, err = add(b.Refunded, m.Amount)
	case MoveChargeback:
		b.ChargedBack, err = add(b.ChargedBack, m.Amount)
	default:
		err = Invalid("a movement of kind %q that reverses %q is not known", m.Kind, m.Reverses)
	}
	return err
}

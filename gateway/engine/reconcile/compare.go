package reconcile

import (
	"context"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// compare finds what differs of one payment that the provider shows.
func (r *run) compare(ctx context.Context, b *book) error {
	d := &difference{Difference: Difference{Kind: Mismatch, Payment: b.payment, Reference: b.reference}, refs: b.Refs}
	b.diff = d
	switch {
	case b.clash != "":
		d.Problems = append(d.Problems, b.clash)
	case b.payment == "":
		if len(b.Movements) == 0 {
			return nil // declined, or never paid: no money to explain
		}
		d.Kind, d.Lacking = Orphan, lines(b.Movements)
		d.sums(nil, b.Movements)
	default:
		var p gateway.Payment
		err := r.DB.View(ctx, func(tx *storage.Tx) (err error) { p, err = tx.Payment(r.Store, b.payment); return err })
		if err != nil {
			return err
		}
		if b.clash = otherAccount(p.Movements, b.Movements); b.clash != "" {
			d.Problems = append(d.Problems, b.clash)
			break
		}
		r.movements(b, p)
		if folded, err := gateway.Fold(p.Due.Currency(), p.Movements); err != nil || folded != p.Balances {
			d.Problems = append(d.Problems, "our balances are not what our movements add up to: the database was changed by hand")
		}
	}
	if d.any() {
		r.found = append(r.found, d)
	}
	return nil
}

func (d *difference) any() bool {
	return len(d.Lacking)+len(d.Surplus)+len(d.Changed)+len(d.Amounts)+len(d.Problems) > 0
}

// movements compares the movements of a payment that both sides know.
func (r *run) movements(b *book, p gateway.Payment) {
	d := b.diff
	var ours []gateway.Movement
	for _, m := range p.Movements {
		if m.Provider == r.Provider {
			ours = append(ours, m)
		}
	}
	name(b.Movements, append(slices.Clone(ours), b.Movements...))
	rest := slices.Clone(ours)
	for _, theirs := range b.Movements {
		i := find(rest, theirs)
		if i < 0 {
			d.lacking = append(d.lacking, theirs)
			continue
		}
		mine := rest[i]
		rest = slices.Delete(rest, i, i+1)
		b.ours[mine.Key()] = true
		if mine.Amount != theirs.Amount {
			d.Changed = append(d.Changed, Change{LineOf(mine), LineOf(theirs)})
		}
	}
	d.Lacking = lines(d.lacking)
	if !r.whole {
		return // what a report lacks is judged by the window: see missing
	}
	for _, m := range rest {
		b.ours[m.Key()] = true
		if m.At.Before(r.edge) {
			d.Surplus = append(d.Surplus, LineOf(m))
		}
	}
	if len(d.Lacking)+len(d.Surplus)+len(d.Changed) > 0 {
		d.sums(ours, b.Movements)
	}
}

// find returns the place of a fact among ours: by its reference, or, where one
// side has none, by the operation of ours that caused it.
func find(ours []gateway.Movement, m gateway.Movement) int {
	i := slices.IndexFunc(ours, func(o gateway.Movement) bool {
		return o.Kind == m.Kind && o.Reference == m.Reference && o.Reference != "" && o.Sequence == m.Sequence && (o.Reverses == m.Reverses || m.Reverses == "")
	})
	if i >= 0 {
		return i
	}
	return slices.IndexFunc(ours, func(o gateway.Movement) bool {
		return o.Kind == m.Kind && o.Operation == m.Operation && o.Operation != "" && (o.Reference == "" || m.Reference == "")
	})
}

// name says of each reversal what it reverses, where the provider's line names
// only the other movement.
func name(all, known []gateway.Movement) {
	for i, m := range all {
		if m.Kind != gateway.MoveReversal || m.Reverses != "" {
			continue
		}
		for _, k := range known {
			if k.Reference == m.Parent && k.Kind != gateway.MoveReversal {
				all[i].Reverses = k.Kind
			}
		}
	}
}

// sums states the balances that differ. Movements that cannot be added up are
// themselves the problem.
func (d *difference) sums(ours, theirs []gateway.Movement) {
	add := func(whose string, all []gateway.Movement) (gateway.Balances, bool) {
		if len(all) == 0 {
			return gateway.Balances{}, true
		}
		b, err := gateway.Fold(all[0].Amount.Currency(), all)
		if err != nil {
			d.Problems = append(d.Problems, whose+" movements do not add up: "+gateway.AsError(err, gateway.CodeInvalid).Detail)
		}
		return b, err == nil
	}
	a, aok := add("our", ours)
	b, bok := add("their", theirs)
	if !aok || !bok {
		return
	}
	for _, pair := range []Amount{
		{"authorized", a.Authorized, b.Authorized},
		{"released", a.Released, b.Released},
		{"captured", a.Captured, b.Captured},
		{"refunded", a.Refunded, b.Refunded},
		{"charged_back", a.ChargedBack, b.ChargedBack},
	} {
		if pair.Ours != pair.Theirs && (!pair.Ours.IsZero() || !pair.Theirs.IsZero()) {
			d.Amounts = append(d.Amounts, pair)
		}
	}
}

// missing finds money of ours in the window that the provider does not show.
func (r *run) missing(ctx context.Context) error {
	const size = 500
	lost := map[gateway.PaymentID][]gateway.Movement{}
	var order []gateway.PaymentID
	for skip := 0; ; skip += size {
		var page []storage.Booked
		err := r.DB.View(ctx, func(tx *storage.Tx) (err error) {
			page, err = tx.MovementsBetween(r.Store, r.Provider, r.Since, r.edge, skip, size)
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range page {
			b := r.books["ours:"+string(m.Payment)]
			switch {
			case b != nil && (r.whole || b.clash != "" || b.ours[m.Movement.Key()]):
				continue // compared already
			case r.whole && m.Created.Before(r.Since):
				continue // it began before the window, so the provider does not list it
			case lost[m.Payment] == nil:
				order = append(order, m.Payment)
			}
			lost[m.Payment] = append(lost[m.Payment], m.Movement)
		}
		if len(page) < size {
			break
		}
	}
	for _, id := range order {
		b := r.books["ours:"+string(id)]
		if b == nil {
			d := &difference{Difference: Difference{Kind: Missing, Payment: id, Surplus: lines(lost[id])}}
			d.sums(lost[id], nil)
			r.found = append(r.found, d)
			continue
		}
		known := b.diff.any()
		b.diff.Surplus = append(b.diff.Surplus, lines(lost[id])...)
		if !known {
			r.found = append(r.found, b.diff)
		}
	}
	return nil
}

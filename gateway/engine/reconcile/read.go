package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// read collects the provider's books, and finds the payment of ours for each.
func (r *run) read(ctx context.Context) error {
	asked := map[string]bool{}
	for after := ""; ; {
		page, err := r.Source.Page(ctx, r.window, after)
		if err != nil {
			r.incomplete("the provider's side could not be read to its end: %v", err)
			return nil
		}
		r.whole = page.Whole
		err = r.DB.View(ctx, func(tx *storage.Tx) error {
			for _, rec := range page.Records {
				b, err := r.identify(tx, r.own(rec))
				if err != nil {
					return err
				}
				r.collect(b)
			}
			return nil
		})
		if err != nil {
			return err
		}
		asked[after] = true
		if after = page.Next; after == "" {
			r.adopt()
			return nil
		}
		if asked[after] {
			r.incomplete("the provider's pages go round in a circle")
			return nil
		}
	}
}

// own returns a copy of a record that names its provider everywhere.
func (r *run) own(rec Record) Record {
	rec.Refs, rec.Movements, rec.Operations = slices.Clone(rec.Refs), slices.Clone(rec.Movements), slices.Clone(rec.Operations)
	for i := range rec.Refs {
		if rec.Refs[i].Owner == "" {
			rec.Refs[i].Owner = r.Provider
		}
	}
	for i := range rec.Movements {
		m := &rec.Movements[i]
		if m.Provider == "" {
			m.Provider = r.Provider
		}
		if m.Operation != "" && !slices.Contains(rec.Operations, m.Operation) {
			rec.Operations = append(rec.Operations, m.Operation)
		}
	}
	return rec
}

// identify finds the payment of ours that a record is about: by the provider's
// ids, of the payment or of what moved, and by our operation id. They must all
// name the same one: what names two payments is applied to none.
func (r *run) identify(tx *storage.Tx, rec Record) (*book, error) {
	b := &book{Record: rec, ours: map[string]bool{}}
	if len(rec.Refs) > 0 {
		b.reference = rec.Refs[0].Value
	} else if len(rec.Movements) > 0 {
		b.reference = rec.Movements[0].Reference
	}
	says := func(id gateway.PaymentID, why string) {
		switch b.payment {
		case "":
			b.payment = id
		case id:
		default:
			if b.clash != "" {
				return
			}
			b.clash = fmt.Sprintf("%s belongs to %s: it names two payments of ours, and is applied to neither", why, id)
		}
	}
	named := func(owner, value string) error {
		if value == "" {
			return nil
		}
		ids, err := tx.PaymentsNamed(r.Store, owner, value)
		if err != nil {
			return err
		}
		for _, id := range ids {
			says(id, "reference "+value)
		}
		return nil
	}
	for _, ref := range rec.Refs {
		if err := named(ref.Owner, ref.Value); err != nil {
			return nil, err
		}
	}
	for _, op := range rec.Operations {
		o, err := tx.Operation(r.Store, op)
		switch {
		case gateway.CodeOf(err) == gateway.CodeNotFound: // another system's word for it
		case err != nil:
			return nil, err
		default:
			says(o.Payment, "operation "+string(op))
		}
	}
	sure := b.payment != ""
	for _, m := range rec.Movements { // a report's line may name what moved, and not the payment
		if err := errors.Join(named(m.Provider, m.Reference), named(m.Provider, m.Parent)); err != nil {
			return nil, err
		}
	}
	if sure || b.payment == "" || b.clash != "" {
		return b, nil
	}
	p, err := tx.Payment(r.Store, b.payment)
	b.clash = otherName(p.Refs, rec.Refs)
	return b, err
}

// otherName says that a line names its payment otherwise than the payment that
// its movements seem to belong to is named. "" where that one has no such name.
func otherName(ours, theirs gateway.Refs) string {
	for _, t := range theirs {
		known, same := "", false
		for _, o := range ours {
			if o.Owner == t.Owner && o.Name == t.Name {
				known, same = o.Value, same || o.Value == t.Value
			}
		}
		if known != "" && !same {
			return fmt.Sprintf("its %s is %s, and that of the payment that it seems to belong to is %s: nothing is applied", t.Name, t.Value, known)
		}
	}
	return ""
}

// collect joins what several pages say of one payment.
func (r *run) collect(b *book) {
	key := "theirs:" + b.reference
	if b.payment != "" {
		key = "ours:" + string(b.payment)
	}
	have := r.books[key]
	if have == nil {
		r.report.Theirs++
		if b.payment != "" {
			r.report.Matched++
		}
		have = &book{payment: b.payment, reference: b.reference, ours: b.ours}
		r.books[key] = have
		r.order = append(r.order, have)
	}
	if have.clash == "" {
		have.clash = b.clash
	}
	have.Refs = have.Refs.Add(b.Refs...)
	for _, m := range b.Movements {
		have.Movements = appendFact(have.Movements, m, r.whole)
	}
}

// appendFact adds a movement unless it is there. A report's lines do not count
// capture, reversal and recapture of one reference, so they are counted here.
func appendFact(all []gateway.Movement, m gateway.Movement, whole bool) []gateway.Movement {
	if slices.Contains(all, m) {
		return all
	}
	if !whole {
		for _, have := range all {
			if have.Kind == m.Kind && have.Reference == m.Reference && have.Reference != "" && have.Sequence >= m.Sequence {
				if have.At.Equal(m.At) && have.Amount == m.Amount {
					return all // one line in two files
				}
				m.Sequence = have.Sequence + 1
			}
		}
	}
	return append(all, m)
}

package reconcile

import (
	"fmt"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// adopt finds the payment of lines that name none of ours by themselves, but are
// named by a line that does: a refund in the dashboard has the provider's id of the
// payment, and the capture beside it our operation as well. This matters after a
// crash before the provider's id was written down.
func (r *run) adopt() {
	owners := map[string][]gateway.PaymentID{}
	for _, b := range r.order {
		if b.payment == "" {
			continue
		}
		for _, id := range b.is() {
			if !slices.Contains(owners[id], b.payment) {
				owners[id] = append(owners[id], b.payment)
			}
		}
	}
	for _, b := range slices.Clone(r.order) {
		if b.payment != "" || b.clash != "" {
			continue
		}
		var found []gateway.PaymentID
		for _, id := range b.belongs() {
			for _, p := range owners[id] {
				if !slices.Contains(found, p) {
					found = append(found, p)
				}
			}
		}
		if len(found) == 0 {
			continue // an orphan
		}
		if len(found) > 1 {
			b.clash = fmt.Sprintf("its ids belong to several payments of ours, %v: nothing is applied", found)
			continue
		}
		delete(r.books, "theirs:"+b.reference)
		r.order = slices.DeleteFunc(r.order, func(have *book) bool { return have == b })
		r.report.Theirs--
		b.payment = found[0]
		r.collect(b)
	}
}

// is returns the provider's ids of a payment and of what moved in it.
func (b *book) is() (all []string) {
	for _, ref := range b.Refs {
		all = append(all, ref.Owner+"\x00"+ref.Value)
	}
	for _, m := range b.Movements {
		if m.Reference != "" {
			all = append(all, m.Provider+"\x00"+m.Reference)
		}
	}
	return all
}

// belongs returns the ids by which a book says whose it is: the payment's, where
// it has them, else those of what it belongs to.
func (b *book) belongs() []string {
	all := b.is()
	if len(b.Refs) > 0 {
		return all[:len(b.Refs)]
	}
	for _, m := range b.Movements {
		if m.Parent != "" {
			all = append(all, m.Provider+"\x00"+m.Parent)
		}
	}
	return all
}

// otherAccount says that a line is of a merchant account where none of the
// payment's money is. "" where either side does not say.
func otherAccount(ours, theirs []gateway.Movement) string {
	var known []string
	for _, m := range ours {
		if m.Account != "" {
			known = append(known, m.Account)
		}
	}
	for _, m := range theirs {
		if m.Account != "" && len(known) > 0 && !slices.Contains(known, m.Account) {
			return fmt.Sprintf("%s %s is of merchant account %s, and the payment's money is at %s: nothing is applied", m.Kind, m.Reference, m.Account, known[0])
		}
	}
	return ""
}

package inbox

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// find returns the payment that an event is about: by our own names first, then
// by the provider's. [gateway.CodeNotFound] means that nobody here knows it;
// [gateway.CodeConflict] that it names two payments, which is recorded and never applied.
func (i *Inbox) find(ctx context.Context, item *storage.InboxItem, ev evidence) (gateway.PaymentID, error) {
	var found []gateway.PaymentID
	err := i.db.View(ctx, func(tx *storage.Tx) (err error) { found, err = named(tx, item, ev); return err })
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", gateway.Errorf(gateway.CodeNotFound, "no payment is known by the names of event %s", item.Event)
	case len(found) == 1:
		return found[0], nil
	}
	item.Payment = found[0]
	if err := i.discrepancy(ctx, item, "it names payments "+string(found[0])+" and "+string(found[1])); err != nil {
		return "", err
	}
	return "", gateway.Errorf(gateway.CodeConflict, "event %s names two payments", item.Event)
}

// named returns the different payments that an event's names lead to.
func named(tx *storage.Tx, item *storage.InboxItem, ev evidence) (all []gateway.PaymentID, err error) {
	seen := map[gateway.PaymentID]bool{}
	add := func(id gateway.PaymentID) {
		if !seen[id] {
			seen[id], all = true, append(all, id)
		}
	}
	if ev.Payment != "" {
		p, err := tx.Payment(item.Store, ev.Payment)
		if err == nil {
			add(p.ID)
		} else if gateway.CodeOf(err) != gateway.CodeNotFound {
			return nil, err
		}
	}
	operations := []gateway.OperationID{ev.Operation}
	for _, m := range ev.Movements {
		operations = append(operations, m.Operation)
	}
	for _, id := range operations {
		if id == "" {
			continue
		}
		o, err := tx.Operation(item.Store, id)
		if err == nil {
			add(o.Payment)
		} else if gateway.CodeOf(err) != gateway.CodeNotFound {
			return nil, err // one of another system is no name of ours
		}
	}
	for _, r := range ev.Refs {
		ids, err := tx.PaymentsNamed(item.Store, r.Owner, r.Value)
		if err != nil {
			return nil, err
		}
		if len(ids) == 1 {
			add(ids[0])
		}
	}
	return all, nil
}

// misfit is an event that does not fit what is recorded.
type misfit struct {
	Provider string `json:"provider"`
	Event    string `json:"event"`
	Kind     string `json:"kind"`
	Problem  string `json:"problem"`
	Evidence any    `json:"evidence"`
}

// discrepancy records that an event does not fit; once, however often it comes.
func (i *Inbox) discrepancy(ctx context.Context, item *storage.InboxItem, problem string) error {
	return i.db.Update(context.WithoutCancel(ctx), func(tx *storage.Tx) error {
		return tx.AppendDiscrepancy(item.Store, item.Payment, "webhook", misfit{item.Provider, item.Event, item.Kind, problem, item.Body})
	})
}

package inbox

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// List returns a store's events in a state, in the order of their coming; limit 0
// means 1000.
func (i *Inbox) List(ctx context.Context, store gateway.StoreID, state storage.InboxState, limit int) (all []storage.InboxItem, err error) {
	err = i.db.View(ctx, func(tx *storage.Tx) error {
		all, err = tx.Inbox(store, storage.InboxQuery{State: state, Limit: limit})
		return err
	})
	return all, err
}

// Of returns what was told of one payment, in the order of its coming.
func (i *Inbox) Of(ctx context.Context, store gateway.StoreID, payment gateway.PaymentID) (all []storage.InboxItem, err error) {
	err = i.db.View(ctx, func(tx *storage.Tx) error {
		all, err = tx.Inbox(store, storage.InboxQuery{Payment: payment})
		return err
	})
	return all, err
}

// Item returns one event. One that is not there is [gateway.CodeNotFound].
func (i *Inbox) Item(ctx context.Context, store gateway.StoreID, provider, event string) (item storage.InboxItem, err error) {
	err = i.db.View(ctx, func(tx *storage.Tx) error {
		item, err = tx.InboxItem(store, provider, event)
		return err
	})
	return item, err
}

// Replay works on one event now, whatever its state: one that is done or foreign
// too, and one whose duty was begun and never ended. It returns the event as it is
// then; its Failure says why it is not done. It fails with
// [gateway.CodeConflict] while somebody works on it.
func (i *Inbox) Replay(ctx context.Context, store gateway.StoreID, provider, event string) (storage.InboxItem, error) {
	var item storage.InboxItem
	err := i.db.Update(ctx, func(tx *storage.Tx) (err error) {
		if item, err = tx.InboxItem(store, provider, event); err != nil {
			return err
		}
		if item.State.Ended() {
			if err := tx.ReopenInbox(store, provider, event); err != nil {
				return err
			}
		}
		mine, err := tx.ClaimInbox(&item, i.lease(item, tx.Now()))
		if err == nil && !mine {
			err = gateway.Errorf(gateway.CodeConflict, "somebody works on event %s: wait until they have ended", event)
		}
		return err
	})
	if err != nil {
		return item, err
	}
	if err := i.work(ctx, &item); err != nil {
		i.log.InfoContext(ctx, "a replayed event is not applied", "provider", provider, "store", store, "event", event, "code", gateway.CodeOf(err), "detail", detail(err))
	}
	return item, nil
}

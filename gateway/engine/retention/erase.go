package retention

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Erase removes everything personal of one payment at once, however young it is,
// and says what that was: a person's request. Its ledger stays. It fails with
// [gateway.CodeConflict], and removes nothing, while an operation is under way,
// and, unless held says that it shall, while money is held: a capture may still
// need the order. An id that the store does not have is [gateway.CodeNotFound].
func Erase(ctx context.Context, db *storage.DB, store gateway.StoreID, id gateway.PaymentID, held bool) (gone storage.Erased, err error) {
	err = db.Update(ctx, func(tx *storage.Tx) error {
		p, err := tx.LockPayment(store, id)
		if err != nil {
			return err
		}
		if left := p.Releasable(); !held && !p.Closed && left.IsPositive() {
			return gateway.Errorf(gateway.CodeConflict, "payment %s still holds %s: capture or void it first, or say that it shall be erased all the same", id, left)
		}
		gone, err = tx.Erase(store, id)
		return err
	})
	return gone, err
}

package retention

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Request is one person's request to be forgotten, as far as one payment knows them.
type Request struct {
	Store   gateway.StoreID
	Payment gateway.PaymentID
	// Held erases although money is held: a capture then finds no order.
	Held bool
	// Instruments forgets what the payment stored to pay again, too. Nothing is paid
	// with it any more; the provider keeps its own until it is told.
	Instruments bool
}

// Erasure says what was removed.
type Erasure struct {
	storage.Erased

	Instruments int64
}

// Erase removes everything personal of one payment at once, however young it is,
// and says what that was. Its ledger stays. It fails with [gateway.CodeConflict],
// and removes nothing, while an operation is under way, and, unless the request
// says otherwise, while money is held: a capture may still need the order. A
// payment that the store does not have is [gateway.CodeNotFound].
func Erase(ctx context.Context, db *storage.DB, r Request) (gone Erasure, err error) {
	err = db.Update(ctx, func(tx *storage.Tx) error {
		gone = Erasure{}
		p, err := tx.LockPayment(r.Store, r.Payment)
		if err != nil {
			return err
		}
		if left := p.Releasable(); !r.Held && !p.Closed && left.IsPositive() {
			return gateway.Errorf(gateway.CodeConflict, "payment %s still holds %s: capture or void it first, or say that it shall be erased all the same", p.ID, left)
		}
		if gone.Erased, err = tx.Erase(r.Store, r.Payment); err != nil || !r.Instruments {
			return err
		}
		gone.Instruments, err = tx.ForgetInstruments(r.Store, r.Payment)
		return err
	})
	return gone, err
}

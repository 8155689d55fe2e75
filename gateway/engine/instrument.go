package engine

import (
	"context"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Verify checks an instrument and has the provider store it, without money. With
// a Sealer what may pay again is stored here too; its id is [Result].Instrument.
// A request without a Payment gets one of its own, in Amount's currency, of
// which nothing is due: Amount is gateway.Minor(0, "EUR").
func (e *Engine) Verify(ctx context.Context, r Request) (Result, error) {
	if err := checkKey(r.Store, r.Key); err != nil {
		return Result{}, err
	}
	if r.Payment == "" {
		if err := r.Amount.Err(); err != nil || !r.Amount.IsZero() {
			return Result{}, gateway.Invalid("say the currency with an Amount of nothing, gateway.Minor(0, \"EUR\"): to hold money, use Authorize")
		}
		row := storage.NewPayment{
			Store: r.Store, ID: gateway.PaymentID(e.cfg.NewID("pay")), Key: "verify/" + r.Key, Due: r.Amount, Fingerprint: fingerprint("verify", r.Amount.Currency()),
		}
		err := e.db.Update(ctx, func(tx *storage.Tx) error {
			p, _, err := tx.InsertPayment(row)
			r.Payment = p.ID
			return err
		})
		if err != nil {
			return Result{}, err
		}
	}
	return e.perform(ctx, gateway.OpVerify, r)
}

// Forget deletes a stored instrument, at the provider and here. Saved is its id;
// Payment may be left out.
func (e *Engine) Forget(ctx context.Context, r Request) (Result, error) {
	if err := checkKey(r.Store, r.Key); err != nil {
		return Result{}, err
	}
	i, err := e.Instrument(ctx, r.Store, r.Saved)
	if err != nil {
		return Result{}, err
	}
	r.Payment, r.Provider, r.Instrument = i.Payment, i.Provider, nil
	return e.perform(ctx, gateway.OpForget, r)
}

// Instrument returns a stored instrument, without its token. Its id goes into [Request].Saved.
func (e *Engine) Instrument(ctx context.Context, store gateway.StoreID, id string) (i storage.Instrument, err error) {
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		i, err = tx.Instrument(store, id)
		return err
	})
	return i, err
}

// Instruments returns the stored instruments of a provider's customer, oldest first.
func (e *Engine) Instruments(ctx context.Context, store gateway.StoreID, provider, customer string) (all []storage.Instrument, err error) {
	err = e.db.View(ctx, func(tx *storage.Tx) error {
		all, err = tx.Instruments(store, provider, customer)
		return err
	})
	return all, err
}

package storagetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Heard collects what [storage.DB.Follow] tells, until the test ends. It returns
// when the storage is being followed.
func Heard(t *testing.T, db *storage.DB) <-chan []storage.PaymentKey {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	heard := make(chan []storage.PaymentKey, 1000)
	var done sync.WaitGroup
	done.Go(func() { assert.NoError(t, db.Follow(ctx, func(changed []storage.PaymentKey) { heard <- changed })) })
	t.Cleanup(func() { stop(); done.Wait() })
	require.Nil(t, Next(t, heard), "first it says that anything may have changed")
	return heard
}

// Next returns what is heard next, and fails the test when nothing is.
func Next(t *testing.T, heard <-chan []storage.PaymentKey) []storage.PaymentKey {
	t.Helper()
	select {
	case keys := <-heard:
		return keys
	case <-time.After(30 * time.Second):
		require.Fail(t, "nothing was heard")
		return nil
	}
}

func following(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "17")
	heard := Heard(t, db)
	key := []storage.PaymentKey{{Store: "es", Payment: p.ID}}

	payment(t, db, "es", "18")
	assert.Equal(t, gateway.PaymentID("pay_18"), Next(t, heard)[0].Payment, "a payment that is new")
	for len(heard) > 0 {
		<-heard
	}
	update(t, db, func(tx *storage.Tx) error { _, err := tx.LockPayment("es", p.ID); return err })
	assert.Equal(t, key, Next(t, heard), "one that is locked, which is what comes before a change")
	update(t, db, func(tx *storage.Tx) error { return tx.AppendEvent("es", p.ID, "seen", nil) })
	assert.Equal(t, key, Next(t, heard), "one that something is told of")
	update(t, db, func(tx *storage.Tx) error { p.Phase = "prepare.pending"; return tx.SetBalances(p) })
	assert.Equal(t, key, Next(t, heard), "one in another phase")

	require.Error(t, db.Update(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.LockPayment("es", p.ID)
		require.NoError(t, err)
		return gateway.CodeConflict
	}))
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Payment("es", p.ID); return err }))
	assert.Empty(t, heard, "nothing is heard of what was not written")
}

package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

// Of two writers in one group the second fails over what the first wrote. When it
// is told so, that must be there for everybody to see.
func TestAFailureIsToldWhenWhatItFailedOverIsDurable(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	p := storage.NewPayment{Store: "es", ID: "pay_1", Key: "17", Fingerprint: "f", Due: gateway.Minor(1000, "EUR")}
	taken := errors.New("it is there already")
	insert := func(tx *storage.Tx) error {
		_, created, err := tx.InsertPayment(p)
		if err == nil && !created {
			err = taken
		}
		return err
	}
	var wg sync.WaitGroup
	release := make(chan struct{})
	wg.Go(func() { // keeps the writer busy until both wait for it
		assert.NoError(t, db.Update(t.Context(), func(*storage.Tx) error { <-release; return nil }))
	})
	failures := make(chan error, 2)
	for range 2 {
		wg.Go(func() {
			err := db.Update(t.Context(), insert)
			if err != nil {
				assert.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Payment("es", "pay_1"); return err }), "what it failed over")
			}
			failures <- err
		})
	}
	time.Sleep(50 * time.Millisecond) // long enough that they are collected into one group; the promise holds either way
	close(release)
	wg.Wait()
	assert.ElementsMatch(t, []bool{true, false}, []bool{(<-failures) == nil, (<-failures) == nil})
}

// A commit tells how many transactions shared it; one that failed has not been told of
// as a commit when it was alone.
func TestACommitTellsWhoSharedIt(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []int
	sum := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, one := range told {
			n += one
		}
		return n
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"), sqlite.Options{Committed: func(n int) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, n)
	}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	insert := func(tx *storage.Tx) error {
		_, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: "pay_1", Key: "17", Fingerprint: "f", Due: gateway.Minor(1000, "EUR")})
		return err
	}
	refused := errors.New("no")
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return errors.Join(insert(tx), refused) }), refused)
	assert.Zero(t, sum())
	err = db.View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Payment("es", "pay_1"); return err })
	require.ErrorIs(t, err, gateway.CodeNotFound, "alone and refused, it has written nothing")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { assert.NoError(t, db.Update(t.Context(), insert)) })
	}
	wg.Wait()
	assert.Equal(t, 20, sum())
}

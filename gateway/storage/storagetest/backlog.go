package storagetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// parking: what is parked waits for an operator, who looks at it, tries it again or leaves it out.
func parking(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	subscribe(t, db, storage.Subscription{Name: "one"}, false)
	tell(t, db, "es", p.ID, "e1")
	tell(t, db, "es", p.ID, "e2")
	tell(t, db, "es", p.ID, "e3")
	share(t, db)
	end(t, db, dueNow(t, db, "one")[0], storage.DeliveryParked)
	assert.Empty(t, dueNow(t, db, "one"), "it holds back what follows")
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Backlogs()
		require.Len(t, all, 1)
		assert.Equal(t, [2]int64{2, 1}, [2]int64{all[0].Pending, all[0].Parked})
		assert.False(t, all[0].Oldest.IsZero())
		return err
	}))
	retry := func(events ...string) (n int) {
		update(t, db, func(tx *storage.Tx) (err error) { n, err = tx.RetryDeliveries("one", events...); return err })
		return n
	}
	parked := found(t, db, storage.DeliveryQuery{States: []storage.DeliveryState{storage.DeliveryParked}})
	require.Len(t, parked, 1)
	assert.Zero(t, retry("other"))
	assert.Equal(t, 1, retry(parked[0].Event.ID))
	assert.Zero(t, retry(), "only what is parked is retried")
	again := dueNow(t, db, "one")[0]
	assert.Zero(t, again.Tries)
	assert.Equal(t, int64(1), again.Attempt, "the fence never goes back")
	assert.True(t, again.First.IsZero())
	end(t, db, again, storage.DeliveryParked)
	assert.Equal(t, 1, retry())
	held := claim(t, db, dueNow(t, db, "one")[0])
	skip := func() (done bool) {
		update(t, db, func(tx *storage.Tx) (err error) { done, err = tx.SkipDelivery("one", held.Event.ID); return err })
		return done
	}
	assert.True(t, skip())
	assert.False(t, skip())
	held.State = storage.DeliveryDelivered
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.FinishDelivery(held) }), gateway.CodeConflict)
	assert.Equal(t, []string{"e2"}, dueKinds(t, db, "one"))
	update(t, db, func(tx *storage.Tx) error { return tx.ParkSubscription("one", "gone") })
	assert.Empty(t, dueKinds(t, db, "one"))
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Subscriptions()
		assert.Equal(t, "gone", all[0].Failure)
		assert.False(t, all[0].Parked.IsZero())
		return err
	}))
	update(t, db, func(tx *storage.Tx) error { return tx.ResumeSubscription("one") })
	assert.Equal(t, []string{"e2"}, dueKinds(t, db, "one"))
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.ResumeSubscription("nobody") }), gateway.CodeNotFound)
}

func unwanted(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	subscribe(t, db, storage.Subscription{Name: "one"}, false)
	tell(t, db, "es", p.ID, "a")
	tell(t, db, "es", p.ID, "b")
	share(t, db)
	subscribe(t, db, storage.Subscription{Name: "one", Kinds: []string{"b"}}, false)
	assert.Equal(t, []string{"b"}, dueKinds(t, db, "one"))
	assert.Equal(t, 1, untold(t, db))
	subscribe(t, db, storage.Subscription{Name: "one", Stores: []gateway.StoreID{"fr"}}, false)
	assert.Empty(t, dueKinds(t, db, "one"))
	assert.Zero(t, untold(t, db))
	assert.Len(t, found(t, db, storage.DeliveryQuery{States: []storage.DeliveryState{storage.DeliverySkipped}}), 2)
}

func removal(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	subscribe(t, db, storage.Subscription{Name: "one"}, false)
	subscribe(t, db, storage.Subscription{Name: "two"}, false)
	for i := range 5 {
		tell(t, db, "es", p.ID, fmt.Sprint("e", i))
	}
	share(t, db)
	end(t, db, dueNow(t, db, "one")[0], storage.DeliveryDelivered)
	end(t, db, dueNow(t, db, "two")[0], storage.DeliveryDelivered)
	assert.Equal(t, 4, untold(t, db))
	calls := 0
	for left := true; left; calls++ {
		update(t, db, func(tx *storage.Tx) (err error) { left, err = tx.RemoveSubscription("one", 2); return err })
	}
	assert.Equal(t, 3, calls)
	assert.Equal(t, 4, untold(t, db), "the other one still waits")
	for range 4 {
		end(t, db, dueNow(t, db, "two")[0], storage.DeliveryDelivered)
	}
	assert.Zero(t, untold(t, db))
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { _, err := tx.RemoveSubscription("one", 2); return err }), gateway.CodeNotFound)
}

func pruning(t *testing.T, db *storage.DB) {
	a, b := payment(t, db, "es", "a"), payment(t, db, "es", "b")
	subscribe(t, db, storage.Subscription{Name: "one"}, false)
	for i := range 5 {
		tell(t, db, "es", a.ID, fmt.Sprint("a", i))
	}
	tell(t, db, "es", b.ID, "b")
	share(t, db)
	for range 5 {
		end(t, db, dueNow(t, db, "one")[0], storage.DeliveryDelivered)
	}
	prune := func(before time.Time) (n int) {
		update(t, db, func(tx *storage.Tx) (err error) { n, err = tx.PruneEvents(before, 3); return err })
		return n
	}
	assert.Zero(t, prune(db.Now().Add(-time.Hour)), "it was told too recently")
	future := db.Now().Add(time.Hour)
	assert.Equal(t, 3, prune(future))
	assert.Equal(t, 2, prune(future))
	assert.Zero(t, prune(future))
	assert.Equal(t, 1, untold(t, db), "what is not told stays")
	update(t, db, func(tx *storage.Tx) error { return tx.EventDelivered(dueNow(t, db, "one")[0].Event.ID) })
	assert.Zero(t, prune(future), "whatever somebody says")
	left := found(t, db, storage.DeliveryQuery{})
	require.Len(t, left, 1)
	assert.Equal(t, "b", left[0].Event.Kind)
}

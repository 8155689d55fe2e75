package storagetest

import (
	"encoding/json"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

func told(store gateway.StoreID, event string) storage.InboxItem {
	return storage.InboxItem{
		Store: store, Provider: "acme", Event: event, Kind: "captured", State: storage.InboxReceived, Gate: storage.GateNeeded,
		Digest: "d", Body: json.RawMessage(`{"a":1}`), Due: time.Now().Add(-time.Hour).Truncate(time.Microsecond).UTC(),
	}
}

func insertTold(t *testing.T, db *storage.DB, i storage.InboxItem) (have storage.InboxItem, created bool) {
	t.Helper()
	update(t, db, func(tx *storage.Tx) error {
		items, fresh, err := tx.InsertInbox(storage.Told{Item: i})
		require.NoError(t, err)
		have, created = items[0], fresh[0]
		return nil
	})
	return have, created
}

func inboxOnce(t *testing.T, db *storage.DB) {
	first, created := insertTold(t, db, told("es", "e1"))
	assert.True(t, created)
	assert.False(t, first.Received.IsZero())
	want := told("es", "e1")
	want.Received, want.Updated, want.Due = first.Received, first.Updated, first.Due
	assert.Equal(t, want, first)

	other := told("es", "e1")
	other.Kind, other.Digest = "refunded", "other"
	again, created := insertTold(t, db, other)
	assert.False(t, created)
	assert.Equal(t, first, again, "what came first stays")
	_, created = insertTold(t, db, told("fr", "e1"))
	assert.True(t, created, "another store has ids of its own")

	var wg sync.WaitGroup
	var made atomic.Int64
	for range 8 {
		wg.Go(func() {
			assert.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) error {
				_, created, err := tx.InsertInbox(storage.Told{Item: told("es", "race"), Lease: tx.Now().Add(time.Hour)})
				if err == nil && created[0] {
					made.Add(1)
				}
				return err
			}))
		})
	}
	wg.Wait()
	assert.Equal(t, int64(1), made.Load())
}

// inboxMany stores many events at once: sizes at which statements change.
func inboxMany(t *testing.T, db *storage.DB) {
	insertTold(t, db, told("es", "e3"))
	var all []storage.Told
	for n := range 75 {
		one := storage.Told{Item: told("es", "e"+strconv.Itoa(74-n))}
		one.Item.Kind = strconv.Itoa(n)
		if n%2 == 0 {
			one.Lease = time.Now().Add(time.Hour)
		}
		if n == 10 {
			one.Item.State, one.Item.Due, one.Item.Ended = storage.InboxForeign, time.Time{}, time.Now()
		}
		all = append(all, one)
	}
	all = append(all, all[20], storage.Told{Item: told("fr", "e1")})
	all[75].Item.Kind = "twice"
	update(t, db, func(tx *storage.Tx) error {
		items, created, err := tx.InsertInbox(all...)
		require.NoError(t, err)
		require.Len(t, items, len(all))
		for n, i := range items {
			want := all[n].Item
			assert.Equal(t, want.Event, i.Event)
			assert.Equal(t, n != 75 && (n == 76 || want.Event != "e3"), created[n], "%d", n)
			stored, err := tx.InboxItem(want.Store, "acme", want.Event)
			require.NoError(t, err)
			assert.Equal(t, stored, i, "what is returned is what is stored")
			mine, err := tx.ClaimInbox(&stored, tx.Now().Add(time.Hour))
			require.NoError(t, err)
			claimed := !all[n].Lease.IsZero() || n == 10
			assert.Equal(t, !claimed && n < 75 || want.Event == "e3" || n == 76, mine, "%d", n)
		}
		assert.Equal(t, "20", items[75].Kind, "what stood before it is what is stored")
		assert.Equal(t, int64(0), items[10].Attempt, "nobody works on what has ended")
		return nil
	})
	update(t, db, func(tx *storage.Tx) error {
		items, _, err := tx.InsertInbox()
		assert.Empty(t, items)
		return err
	})
}

func claimTold(t *testing.T, db *storage.DB, i *storage.InboxItem, until time.Duration) (ok bool) {
	t.Helper()
	update(t, db, func(tx *storage.Tx) (err error) { ok, err = tx.ClaimInbox(i, tx.Now().Add(until)); return err })
	return ok
}

func inboxClaims(t *testing.T, db *storage.DB) {
	first, _ := insertTold(t, db, told("es", "e1"))
	second := first
	require.True(t, claimTold(t, db, &first, time.Hour))
	assert.Equal(t, int64(1), first.Attempt)
	assert.False(t, claimTold(t, db, &second, time.Hour), "somebody works on it")

	first.State, first.Payment = storage.InboxGating, "pay_1"
	update(t, db, func(tx *storage.Tx) error { return tx.MoveInbox(&first, true) })
	assert.False(t, claimTold(t, db, &second, time.Hour), "and goes on")
	update(t, db, func(tx *storage.Tx) error { return tx.MoveInbox(&first, false) })
	require.True(t, claimTold(t, db, &second, -time.Second), "it was let go; this holder dies")
	assert.Equal(t, gateway.PaymentID("pay_1"), second.Payment)
	third := second
	require.True(t, claimTold(t, db, &third, time.Hour), "its time has passed")
	err := db.Update(t.Context(), func(tx *storage.Tx) error { second.State = storage.InboxDone; return tx.MoveInbox(&second, false) })
	require.ErrorIs(t, err, gateway.CodeConflict, "who lost it cannot write any more")

	third.State = storage.InboxDone
	update(t, db, func(tx *storage.Tx) error { return tx.MoveInbox(&third, false) })
	assert.False(t, third.Ended.IsZero())
	assert.False(t, claimTold(t, db, &third, time.Hour), "it has ended")
	update(t, db, func(tx *storage.Tx) error { return tx.ReopenInbox("es", "acme", "e1") })
	assert.True(t, claimTold(t, db, &third, time.Hour), "an operator asked for it")
	err = db.Update(t.Context(), func(tx *storage.Tx) error { return tx.ReopenInbox("es", "acme", "e1") })
	require.ErrorIs(t, err, gateway.CodeConflict)
}

func inboxLists(t *testing.T, db *storage.DB) {
	names := func(all []storage.InboxItem, err error) []string {
		require.NoError(t, err)
		var ids []string
		for _, i := range all {
			ids = append(ids, string(i.Store)+"/"+i.Event)
		}
		return ids
	}
	for _, e := range []string{"e1", "e2", "e3"} {
		insertTold(t, db, told("es", e))
	}
	later := told("es", "later")
	later.Due, later.State = time.Now().Add(time.Hour), storage.InboxWaiting
	insertTold(t, db, later)
	insertTold(t, db, told("fr", "e1"))
	never := told("fr", "never")
	never.Due, never.State = time.Time{}, storage.InboxGating
	insertTold(t, db, never)

	update(t, db, func(tx *storage.Tx) error {
		assert.ElementsMatch(t, []string{"es/e1", "es/e2", "es/e3", "fr/e1"}, names(tx.DueInbox(time.Now(), 10)))
		assert.Len(t, names(tx.DueInbox(time.Now(), 2)), 2)
		assert.Equal(t, []string{"es/later"}, names(tx.Inbox("es", storage.InboxQuery{State: storage.InboxWaiting})))
		assert.Len(t, names(tx.Inbox("es", storage.InboxQuery{State: storage.InboxReceived, Limit: 2})), 2)
		assert.Empty(t, names(tx.Inbox("es", storage.InboxQuery{State: storage.InboxGating})), "another store's")
		return nil
	})
	for _, e := range []string{"e1", "e2"} {
		i, _ := insertTold(t, db, told("es", e))
		require.True(t, claimTold(t, db, &i, time.Hour))
		i.State, i.Payment = storage.InboxDone, "pay_1"
		update(t, db, func(tx *storage.Tx) error { return tx.MoveInbox(&i, false) })
	}
	update(t, db, func(tx *storage.Tx) error {
		assert.Equal(t, []string{"es/e1", "es/e2"}, names(tx.Inbox("es", storage.InboxQuery{Payment: "pay_1"})))
		n, err := tx.PruneInbox(time.Now().Add(-time.Hour), 10)
		require.NoError(t, err)
		assert.Zero(t, n, "they ended after that")
		n, err = tx.PruneInbox(time.Now().Add(time.Hour), 1)
		require.NoError(t, err)
		assert.Equal(t, int64(1), n, "a batch")
		n, err = tx.PruneInbox(time.Now().Add(time.Hour), 10)
		require.NoError(t, err)
		assert.Equal(t, int64(1), n, "what has not ended stays")
		return nil
	})
}

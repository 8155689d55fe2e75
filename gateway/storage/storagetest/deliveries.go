package storagetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// tell appends an event of a payment.
func tell(t *testing.T, db *storage.DB, store gateway.StoreID, id gateway.PaymentID, kind string) {
	t.Helper()
	update(t, db, func(tx *storage.Tx) error { return tx.AppendEvent(store, id, kind, kind) })
}

func subscribe(t *testing.T, db *storage.DB, s storage.Subscription, fromBeginning bool) {
	t.Helper()
	update(t, db, func(tx *storage.Tx) error { return tx.Subscribe(s, fromBeginning) })
}

// share shares everything out.
func share(t *testing.T, db *storage.DB) {
	t.Helper()
	for more := true; more; {
		update(t, db, func(tx *storage.Tx) error {
			n, err := tx.ShareEvents(3)
			more = n == 3
			return err
		})
	}
}

// dueKinds returns the kinds of a subscriber's due events, in their order.
func dueKinds(t *testing.T, db *storage.DB, subscriber string) (kinds []string) {
	t.Helper()
	for _, d := range dueNow(t, db, subscriber) {
		kinds = append(kinds, d.Event.Kind)
	}
	return kinds
}

func dueNow(t *testing.T, db *storage.DB, subscriber string) (all []storage.Delivery) {
	t.Helper()
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { all, err = tx.DueDeliveries(subscriber, 100); return err }))
	return all
}

// claim claims a delivery for an hour.
func claim(t *testing.T, db *storage.DB, d storage.Delivery) storage.Delivery {
	t.Helper()
	update(t, db, func(tx *storage.Tx) error {
		won, err := tx.ClaimDelivery(&d, tx.Now().Add(time.Hour))
		assert.True(t, won)
		return err
	})
	return d
}

// end claims a delivery and ends it in a state.
func end(t *testing.T, db *storage.DB, d storage.Delivery, state storage.DeliveryState) {
	t.Helper()
	d = claim(t, db, d)
	d.State = state
	update(t, db, func(tx *storage.Tx) error { return tx.FinishDelivery(d) })
}

// untold returns how many events some subscriber was not told.
func untold(t *testing.T, db *storage.DB) (n int) {
	t.Helper()
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		open, err := tx.OpenEvents(1000)
		n = len(open)
		return err
	}))
	return n
}

func found(t *testing.T, db *storage.DB, q storage.DeliveryQuery) (all []storage.Delivery) {
	t.Helper()
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { all, err = tx.Deliveries(q); return err }))
	return all
}

func eventOrder(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	var want []string
	for i := range 5 {
		update(t, db, func(tx *storage.Tx) error { // all of them have one time
			for j := range 10 {
				kind := fmt.Sprintf("e%d.%d", i, j)
				want = append(want, kind)
				if err := tx.AppendEvent("es", p.ID, kind, j); err != nil {
					return err
				}
			}
			return nil
		})
	}
	behind := &behindClock{DB: db}
	behind.append(t, "es", p.ID, "late")
	want = append(want, "late")
	var got []string
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		all, err := tx.Events("es", p.ID)
		for _, e := range all {
			got = append(got, e.Kind)
		}
		return err
	}))
	assert.Equal(t, want, got)
}

// behindClock appends events as a transaction does that began before another and
// had to wait for it.
type behindClock struct{ *storage.DB }

func (b *behindClock) append(t *testing.T, store gateway.StoreID, id gateway.PaymentID, kind string) {
	t.Helper()
	update(t, b.DB, func(tx *storage.Tx) error {
		ctx, sql := tx.SQL()
		// The last event gets an identifier of the future, as if this clock were behind.
		var last string
		if err := sql.QueryRowContext(ctx, `SELECT id FROM outbox WHERE store = $1 AND payment = $2 ORDER BY id DESC LIMIT 1`, store, id).Scan(&last); err != nil {
			return err
		}
		if _, err := sql.ExecContext(ctx, `UPDATE outbox SET id = $1 WHERE id = $2`, fmt.Sprintf("%016x-FUTURE", tx.Now().Add(time.Hour).UnixMicro()), last); err != nil {
			return err
		}
		return tx.AppendEvent(store, id, kind, "x")
	})
}

func listening(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	woken, stop := db.Listen()
	tell(t, db, "es", p.ID, "one")
	tell(t, db, "es", p.ID, "two")
	<-woken
	select {
	case <-woken:
		assert.Fail(t, "two commits are one value, when nobody received in between")
	default:
	}
	update(t, db, func(tx *storage.Tx) error { return tx.AddRefs("es", p.ID, nil) })
	stop()
	tell(t, db, "es", p.ID, "three")
	select {
	case <-woken:
		assert.Fail(t, "nothing was appended while it listened")
	default:
	}
}

func sharing(t *testing.T, db *storage.DB) {
	a, b := payment(t, db, "es", "a"), payment(t, db, "fr", "b")
	tell(t, db, "es", a.ID, "money.before")
	subscribe(t, db, storage.Subscription{Name: "all"}, false)
	subscribe(t, db, storage.Subscription{Name: "money", Kinds: []string{"money.*", "operation.failed"}}, false)
	subscribe(t, db, storage.Subscription{Name: "fr", Stores: []gateway.StoreID{"fr"}, Kinds: []string{"*"}}, false)
	subscribe(t, db, storage.Subscription{Name: "none", Kinds: []string{"money"}}, false)
	for _, kind := range []string{"money.hold", "money.capture", "operation.failed", "operation.succeeded", "moneyless"} {
		other := payment(t, db, "es", kind)
		tell(t, db, "es", other.ID, kind)
	}
	tell(t, db, "fr", b.ID, "money.refund")
	share(t, db)
	assert.Equal(t, []string{"money.hold", "money.capture", "operation.failed", "operation.succeeded", "moneyless", "money.refund"}, dueKinds(t, db, "all"), "and nothing from before its registration")
	assert.Equal(t, []string{"money.hold", "money.capture", "operation.failed", "money.refund"}, dueKinds(t, db, "money"))
	assert.Equal(t, []string{"money.refund"}, dueKinds(t, db, "fr"))
	assert.Empty(t, dueKinds(t, db, "none"))
	assert.Equal(t, 6, untold(t, db), "what nobody wants counts as told")
	d := dueNow(t, db, "fr")[0]
	assert.Equal(t, gateway.StoreID("fr"), d.Event.Store)
	assert.Equal(t, b.ID, d.Event.Payment)
	assert.JSONEq(t, `"money.refund"`, string(d.Event.Body))
	assert.Len(t, found(t, db, storage.DeliveryQuery{Store: "fr"}), 3)
	assert.Len(t, found(t, db, storage.DeliveryQuery{Subscriber: "money", Limit: 2}), 2)
	assert.Len(t, found(t, db, storage.DeliveryQuery{Event: d.Event.ID, Payment: b.ID, States: []storage.DeliveryState{storage.DeliveryPending}}), 3)
	assert.Len(t, found(t, db, storage.DeliveryQuery{}), 11)
}

func catchingUp(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	subscribe(t, db, storage.Subscription{Name: "first", Kinds: []string{"x"}}, false)
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprint("e", i))
		tell(t, db, "es", p.ID, want[i])
	}
	share(t, db)
	assert.Zero(t, untold(t, db))
	subscribe(t, db, storage.Subscription{Name: "late"}, true)
	tell(t, db, "es", p.ID, "new")
	share(t, db)
	want = append(want, "new")
	assert.Empty(t, dueKinds(t, db, "late"), "nothing is due before it has what is older")
	for steps, done := 0, false; !done; steps++ {
		require.Less(t, steps, 10)
		update(t, db, func(tx *storage.Tx) (err error) { done, err = tx.CatchUp("late", 2); return err })
	}
	assert.Equal(t, 8, untold(t, db), "what was told is open again for it")
	subscribe(t, db, storage.Subscription{Name: "late"}, true) // once is enough
	for _, kind := range want {
		due := dueNow(t, db, "late")
		require.Len(t, due, 1)
		assert.Equal(t, kind, due[0].Event.Kind)
		end(t, db, due[0], storage.DeliveryDelivered)
	}
	assert.Zero(t, untold(t, db))
}

func holdingBack(t *testing.T, db *storage.DB) {
	a, b := payment(t, db, "es", "a"), payment(t, db, "es", "b")
	subscribe(t, db, storage.Subscription{Name: "one"}, false)
	subscribe(t, db, storage.Subscription{Name: "two"}, false)
	tell(t, db, "es", a.ID, "a1")
	tell(t, db, "es", a.ID, "a2")
	tell(t, db, "es", b.ID, "b1")
	share(t, db)
	assert.Equal(t, []string{"a1", "b1"}, dueKinds(t, db, "one"))
	failed := claim(t, db, dueNow(t, db, "one")[0])
	assert.Equal(t, []string{"b1"}, dueKinds(t, db, "one"), "while it is claimed")
	failed.Due, failed.Failure = db.Now().Add(time.Hour), "no"
	update(t, db, func(tx *storage.Tx) error { return tx.FinishDelivery(failed) })
	assert.Equal(t, []string{"b1"}, dueKinds(t, db, "one"), "while it waits for its next try")
	held := found(t, db, storage.DeliveryQuery{Subscriber: "one", Payment: a.ID})
	assert.Equal(t, held[0].Due, held[1].Due, "nobody looks at it in vain before")
	update(t, db, func(tx *storage.Tx) error { _, err := tx.SkipDelivery("one", held[0].Event.ID); return err })
	assert.ElementsMatch(t, []string{"a2", "b1"}, dueKinds(t, db, "one"), "and it is due at once when what it waited for has ended")
	end(t, db, dueNow(t, db, "two")[0], storage.DeliveryDelivered)
	assert.Equal(t, []string{"a2", "b1"}, dueKinds(t, db, "two"), "of another subscriber nothing is held back")
}

func deliveryClaims(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	subscribe(t, db, storage.Subscription{Name: "one"}, false)
	tell(t, db, "es", p.ID, "e")
	share(t, db)
	d := dueNow(t, db, "one")[0]
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			mine := d
			assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error {
				ok, err := tx.ClaimDelivery(&mine, tx.Now().Add(-time.Second)) // a claim that has lapsed
				if ok {
					won.Add(1)
				}
				return err
			}))
		})
	}
	wg.Wait()
	assert.Equal(t, int64(1), won.Load())
	taken := dueNow(t, db, "one")[0]
	assert.Equal(t, [2]int64{1, 1}, [2]int64{taken.Attempt, taken.Tries})
	assert.False(t, taken.Claimed.IsZero())
	second := claim(t, db, taken)
	assert.Equal(t, taken.First, second.First)
	assert.Equal(t, []storage.Delivery{second}, ignoringUpdated(found(t, db, storage.DeliveryQuery{}), second), "it is read as it was claimed")
	assert.Empty(t, dueNow(t, db, "one"))
	taken.State = storage.DeliveryDelivered
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.FinishDelivery(taken) }), gateway.CodeConflict, "another has it by now")
	second.State = storage.DeliveryDelivered
	update(t, db, func(tx *storage.Tx) error { return tx.FinishDelivery(second) })
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.FinishDelivery(second) }), gateway.CodeConflict)
	assert.Zero(t, untold(t, db))
}

// ignoringUpdated sets the time of the last change to that of another delivery.
func ignoringUpdated(all []storage.Delivery, like storage.Delivery) []storage.Delivery {
	for i := range all {
		all[i].Updated = like.Updated
	}
	return all
}

func lastTold(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	for i := range 8 {
		subscribe(t, db, storage.Subscription{Name: fmt.Sprint("s", i)}, false)
	}
	tell(t, db, "es", p.ID, "e")
	share(t, db)
	var wg sync.WaitGroup
	for i := range 8 {
		d := claim(t, db, dueNow(t, db, fmt.Sprint("s", i))[0])
		d.State = storage.DeliveryDelivered
		assert.Equal(t, 1, untold(t, db))
		wg.Go(func() {
			assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error { return tx.FinishDelivery(d) }))
		})
	}
	wg.Wait()
	assert.Zero(t, untold(t, db))
}

func sharers(t *testing.T, db *storage.DB) {
	const writers, each = 4, 10
	subscribe(t, db, storage.Subscription{Name: "old"}, false)
	var wg, writing sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		p := payment(t, db, "es", fmt.Sprint(w))
		writing.Go(func() {
			for i := range each {
				assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error { return tx.AppendEvent("es", p.ID, fmt.Sprint("e", i), i) }))
				if w == 0 && i == each/2 {
					assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error { return tx.Subscribe(storage.Subscription{Name: "new"}, true) }))
				}
			}
		})
	}
	for range 3 {
		wg.Go(func() {
			for last := false; ; {
				n := 0
				assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) (err error) { n, err = tx.ShareEvents(5); return err }))
				if n == 0 && last {
					return
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
		})
	}
	writing.Wait()
	close(done)
	wg.Wait()
	for behind := true; behind; {
		update(t, db, func(tx *storage.Tx) error {
			done, err := tx.CatchUp("new", 5)
			behind = !done
			return err
		})
	}
	for _, name := range []string{"old", "new"} {
		assert.Len(t, found(t, db, storage.DeliveryQuery{Subscriber: name}), writers*each, name)
		assert.Equal(t, writers*each, untold(t, db))
		for due := dueNow(t, db, name); len(due) > 0; due = dueNow(t, db, name) {
			for _, d := range due {
				end(t, db, d, storage.DeliveryDelivered)
			}
		}
	}
	assert.Zero(t, untold(t, db), "each was counted once")
}

// turns: while somebody shares events out, nobody registers, so that an event is
// either shared out with the new subscriber or older than its registration.
func turns(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	tell(t, db, "es", p.ID, "e")
	sharing, release, registered := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error {
			_, err := tx.ShareEvents(1)
			close(sharing)
			<-release
			return err
		}))
	})
	<-sharing
	wg.Go(func() {
		assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error { return tx.Subscribe(storage.Subscription{Name: "one"}, false) }))
		close(registered)
	})
	select {
	case <-registered:
		assert.Fail(t, "it did not wait")
	case <-time.After(100 * time.Millisecond): // time enough for one that does not wait
	}
	close(release)
	wg.Wait()
}

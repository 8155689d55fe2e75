// Package storagetest is the suite that every storage passes: what the engine
// relies on, as promises. A driver's test calls [Run] with a function that opens
// an empty database.
//
//	func TestStorage(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) *storage.DB { ... })
//	}
package storagetest

import (
	"context"
	"errors"
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

// Promises returns the names of what the suite holds storages to. Those that a row
// of the design asks for begin with it.
func Promises() (names []string) {
	each(func(name string, _ func(*testing.T, *storage.DB)) { names = append(names, name) })
	return names
}

// Run runs the suite. open returns an empty database that is closed by the test's cleanup.
func Run(t *testing.T, open func(t *testing.T) *storage.DB) {
	t.Helper()
	each(func(name string, run func(t *testing.T, db *storage.DB)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, open(t))
		})
	})
}

func each(f func(name string, run func(t *testing.T, db *storage.DB))) {
	for _, one := range []struct {
		name string
		run  func(t *testing.T, db *storage.DB)
	}{
		{"S59 a key makes one payment", onePayment},
		{"S58 a payment is read as it was written", roundTrip},
		{"a failed transaction leaves nothing", rollback},
		{"one that fails does not touch the others", isolatedFailures},
		{"a write that is put off counts as one that is not", putOff},
		{"a view writes nothing, and says so", views},
		{"a payment is locked and read in one go", locked},
		{"a fact about money is counted once", movements},
		{"money is reserved once", reservations},
		{"S59 terminal states never change, and what changed meanwhile is not overwritten", operations},
		{"a step has one sender", claims},
		{"other bytes under one key are refused", digests},
		{"what is due is found", due},
		{"S62 one store never sees another's rows", stores},
		{"S60 payments are listed by their time, from either end, page by page", pages},
		{"S61 payments are counted and summed", sums},
		{"S61 what was settled long ago is pruned and what is open stays", settledLongAgo},
		{"S62 an operation under way keeps what is personal", erasureWaits},
		{"S62 an erasure and a new operation do not cross", erasureRaces},
		{"S62 what has ended long ago is found to be erased", erasable},
		{"a discrepancy is resolved once, by somebody, with a note", resolutions},
		{"a payment's instruments are forgotten together", forgotten},
		{"a provider's id names one payment or none", names},
		{"events keep their order", events},
		{"what is personal can be erased", erasure},
		{"a context that has ended writes nothing", ended},
		{"the migrations run twice", migrations},
		{"operators find what they ask for", queries},
		{"one operation has several calls", steps},
		{"of one order one payment is active", orderLanes},
		{"instruments are kept and forgotten", instruments},
		{"disputes are told once", disputes},
		{"plans are due once", plans},
		{"the events of a payment have one order whatever the clocks say", eventOrder},
		{"who waits for events is woken by a commit", listening},
		{"who follows hears which payments changed", following},
		{"every subscriber gets what it asks for", sharing},
		{"a subscriber that began at the beginning catches up", catchingUp},
		{"an event waits for the one before it", holdingBack},
		{"a delivery has one holder", deliveryClaims},
		{"an event is told when the last subscriber was", lastTold},
		{"no event slips between sharers", sharers},
		{"who registers waits for who shares events out", turns},
		{"what is parked waits for an operator", parking},
		{"what nobody asks for any more holds nothing back", unwanted},
		{"a subscriber that is removed holds nothing back", removal},
		{"only what everybody was told is pruned", pruning},
		{"an event of a provider is stored once", inboxOnce},
		{"many events are stored at once", inboxMany},
		{"one holder works on an event", inboxClaims},
		{"events of a provider are due, listed and pruned", inboxLists},
	} {
		f(one.name, one.run)
	}
}

func eur(n int64) gateway.Money { return gateway.Minor(n, "EUR") }

func update(t *testing.T, db *storage.DB, f func(tx *storage.Tx) error) {
	t.Helper()
	require.NoError(t, db.Update(t.Context(), f))
}

// payment inserts a payment with a hold of 10.00.
func payment(t *testing.T, db *storage.DB, store gateway.StoreID, key string) gateway.Payment {
	t.Helper()
	var p gateway.Payment
	update(t, db, func(tx *storage.Tx) (err error) {
		p, _, err = tx.InsertPayment(storage.NewPayment{Store: store, ID: gateway.PaymentID("pay_" + key), Key: key, Fingerprint: "f", Order: "order", Due: eur(1000)})
		if err != nil {
			return err
		}
		have, err := tx.Payment(p.Store, p.ID)
		assert.Equal(t, have, p, "what is returned is what is there")
		if err != nil {
			return err
		}
		return book(tx, p.Store, p.ID, gateway.Movement{Kind: gateway.MoveHold, Amount: eur(1000), Provider: "acme", Reference: "auth_" + string(store) + key, Source: gateway.SourceAnswer})
	})
	return load(t, db, p.Store, p.ID)
}

func load(t *testing.T, db *storage.DB, store gateway.StoreID, id gateway.PaymentID) gateway.Payment {
	t.Helper()
	var p gateway.Payment
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { p, err = tx.Payment(store, id); return err }))
	return p
}

// book appends a movement and sets the balances, as the engine does.
func book(tx *storage.Tx, store gateway.StoreID, id gateway.PaymentID, m gateway.Movement) error {
	if _, err := tx.InsertMovement(store, id, m); err != nil {
		return err
	}
	p, err := tx.Payment(store, id)
	if err != nil {
		return err
	}
	if p.Balances, err = gateway.Fold("EUR", p.Movements); err != nil {
		return err
	}
	return tx.SetBalances(p)
}

func onePayment(t *testing.T, db *storage.DB) {
	insert := func(id, fingerprint string) (p gateway.Payment, created bool, err error) {
		err = db.Update(t.Context(), func(tx *storage.Tx) error {
			p, created, err = tx.InsertPayment(storage.NewPayment{Store: "es", ID: gateway.PaymentID(id), Key: "k", Fingerprint: fingerprint, Due: eur(1)})
			return err
		})
		return p, created, err
	}
	var wg sync.WaitGroup
	var made atomic.Int64
	for i := range 16 {
		wg.Go(func() {
			p, created, err := insert(fmt.Sprintf("pay_%d", i), "same")
			if assert.NoError(t, err) && created {
				made.Add(1)
				assert.Equal(t, gateway.PaymentID(fmt.Sprintf("pay_%d", i)), p.ID)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(1), made.Load())
	_, _, err := insert("pay_x", "other")
	require.ErrorIs(t, err, gateway.CodeConflict)
}

func roundTrip(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	at := time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC)
	m := gateway.Movement{
		Kind: gateway.MoveCapture, Amount: eur(400), Provider: "acme", Account: "m1", Reference: "cap_1", Parent: "auth", Operation: "op_1", Sequence: 2, At: at,
		Source: gateway.SourceWebhook, Expires: at.Add(time.Hour), Settled: &gateway.Settlement{Amount: gateway.Minor(440, "USD"), Fee: gateway.Minor(4, "USD")},
	}
	update(t, db, func(tx *storage.Tx) error {
		require.NoError(t, tx.AddRefs("es", p.ID, gateway.Refs{{Owner: "acme", Name: "payment", Value: "x"}, {Owner: "acme", Name: "none"}}))
		require.NoError(t, tx.AddRefs("es", p.ID, gateway.Refs{{Owner: "acme", Name: "payment", Value: "x"}}))
		require.NoError(t, tx.SetCaptureLimit("es", p.ID, eur(1150)))
		return book(tx, "es", p.ID, m)
	})
	p = load(t, db, "es", p.ID)
	require.Len(t, p.Movements, 2)
	assert.Equal(t, m, p.Movements[1])
	assert.Equal(t, eur(400), p.Balances.Captured)
	assert.Equal(t, gateway.PaymentPartiallyCaptured, p.Status())
	assert.Equal(t, gateway.Refs{{Owner: "acme", Name: "payment", Value: "x"}}, p.Refs)
	assert.Equal(t, eur(750), p.Capturable())
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		id, found, err := tx.PaymentByRef("es", "acme", "x")
		assert.True(t, found)
		assert.Equal(t, p.ID, id)
		_, found, _ = tx.PaymentByRef("es", "acme", "y")
		assert.False(t, found)
		return err
	}))
	err := db.View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Payment("es", "nobody"); return err })
	require.ErrorIs(t, err, gateway.CodeNotFound)
}

func rollback(t *testing.T, db *storage.DB) {
	boom := errors.New("boom")
	for _, f := range []func(){func() {}, func() { panic("x") }} {
		err := db.Update(t.Context(), func(tx *storage.Tx) error {
			if _, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: "pay_1", Key: "k", Due: eur(1)}); err != nil {
				return err
			}
			f()
			return boom
		})
		require.Error(t, err)
	}
	err := db.View(t.Context(), func(tx *storage.Tx) error { _, err := tx.Payment("es", "pay_1"); return err })
	require.ErrorIs(t, err, gateway.CodeNotFound)
}

func isolatedFailures(t *testing.T, db *storage.DB) {
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			key := fmt.Sprint("k", i)
			err := db.Update(context.Background(), func(tx *storage.Tx) error {
				if _, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: gateway.PaymentID(key), Key: key, Due: eur(1)}); err != nil {
					return err
				}
				switch i % 3 {
				case 1:
					return errors.New("this one fails")
				case 2: // and this one breaks a constraint
					_, err := tx.InsertMovement("es", "nobody", gateway.Movement{Kind: gateway.MoveHold, Amount: eur(1), Reference: "x"})
					return err
				}
				return nil
			})
			assert.Equal(t, i%3 == 0, err == nil, "%v", err)
		})
	}
	wg.Wait()
	for i := range 60 {
		err := db.View(t.Context(), func(tx *storage.Tx) error {
			_, err := tx.Payment("es", gateway.PaymentID(fmt.Sprint("k", i)))
			return err
		})
		assert.Equal(t, i%3 == 0, err == nil, "payment %d", i)
	}
}

func movements(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	refund := gateway.Movement{Kind: gateway.MoveCapture, Amount: eur(300), Provider: "acme", Reference: "cap_1", Source: gateway.SourceAnswer}
	var wg sync.WaitGroup
	var added atomic.Int64
	for range 20 {
		wg.Go(func() {
			assert.NoError(t, db.Update(context.Background(), func(tx *storage.Tx) error {
				if _, err := tx.LockPayment("es", p.ID); err != nil {
					return err
				}
				ok, err := tx.InsertMovement("es", p.ID, refund)
				if ok {
					added.Add(1)
				}
				return err
			}))
		})
	}
	wg.Wait()
	assert.Equal(t, int64(1), added.Load())
	other := refund
	other.Amount = eur(301)
	err := db.Update(t.Context(), func(tx *storage.Tx) error { _, err := tx.InsertMovement("es", p.ID, other); return err })
	require.ErrorIs(t, err, gateway.CodeConflict, "one fact with two amounts")
	q := payment(t, db, "es", "b")
	err = db.Update(t.Context(), func(tx *storage.Tx) error { _, err := tx.InsertMovement("es", q.ID, refund); return err })
	require.ErrorIs(t, err, gateway.CodeConflict, "one fact for two payments")
	again := refund
	again.Sequence = 1
	update(t, db, func(tx *storage.Tx) error {
		ok, err := tx.InsertMovement("es", p.ID, again)
		assert.True(t, ok)
		return err
	})
}

// E8: captures at once never take more than is held.
func reservations(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	var wg sync.WaitGroup
	var won atomic.Int64
	for range 16 {
		wg.Go(func() {
			err := db.Update(context.Background(), func(tx *storage.Tx) error { return tx.Reserve(storage.Capturing, "es", p.ID, eur(300)) })
			if err == nil {
				won.Add(1)
			} else {
				assert.ErrorIs(t, err, gateway.CodeConflict)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(3), won.Load())
	p = load(t, db, "es", p.ID)
	assert.Equal(t, eur(900), p.Reserved.Capturing)
	assert.Equal(t, eur(100), p.Capturable())
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.Reserve(storage.Releasing, "es", p.ID, eur(101)) }), gateway.CodeConflict)
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.Reserve(storage.Refunding, "es", p.ID, eur(1)) }), gateway.CodeConflict)
	update(t, db, func(tx *storage.Tx) error { return tx.Unreserve(storage.Capturing, "es", p.ID, 900) })
	require.ErrorIs(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.Unreserve(storage.Capturing, "es", p.ID, 1) }), gateway.CodeConflict, "nothing is given back twice")
	update(t, db, func(tx *storage.Tx) error { return tx.Reserve(storage.Capturing, "es", p.ID, eur(1000)) })
}

// T1: equal ids and keys in two stores are two things, and none is seen from the other.
func stores(t *testing.T, db *storage.DB) {
	es, fr := payment(t, db, "es", "a"), payment(t, db, "fr", "a")
	assert.Equal(t, es.ID, fr.ID)
	operation(t, db, es, "only-es")
	update(t, db, func(tx *storage.Tx) error {
		return errors.Join(tx.SetDetail("es", es.ID, "order", "x"), tx.AppendEvent("es", es.ID, "e", "x"), tx.AppendDiscrepancy("es", es.ID, "d", "x"),
			tx.AddRefs("es", es.ID, gateway.Refs{{Owner: "acme", Name: "n", Value: "v"}}), tx.Reserve(storage.Capturing, "es", es.ID, eur(1000)))
	})
	require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) error {
		p, err := tx.Payment("fr", fr.ID)
		assert.Empty(t, p.Refs)
		assert.Equal(t, eur(1000), p.Capturable())
		_, nerr := tx.Operation("fr", "op_only-es")
		assert.ErrorIs(t, nerr, gateway.CodeNotFound)
		_, nerr = tx.OperationByKey("fr", "only-es")
		assert.ErrorIs(t, nerr, gateway.CodeNotFound)
		_, nerr = tx.LastStep("fr", "op_only-es")
		assert.ErrorIs(t, nerr, gateway.CodeNotFound)
		ops, oerr := tx.Operations("fr", fr.ID)
		assert.Empty(t, ops)
		var v string
		found, derr := tx.Detail("fr", fr.ID, "order", &v)
		assert.False(t, found)
		_, found, rerr := tx.PaymentByRef("fr", "acme", "v")
		assert.False(t, found)
		told, eerr := tx.Events("fr", fr.ID)
		assert.Empty(t, told)
		odd, xerr := tx.Discrepancies("fr", fr.ID)
		assert.Empty(t, odd)
		return errors.Join(err, oerr, derr, rerr, eerr, xerr)
	}))
}

func events(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	for i := range 5 {
		update(t, db, func(tx *storage.Tx) error { return tx.AppendEvent("es", p.ID, fmt.Sprint("e", i), i) })
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, db.Update(t.Context(), func(tx *storage.Tx) error {
		open, err := tx.OpenEvents(3)
		require.Len(t, open, 3)
		for i, e := range open {
			assert.Equal(t, fmt.Sprint("e", i), e.Kind)
			assert.JSONEq(t, fmt.Sprint(i), string(e.Body))
			require.NoError(t, tx.EventDelivered(e.ID))
		}
		rest, rerr := tx.OpenEvents(10)
		assert.Len(t, rest, 2)
		all, aerr := tx.Events("es", p.ID)
		assert.Len(t, all, 5)
		return errors.Join(err, rerr, aerr)
	}))
}

func erasure(t *testing.T, db *storage.DB) {
	p := payment(t, db, "es", "a")
	type person struct{ Name string }
	update(t, db, func(tx *storage.Tx) error {
		return errors.Join(tx.SetDetail("es", p.ID, "order", person{"Ada"}), tx.SetDetail("es", p.ID, "order", person{"Grace"}))
	})
	read := func() (who person, found bool) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { found, err = tx.Detail("es", p.ID, "order", &who); return err }))
		return who, found
	}
	who, found := read()
	assert.True(t, found)
	assert.Equal(t, "Grace", who.Name)
	update(t, db, func(tx *storage.Tx) error { _, err := tx.Erase("es", p.ID); return err })
	_, found = read()
	assert.False(t, found)
	assert.Len(t, load(t, db, "es", p.ID).Movements, 1, "the ledger stays")
	require.Error(t, db.Update(t.Context(), func(tx *storage.Tx) error { return tx.SetDetail("es", p.ID, "x", func() {}) }))
}

func ended(t *testing.T, db *storage.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := db.Update(ctx, func(tx *storage.Tx) error { t.Error("it ran"); return nil })
	require.ErrorIs(t, err, gateway.CodeUnavailable)
	require.ErrorIs(t, err, context.Canceled)
	// One that ends while the function runs does not stop what was begun.
	ctx, cancel = context.WithCancel(t.Context())
	require.NoError(t, db.Update(ctx, func(tx *storage.Tx) error {
		cancel()
		_, _, err := tx.InsertPayment(storage.NewPayment{Store: "es", ID: "pay_1", Key: "k", Due: eur(1)})
		return err
	}))
	load(t, db, "es", "pay_1")
}

// migrations: the schema of this binary is there, and one that is newer is no error.
func migrations(t *testing.T, db *storage.DB) {
	files, err := storage.Migrations().Open(".")
	require.NoError(t, err)
	require.NoError(t, files.Close())
	assert.False(t, db.Now().IsZero())
	version := func() (have, want int64) {
		require.NoError(t, db.View(t.Context(), func(tx *storage.Tx) (err error) { have, want, err = tx.SchemaVersion(); return err }))
		return have, want
	}
	have, want := version()
	assert.Equal(t, want, have)
	assert.GreaterOrEqual(t, have, int64(6))
	update(t, db, func(tx *storage.Tx) error {
		ctx, q := tx.SQL()
		_, err := q.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, want+1, true)
		return err
	})
	have, _ = version()
	assert.Equal(t, want+1, have)
	payment(t, db, "es", "a")
}

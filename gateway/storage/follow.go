package storage

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// PaymentKey names a payment among those of every store.
type PaymentKey struct {
	Store   gateway.StoreID
	Payment gateway.PaymentID
}

// Announcer is a [Driver] whose database carries word from process to process.
type Announcer interface {
	// Announce tells other processes that payments may have changed. It is called
	// after every such commit, must not block, and need not succeed: who follows
	// looks now and then by itself.
	Announce(changed []PaymentKey)
	// Follow calls heard with what other processes announce, until ctx ends. It
	// connects again by itself; whenever words may have been missed, and when it
	// begins, it calls heard with nil. It returns nil.
	Follow(ctx context.Context, heard func(changed []PaymentKey)) error
}

// followers are who is told which payments changed.
type followers struct {
	mu  sync.Mutex
	all map[*func([]PaymentKey)]bool
}

func (l *followers) tell(changed []PaymentKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for f := range l.all {
		(*f)(changed)
	}
}

func (l *followers) add(f func([]PaymentKey)) (remove func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[*func([]PaymentKey)]bool{}
	}
	l.all[&f] = true
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.all, &f)
	}
}

// Follow calls heard with the payments that transactions may have changed, after
// each commit: those of this process, and those of others where the database
// carries word of them (PostgreSQL does, SQLite does not). Nil instead of
// payments means that any may have changed: some word may have been missed. It
// says only that a look is worth it, never what changed.
//
// heard is called from the goroutines that write, one at a time for each of
// them: it must be quick, safe for concurrent use, and must not use the storage.
// Follow returns nil when ctx ends, and calls heard no more then.
func (db *DB) Follow(ctx context.Context, heard func(changed []PaymentKey)) error {
	remove := db.changes.add(heard)
	defer remove()
	if a, ok := db.driver.(Announcer); ok {
		return a.Follow(ctx, heard)
	}
	heard(nil) // what was committed before it listened
	<-ctx.Done()
	return nil
}

// announce tells everybody what a transaction changed.
func (db *DB) announce(changed map[PaymentKey]bool) {
	if len(changed) == 0 {
		return
	}
	keys := make([]PaymentKey, 0, len(changed))
	for k := range changed {
		keys = append(keys, k)
	}
	db.changes.tell(keys)
	if a, ok := db.driver.(Announcer); ok {
		a.Announce(keys)
	}
}

// changes notes that the transaction changes a payment, or what belongs to it.
func (tx *Tx) changes(store gateway.StoreID, id gateway.PaymentID) {
	if tx.changed == nil {
		tx.changed = map[PaymentKey]bool{}
	}
	tx.changed[PaymentKey{store, id}] = true
}

// PaymentVersions returns the versions of those payments that are there: one look
// at many, for whoever wants to know which of them changed.
func (tx *Tx) PaymentVersions(store gateway.StoreID, ids []gateway.PaymentID) (map[gateway.PaymentID]int64, error) {
	const most = 500 // in one statement
	versions := make(map[gateway.PaymentID]int64, len(ids))
	for from := 0; from < len(ids); from += most {
		some := ids[from:min(from+most, len(ids))]
		args := []any{store}
		var in strings.Builder
		for i, id := range some {
			args = append(args, id)
			in.WriteString(", $" + strconv.Itoa(i+2))
		}
		err := tx.each(func(row Row) error {
			var id gateway.PaymentID
			var version int64
			err := row.Scan(&id, &version)
			versions[id] = version
			return err
		}, `SELECT id, version FROM payment WHERE store = $1 AND id IN (`+in.String()[2:]+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return versions, nil
}

package storage

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// InboxState is how far an event that a provider told us has come.
type InboxState string

// The states of an inbox item. Done and foreign end it; an operator may have it
// looked at again.
const (
	InboxReceived InboxState = "received" // stored, not applied yet
	InboxWaiting  InboxState = "waiting"  // its payment is not known, or an operation of ours that it may be about is open
	InboxGating   InboxState = "gating"   // a duty before the acknowledgement was begun and has not ended
	InboxDone     InboxState = "done"     // recorded
	InboxForeign  InboxState = "foreign"  // of nobody here
)

// Ended reports whether nothing more happens to it by itself.
func (s InboxState) Ended() bool { return s == InboxDone || s == InboxForeign }

// The gates of an inbox item; "" is none.
const (
	GateNeeded = "needed"
	GatePassed = "passed"
)

// InboxItem is one event that a provider told us.
type InboxItem struct {
	Store    gateway.StoreID
	Provider string
	Event    string // the provider's id of it
	Kind     string // the provider's word
	State    InboxState
	Gate     string            // "", [GateNeeded], [GatePassed]
	Payment  gateway.PaymentID // ours; "" while it is not known
	Digest   string            // of Body
	Body     json.RawMessage   // what was understood of it
	Failure  string            // why it was not applied the last time; no body, no secret
	Attempt  int64             // how often it was worked on
	Due      time.Time         // when it is worked on by itself; zero: never
	Received time.Time
	Updated  time.Time
	Ended    time.Time // zero: it has not
}

const inboxColumns = `store, provider, event, kind, state, gate, payment, digest, body, failure, attempt, due_us, received_us, updated_us, ended_us`

func (tx *Tx) inbox(rest string, args ...any) (all []InboxItem, err error) {
	err = tx.each(func(row Row) error {
		var i InboxItem
		var body string
		var due, ended sql.NullInt64
		var received, updated int64
		err := row.Scan(&i.Store, &i.Provider, &i.Event, &i.Kind, &i.State, &i.Gate, &i.Payment, &i.Digest, &body, &i.Failure, &i.Attempt, &due, &received, &updated, &ended)
		i.Body, i.Due, i.Received, i.Updated, i.Ended = json.RawMessage(body), timeOrZero(due), fromMicro(received), fromMicro(updated), timeOrZero(ended)
		all = append(all, i)
		return err
	}, `SELECT `+inboxColumns+` FROM inbox `+rest, args...)
	return all, err
}

// Told is an event that is to be stored.
type Told struct {
	Item InboxItem
	// Lease claims it as [Tx.ClaimInbox] does, when it was not there and has not
	// ended; the zero time claims nothing.
	Lease time.Time
}

// InsertInbox stores events, each unless one of its id is there, or stands before
// it. It returns what is stored of each, in their order, and whether this call
// stored it. Many are stored by few statements.
func (tx *Tx) InsertInbox(all ...Told) (items []InboxItem, created []bool, err error) {
	items, created = make([]InboxItem, len(all)), make([]bool, len(all))
	at := make(map[inboxKey]int, len(all))
	rows := make([]int, 0, len(all)) // the first of each id
	for n, t := range all {
		items[n] = tx.rowOf(t)
		if _, twice := at[keyOf(items[n])]; !twice {
			at[keyOf(items[n])] = n
			rows = append(rows, n)
		}
	}
	// Two processes that store the same events must not wait for each other.
	slices.SortFunc(rows, func(a, b int) int { return keyOf(items[a]).compare(keyOf(items[b])) })
	var inserts []Statement
	for _, size := range insertSizes {
		for len(rows) >= size {
			inserts = append(inserts, insertInbox(rows[:size], items, all, created, at))
			rows = rows[size:]
		}
	}
	if err := tx.run(inserts...); err != nil {
		return nil, nil, err
	}
	for n := range items {
		if created[n] {
			continue
		}
		if items[n], err = tx.InboxItem(items[n].Store, items[n].Provider, items[n].Event); err != nil {
			return nil, nil, err
		}
	}
	return items, created, nil
}

// rowOf returns the row that an event becomes.
func (tx *Tx) rowOf(t Told) InboxItem {
	i := t.Item
	i.Attempt, i.Received, i.Updated = 0, tx.now, tx.now
	i.Due, i.Ended = Micro(i.Due), Micro(i.Ended)
	if !t.Lease.IsZero() && !i.State.Ended() {
		i.Attempt = 1
		if !i.Due.IsZero() {
			i.Due = Micro(t.Lease)
		}
	}
	return i
}

// insertInbox inserts the rows of some items by one statement.
func insertInbox(rows []int, items []InboxItem, all []Told, created []bool, at map[inboxKey]int) Statement {
	args := make([]any, 0, len(rows)*insertColumns)
	for _, n := range rows {
		i, lease := items[n], time.Time{}
		if i.Attempt > 0 {
			lease = all[n].Lease
		}
		args = append(args, i.Store, i.Provider, i.Event, i.Kind, i.State, i.Gate, i.Payment, i.Digest, string(i.Body), i.Failure, i.Attempt,
			microOrNull(i.Due), microOrNull(lease), micro(i.Received), micro(i.Updated), microOrNull(i.Ended))
	}
	return Statement{Text: insertInto[len(rows)], Args: args, Rows: func(row Row) error {
		var k inboxKey
		err := row.Scan(&k.store, &k.provider, &k.event)
		created[at[k]] = err == nil
		return err
	}}
}

// insertSizes are how many rows one statement inserts, the large ones first; a
// statement of each size is kept prepared.
var insertSizes = []int{32, 8, 1}

const insertColumns = 16

// insertInto holds the statements by their size.
var insertInto = func() map[int]string {
	texts := map[int]string{}
	for _, size := range insertSizes {
		var rows strings.Builder
		for n := range size * insertColumns {
			switch {
			case n == 0:
				rows.WriteString("(")
			case n%insertColumns == 0:
				rows.WriteString("), (")
			default:
				rows.WriteString(", ")
			}
			rows.WriteString("$" + strconv.Itoa(n+1))
		}
		texts[size] = `INSERT INTO inbox (store, provider, event, kind, state, gate, payment, digest, body, failure, attempt, due_us, claimed_us, received_us, updated_us, ended_us)
			VALUES ` + rows.String() + `) ON CONFLICT (store, provider, event) DO NOTHING RETURNING store, provider, event`
	}
	return texts
}()

// inboxKey is what identifies an event.
type inboxKey struct {
	store           gateway.StoreID
	provider, event string
}

func keyOf(i InboxItem) inboxKey { return inboxKey{i.Store, i.Provider, i.Event} }

func (k inboxKey) compare(o inboxKey) int {
	return cmp.Or(cmp.Compare(k.store, o.store), cmp.Compare(k.provider, o.provider), cmp.Compare(k.event, o.event))
}

// InboxItem returns one event.
func (tx *Tx) InboxItem(store gateway.StoreID, provider, event string) (InboxItem, error) {
	all, err := tx.inbox(`WHERE store = $1 AND provider = $2 AND event = $3`, store, provider, event)
	if err == nil && len(all) == 0 {
		err = notFound("event", event)
	}
	if err != nil {
		return InboxItem{}, err
	}
	return all[0], nil
}

// ClaimInbox takes an event to work on it until the lease ends. It reports false
// when somebody else works on it, or it has ended.
func (tx *Tx) ClaimInbox(i *InboxItem, until time.Time) (bool, error) {
	var attempt int64
	held, err := tx.first([]any{&attempt}, `UPDATE inbox SET attempt = attempt + 1, claimed_us = $1, due_us = CASE WHEN due_us IS NULL THEN NULL ELSE CAST($1 AS BIGINT) END, updated_us = $2
		WHERE store = $3 AND provider = $4 AND event = $5 AND ended_us IS NULL AND (claimed_us IS NULL OR claimed_us <= $2) RETURNING attempt`,
		micro(until), micro(tx.now), i.Store, i.Provider, i.Event)
	if err != nil || !held {
		return false, err
	}
	have, err := tx.InboxItem(i.Store, i.Provider, i.Event)
	*i = have
	return err == nil, err
}

// MoveInbox stores what a holder found out: state, gate, payment, failure and when
// it is due again. keep says that the holder goes on; else the claim ends. It fails
// with [gateway.CodeConflict] when somebody else holds it by now.
func (tx *Tx) MoveInbox(i *InboxItem, keep bool) error {
	var ended time.Time
	if i.State.Ended() {
		i.Due, ended = time.Time{}, tx.now
	}
	release := `, claimed_us = NULL`
	if keep {
		release = ``
	}
	err := tx.one("the inbox item", `UPDATE inbox SET state = $1, gate = $2, payment = $3, failure = $4, due_us = $5, updated_us = $6, ended_us = $7`+release+`
		WHERE store = $8 AND provider = $9 AND event = $10 AND attempt = $11`,
		i.State, i.Gate, i.Payment, i.Failure, microOrNull(i.Due), micro(tx.now), microOrNull(ended), i.Store, i.Provider, i.Event, i.Attempt)
	if err == nil {
		i.Updated, i.Ended = tx.now, ended
	}
	return err
}

// ReopenInbox makes an event that has ended due at once, because an operator asks
// for it. It fails with [gateway.CodeConflict] for one that has not ended.
func (tx *Tx) ReopenInbox(store gateway.StoreID, provider, event string) error {
	return tx.one("the inbox item", `UPDATE inbox SET state = $1, due_us = $2, updated_us = $2, ended_us = NULL, claimed_us = NULL, failure = ''
		WHERE store = $3 AND provider = $4 AND event = $5 AND ended_us IS NOT NULL`, InboxReceived, micro(tx.now), store, provider, event)
}

// DueInbox returns events of any store that are to be worked on, the longest due first.
func (tx *Tx) DueInbox(now time.Time, limit int) ([]InboxItem, error) {
	return tx.inbox(`WHERE due_us IS NOT NULL AND due_us <= $1 ORDER BY due_us LIMIT $2`, micro(now), limit)
}

// InboxQuery says which events to find.
type InboxQuery struct {
	State InboxState // needed, unless Payment is set
	// Payment finds those of one payment, whatever their state.
	Payment gateway.PaymentID
	Limit   int // 0 means 1000
}

// Inbox returns a store's events that match, in the order of their coming.
func (tx *Tx) Inbox(store gateway.StoreID, q InboxQuery) ([]InboxItem, error) {
	w := &where{}
	if q.Payment != "" {
		return tx.inbox(`WHERE store = $1 AND payment = $2 AND payment <> '' ORDER BY received_us`+w.tail(q.Limit), store, q.Payment)
	}
	return tx.inbox(`WHERE store = $1 AND state = $2 ORDER BY received_us, provider, event`+w.tail(q.Limit), store, q.State)
}

// PruneInbox deletes at most limit events that ended before a time, of any store,
// and returns how many. One of them that comes again is then new.
func (tx *Tx) PruneInbox(before time.Time, limit int) (int64, error) {
	return tx.exec(`DELETE FROM inbox WHERE (store, provider, event) IN (SELECT store, provider, event FROM inbox
		WHERE ended_us IS NOT NULL AND ended_us < $1 ORDER BY ended_us LIMIT $2)`, micro(before), limit)
}

package storage

import (
	"database/sql"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// queryLimit is how many rows a query without a limit returns at most: an
// operator's question must not read a whole database into memory.
const queryLimit = 1000

// where collects conditions and their arguments; only constants of this file
// become text, what a caller gives is always an argument.
type where struct {
	text []string
	args []any
}

// add appends a condition; every %s in it stands for the one argument.
func (w *where) add(condition string, arg any) {
	w.args = append(w.args, arg)
	w.text = append(w.text, strings.ReplaceAll(condition, "%s", "$"+strconv.Itoa(len(w.args))))
}

func (w *where) String() string { return " WHERE " + strings.Join(w.text, " AND ") }

// tail adds what every list ends with.
func (w *where) tail(limit int) string {
	if limit <= 0 {
		limit = queryLimit
	}
	return " LIMIT " + strconv.Itoa(limit)
}

func oneOf[T ~string](w *where, column string, values []T) {
	if len(values) == 0 {
		return
	}
	marks := make([]string, len(values))
	for i, v := range values {
		w.args = append(w.args, string(v))
		marks[i] = "$" + strconv.Itoa(len(w.args))
	}
	w.text = append(w.text, column+" IN ("+strings.Join(marks, ", ")+")")
}

// PaymentQuery says which payments to find. What is not set does not restrict.
type PaymentQuery struct {
	Statuses []gateway.PaymentStatus
	From, To time.Time // created at or after From and before To
	Provider string    // that had an operation or a movement of it
	Ref      string    // a provider's id of any name
	Order    string
	Newest   bool              // newest first; else oldest first
	After    gateway.PaymentID // the last one of the page before
	Limit    int               // 0 means 1000
}

// PaymentRow is a payment in a list: its headline without movements and references.
type PaymentRow struct {
	ID       gateway.PaymentID
	Order    string
	Status   gateway.PaymentStatus
	Due      gateway.Money
	Balances gateway.Balances
	Closed   bool
	Created  time.Time
	Updated  time.Time
	Erased   time.Time // when what was personal then was erased; zero: never
}

// Payments returns a store's payments that match, oldest first or newest first.
func (tx *Tx) Payments(store gateway.StoreID, q PaymentQuery) (all []PaymentRow, err error) {
	w := &where{}
	w.add("p.store = %s", store)
	several := len(q.Statuses) > 1 && q.Ref == "" && q.Order == ""
	if !several {
		oneOf(w, "p.status", q.Statuses)
	}
	if !q.From.IsZero() {
		w.add("p.created_us >= %s", micro(q.From))
	}
	if !q.To.IsZero() {
		w.add("p.created_us < %s", micro(q.To))
	}
	if q.Order != "" {
		w.add("p.order_ref = %s", q.Order)
	}
	if q.Ref != "" {
		// Not of p.store, or it is asked anew for each payment. The time, which is always
		// true, keeps SQLite from reading a store's whole primary key in place of the index of values.
		w.add("p.id IN (SELECT r.payment FROM ref r WHERE r.store = $1 AND r.value = %s AND r.added_us IS NOT NULL)", q.Ref)
	}
	if q.Provider != "" {
		// Of the movements, a payment's are looked at, and not a provider's: '' keeps SQLite from that index.
		w.add(`(EXISTS (SELECT 1 FROM operation o WHERE o.store = p.store AND o.payment = p.id AND o.provider = %s)
			OR EXISTS (SELECT 1 FROM movement m WHERE m.store = p.store AND m.payment = p.id AND m.provider || '' = %s))`, q.Provider)
	}
	beyond, way, by := ">", "", "p.created_us"
	if q.Newest {
		beyond, way = "<", " DESC"
	}
	if q.Ref != "" || q.Order != "" {
		by = "p.created_us + 0" // by no index: the few that have it are found first, and then put in order
	}
	order := ` ORDER BY ` + by + way + `, p.id` + way
	if q.After != "" {
		w.add(`(p.created_us, p.id) `+beyond+` (SELECT a.created_us, a.id FROM payment a WHERE a.store = p.store AND a.id = %s)`, q.After)
	}
	const columns = `SELECT p.id, p.order_ref, p.status, p.currency, p.due, p.authorized, p.released, p.captured, p.refunded, p.charged_back, p.closed, p.created_us, p.updated_us, p.erased_us FROM `
	order += w.tail(q.Limit)
	text := columns + `payment p` + w.String() + order
	if several {
		// Each status is asked for by itself, and has an index: of several at once, rare ones
		// would be looked for among all payments.
		conditions := w.String()
		var each []string
		for i, status := range q.Statuses {
			if slices.Contains(q.Statuses[:i], status) {
				continue
			}
			w.args = append(w.args, string(status))
			each = append(each, `SELECT * FROM (SELECT * FROM payment p`+conditions+` AND p.status = $`+strconv.Itoa(len(w.args))+order+`) AS s`+strconv.Itoa(i))
		}
		text = columns + `(` + strings.Join(each, ` UNION ALL `) + `) AS p` + order
	}
	err = tx.each(func(row Row) error {
		p, err := scanPaymentRow(row)
		all = append(all, p)
		return err
	}, text, w.args...)
	return all, err
}

func scanPaymentRow(row Row) (p PaymentRow, err error) {
	var currency string
	var due, authorized, released, captured, refunded, chargedBack, created, updated int64
	var erased sql.NullInt64
	err = row.Scan(&p.ID, &p.Order, &p.Status, &currency, &due, &authorized, &released, &captured, &refunded, &chargedBack, &p.Closed, &created, &updated, &erased)
	money := func(n int64) gateway.Money { return gateway.Minor(n, currency) }
	p.Due, p.Created, p.Updated, p.Erased = money(due), fromMicro(created), fromMicro(updated), timeOrZero(erased)
	p.Balances = gateway.Balances{Authorized: money(authorized), Released: money(released), Captured: money(captured), Refunded: money(refunded), ChargedBack: money(chargedBack)}
	return p, err
}

// OperationQuery says which operations to find. What is not set does not restrict.
type OperationQuery struct {
	States   []gateway.OperationState
	Provider string
	Before   time.Time // created before
	Due      time.Time // somebody should have looked at it by then
	Limit    int       // 0 means 1000
}

// OperationsWhere returns a store's operations that match: those that are due by
// how long they have been, others oldest first.
func (tx *Tx) OperationsWhere(store gateway.StoreID, q OperationQuery) ([]Operation, error) {
	w := &where{}
	w.add("o.store = %s", store)
	oneOf(w, "o.state", q.States)
	if q.Provider != "" {
		w.add("o.provider = %s", q.Provider)
	}
	if !q.Before.IsZero() {
		w.add("o.created_us < %s", micro(q.Before))
	}
	order := ` ORDER BY o.created_us, o.id`
	if !q.Due.IsZero() {
		w.add(`(o.next_check_us <= %s OR EXISTS (SELECT 1 FROM step s WHERE s.store = o.store AND s.operation = o.id AND s.lease_us <= %s))`, micro(q.Due))
		// The same as two questions that have an index each. They are asked of all stores:
		// SQLite takes a store for few rows, and would rather read all of it.
		w.add(`o.id IN (SELECT n.id FROM operation n WHERE n.next_check_us IS NOT NULL AND n.next_check_us <= %s
			UNION SELECT l.operation FROM step l WHERE l.lease_us IS NOT NULL AND l.lease_us <= %s)`, micro(q.Due))
		order = ` ORDER BY COALESCE(o.next_check_us, o.updated_us), o.id`
	}
	var all []Operation
	err := tx.run(operationsOf(&all, store, w.String()+order+w.tail(q.Limit), w.args...))
	return all, err
}

// Booked is a movement with the payment it belongs to.
type Booked struct {
	Payment  gateway.PaymentID
	Created  time.Time // of the payment
	Movement gateway.Movement
	Time     time.Time // the provider's; when it does not say, ours
}

// MovementsBetween returns what moved at a provider at or after from and before
// to, oldest first, skipping the given number of rows. limit 0 means 1000.
func (tx *Tx) MovementsBetween(store gateway.StoreID, provider string, from, to time.Time, skip, limit int) (all []Booked, err error) {
	w := &where{}
	w.add("m.store = %s", store)
	w.add("m.provider = %s", provider)
	w.add("COALESCE(m.at_us, m.recorded_us) >= %s", micro(from))
	w.add("COALESCE(m.at_us, m.recorded_us) < %s", micro(to))
	err = tx.each(func(row Row) error {
		var b Booked
		var created, at, amount int64
		var currency, name string
		m := &b.Movement
		err := row.Scan(&b.Payment, &created, &currency, &m.Provider, &m.Account, &m.Kind, &m.Reverses, &name, &m.Sequence, &amount, &m.Parent, &m.Operation, &m.Source, &at)
		if name != "operation:"+string(m.Operation) {
			m.Reference = name
		}
		m.Amount, m.At, b.Time, b.Created = gateway.Minor(amount, currency), fromMicro(at), fromMicro(at), fromMicro(created)
		all = append(all, b)
		return err
	}, `SELECT m.payment, p.created_us, p.currency, m.provider, m.account, m.kind, m.reverses, m.fact, m.sequence, m.amount, m.parent, m.operation, m.source,
		COALESCE(m.at_us, m.recorded_us) FROM movement m JOIN payment p ON p.store = m.store AND p.id = m.payment`+w.String()+
		` ORDER BY COALESCE(m.at_us, m.recorded_us), m.kind, m.fact, m.sequence`+w.tail(limit)+` OFFSET `+strconv.Itoa(max(skip, 0)), w.args...)
	return all, err
}

// SchemaVersion returns the newest migration that the database has, and the
// newest that this binary knows. A database may be newer: the schema is additive.
func (tx *Tx) SchemaVersion() (have, want int64, err error) {
	files, err := fs.Glob(Migrations(), "*.sql")
	if err != nil {
		return 0, 0, err
	}
	for _, name := range files {
		var n int64
		if _, err := fmt.Sscanf(name, "%d_", &n); err == nil {
			want = max(want, n)
		}
	}
	_, err = tx.first([]any{&have}, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`)
	return have, want, err
}

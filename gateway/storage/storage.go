package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// writeTimeout bounds one write transaction. It does not depend on the caller's
// context: a caller who gives up must not leave a write of unknown fate.
const writeTimeout = 30 * time.Second

// Queries runs SQL; *sql.Tx and *sql.DB do. One that is a [Batcher], too, is given
// statements that can travel together in one round trip.
type Queries interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Driver is a database engine. Implementations are safe for concurrent use.
type Driver interface {
	// Update runs f in a write transaction and commits it durably. It returns
	// f's error when f fails, and then nothing has been written. f must not wait
	// for anything but the database; it may be run again after a conflict.
	Update(ctx context.Context, f func(q Queries) error) error
	// View runs f with a view of committed data.
	View(ctx context.Context, f func(q Queries) error) error
	Close() error
}

// DB is a storage. It is safe for concurrent use.
type DB struct {
	driver  Driver
	now     func() time.Time
	told    listeners
	changes followers
}

// New returns a storage over a driver whose schema is up to date. now tells
// the time that rows get; nil means time.Now.
func New(d Driver, now func() time.Time) *DB {
	if now == nil {
		now = time.Now
	}
	return &DB{driver: d, now: now}
}

// Close closes the database.
func (db *DB) Close() error { return db.driver.Close() }

// Now returns the storage's time, to the microsecond.
func (db *DB) Now() time.Time { return fromMicro(db.now().UnixMicro()) }

// Update runs f in one write transaction. Whatever f did is durable when Update
// returns nil, and has not happened when f returned an error. Any other error is
// [gateway.CodeUnavailable]; the write may then have happened or not, so read
// again before believing either. The end of ctx does not stop a write under way.
func (db *DB) Update(ctx context.Context, f func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return gateway.Errorf(gateway.CodeUnavailable, "nothing was written: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	appended := false
	var changed map[PaymentKey]bool
	err := coded(db.driver.Update(ctx, func(q Queries) error {
		tx := &Tx{ctx: ctx, q: q, now: db.Now()}
		err := contain(f, tx)
		if err == nil {
			err = tx.run()
		}
		if appended, changed = tx.appended, tx.changed; err != nil {
			changed = nil // nothing was written
		}
		return err
	}))
	if appended {
		db.told.wake() // after an error too: the write may have happened
	}
	db.announce(changed)
	return err
}

// contain keeps a panic in f from leaving a transaction open, or from ending a
// driver's writer.
func contain(f func(*Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = gateway.Errorf(gateway.CodeInternal, "the function that writes panicked; nothing was written")
		}
	}()
	return f(tx)
}

// View runs f with a view of committed data; f must not write, [gateway.CodeInternal].
func (db *DB) View(ctx context.Context, f func(tx *Tx) error) error {
	return coded(db.driver.View(ctx, func(q Queries) error {
		tx := &Tx{ctx: ctx, q: q, now: db.Now()}
		err := f(tx)
		if err == nil && len(tx.put) > 0 {
			err = gateway.Errorf(gateway.CodeInternal, "a view writes nothing, and nothing was written: use Update")
		}
		return err
	}))
}

func coded(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*gateway.Error](err); ok {
		return err
	}
	return gateway.Errorf(gateway.CodeUnavailable, "the database did not answer as it should: %w", err)
}

// Tx is a transaction. It belongs to one goroutine and to the function it was given to.
//
// Writes whose result nobody needs go out together with the next statement that
// reads, or at the end: a transaction costs few round trips. When one of them fails,
// that is the error of whatever runs next, and in any case the one of Update.
type Tx struct {
	ctx      context.Context
	q        Queries
	now      time.Time
	appended bool // it wrote an event
	last     lastEvent
	changed  map[PaymentKey]bool
	put      []Statement // off, until a result is needed
	failed   error       // of what was put off
}

// Now returns the transaction's time.
func (tx *Tx) Now() time.Time { return tx.now }

// SQL returns the transaction's context and connection, for packages that keep
// tables of their own beside the ledger (gateway/task). Both end with the transaction.
func (tx *Tx) SQL() (context.Context, Queries) { return tx.ctx, inTurn{tx} }

func notFound(what string, id any) error {
	return gateway.Errorf(gateway.CodeNotFound, "there is no %s %v in this store", what, id)
}

// NewID returns a new identifier with a prefix: 26 random characters, and
// nothing of time or order.
func NewID(prefix string) string { return prefix + "_" + rand.Text() }

// orderedID returns an identifier that sorts by time.
func orderedID(at time.Time) string { return fmt.Sprintf("%016x-%s", at.UnixMicro(), rand.Text()[:8]) }

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the schema's migrations in goose's format, for
// applications that run them with a tool of their own. They are additive within
// a major version: an older binary keeps working on a newer schema.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

func micro(t time.Time) int64 { return t.UnixMicro() }

func microOrNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func fromMicro(us int64) time.Time { return time.UnixMicro(us).UTC() }

func timeOrZero(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return fromMicro(n.Int64)
}

// Micro returns a time as it is when it has been stored: to the microsecond.
func Micro(t time.Time) time.Time { return timeOrZero(microOrNull(t)) }

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

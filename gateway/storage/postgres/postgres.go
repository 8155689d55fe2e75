// Package postgres is the storage for many processes on one PostgreSQL.
//
//	db, err := postgres.Open(ctx, "postgres://shop@db.internal/shop?sslmode=verify-full")
//
// It relies on what PostgreSQL gives by default and asserts it at open: READ
// COMMITTED, with conditional updates that take the row's lock, and
// synchronous_commit.
//
// The time is the server's, so that what one process writes down, a lease or a
// deadline, is judged alike by all. What a transaction reads and writes together
// travels together: with a network between, round trips are what it costs.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Options are what Open may be told. The zero Options are right for most.
type Options struct {
	// Now is the time that rows get. Nil means the server's, so that all processes
	// that share the database agree on what is late, whatever their machines' clocks say.
	Now      func() time.Time
	MaxConns int // 0 means 16
	// Quiet says that other processes are not told which payments this one changes:
	// whoever waits there ([storage.DB.Follow]) finds out at the next look.
	Quiet bool
}

// Open connects to a database and brings its schema up to date. It refuses one
// that acknowledges writes before they are durable.
func Open(ctx context.Context, dsn string, options ...Options) (*storage.DB, error) {
	var o Options
	if len(options) > 0 {
		o = options[0]
	}
	if o.MaxConns == 0 {
		o.MaxConns = 16
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The driver's text may quote the connection string with its password.
		return nil, gateway.Errorf(gateway.CodeInternal, "the connection string cannot be read")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(o.MaxConns)
	db.SetMaxIdleConns(o.MaxConns)
	d := driver{db: db, config: config}
	if o.Now == nil {
		d.clock = newClock()
		o.Now = d.clock.now
	}
	if err := prepare(ctx, d); err != nil {
		_ = db.Close()
		return nil, err
	}
	if !o.Quiet {
		d.announcer = newAnnouncer(db)
	}
	return storage.New(d, o.Now), nil
}

func prepare(ctx context.Context, d driver) error {
	var commit string
	err := d.View(ctx, func(q storage.Queries) error { return q.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&commit) })
	if err != nil {
		return gateway.Errorf(gateway.CodeUnavailable, "the database cannot be reached: %s", reason(err))
	}
	if commit == "off" || commit == "local" {
		return gateway.Errorf(gateway.CodeInternal, "the database has synchronous_commit=%s: an acknowledged write could be lost", commit)
	}
	return storage.Migrate(ctx, d.db, "postgres")
}

// reason tells PostgreSQL's own code and never the connection string.
func reason(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return "the connection failed"
}

type driver struct {
	*announcer // nil for a quiet one

	db     *sql.DB
	config *pgx.ConnConfig
	clock  *clock // nil where the application tells the time
}

func (d driver) Update(ctx context.Context, f func(storage.Queries) error) error {
	for try := 0; ; try++ {
		err := d.once(ctx, f)
		if !conflict(err) || try == 5 {
			return err
		}
	}
}

func (d driver) once(ctx context.Context, f func(storage.Queries) error) error {
	tx, err := d.begin(ctx, "BEGIN ISOLATION LEVEL READ COMMITTED")
	if err != nil {
		return err
	}
	defer tx.end()
	if err := f(tx); err != nil {
		return err
	}
	return tx.commit(ctx)
}

// conflict reports whether PostgreSQL ended a transaction so that another could go
// on (serialization failure, deadlock): nothing was written, and it may run again.
func conflict(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

func (d driver) View(ctx context.Context, f func(storage.Queries) error) error {
	tx, err := d.begin(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	if err != nil {
		return err
	}
	defer tx.end()
	return f(tx)
}

func (d driver) Close() error {
	if d.announcer != nil {
		d.close()
	}
	return d.db.Close()
}

package postgres

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// rollbackTimeout bounds the end of a transaction that failed; a connection that
// takes longer is given up.
const rollbackTimeout = 5 * time.Second

// transaction is a transaction on a connection of its own. It begins with its first
// statement, in the same round trip, and one that runs none costs none. What
// travels together ([storage.Batcher]) costs one trip, however much it is. It
// belongs to one goroutine.
type transaction struct {
	conn  *sql.Conn
	begin string // the statement that begins it
}

func (d driver) begin(ctx context.Context, statement string) (*transaction, error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	t := &transaction{conn, statement}
	if d.clock != nil {
		if err := t.raw(func(c *pgx.Conn, _ bool) error { return d.clock.compare(ctx, c) }); err != nil {
			t.end()
			return nil, err
		}
	}
	return t, nil
}

// idle is the status of a connection on which no transaction is open.
const idle = 'I'

// raw lends the connection's own make to f, with whether the transaction is open.
// The server's word counts: a statement that could not even be prepared may have
// kept the one that begins from being run.
func (t *transaction) raw(f func(c *pgx.Conn, open bool) error) error {
	return t.conn.Raw(func(raw any) error {
		c, ok := raw.(*stdlib.Conn)
		if !ok {
			return errors.New("the driver's connections are of an unknown make")
		}
		return f(c.Conn(), c.Conn().PgConn().TxStatus() != idle)
	})
}

// Batch implements [storage.Batcher].
func (t *transaction) Batch(ctx context.Context, all []storage.Statement) error {
	return t.raw(func(c *pgx.Conn, open bool) error {
		batch := &pgx.Batch{}
		if !open {
			batch.Queue(t.begin)
		}
		for _, s := range all {
			batch.Queue(s.Text, s.Args...)
		}
		return receive(c.SendBatch(ctx, batch), !open, all)
	})
}

// receive hands over what the statements of a batch bring.
func receive(results pgx.BatchResults, begins bool, all []storage.Statement) (err error) {
	defer func() {
		if cerr := results.Close(); err == nil {
			err = cerr
		}
	}()
	if begins {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	for _, s := range all {
		if s.Rows == nil {
			tag, err := results.Exec()
			if err != nil {
				return err
			}
			if s.Then != nil {
				if err := s.Then(tag.RowsAffected()); err != nil {
					return err
				}
			}
			continue
		}
		rows, err := results.Query()
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := s.Rows(row{rows}); err != nil {
				rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

// row scans as package database/sql does where pgx by itself is stricter.
type row struct{ pgx.Rows }

func (r row) Scan(dest ...any) error {
	for i, d := range dest {
		if b, ok := d.(*bool); ok {
			dest[i] = (*flag)(b)
		}
	}
	return r.Rows.Scan(dest...)
}

// flag is a number that stands for yes or no.
type flag bool

func (f *flag) Scan(v any) error {
	var b sql.NullBool
	err := b.Scan(v)
	*f = flag(b.Bool)
	return err
}

// started sends what begins the transaction, before a statement that travels alone.
func (t *transaction) started(ctx context.Context) error {
	return t.raw(func(c *pgx.Conn, open bool) (err error) {
		if !open {
			_, err = c.Exec(ctx, t.begin)
		}
		return err
	})
}

func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	var changed int64
	err := t.Batch(ctx, []storage.Statement{{Text: query, Args: args, Then: func(n int64) error { changed = n; return nil }}})
	return sqldriver.RowsAffected(changed), err
}

func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.started(ctx); err != nil {
		return nil, err
	}
	return t.conn.QueryContext(ctx, query, args...)
}

func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if t.started(ctx) != nil { // outside of the transaction nothing is run
		ended, end := context.WithCancel(ctx)
		end()
		ctx = ended
	}
	return t.conn.QueryRowContext(ctx, query, args...)
}

func (t *transaction) commit(ctx context.Context) error {
	return t.raw(func(c *pgx.Conn, open bool) error {
		if !open { // nothing was read or written
			return nil
		}
		tag, err := c.Exec(ctx, "COMMIT")
		if err == nil && tag.String() != "COMMIT" { // PostgreSQL answers so when a statement had failed
			err = pgx.ErrTxCommitRollback
		}
		return err
	})
}

// end rolls back what is not committed, and gives the connection back. One that
// cannot be rolled back is closed, and PostgreSQL rolls back by itself.
func (t *transaction) end() {
	defer t.conn.Close() //nolint:errcheck // it goes back to its pool, or is closed
	_ = t.raw(func(c *pgx.Conn, open bool) error {
		if !open {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
		defer cancel()
		if _, err := c.Exec(ctx, "ROLLBACK"); err != nil {
			return sqldriver.ErrBadConn // with which its pool closes it
		}
		return nil
	})
}

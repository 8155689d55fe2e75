package storage

import (
	"context"
	"database/sql"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Row is a row that a statement returned; *sql.Rows is one.
type Row interface {
	Scan(dest ...any) error
}

// Statement is SQL with its arguments, and what is done with what it brings.
type Statement struct {
	Text string
	Args []any
	Rows func(Row) error           // is called for every row; nil for a statement that returns none
	Then func(changed int64) error // is told how many rows a statement without Rows changed; nil: nobody asks
}

// Batcher is what [Queries] may be besides. Where the database is on the other
// side of a network, what a transaction costs is its round trips.
type Batcher interface {
	// Batch runs statements in their order, in one round trip, and hands over what
	// they bring in that order. It stops at the first error, of the database or of
	// what a statement's result is handed to; the caller then rolls back.
	Batch(ctx context.Context, all []Statement) error
}

// inOrder runs statements one after another.
func inOrder(ctx context.Context, q Queries, all []Statement) error {
	for _, s := range all {
		if err := s.run(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (s Statement) run(ctx context.Context, q Queries) (err error) {
	if s.Rows == nil {
		r, err := q.ExecContext(ctx, s.Text, s.Args...)
		if err != nil || s.Then == nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		return s.Then(n)
	}
	rows, err := q.QueryContext(ctx, s.Text, s.Args...)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for rows.Next() {
		if err := s.Rows(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// later puts a write off: it goes out with the next statement whose result is
// needed, or at the end of the transaction. When it fails then, so does the
// transaction, whatever its function makes of it.
func (tx *Tx) later(s Statement) { tx.put = append(tx.put, s) }

// run runs what was put off, and then these.
func (tx *Tx) run(all ...Statement) error {
	if tx.failed != nil {
		return tx.failed
	}
	if len(tx.put) == 0 {
		return tx.send(all)
	}
	before := tx.put
	tx.put = nil
	done := 0
	for i := range before {
		then := before[i].Then
		before[i].Then = func(n int64) error {
			if then != nil {
				if err := then(n); err != nil {
					return err
				}
			}
			done++
			return nil
		}
	}
	err := tx.send(append(before, all...))
	if err != nil && done < len(before) {
		tx.failed = err
	}
	return err
}

func (tx *Tx) send(all []Statement) error {
	if b, can := tx.q.(Batcher); can && len(all) > 0 {
		return b.Batch(tx.ctx, all)
	}
	return inOrder(tx.ctx, tx.q, all)
}

// exec runs a statement and returns how many rows it changed.
func (tx *Tx) exec(query string, args ...any) (changed int64, err error) {
	err = tx.run(Statement{Text: query, Args: args, Then: func(n int64) error { changed = n; return nil }})
	return changed, err
}

// write puts a statement off whose result nobody needs.
func (tx *Tx) write(query string, args ...any) { tx.later(Statement{Text: query, Args: args}) }

// one runs a statement that must change exactly one row.
func (tx *Tx) one(what, query string, args ...any) error {
	return tx.run(exactlyOne(what, query, args))
}

// must puts a statement off that must change exactly one row, or the transaction fails.
func (tx *Tx) must(what, query string, args ...any) { tx.later(exactlyOne(what, query, args)) }

func exactlyOne(what, query string, args []any) Statement {
	return Statement{Text: query, Args: args, Then: func(n int64) error {
		if n != 1 {
			return gateway.Errorf(gateway.CodeConflict, "%s was changed by somebody else: load it again", what)
		}
		return nil
	}}
}

// each runs a query and calls scan for every row.
func (tx *Tx) each(scan func(row Row) error, query string, args ...any) error {
	return tx.run(Statement{Text: query, Args: args, Rows: scan})
}

// first reads the columns of a query's first row, and reports whether it has one.
func (tx *Tx) first(columns []any, query string, args ...any) (found bool, err error) {
	err = tx.each(func(row Row) error {
		if found {
			return nil
		}
		found = true
		return row.Scan(columns...)
	}, query, args...)
	return found, err
}

// inTurn are the statements of somebody else: what was put off runs before each.
type inTurn struct{ tx *Tx }

func (q inTurn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := q.tx.run(); err != nil {
		return nil, err
	}
	return q.tx.q.ExecContext(ctx, query, args...)
}

func (q inTurn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := q.tx.run(); err != nil {
		return nil, err
	}
	return q.tx.q.QueryContext(ctx, query, args...)
}

func (q inTurn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	_ = q.tx.run() // what fails here fails the transaction, whatever is read
	return q.tx.q.QueryRowContext(ctx, query, args...)
}

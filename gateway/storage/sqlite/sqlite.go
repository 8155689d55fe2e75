// Package sqlite is the default storage: one file, pure Go, durable at every
// commit.
//
//	db, err := sqlite.Open(ctx, "shop.db")
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//
// One goroutine writes. Write transactions that arrive while it works are
// collected into one durable commit, each inside a savepoint of its own, so that
// one that fails does not touch the others; with many callers this is several
// times faster than a commit each, and with one caller it costs nothing. Readers
// use connections of their own. One process at a time should write: several are
// safe, but wait for each other.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/gateway/storage"
)

// Options are what Open may be told. The zero Options are right for most.
type Options struct {
	Now       func() time.Time // the time that rows get; nil means time.Now
	Readers   int              // connections for reading; 0 means 4
	GroupSize int              // the most transactions in one commit; 0 means 256

	// Committed is told after every commit how many transactions shared it, for
	// metrics. It is called by the writer and must not wait. Nil: nobody is told.
	Committed func(transactions int)
}

// Open opens the database in a file, makes it when it is not there, and brings
// its schema up to date. It refuses a database that would not keep what it
// acknowledges when the power fails.
func Open(ctx context.Context, file string, options ...Options) (*storage.DB, error) {
	var o Options
	if len(options) > 0 {
		o = options[0]
	}
	d, err := open(ctx, file, o)
	if err != nil {
		return nil, err
	}
	return storage.New(d, o.Now), nil
}

func open(ctx context.Context, file string, o Options) (*driver, error) {
	if o.Readers == 0 {
		o.Readers = 4
	}
	if o.GroupSize == 0 {
		o.GroupSize = 256
	}
	writer, err := connect(file, "immediate", 1)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, writer); err != nil {
		_ = writer.Close()
		return nil, err
	}
	readers, err := connect(file, "deferred", o.Readers)
	if err != nil {
		_ = writer.Close()
		return nil, err
	}
	d := &driver{writer: writer, readers: readers, size: o.GroupSize, committed: o.Committed, jobs: make(chan *job), stop: make(chan struct{}), done: make(chan struct{})}
	go d.write()
	return d, nil
}

func connect(file, lock string, most int) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}, "_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(25000)", "foreign_keys(1)", "secure_delete(1)",
	}}
	if lock == "immediate" { // what a savepoint would bring back stays in memory: nobody needs it after a crash
		q.Add("_pragma", "temp_store(MEMORY)")
		q.Add("_pragma", "cache_size(-32768)") // 32 MiB: what is written next was mostly written just before
	}
	c, err := newConnector("file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode())
	if err != nil {
		return nil, gateway.Errorf(gateway.CodeUnavailable, "the database cannot be opened: %w", err)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// prepare asserts what the rest relies on, and migrates.
func prepare(ctx context.Context, db *sql.DB) error {
	for _, p := range []struct{ name, want, why string }{
		{"journal_mode", "wal", "readers would block the writer"},
		{"synchronous", "2", "an acknowledged write could be lost with the power"},
		{"foreign_keys", "1", "rows without an owner could be written"},
		{"secure_delete", "1", "erased data would stay in the file"},
	} {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return gateway.Errorf(gateway.CodeUnavailable, "the database cannot be opened: %w", err)
		}
		if got != p.want {
			return gateway.Errorf(gateway.CodeInternal, "the database has %s=%s, and %s is needed: %s", p.name, got, p.want, p.why)
		}
	}
	return storage.Migrate(ctx, db, "sqlite3")
}

type driver struct {
	writer, readers *sql.DB
	size            int
	committed       func(transactions int)
	jobs            chan *job
	stop, done      chan struct{}
	closing         sync.Once
}

// job is one caller's transaction on its way to the writer.
type job struct {
	ctx    context.Context
	f      func(storage.Queries) error
	result chan error
}

func (d *driver) Update(ctx context.Context, f func(storage.Queries) error) error {
	j := &job{ctx, f, make(chan error, 1)}
	select {
	case d.jobs <- j:
		return <-j.result // the writer always answers: its statements end with the job's context
	case <-d.stop:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *driver) View(ctx context.Context, f func(storage.Queries) error) error {
	tx, err := d.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return f(tx)
}

func (d *driver) Close() error {
	d.closing.Do(func() { close(d.stop) })
	<-d.done
	err := d.readers.Close()
	if werr := d.writer.Close(); err == nil {
		err = werr
	}
	return err
}

var errClosed = gateway.Errorf(gateway.CodeUnavailable, "the database is closed; nothing was written")

// write is the one writer. It takes whatever has arrived and commits it together.
func (d *driver) write() {
	defer close(d.done)
	for {
		select {
		case j := <-d.jobs:
			d.commit(d.gather(j))
		case <-d.stop:
			return
		}
	}
}

// gather takes the jobs that wait already, and waits for none.
func (d *driver) gather(first *job) []*job {
	group := []*job{first}
	for len(group) < d.size {
		select {
		case j := <-d.jobs:
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// commit runs a group in one transaction. A job that fails is rolled back to its
// savepoint; it is told with the others when the commit is durable, because it may
// have failed over what another one of the group wrote.
func (d *driver) commit(group []*job) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tx, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		answer(group, fmt.Errorf("begin: %w", err))
		return
	}
	failed, kept := make([]error, len(group)), false
	for i, j := range group {
		var err error
		if len(group) > 1 {
			err = inSavepoint(ctx, tx, j.f)
		} else { // nobody else's writes are at stake
			err = j.f(tx)
		}
		if broken, ok := err.(brokenError); ok { //nolint:errorlint // made here
			_ = tx.Rollback()
			answer(group, broken.error)
			return
		}
		failed[i], kept = err, kept || err == nil
	}
	if !kept {
		_ = tx.Rollback()
	} else if err := tx.Commit(); err != nil {
		answer(group, err)
		return
	}
	if kept && d.committed != nil {
		d.committed(len(group))
	}
	for i, j := range group {
		j.result <- failed[i]
	}
}

// brokenError says that the whole transaction can no longer be used.
type brokenError struct{ error }

func inSavepoint(ctx context.Context, tx *sql.Tx, f func(storage.Queries) error) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT job"); err != nil {
		return brokenError{err}
	}
	failed := f(tx)
	if failed != nil {
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO job"); err != nil {
			return brokenError{err}
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE job"); err != nil {
		return brokenError{err}
	}
	return failed
}

func answer(group []*job, err error) {
	for _, j := range group {
		j.result <- err
	}
}

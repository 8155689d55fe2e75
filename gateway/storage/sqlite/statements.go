package sqlite

import (
	"container/list"
	"context"
	sqldriver "database/sql/driver"
	"errors"

	engine "modernc.org/sqlite"
)

// keptStatements is how many statements a connection keeps prepared. The library
// has fewer; those that are composed (lists with filters) come and go.
const keptStatements = 256

// connector opens connections that keep their statements prepared: to read the
// text of a statement costs SQLite more than to run it.
type connector struct{ sqldriver.Connector }

func newConnector(dsn string) (sqldriver.Connector, error) {
	c, err := engine.NewConnector(dsn)
	return connector{c}, err
}

func (c connector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	raw, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := raw.(connection)
	if !ok {
		_ = raw.Close()
		return nil, errors.New("the driver's connections are of an unknown make")
	}
	return &conn{connection: inner, kept: map[string]*list.Element{}, used: list.New()}, nil
}

// connection is what the driver's connections can do.
type connection interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ConnPrepareContext
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.Pinger
	sqldriver.SessionResetter
	sqldriver.Validator
}

// conn is a connection with its prepared statements. It belongs to one goroutine
// at a time, as every [sqldriver.Conn].
type conn struct {
	connection

	kept map[string]*list.Element // by text; of *statement
	used *list.List               // the same, those used last in front
}

// statement is prepared, and lent to at most one result at a time.
type statement struct {
	sqldriver.Stmt

	text    string
	lent    bool // rows of it are being read
	dropped bool // it is no longer kept: whoever has it closes it
}

func (c *conn) ExecContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.connection.ExecContext(ctx, query, args)
	}
	return s.Stmt.(sqldriver.StmtExecContext).ExecContext(ctx, args) //nolint:forcetypeassert // asserted when it was prepared
}

func (c *conn) QueryContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.connection.QueryContext(ctx, query, args)
	}
	r, err := s.Stmt.(sqldriver.StmtQueryContext).QueryContext(ctx, args) //nolint:forcetypeassert // asserted when it was prepared
	if err != nil {
		return nil, err
	}
	s.lent = true
	return &rows{r, s}, nil
}

// statement returns a text's prepared statement, or none when that one's rows are
// being read at the moment. SQLite prepares it anew by itself when the schema changes.
func (c *conn) statement(ctx context.Context, query string) (*statement, error) {
	if e, found := c.kept[query]; found {
		c.used.MoveToFront(e)
		s := e.Value.(*statement) //nolint:forcetypeassert // nothing else is in the list
		if s.lent {
			return nil, nil //nolint:nilnil // see above
		}
		return s, nil
	}
	raw, err := c.connection.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if _, ok := raw.(sqldriver.StmtExecContext); !ok {
		return nil, errors.Join(errors.New("the driver's statements are of an unknown make"), raw.Close())
	}
	s := &statement{Stmt: raw, text: query}
	c.kept[query] = c.used.PushFront(s)
	if c.used.Len() <= keptStatements {
		return s, nil
	}
	return s, c.drop(c.used.Back())
}

func (c *conn) drop(e *list.Element) error {
	s := c.used.Remove(e).(*statement) //nolint:forcetypeassert // nothing else is in the list
	delete(c.kept, s.text)
	s.dropped = true
	if s.lent {
		return nil
	}
	return s.Close()
}

func (c *conn) Close() error {
	var errs []error
	for c.used.Len() > 0 {
		errs = append(errs, c.drop(c.used.Back()))
	}
	return errors.Join(append(errs, c.connection.Close())...)
}

// rows gives its statement back when it is closed.
type rows struct {
	sqldriver.Rows

	of *statement
}

func (r *rows) Close() error {
	err := r.Rows.Close()
	r.of.lent = false
	if r.of.dropped {
		err = errors.Join(err, r.of.Close())
	}
	return err
}

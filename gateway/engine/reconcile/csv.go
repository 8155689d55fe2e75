package reconcile

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"

	"github.com/gatewaycommand/gatewaycommand/gateway"
)

// Row is one line of a report, by the names in its first line.
type Row map[string]string

// CSV is a Source over reports of movements, one file for each page.
type CSV struct {
	// Open opens a file of the window, and names the next one, "" after the last.
	Open func(ctx context.Context, w Window, after string) (file io.ReadCloser, next string, err error)
	// Columns must all be in the first line: a report whose form has changed is
	// refused, not guessed at.
	Columns []string
	// Trailer says whether a line is the one that ends a file, and checks its
	// control total against the lines before. When Trailer is set, a file that has
	// no such line was cut off. Nil: files end anywhere.
	Trailer func(line Row, before []Row) (bool, error)
	// Read turns a line into a record, usually with one movement. A record without
	// references and movements is left out.
	Read func(line Row) (Record, error)
	// Comma separates the fields; 0 means a comma.
	Comma rune
}

// Page reads one file.
func (c CSV) Page(ctx context.Context, w Window, after string) (page Page, err error) {
	if c.Open == nil || c.Read == nil {
		return page, gateway.Errorf(gateway.CodeInternal, "a CSV needs Open and Read")
	}
	file, next, err := c.Open(ctx, w, after)
	if err != nil {
		return page, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rows, err := c.rows(file)
	if err != nil {
		return page, err
	}
	page.Next = next
	for i, row := range rows {
		r, err := c.Read(row)
		if err != nil {
			return page, gateway.Errorf(gateway.CodeInvalid, "line %d of the report: %w", i+2, err)
		}
		if len(r.Refs) > 0 || len(r.Movements) > 0 {
			page.Records = append(page.Records, r)
		}
	}
	return page, nil
}

func (c CSV) rows(file io.Reader) (rows []Row, err error) {
	in := csv.NewReader(file) // refuses lines with another number of fields than the first
	if c.Comma != 0 {
		in.Comma = c.Comma
	}
	header, err := in.Read()
	if err != nil {
		return nil, gateway.Errorf(gateway.CodeInvalid, "the report has no first line: %w", err)
	}
	for _, name := range c.Columns {
		if !slices.Contains(header, name) {
			return nil, gateway.Invalid("the report has no column %q: has its form changed?", name)
		}
	}
	ended := false
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, gateway.Errorf(gateway.CodeInvalid, "the report cannot be read: %w", err)
		}
		if ended {
			return nil, gateway.Invalid("the report goes on after its control line")
		}
		row := make(Row, len(header))
		for i, name := range header {
			row[name] = fields[i]
		}
		if c.Trailer != nil {
			if ended, err = c.Trailer(row, rows); err != nil {
				return nil, err
			}
		}
		if !ended {
			rows = append(rows, row)
		}
	}
	if c.Trailer != nil && !ended {
		return nil, gateway.Invalid("the report was cut off: its control line is missing")
	}
	return rows, nil
}

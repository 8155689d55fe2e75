package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// journal is an append-only file of records, one JSON line each, synced before
// anybody is told. A nil journal keeps everything in memory only.
type journal struct {
	file *os.File
	err  error // the first failure; nothing is written after it
}

// openJournal replays the records of path into st and opens it for appending. A
// last line without its end was never acknowledged to anybody: it is cut off.
func openJournal(path string, st *state) (*journal, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // memory only
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	if err := replay(f, st); err != nil {
		_ = f.Close()
		return nil, err
	}
	if err := syncDir(path); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &journal{file: f}, nil
}

func replay(f *os.File, st *state) error {
	data, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	good := bytes.LastIndexByte(data, '\n') + 1
	for number, line := range bytes.Split(data[:good], []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("%w: line %d is damaged: %w", ErrJournal, number+1, err)
		}
		st.apply(&r)
	}
	if err := f.Truncate(int64(good)); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	if _, err := f.Seek(int64(good), io.SeekStart); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// syncDir makes the name of a new file durable too.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	defer func() { _ = dir.Close() }()
	_ = dir.Sync() // some systems cannot sync a directory
	return nil
}

func (j *journal) append(r *record) error {
	if j == nil {
		return nil
	}
	if j.err != nil {
		return j.err
	}
	line, err := json.Marshal(r)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.err = fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return j.err
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	if j.err == nil {
		j.err = ErrClosed // refuse what comes late
	}
	return j.file.Close()
}

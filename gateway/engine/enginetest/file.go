package enginetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

// migrated is an empty database with its schema: to copy it is cheaper than to make it.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "shop-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "shop.db")
	db, err := sqlite.Open(context.Background(), file)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// NewFile returns a SQLite database of its own for a test, with its schema and
// nothing in it.
func NewFile(t testing.TB) string {
	t.Helper()
	raw, err := migrated()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "shop.db")
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	return file
}

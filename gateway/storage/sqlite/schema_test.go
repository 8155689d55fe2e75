package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage/sqlite"
)

// table is a line of the picture in storage's package comment.
type table struct {
	key     string
	rows    string // "changed" or "appended"
	removed string // by which method, or "nobody"
}

func picture(t *testing.T) map[string]table {
	t.Helper()
	raw, err := os.ReadFile("../doc.go")
	require.NoError(t, err)
	all := map[string]table{}
	for _, m := range regexp.MustCompile(`(?m)^//\t([a-z_]+)  +([a-z_ ]+?)  +(changed|appended)  +(\w+)$`).FindAllStringSubmatch(string(raw), -1) {
		all[m[1]] = table{m[2], m[3], m[4]}
	}
	return all
}

// S58: the schema is what the package comment says: every table, and every key.
func TestThePictureOfTheSchemaIsTrue(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	raw, err := sql.Open("sqlite", "file:"+file)
	require.NoError(t, err)
	defer raw.Close()
	strings := func(query string) (all []string) {
		rows, err := raw.QueryContext(t.Context(), query)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var s string
			require.NoError(t, rows.Scan(&s))
			all = append(all, s)
		}
		require.NoError(t, rows.Err())
		return all
	}
	have := map[string]string{}
	for _, name := range strings(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`) {
		have[name] = fmt.Sprint(strings(`SELECT name FROM pragma_table_info('` + name + `') WHERE pk > 0 ORDER BY pk`))
	}
	said := map[string]string{}
	for name, one := range picture(t) {
		said[name] = "[" + one.key + "]"
	}
	assert.Equal(t, have, said, "the table in gateway/storage/doc.go and the migrations")
}

// What is said to be appended is updated by no statement, and what nobody is said
// to remove is deleted by none.
func TestWhatIsAppendedIsNeverChanged(t *testing.T) {
	t.Parallel()
	code := ""
	for _, pattern := range []string{"../*.go", "*.go", "../postgres/*.go", "../../task/leased/*.go", "../../*/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") {
				raw, err := os.ReadFile(f)
				require.NoError(t, err)
				code += string(raw)
			}
		}
	}
	require.Contains(t, code, "INSERT INTO movement")
	for name, one := range picture(t) {
		changes := regexp.MustCompile(`(UPDATE ` + name + ` |INSERT INTO ` + name + ` [^` + "`" + `]*DO UPDATE)`).MatchString(code)
		deletes := regexp.MustCompile(`DELETE FROM ` + name + `\b`).MatchString(code)
		if one.rows == "appended" {
			assert.False(t, changes, "%s is said to be appended only", name)
		} else {
			assert.True(t, changes, "%s is said to be changed", name)
		}
		assert.Equal(t, one.removed != "nobody", deletes, "%s is said to be removed by %s", name, one.removed)
		if one.removed != "nobody" {
			assert.Regexp(t, `func \(\w+ \*\w+\) `+one.removed+`\(`, code)
		}
	}
}

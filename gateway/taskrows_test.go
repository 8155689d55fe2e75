package gateway_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewaycommand/gatewaycommand/gateway/storage/storagetest"
	"github.com/gatewaycommand/gatewaycommand/gateway/task/tasktest"
)

// row is how one row of the design is kept: by promises of the suites that every
// engine and storage passes, and by tests that stand elsewhere.
type row struct {
	promises int // how many of tasktest or storagetest name it
	tests    []string
	differs  string // words of storage's package comment that say what is deliberately otherwise
}

// taskRows are the rows of seed-systems.md about background tasks, storage and
// its practices: SeQura's task system and ORM.
var taskRows = map[string]row{
	"S50": {promises: 3, tests: []string{"gateway/task/leased.TestQueueOnSQLite", "gateway/task/leased.TestQueueOnPostgreSQL"}},
	"S51": {promises: 5},
	"S52": {promises: 6},
	"S53": {promises: 1},
	"S54": {promises: 1, tests: []string{"gateway/task.TestOnlyWhatNoRetryCanMendIsCritical"}},
	"S55": {promises: 2, tests: []string{
		"gateway/engine/operator.TestTasksAreListedAndShownWithoutTheirPayload", "gateway/engine/operator.TestAFailedTaskIsRetriedAndNothingElseIs",
	}},
	"S56": {promises: 1, tests: []string{"gateway/engine/operator.TestTasksHealthExitsWithOneWhenSomebodyShouldLook", "gateway/engine/operator.TestTasksThatHangAreCritical"}},
	"S57": {promises: 7},
	"S58": {promises: 1, tests: []string{"gateway/storage/sqlite.TestThePictureOfTheSchemaIsTrue"}, differs: "There is no generic entity"},
	"S59": {promises: 2, tests: []string{"gateway/storage/sqlite.TestStorage", "gateway/storage/postgres.TestStorage"}, differs: "What is not there is [gateway.CodeNotFound]"},
	"S60": {promises: 1, differs: "Hence no LIKE"},
	"S61": {promises: 2, tests: []string{"gateway/engine/retention.TestARunIsBoundedAndGoesOnTheNextTime"}, differs: "counts and sums are [Tx.Statistics]"},
	"S62": {promises: 4, tests: []string{
		"gateway/storage/sqlite.TestEveryStatementIsAnsweredByAnIndex", "gateway/engine/retention.TestWhatEndedLongAgoIsErasedAndItsLedgerStays",
	}},
}

func TestEveryRowOfTasksAndStorageHasItsTests(t *testing.T) {
	t.Parallel()
	named := map[string]int{}
	for _, promise := range append(tasktest.Promises(), storagetest.Promises()...) {
		if name := regexp.MustCompile(`^S\d+ `).FindString(promise); name != "" {
			named[strings.TrimSpace(name)]++
		}
	}
	doc, err := os.ReadFile("storage/doc.go")
	require.NoError(t, err)
	said := strings.Join(strings.Fields(strings.ReplaceAll(string(doc), "//", " ")), " ")
	assert.Len(t, taskRows, 62-50+1)
	for name, r := range taskRows {
		assert.Equal(t, named[name], r.promises, "the promises that begin with %s", name)
		delete(named, name)
		for _, test := range r.tests {
			folder, function, _ := strings.Cut(test, ".")
			text := testNamed(t, folder, function)
			if assert.NotEmpty(t, text, "%s: there is no %s", name, test) {
				assert.Regexp(t, name+`\D`, text, "%s does not name %s", test, name)
			}
		}
		assert.Contains(t, said, r.differs, name)
	}
	assert.Empty(t, named, "promises that name no row of the table")
}

// testNamed returns the source of a test with its comment, "" when there is none.
func testNamed(t *testing.T, folder, function string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	require.NoError(t, err)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		if m := regexp.MustCompile(`(?s)\n\n((?:// [^\n]*\n)*func ` + function + `\(.*?\n}\n)`).FindSubmatch(raw); m != nil {
			return string(m[1])
		}
	}
	return ""
}

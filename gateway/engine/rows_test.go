package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rows are the rows of seed-systems.md that the engine's hooks cover
// (silverstripe-omnipay), each with the tests that name it, or with why it is
// deliberately otherwise here.
var rows = map[string][]string{
	"H1": {"TestH1WhatHappenedIsTold", "TestH1PermissionHooksAreAsked"},
	"H2": nil, // A payment or its action is found from a static URL by gateway/inbox and by the return handler, which ask the provider; the engine hears of it as Evidence.
	"H3": {"TestH3H6H7H8HooksAreCalledInTheirOrder"},
	"H4": nil,                                                                       // What a provider's notification is answered with is its webhook.Acknowledgement; a hook cannot touch it, so that no hook acknowledges what was not recorded.
	"H5": {"TestH5AHookNotesSomethingAboutAPart", "TestH5PartsAreLimitedByTheShop"}, // parts are movements of one payment, not records of their own
	"H6": {"TestH3H6H7H8HooksAreCalledInTheirOrder", "TestH6BeforeHooksAdjustOrRefuse"},
	"H7": {"TestH3H6H7H8HooksAreCalledInTheirOrder"},
	"H8": {"TestH3H6H7H8HooksAreCalledInTheirOrder"},
	"H9": {"TestH9OneHookMayDecideWhatRuns"},
}

func TestEveryRowOfHooksHasItsTest(t *testing.T) {
	t.Parallel()
	have := testNames(t)
	assert.Len(t, rows, 9)
	for row, tests := range rows {
		for _, test := range tests {
			assert.True(t, have[test], "%s: there is no %s", row, test)
			assert.Contains(t, strings.TrimPrefix(test, "Test"), row)
		}
	}
}

// testNames returns the names of this package's tests.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				have[fn.Name.Name] = true
			}
		}
	}
	return have
}

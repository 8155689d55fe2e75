package status_test

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

// rows are the rows of seed-systems.md that the package covers (Collana Pay's
// frontend and status endpoint), each with the tests that name it, or with why it
// is deliberately otherwise here.
var rows = map[string][]string{
	"C22": {
		"TestC22TheShopperSeesEveryStepAndIsNeverBlocked", "TestC22AFailureIsToldAndLeadsBackToTheChoiceOfMethods",
		"TestC22TheShopperReturnsToThePageAndItResumes", "TestC22TheSameThingToDoIsNotDoneAgainWhenSomethingElseChanges",
		"TestC22WithoutJavaScriptThePageReloadsItselfWhileThereIsSomethingToWaitFor",
	},
	"C23": {"TestC23TheTransportIsApartFromWhatIsTold"},
	"C24": {
		"TestC24NoIDIsABadRequest", "TestC24AnUnknownIDIsNotFound", "TestC24WhatBreaksHereIsAnErrorWithAMessage", "TestC24WithoutAStatusTheCurrentOneComesAtOnce",
		"TestC24AStatusThatDiffersIsAnsweredAtOnce", "TestC24AnEqualStatusIsHeldUntilItDiffers", "TestC24WhatStaysEqualIsAnsweredWithoutAnUpdate",
		"TestC24ARequestIsHeldForThirtySeconds",
	},
	// A loop that asks the database for each waiter is not there: nothing sleeps.
	"C25": {"TestC25TheStatusIsReadFromTheDatabaseEachTime"},
	"C26": {
		"TestC26TheFirstRequestHasNoStatusAndEveryAnswerIsFollowedByANewOne", "TestC26ADefectOfThePageDoesNotEndTheAsking",
		"TestC26ActionsAreFollowedAndReachNothingOfThePage", "TestC26ThePageMayFollowAnActionItself", "TestC26WithoutJavaScriptThePageShowsWhatMustBeDone",
	},
	// Pauses double from half a second to 20 seconds, where the row adds 10 ms each
	// time; failures in a row are counted, one of the row's alternatives, and eight of them ask.
	"C27": {"TestC27FailuresAreAnsweredByLongerPausesAndThenTheShopperIsAsked", "TestC27ASuccessForgetsTheFailuresAndAServerThatWantsRestGetsIt"},
}

func TestEveryRowOfTheShoppersSideHasItsTest(t *testing.T) {
	t.Parallel()
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
	assert.Len(t, rows, 6)
	for row, tests := range rows {
		assert.NotEmpty(t, tests, row)
		for _, test := range tests {
			assert.True(t, have[test], "%s: there is no %s", row, test)
			assert.Contains(t, strings.TrimPrefix(test, "Test"), row)
		}
	}
	for name := range have {
		if row, found := strings.CutPrefix(name, "TestC2"); found {
			assert.Contains(t, rows["C2"+row[:1]], name)
		}
	}
}

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rows are the rows of seed-systems.md (Collana Pay's frontend) that a real browser
// shows here, beside the tests of packages status and collana.
var rows = map[string][]string{
	"C6":  {"TestCollanaPaysFromCreateToCompleted"},
	"C18": {"TestCollanasCallbacksMayComeTwiceLateAndInAnyOrder"},
	"C20": {"TestCollanaPaysFromCreateToCompleted"},
	"C21": {"TestCollanaPaysFromCreateToCompleted"},
	"C22": {
		"TestASlowBankHoldsUpNobody", "TestADeclineIsToldAndAnotherWayPays", "TestADeclineThatComesLaterIsToldAndAnotherWayPays",
		"TestTheBankConfirmsInAFrameWhileThePageGoesOnAsking", "TestTheBankConfirmsOnItsOwnPageAndTheShopperComesBack", "TestAReloadWhileThePaymentIsWaitedForResumes",
	},
	"C26": {"TestTheBankConfirmsInAFrameWhileThePageGoesOnAsking", "TestTheBackButtonLeadsToThePaymentAndNotToAnother"},
	"C27": {"TestAShopThatAnswersNobodyForAWhileIsAskedAgain", "TestAShopperWhoIsCutOffForLongIsAskedWhetherToGoOn", "TestAShopperWithoutConnectionFindsThePaymentDoneWhenItIsBack"},
	"C29": {"TestNobodyFindsAnothersPayment", "TestAnotherSiteCannotPressAButton", "TestAFormThatNobodyFilledInIsAskedForAgain"},
	"C30": {"TestWithoutJavaScriptTheWholeWayWorks", "TestCollanaWithoutJavaScriptWorksByRefresh", "TestTheKeyboardIsEnough", "TestEveryPageIsReadableAndAccessibleOnEveryScreen"},
}

func TestEveryRowHasItsTests(t *testing.T) {
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
	assert.Len(t, rows, 9)
	for row, tests := range rows {
		for _, test := range tests {
			assert.True(t, have[test], "%s: there is no %s", row, test)
		}
	}
}

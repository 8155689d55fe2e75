package collana_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// row is one promise of the system that this provider covers: the tests that prove
// it, here or in the folder that their names begin with, and how it is deliberately
// otherwise here.
type row struct {
	tests      []string
	difference string
}

// rows are the rows of seed-systems.md, section 1.1.
var rows = map[string]row{
	"C1":  {tests: []string{"TestEveryMethodIsPaidByTheSameCode"}},
	"C2":  {tests: []string{"TestEveryMethodIsPaidByTheSameCode", "TestTheCreateSaysWhatTheGuidelineAsksFor"}},
	"C3":  {tests: []string{"TestCallbacksInEveryOrderMakeOnePayment", "TestCallbacksAtOneMomentStartTheNextCallOnce", "TestLostCallbacksAreFoundByTheStatus"}},
	"C4":  {tests: []string{"TestConformance", "TestTheCreateSaysWhatTheGuidelineAsksFor"}, difference: "the OpenAPI document of the sandbox is not public: bodies are held against golden files"},
	"C5":  {tests: []string{"TestEachCallbackMovesThePaymentOnAtOnce", "TestMovementsAreAttributedByTheNamesOfTheirInteractions"}},
	"C6":  {tests: []string{"TestAShopperPaysInABrowser", "TestEachCallbackMovesThePaymentOnAtOnce"}},
	"C7":  {tests: []string{"TestConformance", "TestCapturesRefundsAndVoidsAreTheProvidersMoney", "TestAnAcceptanceNamesTheTransactionThatWasMeant"}},
	"C8":  {tests: []string{"TestEachCallbackMovesThePaymentOnAtOnce", "TestALostCreateNeverMakesASecondTransactionThatTakesMoney"}},
	"C9":  {tests: []string{"TestTheCreateSaysWhatTheGuidelineAsksFor"}},
	"C10": {tests: []string{"TestTheCallersFieldsAreMergedOverTheCallback", "TestTheCreateSaysWhatTheGuidelineAsksFor"}, difference: "nothing is merged over the amount: a request whose amount was changed is refused"},
	"C11": {tests: []string{"TestOnly202IsAcceptance", "TestAnAcceptanceNamesTheTransactionThatWasMeant"}},
	"C12": {
		tests: []string{"TestTransientErrorsAreTriedAgainAndSeriousOnesEndIt", "TestALostReservationIsNeverSentTwice", "TestAShopperWhoIsDeclinedChoosesAgain", "TestANoEndsThePayment"},
		difference: "after trouble on the network a reservation, a capture, a refund or a void is not sent again: the first one may have been executed. " +
			"A call that is refused (4xx) has no phase of its own (prepare.error): the operation is failed, and its last step says which call it was",
	},
	"C13": {tests: []string{"TestEachCallbackMovesThePaymentOnAtOnce", "TestAShopperPaysInABrowser"}},
	"C14": {tests: []string{"TestThePageIsToldNothingOfTheProviders"}},
	"C15": {tests: []string{"TestAShopperPaysInABrowser", "TestACallbackIsOfTheTransactionItNames"}},
	"C16": {tests: []string{"TestTheStatusIsReadAsWhereThePaymentStands", "TestAShopperPaysInABrowser"}, difference: "a payment that has ended is told by its word (succeeded, failed, cancelled), whatever its last phase"},
	"C17": {tests: []string{"TestACallbackIsOfTheTransactionItNames", "TestCallbacksAreToldApart"}, difference: "what a callback says is not believed: the status of its transaction is asked"},
	"C18": {tests: []string{"TestEachCallbackMovesThePaymentOnAtOnce", "TestACrashBetweenACallbackAndTheNextCallIsMadeGood", "TestACallbackThatIsFasterThanTheAnswerIsNotLost"}},
	"C19": {tests: []string{"TestEachCallbackMovesThePaymentOnAtOnce"}},
	"C20": {tests: []string{"TestEachCallbackMovesThePaymentOnAtOnce", "TestAShopperPaysInABrowser"}},
	"C21": {tests: []string{"TestEachCallbackMovesThePaymentOnAtOnce", "TestAShopperPaysInABrowser"}},
	"C22": {tests: []string{
		"TestAShopperPaysInABrowser", "gateway/status.TestC22TheShopperSeesEveryStepAndIsNeverBlocked", "gateway/status.TestC22AFailureIsToldAndLeadsBackToTheChoiceOfMethods",
		"gateway/status.TestC22TheShopperReturnsToThePageAndItResumes",
	}},
	"C23": {tests: []string{"gateway/status.TestC23TheTransportIsApartFromWhatIsTold"}},
	"C24": {tests: []string{
		"TestAShopperPaysInABrowser", "gateway/status.TestC24NoIDIsABadRequest", "gateway/status.TestC24AnUnknownIDIsNotFound", "gateway/status.TestC24WhatBreaksHereIsAnErrorWithAMessage",
		"gateway/status.TestC24WithoutAStatusTheCurrentOneComesAtOnce", "gateway/status.TestC24AnEqualStatusIsHeldUntilItDiffers",
		"gateway/status.TestC24WhatStaysEqualIsAnsweredWithoutAnUpdate", "gateway/status.TestC24ARequestIsHeldForThirtySeconds",
	}, difference: "the id is by default an unguessable token and not the transaction's; an application may take either (status.Config.Access)"},
	"C25": {tests: []string{"gateway/status.TestC25TheStatusIsReadFromTheDatabaseEachTime"}, difference: "no loop asks the database for each waiter, so that nothing has to sleep"},
	"C26": {tests: []string{
		"gateway/status.TestC26TheFirstRequestHasNoStatusAndEveryAnswerIsFollowedByANewOne", "gateway/status.TestC26ADefectOfThePageDoesNotEndTheAsking",
		"gateway/status.TestC26ActionsAreFollowedAndReachNothingOfThePage",
	}},
	"C27": {tests: []string{
		"gateway/status.TestC27FailuresAreAnsweredByLongerPausesAndThenTheShopperIsAsked", "gateway/status.TestC27ASuccessForgetsTheFailuresAndAServerThatWantsRestGetsIt",
	}, difference: "pauses double, and failures in a row are counted: one of the alternatives that the row names"},
	"C28": {tests: []string{"gateway/status.TestOneChangeWakesAThousandAndIsReadOnce", "gateway/status.TestTooManyWaitersAreSentAway", "gateway/status.TestABareConnectionIsAnsweredAndClosed"}},
	"C29": {tests: []string{
		"TestEveryForgedCallbackIsRefused", "TestWithoutCredentialsEveryCallbackIsRefused", "TestCallbacksWithoutProofAreRefusedOrHints", "TestAStatusThatIsNotUnderstoodIsIndeterminate",
		"gateway/status.TestForgedAndExpiredTokensAreAllRefusedAlike",
	}},
	"C30": {tests: []string{"gateway/status.TestC26WithoutJavaScriptThePageShowsWhatMustBeDone", "gateway/status.TestC22WithoutJavaScriptThePageReloadsItselfWhileThereIsSomethingToWaitFor"}},
	"C31": {tests: []string{"TestRecordedCallbacksArePlayedAgain", "gateway/webhook.TestC31ARecordingIsPlayedAgain"}},
	"C32": {tests: []string{"TestConformance", "TestTheCreateSaysWhatTheGuidelineAsksFor"}},
}

// testsOf returns the names of a folder's tests.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, folder)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				all[fn.Name.Name] = true
			}
		}
	}
	return all
}

func TestEveryRowOfCollanaHasItsTest(t *testing.T) {
	t.Parallel()
	have := map[string]map[string]bool{}
	for n := range 32 {
		name := "C" + strconv.Itoa(n+1)
		r, ok := rows[name]
		require.True(t, ok, "%s is missing", name)
		assert.NotEmpty(t, r.tests, name)
		for _, test := range r.tests {
			folder, fn := path.Split(strings.ReplaceAll(test, ".", "/"))
			at := "."
			if folder != "" {
				at = filepath.Join("..", "..", filepath.FromSlash(folder))
			}
			if have[at] == nil {
				have[at] = testsOf(t, at)
			}
			assert.True(t, have[at][fn], "%s: there is no %s", name, test)
		}
	}
	assert.Len(t, slices.Collect(maps.Keys(rows)), 32)
}

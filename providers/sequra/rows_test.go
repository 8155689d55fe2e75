package sequra_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rows are the rows of seed-systems.md that the provider covers, S for SeQura's
// integration-core: its webhook API and its API proxies, each with the tests that
// name it, and what is deliberately otherwise here.
var rows = map[string]struct {
	tests   []string
	differs string
}{
	"S41": {tests: []string{"sequra.TestS41S42S43S44S45S47ANotificationIsAForm", "inbox.TestS41ToS48AFormWithOurOwnParameters"}},
	"S42": {
		tests:   []string{"sequra.TestS41S42S43S44S45S47ANotificationIsAForm", "sequra.TestS42S46TheShopsOrderIsToldByATask"},
		differs: "The store is the route's, so that a notification without storeId is not ignored; one that names another store is refused. What is being processed is a mark in the context (Processing), not a flag that all requests share.",
	},
	"S43": {
		tests:   []string{"sequra.TestS41S42S43S44S45S47ANotificationIsAForm", "sequra.TestS43ARedeliveryIsTheSameEvent"},
		differs: "approved_since and needs_review_since tell how long ago: they are no part of what makes an event.",
	},
	"S44": {tests: []string{"sequra.TestS41S42S43S44S45S47ANotificationIsAForm", "sequra.TestS44S46WhatSeQuraCancelsIsCancelled"}},
	"S45": {
		tests: []string{
			"sequra.TestS41S42S43S44S45S47ANotificationIsAForm", "sequra.TestS45EveryForgeryIsRefused", "sequra.TestS45ASignatureIsOneStoresAndOnePayments",
			"sequra.TestS45S48AChangedCartIsAConflict",
		},
		differs: "The signature is looked at first: whoever cannot sign learns of no order whether it is here. Among notifications that are signed the order is missing: 404; the state is none: 400.",
	},
	"S46": {tests: []string{
		"sequra.TestS44S46WhatSeQuraCancelsIsCancelled", "sequra.TestS42S46TheShopsOrderIsToldByATask", "sequra.TestS46S47ARedeliveryIsAnsweredTheSameAndDoesNothing",
	}},
	"S47": {
		tests: []string{
			"sequra.TestS41S42S43S44S45S47ANotificationIsAForm", "sequra.TestS46S47ARedeliveryIsAnsweredTheSameAndDoesNothing", "sequra.TestS47AnApprovalOfWhatHasEndedIsGone",
		},
		differs: "Success is 200; 201, 202, 302 and 307 would mean the same and are never needed.",
	},
	"S48": {
		tests: []string{
			"sequra.TestS48AFaultThatMayPassIsNeverGone", "sequra.TestS48AShopThatFailsIsAFaultOfOurs", "sequra.TestS45S48AChangedCartIsAConflict",
			"sequra.TestS48ANumberThatIsTakenIsAConflict",
		},
		differs: "Anything that may pass is 503 and not 410: a 410 makes SeQura pay back. 410 is said only of a payment that has ended for good.",
	},
	"S49": {
		tests:   []string{"sequra.TestS49TheShopsOrderIsTold", "sequra.TestS49AFailingCaptureNeverFailsTheNotification"},
		differs: "The invoice's online capture is the engine's policy (capture at once): an operation of its own, which is tried again instead of logged.",
	},

	"S69": {tests: []string{"sequra.TestS69S70Conformance", "sequra.TestS69EveryProxyIsACommand"}},
	"S70": {tests: []string{"sequra.TestS69S70Conformance", "sequra.TestS70CredentialsAreTheStoresOwn", "sequra.TestS70S71TheModeDecidesWhereCallsGo", "sequra.TestS70S71DeploymentsAreAskedWithoutCredentials"}},
	"S71": {
		tests:   []string{"sequra.TestS70S71TheModeDecidesWhereCallsGo", "sequra.TestS70S71DeploymentsAreAskedWithoutCredentials"},
		differs: "The environment variable is a field, Config.SandboxURL: what an application reads from its environment is its own business. In live mode it stops the start.",
	},
	"S72": {
		tests:   []string{"sequra.TestS72RefusalsHaveTheirMeaning"},
		differs: "There is no class for network: a call that was certainly not sent is unavailable and may be sent again, one that may have been is indeterminate and is not.",
	},
	"S73": {
		tests:   []string{"sequra.TestS73OnlyWhatIsSafeIsTriedAgain"},
		differs: "Pauses double and vary instead of growing in step, and only what certainly was not executed is tried again.",
	},
	"S74": {tests: []string{"sequra.TestS36S74MethodsAreKeptForAnHour", "sequra.TestS74ASlowSeQuraIsAskedOnceAndHoldsUpNobody"}, differs: "What was kept is kept by store and merchant: two stores never see one another's."},
	"S75": {tests: []string{"sequra.TestS75AConnectionIsTested"}},
	"S76": {tests: []string{"sequra.TestS76DeliveriesAreReported"}},
}

func TestEveryRowOfSeQuraHasItsTest(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for room, pattern := range map[string]string{"sequra": "*_test.go", "inbox": "../../gateway/inbox/*_test.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			require.NoError(t, err)
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					have[room+"."+fn.Name.Name] = true
				}
			}
		}
	}
	assert.Len(t, rows, 9+8)
	for name, r := range rows {
		assert.NotEmpty(t, r.tests, name)
		for _, test := range r.tests {
			assert.True(t, have[test], "%s: there is no %s", name, test)
			assert.True(t, strings.Contains(test, name) || strings.Contains(test, "S41ToS48"), "%s does not name %s", test, name)
		}
	}
	for test := range have { // and every test that names a row is listed under it
		for _, name := range regexp.MustCompile(`S\d\d`).FindAllString(test, -1) {
			if r, known := rows[name]; known && strings.HasPrefix(test, "sequra.") {
				assert.Contains(t, r.tests, test)
			}
		}
	}
}

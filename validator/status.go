package validator

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gatewaycommand/gatewaycommand/gateway"
	"github.com/gatewaycommand/gatewaycommand/transfer"
)

// longestWait caps what a provider may ask us to wait: "Retry-After: 1e9" is not a plan.
const longestWait = 24 * time.Hour

// StatusTable says which HTTP statuses are answers, and what others mean.
// Statuses that stand nowhere are indeterminate, all of 5xx among them: a
// server error says nothing about whether the call took effect.
type StatusTable struct {
	OK    []int                // the answer is to be believed
	Codes map[int]gateway.Code // the provider documents that the call was not executed
}

// standard are the statuses whose meaning is the same everywhere: the request
// was refused before it was executed.
var standard = map[int]gateway.Code{
	401: gateway.CodeAuthentication,
	403: gateway.CodeAuthentication,
	404: gateway.CodeNotFound,
	405: gateway.CodeUnsupported,
	413: gateway.CodeInvalid,
	415: gateway.CodeInvalid,
	429: gateway.CodeRateLimited,
}

// Status returns a validator that takes the given statuses for answers and
// knows the standard meaning of 401, 403, 404, 405, 413, 415 and 429. Any other
// status is indeterminate; put an [ErrorMap] before it for the bodies that
// explain more.
func Status(ok ...int) StatusTable { return StatusTable{OK: ok} }

// With returns the table with the meaning of one more status; only a status
// with which the provider documents that nothing was executed belongs there.
func (t StatusTable) With(status int, code gateway.Code) StatusTable {
	codes := maps.Clone(t.Codes)
	if codes == nil {
		codes = map[int]gateway.Code{}
	}
	codes[status] = code
	return StatusTable{t.OK, codes}
}

// Validate looks the status up.
func (t StatusTable) Validate(_ context.Context, x transfer.Exchange) Result {
	status := x.Response.Status
	if slices.Contains(t.OK, status) {
		return Result{}
	}
	f := Failure{Code: gateway.CodeIndeterminate, Detail: "status " + strconv.Itoa(status)}
	if code, ok := standard[status]; ok {
		f.Code = code
	}
	if code, ok := t.Codes[status]; ok {
		f.Code = code
	}
	if f.Code.Retryable() {
		f.RetryAfter = x.Response.RetryAfter(time.Now(), longestWait)
	}
	return Fail(f)
}

// Check refuses a table that believes nothing, and one that claims to know what
// a server error did.
func (t StatusTable) Check() error {
	if len(t.OK) == 0 {
		return gateway.Errorf(gateway.CodeInternal, "the status table has no status that is an answer")
	}
	for status, code := range t.Codes {
		if slices.Contains(t.OK, status) {
			return gateway.Errorf(gateway.CodeInternal, "status %d is an answer and has the code %s too", status, code)
		}
		if status >= 500 && code != gateway.CodeIndeterminate {
			return gateway.Errorf(gateway.CodeInternal, "status %d has the code %s, but a server error does not say what was executed: leave it out, and read its body with an ErrorMap if that says more", status, code)
		}
	}
	return nil
}

// String returns the statuses that are answers.
func (t StatusTable) String() string {
	text := "status"
	for _, s := range t.OK {
		text += " " + strconv.Itoa(s)
	}
	return text
}
